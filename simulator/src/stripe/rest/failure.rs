//! What can be made to go wrong with a call to the API.

use super::answer::{Answer, ApiRequest};
use super::fault::ApiError;

/// What becomes of the next call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// 429 `rate_limit`: nothing was done, and plain rate limiting is the caller's job (N3).
    RateLimited,
    /// 429 `lock_timeout`: nothing was done, and the SDKs are asked to try again.
    LockTimeout,
    /// 500, and nothing was done.
    ErrorBefore,
    /// 500, and it was done all the same.
    ErrorAfter,
    /// It is done, and the connection closes without an answer.
    NoAnswer,
    /// It is done, and half of the answer comes.
    HalfAnswer,
    /// The key is in use by somebody else (H12): nothing was done.
    KeyInUse,
    /// 424: nothing was done.
    Dependency,
    /// A gateway's 502, a page of HTML: nothing was done.
    BadGateway,
}

impl Failure {
    /// All of them.
    pub const ALL: [Failure; 9] = [
        Failure::RateLimited,
        Failure::LockTimeout,
        Failure::ErrorBefore,
        Failure::ErrorAfter,
        Failure::NoAnswer,
        Failure::HalfAnswer,
        Failure::KeyInUse,
        Failure::Dependency,
        Failure::BadGateway,
    ];

    /// Its name at the desk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Failure::RateLimited => "rate-limited",
            Failure::LockTimeout => "lock-timeout",
            Failure::ErrorBefore => "error-before",
            Failure::ErrorAfter => "error-after",
            Failure::NoAnswer => "no-answer",
            Failure::HalfAnswer => "half-answer",
            Failure::KeyInUse => "key-in-use",
            Failure::Dependency => "dependency",
            Failure::BadGateway => "bad-gateway",
        }
    }

    /// Whether the call is carried out.
    pub(super) fn executes(self) -> bool {
        matches!(
            self,
            Failure::ErrorAfter | Failure::NoAnswer | Failure::HalfAnswer
        )
    }

    /// Whether it can happen to a call: only what is sent under a key can find it in use (H10).
    fn happens_to(self, request: &ApiRequest) -> bool {
        let key = request.header("Idempotency-Key");
        let is_keyed = request.method == "POST" && key.is_some_and(|key| !key.is_empty());
        is_keyed || self != Failure::KeyInUse
    }

    /// What is answered instead, if anything is.
    pub(super) fn answer(self, key: Option<&str>) -> Option<Answer> {
        let error = match self {
            Failure::RateLimited => ApiError::rate_limited(),
            Failure::LockTimeout => ApiError::lock_timeout(),
            // N6: a keyed retry would get the same answer again.
            Failure::ErrorBefore => ApiError::server(None),
            Failure::ErrorAfter => ApiError::server(Some(false)),
            Failure::KeyInUse => ApiError::key_in_use(key.unwrap_or_default()),
            Failure::Dependency => ApiError::dependency(),
            Failure::BadGateway => return Some(Answer::bad_gateway()),
            Failure::NoAnswer | Failure::HalfAnswer => return None,
        };
        Some(error.answer())
    }
}

/// A failure that waits for one of the calls to come, of whatever kind.
#[derive(Clone, Debug)]
pub(super) struct Trap {
    failure: Failure,
    /// So many calls that it can happen to go by first.
    before: u32,
    /// What it has struck.
    pub(super) struck: Option<String>,
}

impl Trap {
    pub(super) fn new(failure: Failure, before: u32) -> Self {
        Self {
            failure,
            before,
            struck: None,
        }
    }

    /// The failure, if this is its call.
    pub(super) fn springs(&mut self, request: &ApiRequest) -> Option<Failure> {
        if self.struck.is_some() || !self.failure.happens_to(request) {
            return None;
        }
        let Some(left) = self.before.checked_sub(1) else {
            self.struck = Some(request.name());
            return Some(self.failure);
        };
        self.before = left;
        None
    }
}
