//! How the API says no: Stripe's error object, with the status that goes with it.

use super::answer::Answer;
use crate::stripe::StripeError;
use serde_json::{Map, json};

/// A no.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    /// Its `type` (H15).
    pub(super) kind: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) param: Option<String>,
    pub(super) message: String,
    /// What only some errors have: `decline_code`, `charge`.
    more: Box<[(&'static str, String)]>,
    /// `Stripe-Should-Retry`, where Stripe sends it.
    pub(super) should_retry: Option<bool>,
    /// `Stripe-Rate-Limited-Reason`.
    pub(super) limited: Option<&'static str>,
}

impl ApiError {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: None,
            param: None,
            message: message.into(),
            more: Box::default(),
            should_retry: None,
            limited: None,
        }
    }

    /// 400: the request makes no sense.
    pub(super) fn request(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub(super) fn about(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn missing(param: &str) -> Self {
        Self::request(format!("Missing required param: {param}."))
            .coded("parameter_missing")
            .about(param)
    }

    pub(super) fn unknown_parameter(param: &str) -> Self {
        Self::request(format!("Received unknown parameter: {param}"))
            .coded("parameter_unknown")
            .about(param)
    }

    pub(super) fn not_an_integer(param: &str, text: &str) -> Self {
        Self::request(format!("Invalid integer: {text}"))
            .coded("parameter_invalid_integer")
            .about(param)
    }

    /// 404: the id in the path is nobody's.
    pub(super) fn not_found(object: &str, id: &str) -> Self {
        let mut error = Self::request(format!("No such {object}: '{id}'"))
            .coded("resource_missing")
            .about("id");
        error.status = 404;
        error
    }

    /// 400: the id in a parameter is nobody's.
    pub(super) fn no_such(object: &str, id: &str, param: &str) -> Self {
        Self::request(format!("No such {object}: '{id}'"))
            .coded("resource_missing")
            .about(param)
    }

    /// 404: no such path, or not with this method.
    pub(super) fn unrecognized(method: &str, path: &str) -> Self {
        let message = format!(
            "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or \
             we can help at https://support.stripe.com/."
        );
        Self::new(404, "invalid_request_error", message)
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "invalid_request_error", message)
    }

    /// A6: no bank moves that little.
    pub(super) fn too_small(least: i64, currency: &str) -> Self {
        Self::request(format!(
            "The Checkout Session's total amount must be at least {least} {currency}, in the \
             smallest unit."
        ))
        .coded("amount_too_small")
    }

    pub(super) fn too_deep(path: &str) -> Self {
        Self::request(format!(
            "You cannot expand more than 4 levels of a property ({path})."
        ))
        .coded("property_expansion_max_depth")
        .about("expand")
    }

    pub(super) fn not_expandable(path: &str) -> Self {
        Self::request(format!("This property cannot be expanded ({path})."))
    }

    /// H11: the same key with other parameters.
    pub(super) fn key_reused(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were \
             first used with. Try using a key other than '{key}' if you meant to execute a \
             different request."
        );
        Self::new(400, "idempotency_error", message)
    }

    /// H12: the same key is still running.
    pub(super) fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotency Key ({key}). \
             Please try again later."
        );
        Self::new(409, "invalid_request_error", message).coded("idempotency_key_in_use")
    }

    /// 429: too many requests.
    pub(super) fn rate_limited() -> Self {
        let mut error = Self::new(
            429,
            "invalid_request_error",
            "Request rate limit exceeded. Learn more about rate limits here: \
             https://stripe.com/docs/rate-limits.",
        )
        .coded("rate_limit");
        error.limited = Some("global-rate");
        error
    }

    /// 429: somebody else holds the object. Stripe asks to try again.
    pub(super) fn lock_timeout() -> Self {
        let mut error = Self::new(
            429,
            "invalid_request_error",
            "This object cannot be accessed right now because another API request or Stripe \
             process is currently accessing it.",
        )
        .coded("lock_timeout");
        error.should_retry = Some(true);
        error
    }

    /// 424: somebody on whom Stripe depends has failed.
    pub(super) fn dependency() -> Self {
        Self::new(424, "api_error", "An external dependency has failed.")
    }

    /// 500: nobody knows what happened.
    pub(super) fn server(should_retry: Option<bool>) -> Self {
        let message = "An unknown error occurred";
        let mut error = Self::new(500, "api_error", message);
        error.should_retry = should_retry;
        error
    }

    /// Whether it came before anything was done, so that its key is still free (H10).
    pub(super) fn is_before_execution(&self) -> bool {
        matches!(self.status, 401 | 409 | 429)
            || matches!(
                self.code,
                Some("parameter_missing" | "parameter_unknown" | "parameter_invalid_integer")
            )
    }

    /// The answer with Stripe's error object (H15).
    pub(super) fn answer(&self) -> Answer {
        let mut error = Map::new();
        if let Some(code) = self.code {
            error.insert("code".to_owned(), json!(code));
            let page = code.replace('_', "-");
            let url = format!("https://stripe.com/docs/error-codes/{page}");
            error.insert("doc_url".to_owned(), json!(url));
        }
        error.insert("message".to_owned(), json!(self.message));
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        let more = self.more.iter();
        error.extend(more.map(|(key, value)| ((*key).to_owned(), json!(value))));
        error.insert("type".to_owned(), json!(self.kind));
        let mut answer = Answer::json(self.status, &json!({ "error": error }));
        if let Some(should) = self.should_retry {
            answer = answer.with("Stripe-Should-Retry", should.to_string());
        }
        if let Some(reason) = self.limited {
            answer = answer.with("Stripe-Rate-Limited-Reason", reason);
        }
        answer
    }

    /// 402: the bank said no.
    pub(super) fn declined(charge: Option<String>, intent: Option<String>) -> Self {
        let message = "Your card was declined.";
        let mut error = Self::new(402, "card_error", message).coded("card_declined");
        let more = [
            ("decline_code", Some("generic_decline".to_owned())),
            ("charge", charge),
            ("payment_intent", intent),
        ];
        let more = more.into_iter();
        error.more = more
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        error
    }
}

impl From<StripeError> for ApiError {
    fn from(error: StripeError) -> Self {
        if let StripeError::Declined(_) = error {
            return Self::declined(None, None);
        }
        let mut no = Self::request(error.to_string());
        no.code = error.code();
        no.param = error.param().map(str::to_owned);
        no
    }
}
