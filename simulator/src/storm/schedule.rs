//! A schedule: the exact order of all steps, as data that replays without its generator.

use super::{ACCOUNTS, Fault, Moment, Strike, Trespass};
use serde::{Deserialize, Serialize};

/// Steps in the order of their virtual time; steps of one second run in the order listed.
///
/// What isn't listed follows by rule: whatever got no definite answer is retried with
/// backoff, and at the end comes the calm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Every step, ordered by [`Step::at`].
    pub steps: Vec<Step>,
    /// The faults that this schedule carries, once for each time.
    pub faults: Vec<Fault>,
}

/// No storm has as many lanes.
const MOST_LANES: usize = 10_000;

/// No duel has more calls.
const MOST_CALLS: usize = 3;

impl Schedule {
    /// Whether calls run inside one another in it.
    #[must_use]
    pub fn has_duel(&self) -> bool {
        let duel = |step: &Step| matches!(step.action, Action::Duel { .. });
        self.steps.iter().any(duel)
    }

    /// Whether it takes the wire to play it: calls run inside one another, or are struck at their
    /// statements.
    #[must_use]
    pub fn needs_wire(&self) -> bool {
        let struck = |step: &Step| matches!(step.action.fate(), Some(Fate::Struck(it)) if it.fault.needs_wire());
        self.has_duel() || self.steps.iter().any(struck)
    }

    /// Whether the database's clock is moved in it.
    #[must_use]
    pub fn travels(&self) -> bool {
        let travels = |step: &Step| matches!(step.action, Action::Travel { .. });
        self.steps.iter().any(travels)
    }

    /// Whether clients try the ledger's boundary in it. It then ends with their attempts, without a
    /// calm: they find holds open.
    #[must_use]
    pub fn has_trespass(&self) -> bool {
        let tries =
            |step: &Step| matches!(step.action, Action::Survey { .. } | Action::Trespass(_));
        self.steps.iter().any(tries)
    }

    /// Whether anything in it is of this account. Clients at the boundary know all that there are.
    #[must_use]
    pub fn concerns(&self, account: usize) -> bool {
        self.has_trespass() || self.steps.iter().any(|step| step.account == account)
    }

    /// The first thing in it that no storm has, if a file says so: every step must be of an
    /// account and a lane that there are, in the order of its time.
    #[must_use]
    pub fn impossible(&self) -> Option<String> {
        let mut before = 0;
        let each = self.steps.iter().enumerate().flat_map(|(number, step)| {
            let inner = match &step.action {
                Action::Duel { calls, .. } => calls.as_slice(),
                _ => &[],
            };
            std::iter::once(step)
                .chain(inner)
                .map(move |it| (number + 1, step.at, it))
        });
        for (number, at, step) in each {
            if step.account >= ACCOUNTS {
                let account = step.account;
                return Some(format!(
                    "step {number} is of account {account}, of {ACCOUNTS}"
                ));
            }
            if step.lane >= MOST_LANES {
                return Some(format!("step {number} is on lane {}", step.lane));
            }
            if let Some(Fate::Struck(strike)) = step.action.fate()
                && !strike.is_possible()
            {
                let fault = strike.fault;
                return Some(format!(
                    "step {number} is struck by {fault} where it can't strike"
                ));
            }
            if at < before {
                return Some(format!("step {number} comes before the one ahead of it"));
            }
            if let Action::Duel { calls, .. } = &step.action
                && !(2..=MOST_CALLS).contains(&calls.len())
            {
                let many = calls.len();
                return Some(format!("step {number} is a duel of {many} calls"));
            }
            before = at;
        }
        None
    }

