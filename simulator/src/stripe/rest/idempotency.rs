//! Idempotency keys, as Stripe keeps them (H10 to H13).

use super::answer::Answer;
use super::fault::ApiError;
use std::collections::{BTreeMap, BTreeSet};

/// How long an answer is kept.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// H10: longer keys are refused.
const LONGEST_KEY: usize = 255;

/// The answers that were given under keys, and the keys of requests that are running.
#[derive(Clone, Debug, Default)]
pub(super) struct Idempotency {
    kept: BTreeMap<String, Kept>,
    running: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Kept {
    fingerprint: String,
    answer: Answer,
    request: String,
    at: i64,
}

impl Idempotency {
    /// The answer that was given under this key, as a replay; `None` if the key is new.
    ///
    /// # Errors
    /// Too long, used with other parameters, or in use.
    pub(super) fn look_up(
        &mut self,
        key: &str,
        fingerprint: &str,
        now: i64,
    ) -> Result<Option<Answer>, ApiError> {
        if key.len() > LONGEST_KEY {
            return Err(ApiError::request(
                "Idempotency keys may be at most 255 characters long.",
            ));
        }
        if self.running.contains(key) {
            return Err(ApiError::key_in_use(key));
        }
        self.kept.retain(|_, kept| now - kept.at < KEPT_SECONDS);
        match self.kept.get(key) {
            None => Ok(None),
            Some(kept) if kept.fingerprint != fingerprint => Err(ApiError::key_reused(key)),
            Some(kept) => {
                let replay = kept.answer.clone();
                let replay = replay.with("Idempotent-Replayed", "true");
                Ok(Some(replay.with("Original-Request", kept.request.as_str())))
            }
        }
    }

    /// A request under this key has begun.
    pub(super) fn begins(&mut self, key: &str) {
        self.running.insert(key.to_owned());
    }

    /// It has ended.
    pub(super) fn ends(&mut self, key: &str) {
        self.running.remove(key);
    }

    /// Keeps the first finished answer.
    pub(super) fn keep(
        &mut self,
        key: &str,
        fingerprint: String,
        request: &str,
        answer: Answer,
        now: i64,
    ) {
        let kept = Kept {
            fingerprint,
            answer,
            request: request.to_owned(),
            at: now,
        };
        self.kept.insert(key.to_owned(), kept);
    }
}
