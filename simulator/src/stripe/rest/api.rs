//! The API as a whole: who may ask, in which version, under which key.

use super::answer::{Answer, ApiRequest};
use super::failure::{Failure, Trap};
use super::fault::ApiError;
use super::form::Params;
use super::idempotency::Idempotency;
use super::outbox::Outbox;
use super::routes::{self, Reply};
use crate::stripe::event::Request;
use crate::stripe::{RetrySchedule, Stripe, Version};
use std::collections::VecDeque;

/// A world, its API, and what it has to deliver.
#[derive(Debug)]
pub struct Api {
    /// The world.
    pub world: Stripe,
    /// What is to be delivered.
    pub outbox: Outbox,
    keys: Idempotency,
    failures: VecDeque<Failure>,
    trap: Option<Trap>,
    /// Calls so far that may have changed something.
    writes: u64,
}

/// A request that was taken and isn't carried out yet.
#[derive(Debug)]
pub struct Ticket {
    request: ApiRequest,
    params: Params,
    id: String,
    version: Version,
    key: Option<String>,
    fingerprint: String,
    failure: Option<Failure>,
}

/// How far a request has come.
#[derive(Debug)]
pub enum Step {
    /// Answered.
    Done(Answer),
    /// Taken: whoever holds the ticket carries it out with [`Api::finish`]. Until then its key is
    /// in use.
    Taken(Ticket),
}

/// Tells whoever sends an answer to close the connection in the middle of it. No caller sees it.
pub const CUT: &str = "Badai-Cut";

/// What a caller sees of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Whole,
    Nothing,
    Half,
}

impl Api {
    /// The API of this world.
    #[must_use]
    pub fn new(world: Stripe) -> Self {
        Self {
            world,
            outbox: Outbox::new(RetrySchedule::Test),
            keys: Idempotency::default(),
            failures: VecDeque::new(),
            trap: None,
            writes: 0,
        }
    }

    /// Lets the next call that changes something go wrong, after those that were to go wrong
    /// before it.
    pub fn fail_next(&mut self, failure: Failure) {
        self.failures.push_back(failure);
    }

    /// Lets one of the calls to come go wrong, whatever it asks for: the one that so many others
    /// that it could happen to come before.
    pub fn lay_trap(&mut self, failure: Failure, before: u32) {
        self.trap = Some(Trap::new(failure, before));
    }

    /// Takes the trap away; the call that went wrong in it, if one did.
    pub fn lift_trap(&mut self) -> Option<String> {
        self.trap.take()?.struck
    }

    /// How many calls came so far that may have changed something.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Answers a request; `None` if the connection is to be closed without an answer.
    pub fn answer(&mut self, request: &ApiRequest) -> Option<Answer> {
        match self.begin(request) {
            Step::Done(answer) => Some(answer),
            Step::Taken(ticket) => self.finish(ticket),
        }
    }

    /// Takes a request: what is wrong with it before anything is done shows here.
    pub fn begin(&mut self, request: &ApiRequest) -> Step {
        let id = self.world.ids.short("req_");
        let key = request.header("Idempotency-Key").map(str::to_owned);
        let version = request.header("Stripe-Version").unwrap_or_default();
        let dress = |answer: Answer| {
            let version = match version {
                "" => Version::default().as_str(),
                asked => asked,
            };
            let dressed = answer
                .with("Request-Id", id.as_str())
                .with("Stripe-Version", version);
            match &key {
                Some(key) if request.method == "POST" => {
                    dressed.with("Idempotency-Key", key.as_str())
                }
                _ => dressed,
            }
        };
        let taken = self.check(request, &id);
        match taken {
            Ok(Step::Done(answer)) => Step::Done(dress(answer)),
            Ok(taken) => taken,
            Err(error) => Step::Done(dress(error.answer())),
        }
    }