    /// The same business and weather, but neither a process nor the database dies: requests that
    /// a death cut off are lost on their way instead, connections that the database lost are lost.
    #[must_use]
    pub fn without_deaths(&self) -> Self {
        let mut survived = self.with_fates(|fate| match fate {
            Fate::CrashBefore => Fate::Dropped,
            Fate::CrashAfter => Fate::ReplyLost,
            Fate::Struck(strike) if strike.fault.kills() => match strike.moment {
                Moment::Replied => Fate::Answered,
                _ => Fate::ReplyLost,
            },
            Fate::Struck(strike) if strike.fault.fells() => match strike.moment {
                Moment::Replied => Fate::Answered,
                moment => Fate::Struck(Strike::new(Fault::ConnectionDrop, moment)),
            },
            other => other,
        });
        survived
            .steps
            .retain(|step| !matches!(step.action, Action::Die { .. }));
        survived
    }

    /// The same deaths, but none in the middle of an operation: who died there dies before it
    /// has read the request. `None` where nobody did.
    #[must_use]
    pub fn without_cuts(&self) -> Option<Self> {
        let whole = self.with_fates(|fate| match fate {
            Fate::Struck(Strike {
                fault,
                moment: Moment::Before(_) | Moment::After(_),
                ..
            }) if fault.kills() => Fate::CrashBefore,
            other => other,
        });
        (whole != *self).then_some(whole)
    }

