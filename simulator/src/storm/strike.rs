//! A strike: a fault inside an operation, at one of its statements or of its calls to Stripe.
//!
//! An operation of three statements can be struck at seven moments, and a process can die at
//! each of them:
//!
//! ```text
//!   call ──▶ 1 ──▶ 2 ──▶ 3 ──▶ reply
//!          ▲   ▲ ▲   ▲ ▲   ▲   ▲
//!     before after …        …  replied
//! ```
//!
//! *Before* a statement, it never reaches PostgreSQL. *After* it, it has taken effect and nobody
//! hears of it. The same holds for a call to Stripe's API. An operation that ends early is struck
//! at none of its later moments: whether a strike was met is told by the history, not by the
//! schedule. *In* a statement a process dies only where that waits for a lock, in a duel.

use super::{Fault, Group};
use serde::{Deserialize, Serialize};

/// How often a crash loop dies before the process lives.
const DEATHS_IN_A_LOOP: u32 = 3;

/// A fault inside an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Strike {
    /// Which fault; one that [strikes](Fault::strikes).
    pub fault: Fault,
    /// When.
    pub moment: Moment,
    /// How many attempts in a row it strikes, each at that moment.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
}

/// A moment inside an operation. Statements are counted from 0: those that others can notice,
/// and of them those that the fault can happen to. A fault of Stripe's API counts calls to it instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Before this statement reaches PostgreSQL.
    Before(u32),
    /// After its effect, before its answer.
    After(u32),
    /// Right after the operation's reply.
    Replied,
    /// In a duel, while a statement of its waits for another's lock: PostgreSQL doesn't notice, and
    /// the statement happens once it has got the lock.
    WaitingUnnoticed,
    /// The same, but PostgreSQL notices, as with `client_connection_check_interval`: the statement
    /// is broken off.
    WaitingNoticed,
}

impl Moment {
    /// Whether it is one in a wait for a lock.
    #[must_use]
    pub fn waits(self) -> bool {
        matches!(self, Self::WaitingUnnoticed | Self::WaitingNoticed)
    }
}

impl Strike {
    /// A strike with the number of attempts that is the fault's own.
    #[must_use]
    pub fn new(fault: Fault, moment: Moment) -> Self {
        let times = if fault == Fault::CrashLoop {
            DEATHS_IN_A_LOOP
        } else {
            1
        };
        Self {
            fault,
            moment,
            times,
        }
    }

    /// Whether the fault can strike at that moment.
    #[must_use]
    pub fn is_possible(self) -> bool {
        match self.moment {
            Moment::Before(statement) | Moment::After(statement) => {
                self.fault.moments(statement).contains(&self.moment)
            }
            Moment::Replied => self.fault.kills() || self.fault.fells(),
            Moment::WaitingUnnoticed | Moment::WaitingNoticed => self.fault == Fault::CrashBetween,
        }
    }

    /// What is left of it for the next attempt.
    #[must_use]
    pub fn again(self) -> Option<Self> {
        let times = self.times.checked_sub(1).filter(|left| *left > 0)?;
        Some(Self { times, ..self })
    }
}

impl Fault {
    /// Whether it strikes inside an operation, at one of its statements or of its calls to Stripe.
    #[must_use]
    pub fn strikes(self) -> bool {
        !self.moments(0).is_empty()
    }

    /// Whether it strikes at a statement: that takes the wire.
    #[must_use]
    pub fn needs_wire(self) -> bool {
        self.strikes() && !self.needs_questions()
    }

    /// Whether it strikes at a call to Stripe: that takes a ledger that asks it anything.
    #[must_use]
    pub fn needs_questions(self) -> bool {
        self.group() == Group::StripeApi
    }

    /// Whether a process dies of it, with all that it had in memory.
    #[must_use]
    pub fn kills(self) -> bool {
        matches!(self, Fault::CrashBetween | Fault::CrashLoop)
    }

    /// Whether the database dies of it, and all connections with it.
    #[must_use]
    pub fn fells(self) -> bool {
        self == Fault::ServerCrash
    }

    /// The moments of one statement that it can strike at; none for a fault of another kind.
    #[must_use]
    pub fn moments(self, statement: u32) -> Vec<Moment> {
        let (before, after) = (Moment::Before(statement), Moment::After(statement));
        match self {
            Fault::CrashBetween | Fault::CrashLoop | Fault::ConnectionDrop | Fault::ServerCrash => {
                vec![before, after]
            }
            Fault::Api500 => vec![before, after],
            Fault::CommitAckLost | Fault::ApiTimeout => vec![after],
            Fault::SerializationFailure
            | Fault::Deadlock
            | Fault::StatementTimeout
            | Fault::Api429
            | Fault::IdempotencyConflict => vec![before],
            _ => Vec::new(),
        }
    }
}

fn once() -> u32 {
    1
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_once(times: &u32) -> bool {
    *times == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strike_is_saved_in_words_that_a_person_can_write() {
        let strike = Strike::new(Fault::CrashBetween, Moment::After(2));
        let saved = serde_json::json!({"fault": "crash-between", "moment": {"after": 2}});
        assert_eq!(serde_json::to_value(strike).unwrap(), saved);
        assert_eq!(serde_json::from_value::<Strike>(saved).unwrap(), strike);
    }

    #[test]
    fn a_crash_loop_ends() {
        let mut deaths = 0;
        let mut strike = Some(Strike::new(Fault::CrashLoop, Moment::Before(0)));
        while let Some(this) = strike {
            deaths += 1;
            strike = this.again();
        }
        assert_eq!(deaths, DEATHS_IN_A_LOOP);
    }
}
