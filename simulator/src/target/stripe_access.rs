//! How a ledger and Stripe know each other: who signed, and where to ask.

use super::{Answer, LedgerError};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// How the ledger and Stripe know each other.
#[derive(Clone, Debug)]
pub struct StripeAccess {
    /// The endpoint's signing secret, with its `whsec_` prefix.
    pub webhook_secret: String,
    /// Stripe's API; `None` where nobody answers.
    pub api: Option<StripeApi>,
}

impl StripeAccess {
    /// Stripe tells, and is never asked.
    #[must_use]
    pub fn deaf(webhook_secret: String) -> Self {
        Self {
            webhook_secret,
            api: None,
        }
    }

    /// Where its API is.
    pub(super) fn url(&self) -> Answer<&str> {
        let Some(api) = &self.api else {
            return Err(LedgerError::failed("nobody answers for Stripe's API here"));
        };
        match &**api.url {
            Ok(url) => Ok(url),
            Err(why) => Err(LedgerError::failed(why)),
        }
    }

    /// The key to its API.
    pub(super) fn key(&self) -> &str {
        self.api.as_ref().map_or("", |api| &api.key)
    }
}

/// Stripe's API. Whoever serves it begins when its address is first asked for: most ledgers never do.
#[derive(Clone)]
pub struct StripeApi {
    url: Arc<LazyLock<Result<String, String>, Begin>>,
    key: String,
}

type Begin = Box<dyn FnOnce() -> Result<String, String> + Send>;

impl StripeApi {
    /// An API that `begin` starts to serve; it says where, or why it can't.
    pub fn served(
        begin: impl FnOnce() -> Result<String, String> + Send + 'static,
        key: &str,
    ) -> Self {
        Self {
            url: Arc::new(LazyLock::new(Box::new(begin))),
            key: key.to_owned(),
        }
    }
}

impl fmt::Debug for StripeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StripeApi({})", self.key)
    }
}