    fn with_fates(&self, change: impl Fn(Fate) -> Fate) -> Self {
        let mut changed = self.clone();
        for step in &mut changed.steps {
            if let Some(fate) = step.action.fate_mut() {
                *fate = change(*fate);
            }
        }
        changed
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Virtual seconds since the storm began.
    pub at: u32,
    /// The affair that it belongs to.
    pub lane: usize,
    /// Whose affair it is.
    pub account: usize,
    /// What is done.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A customer pays for a pack in Checkout; Stripe makes an event.
    Buy {
        /// Which of the catalogue's packs.
        pack: usize,
        /// By bank debit: not paid yet.
        debit: bool,
    },
    /// The same, of a pack that is sold in a currency without decimals.
    BuyAbroad {
        /// By bank debit: not paid yet.
        debit: bool,
    },
    /// The bank debit of this lane's purchase clears; Stripe makes an event.
    Clear,
    /// The bank refuses it; Stripe makes an event.
    Bounce,
    /// Somebody subscribes to a plan in Checkout; Stripe makes two events of the invoice and one of
    /// the session.
    Subscribe {
        /// Which of the catalogue's plans.
        plan: usize,
        /// It begins with a trial, and nothing is asked for.
        trial: bool,
    },
    /// The bank asks about this lane's purchase, and takes nothing; Stripe makes an event.
    Inquire,
    /// The bank takes the money of this lane's purchase; Stripe makes two events.
    Dispute,
    /// What the bank asked becomes a dispute; Stripe makes two events.
    Escalate,
    /// What the bank wanted is decided; Stripe makes an event, or two if the money comes back.
    Close {
        /// Whether the money comes back.
        won: bool,
    },
    /// The ledger learns whose the account's customer is; it wasn't told before.
    Acquaint {
        /// Through which instance.
        instance: usize,
    },
    /// A plan's invoice is paid; Stripe makes an event.
    Renew {
        /// Which of the catalogue's plans.
        plan: usize,
    },
    /// Percent of this lane's purchase are given back; Stripe makes an event.
    GiveBack {
        /// Of the price; parts add up, and stop at the whole.
        percent: u8,
    },
    /// One of this lane's events is handed over.
    Deliver {
        /// Which of the lane's events, counted from 0.
        event: usize,
        /// Which copy of it.
        copy: Copy,
        /// To which instance, 0 or 1.
        instance: usize,
        /// What becomes of the request.
        fate: Fate,
    },
    /// This lane's job is reserved.
    Reserve {
        /// Credits.
        amount: i64,
        /// To which instance.
        instance: usize,
        /// What becomes of the request.
        fate: Fate,
    },
    /// This lane's job succeeded.
    Charge {
        /// Credits.
        cost: i64,
        /// To which instance.
        instance: usize,
        /// What becomes of the request.
        fate: Fate,
    },
    /// This lane's job failed.
    Refund {
        /// To which instance.
        instance: usize,
        /// What becomes of the request.
        fate: Fate,
    },
    /// A request with an amount that makes no sense, for a job of its own.
    Nonsense {
        /// Credits.
        amount: i64,
        /// To which instance.
        instance: usize,
    },
    /// A process dies with all that it had in memory, and is started again.
    Die {
        /// Which instance.
        instance: usize,
    },
    /// The database's clock goes forward.
    Travel {
        /// By so many seconds.
        seconds: u32,
    },
    /// Two or three of these inside one another.
    Duel {
        /// What is done, each of its own lane.
        calls: Vec<Step>,
        /// Which of them was chosen at each choice: to move, to wake first, to be a deadlock's
        /// victim. Empty before anybody has chosen.
        order: Vec<u32>,
    },
    /// Clients make every attempt of these kinds that the ledger's catalogue suggests.
    Survey {
        /// Which kinds.
        faults: Vec<Fault>,
    },
    /// A client makes this one attempt.
    Trespass(Trespass),
    /// The sweep runs.
    Sweep {
        /// Seconds; holds younger than this must stay.
        older_than: u64,
        /// On which instance.
        instance: usize,
        /// What becomes of the request.
        #[serde(default)]
        fate: Fate,
    },
}

impl Action {
    /// What becomes of the request, if it is one that weather can bend.
    #[must_use]
    pub fn fate(&self) -> Option<Fate> {
        match self {
            Action::Deliver { fate, .. }
            | Action::Reserve { fate, .. }
            | Action::Charge { fate, .. }
            | Action::Refund { fate, .. }
            | Action::Sweep { fate, .. } => Some(*fate),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn fate_mut(&mut self) -> Option<&mut Fate> {
        match self {
            Action::Deliver { fate, .. }
            | Action::Reserve { fate, .. }
            | Action::Charge { fate, .. }
            | Action::Refund { fate, .. }
            | Action::Sweep { fate, .. } => Some(fate),
            _ => None,
        }
    }
}

/// Which copy of an event is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Copy {
    /// Stripe's own.
    Genuine,
    /// A second Event object about the same fact.
    Twin,
    /// Signed by somebody who doesn't know the secret.
    Forged,
    /// Genuine, but older than the tolerance.
    Stale,
    /// Changed after it was signed.
    Altered,
    /// Parsed and printed again after it was signed.
    Reserialized,
    /// Without a signature.
    Unsigned,
    /// Signed with the secret of the other mode's endpoint.
    OtherMode,
    /// Megabytes, signed by somebody who doesn't know the secret.
    Oversized,
    /// Half of it, above the whole one's signature.
    Truncated,
    /// Stripe's own, signed with both secrets while they are rolled, ours first.
    RolledOursFirst,
    /// Stripe's own, signed with both secrets while they are rolled, ours second.
    RolledOursSecond,
    /// Stripe's own, in the shape of an older API version.
    OlderVersion,
    /// Another of Stripe's own events about the same business, which nobody needs.
    Beside,
}

impl Copy {
    /// Whether Stripe itself sent it, now.
    #[must_use]
    pub fn is_authentic(self) -> bool {
        self.is_needed() || matches!(self, Copy::OlderVersion | Copy::Beside)
    }

    /// Whether somebody must take it: Stripe sends it until it is taken.
    #[must_use]
    pub fn is_needed(self) -> bool {
        matches!(
            self,
            Copy::Genuine | Copy::Twin | Copy::RolledOursFirst | Copy::RolledOursSecond
        )
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It arrives and is answered.
    #[default]
    Answered,
    /// It never arrives.
    Dropped,
    /// It arrives; the answer is lost.
    ReplyLost,
    /// The process dies before it has read the request.
    CrashBefore,
    /// The process dies after its work and before its answer.
    CrashAfter,
    /// It arrives; something goes wrong inside the operation.
    Struck(Strike),
}