    fn check(&mut self, request: &ApiRequest, id: &str) -> Result<Step, ApiError> {
        authenticate(request)?;
        let version = request.header("Stripe-Version").unwrap_or_default();
        let dated = version.is_empty() || version.as_bytes().get(4) == Some(&b'-');
        if !dated || !version.is_ascii() {
            return Err(ApiError::request(format!(
                "Invalid Stripe API version: {version}"
            )));
        }
        let params = Params::parse(&request.query)?;
        let body = std::str::from_utf8(&request.body)
            .map_err(|_| ApiError::request("Invalid request: the body isn't UTF-8"))?;
        // H5: a GET and a DELETE say all in the query.
        let params = match request.method.as_str() {
            "POST" => params.and(Params::parse(body)?),
            _ => params,
        };
        let writes = request.method == "POST";
        let key = request.header("Idempotency-Key");
        let key = key
            .filter(|key| writes && !key.is_empty())
            .map(str::to_owned);
        let fingerprint = format!(
            "{} {} {}",
            request.method,
            request.path,
            params.fingerprint()
        );
        if let Some(key) = &key {
            let now = self.world.now();
            if let Some(replay) = self.keys.look_up(key, &fingerprint, now)? {
                return Ok(Step::Done(replay));
            }
        }
        let failure = self.failure_of(request);
        if let Some(failure) = failure
            && !failure.executes()
            && let Some(answer) = failure.answer(key.as_deref())
        {
            return Ok(Step::Done(answer));
        }
        if let Some(key) = &key {
            self.keys.begins(key);
        }
        Ok(Step::Taken(Ticket {
            request: request.clone(),
            params,
            id: id.to_owned(),
            version: Version::dated(version),
            key,
            fingerprint,
            failure,
        }))
    }

    /// What goes wrong with a call, if anything does.
    fn failure_of(&mut self, request: &ApiRequest) -> Option<Failure> {
        // What is moved at the desk is nobody's call to the API.
        if !request.path.starts_with("/v1/") {
            return None;
        }
        let writes = request.method == "POST";
        let next = writes.then(|| self.failures.pop_front()).flatten();
        next.or_else(|| self.trap.as_mut()?.springs(request))
    }

    /// Carries a request out; `None` if the connection is to be closed without an answer.
    pub fn finish(&mut self, ticket: Ticket) -> Option<Answer> {
        let Ticket {
            request,
            params,
            id,
            version,
            key,
            fingerprint,
            failure,
        } = ticket;
        self.writes += u64::from(request.method != "GET");
        self.world.cause = Some(Request {
            id: id.clone(),
            idempotency_key: key.clone(),
        });
        let done = routes::route(self, &request, &params, version);
        self.world.cause = None;
        self.outbox.collect(&mut self.world);
        let (answer, keeps) = match &done {
            Ok(Reply(value)) => (Answer::json(200, value), true),
            Err(error) => (error.answer(), !error.is_before_execution()),
        };
        let instead = failure.and_then(|failure| failure.answer(key.as_deref()));
        let answer = instead.unwrap_or(answer);
        if let Some(key) = &key {
            self.keys.ends(key);
            if keeps {
                let now = self.world.now();
                self.keys.keep(key, fingerprint, &id, answer.clone(), now);
            }
        }
        let asked = request.header("Stripe-Version").unwrap_or_default();
        let shown = if asked.is_empty() {
            Version::default().as_str()
        } else {
            asked
        };
        let answer = answer.with("Request-Id", id).with("Stripe-Version", shown);
        let answer = match key {
            Some(key) => answer.with("Idempotency-Key", key),
            None => answer,
        };
        match seen(failure) {
            Seen::Whole => Some(answer),
            Seen::Nothing => None,
            Seen::Half => Some(answer.with(CUT, "half")),
        }
    }
}

fn seen(failure: Option<Failure>) -> Seen {
    match failure {
        Some(Failure::NoAnswer) => Seen::Nothing,
        Some(Failure::HalfAnswer) => Seen::Half,
        _ => Seen::Whole,
    }
}

/// Who asks (H1). Any key of the test mode will do; a live one never.
fn authenticate(request: &ApiRequest) -> Result<(), ApiError> {
    let key = request.header("Authorization").and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Some(rest.trim().to_owned()),
            "basic" => {
                let decoded = String::from_utf8(base64(rest.trim())?).ok()?;
                let (user, _) = decoded.split_once(':').unwrap_or((&decoded, ""));
                Some(user.to_owned())
            }
            _ => None,
        }
    });
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return Err(ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the \
             Authorization header, using Bearer auth (e.g. 'Authorization: Bearer \
             YOUR_SECRET_KEY').",
        ));
    };
    let known = ["sk_test_", "rk_test_"];
    let tail = known.iter().find_map(|prefix| key.strip_prefix(prefix));
    match tail {
        Some(tail) if tail.len() >= 3 && tail.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Ok(())
        }
        _ => {
            let shown: String = key.chars().take(8).collect();
            let count = key.chars().count();
            let last: String = key.chars().skip(count.saturating_sub(4).max(8)).collect();
            Err(ApiError::unauthorized(format!(
                "Invalid API Key provided: {shown}****{last}"
            )))
        }
    }
}

/// The bytes of a base64 text.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(bytes)
}
