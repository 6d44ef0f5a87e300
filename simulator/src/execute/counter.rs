//! The counter: the one Stripe of a stage. Storms move it, and a ledger may ask it.
//!
//! A schedule's world stands behind the API from its first step to its end; between the steps nothing
//! in it moves but by the storm, or by what the ledger itself asks for. Its port is opened when a
//! ledger first asks where it is, and stays: instances outlive schedules.

use super::shop;
use crate::storm::{Fault, Moment, Strike};
use crate::stripe::Stripe;
use crate::stripe::rest::{Api, Failure};
use crate::stripe_server::{API_KEY, StripeServer};
use crate::target::{StripeAccess, StripeApi};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A world, its API, and the port, if anybody wanted to know it.
pub(super) struct Counter {
    api: Arc<Mutex<Api>>,
    access: StripeAccess,
    server: Arc<OnceLock<StripeServer>>,
}

impl Counter {
    /// A counter at which this world stands.
    pub(super) fn new(world: Stripe) -> Self {
        let api = Arc::new(Mutex::new(Api::new(world)));
        let server = Arc::new(OnceLock::new());
        let (shared, kept) = (Arc::clone(&api), Arc::clone(&server));
        let begin = move || {
            let begun = StripeServer::answering_for(shared);
            let begun = begun.map_err(|error| format!("cannot serve Stripe's API: {error}"))?;
            Ok(kept.get_or_init(|| begun).url())
        };
        let access = StripeAccess {
            webhook_secret: shop::WEBHOOK_SECRET.to_owned(),
            api: Some(StripeApi::served(begin, API_KEY)),
        };
        Self {
            api,
            access,
            server,
        }
    }

    /// What a ledger is told of it.
    pub(super) fn access(&self) -> StripeAccess {
        self.access.clone()
    }

    /// Whether a ledger has asked where it is.
    pub(super) fn is_known(&self) -> bool {
        self.server.get().is_some()
    }

    /// Puts another world there.
    pub(super) fn put(&self, world: Stripe) {
        *self.api() = Api::new(world);
    }

    /// The API, with its world.
    pub(super) fn api(&self) -> MutexGuard<'_, Api> {
        self.api.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one of the calls to come go wrong.
    pub(super) fn lie_in_wait(&self, strike: Strike) {
        if let Some((failure, before)) = failure(strike) {
            self.api().lay_trap(failure, before);
        }
    }

    /// The call that went wrong since, if one did.
    pub(super) fn stand_down(&self) -> Option<String> {
        self.api().lift_trap()
    }
}

/// What a strike means for a call, and how many come before it; nothing for a strike of another kind.
fn failure(strike: Strike) -> Option<(Failure, u32)> {
    let (before, is_done) = match strike.moment {
        Moment::Before(number) => (number, false),
        Moment::After(number) => (number, true),
        _ => return None,
    };
    let failure = match (strike.fault, is_done) {
        (Fault::Api429, false) => Failure::RateLimited,
        (Fault::Api500, false) => Failure::ErrorBefore,
        (Fault::Api500, true) => Failure::ErrorAfter,
        (Fault::ApiTimeout, true) => Failure::NoAnswer,
        (Fault::IdempotencyConflict, false) => Failure::KeyInUse,
        _ => return None,
    };
    Some((failure, before))
}
