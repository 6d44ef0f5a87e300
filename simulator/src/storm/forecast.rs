//! From a storm to its schedule: each affair becomes a lane of steps, weather bends the lane,
//! and the lanes are laid into one order by virtual time.

use super::schedule::{Action, Copy, Fate, Schedule, Step};
use super::{Affair, Business, Fault, Gust, Storm};

/// Seconds between the turns of two affairs.
pub(super) const TURN: u32 = 3_600;
pub(super) const DAY: u32 = 86_400;

impl Storm {
    /// The exact order of all steps.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let mut steps = Vec::new();
        let mut faults = Vec::new();
        for (lane, affair) in self.affairs.iter().enumerate() {
            let turn = u32::try_from(lane).unwrap_or(u32::MAX).saturating_mul(TURN);
            let start = turn.saturating_sub(affair.lead);
            for (after, action) in Lane::of(affair, lane, &mut faults).steps {
                steps.push(Step {
                    at: start.saturating_add(after),
                    lane,
                    account: affair.account,
                    action,
                });
            }
        }
        steps.sort_by_key(|step| step.at);
        Schedule { steps, faults }
    }
}

/// One affair's steps, each with its seconds after the affair's start.
pub(super) struct Lane {
    pub(super) steps: Vec<(u32, Action)>,
}

impl Lane {
    fn of(affair: &Affair, number: usize, met: &mut Vec<Fault>) -> Self {
        let mut lane = Self::fair(&affair.business, number % 2);
        for gust in &affair.weather {
            if lane.strike(gust, &affair.business) {
                met.push(gust.fault);
            }
        }
        lane
    }

    /// The lane in fair weather.
    fn fair(business: &Business, instance: usize) -> Self {
        let deliver = |event| Action::Deliver {
            event,
            copy: Copy::Genuine,
            instance,
            fate: Fate::Answered,
        };
        let fate = Fate::Answered;
        let mut steps = Vec::new();
        match business {
            Business::Purchase {
                pack,
                debit,
                refunds,
            } => {
                let (pack, debit) = (*pack, *debit);
                steps.push((0, Action::Buy { pack, debit }));
                steps.push((2, deliver(0)));
                let mut event = 1;
                let mut then = 60;
                if debit {
                    then = 2 * DAY;
                    steps.push((then, Action::Clear));
                    steps.push((then + 2, deliver(event)));
                    event += 1;
                }
                for percent in refunds {
                    then += 600;
                    steps.push((then, Action::GiveBack { percent: *percent }));
                    steps.push((then + 2, deliver(event)));
                    event += 1;
                }
            }
            Business::Subscription { plan } => {
                let (plan, trial) = (*plan, false);
                steps.push((0, Action::Subscribe { plan, trial }));
                steps.extend((0..3).map(|event| (2, deliver(event))));
            }
            // An endpoint that listens to either name of a paid invoice gets both (I3).
            Business::Renewal { plan } => {
                steps.push((0, Action::Renew { plan: *plan }));
                steps.extend((0..2).map(|event| (2, deliver(event))));
            }
            Business::Job { amount, succeeds } => {
                let amount = *amount;
                steps.push((
                    0,
                    Action::Reserve {
                        amount,
                        instance,
                        fate,
                    },
                ));
                steps.push((120, end(*succeeds, amount, instance)));
            }
            Business::Sweep { old_only } => {
                let older_than = if *old_only { u64::from(DAY) } else { 0 };
                steps.push((
                    0,
                    Action::Sweep {
                        older_than,
                        instance,
                        fate,
                    },
                ));
            }
        }
        Self { steps }
    }

    /// Lets one gust bend the lane; false if it found nothing to bend.
    fn strike(&mut self, gust: &Gust, business: &Business) -> bool {
        match gust.fault {
            Fault::Duplicate => self.again(gust, gust.wait, Copy::Genuine),
            Fault::TwinEvent => self.again(gust, gust.wait, Copy::Twin),
            Fault::LateRetry => self.again(gust, 3 * DAY, Copy::Genuine),
            Fault::ForgedSignature => self.again(gust, gust.wait, Copy::Forged),
            Fault::StaleTimestamp => self.again(gust, gust.wait, Copy::Stale),
            Fault::AlteredBody => self.again(gust, gust.wait, Copy::Altered),
            Fault::Burst => (0..3).all(|copy| self.again(gust, 3_000 + copy / 3, Copy::Genuine)),
            Fault::Delay => self.shift(gust, 3_600 + 60 * gust.wait),
            Fault::Reorder => self.reorder(gust),
            Fault::DropThenRetry => self.fate(gust, Fate::Dropped),
            Fault::LostReply => self.fate(gust, Fate::ReplyLost),
            Fault::CrashBefore => self.fate(gust, Fate::CrashBefore),
            Fault::CrashAfterCommit => self.fate(gust, Fate::CrashAfter),
            Fault::CrashBetween
            | Fault::CrashLoop
            | Fault::ConnectionDrop
            | Fault::CommitAckLost
            | Fault::SerializationFailure
            | Fault::Deadlock
            | Fault::StatementTimeout
            | Fault::Api429
            | Fault::Api500
            | Fault::ApiTimeout
            | Fault::IdempotencyConflict
            | Fault::ServerCrash => self.fate(gust, Fate::Struck(gust.strike())),
            Fault::TimeTravel => false,
            Fault::ReserializedBody => self.ahead(gust, Copy::Reserialized),
            Fault::TruncatedBody => self.ahead(gust, Copy::Truncated),
            Fault::MissingHeader => self.again(gust, gust.wait, Copy::Unsigned),
            Fault::LivemodeMismatch => self.again(gust, gust.wait, Copy::OtherMode),
            Fault::OversizedBody => self.again(gust, gust.wait, Copy::Oversized),
            Fault::OtherApiVersion => self.again(gust, gust.wait, Copy::OlderVersion),
            Fault::UnknownType => self.again(gust, gust.wait, Copy::Beside),
            Fault::RotatedSecret => self.roll(gust),
            Fault::UnknownCustomer
            | Fault::UnpaidSession
            | Fault::ZeroAmount
            | Fault::ZeroDecimalCurrency
            | Fault::CumulativeRefund
            | Fault::DisputeLifecycle => self.strike_sale(gust),
            Fault::DoubleClick
            | Fault::LateSuccess
            | Fault::LateFailure
            | Fault::SuccessAndFailure
            | Fault::NeverEnds
            | Fault::PartialOutput
            | Fault::UnknownJob
            | Fault::NonsenseAmount => self.strike_job(gust, business),
            Fault::DirectWrite | Fault::FunctionCall | Fault::TempShadow | Fault::ForeignRead => {
                false
            }
        }
    }

    fn strike_job(&mut self, gust: &Gust, business: &Business) -> bool {
        let Business::Job { amount, succeeds } = *business else {
            return false;
        };
        let other = 1 - self.first_instance();
        let last = self.steps.last().map_or(0, |(after, _)| *after);
        let soon = last + 1 + gust.wait;
        let ends = |(_, action): &(u32, Action)| {
            matches!(action, Action::Charge { .. } | Action::Refund { .. })
        };
        match gust.fault {
            Fault::DoubleClick => {
                self.steps.push((
                    gust.wait,
                    Action::Reserve {
                        amount,
                        instance: other,
                        fate: Fate::Answered,
                    },
                ));
            }
            Fault::LateSuccess => {
                self.steps.retain(|step| !ends(step));
                self.steps.push((120, end(false, amount, other)));
                self.steps.push((soon.max(121), end(true, amount, other)));
            }
            Fault::LateFailure => {
                self.steps.retain(|step| !ends(step));
                self.steps.push((120, end(true, amount, other)));
                self.steps.push((soon.max(121), end(false, amount, other)));
            }
            Fault::SuccessAndFailure => self.steps.push((last, end(!succeeds, amount, other))),
            Fault::NeverEnds => {
                self.steps.retain(|step| !ends(step));
                // Many run jobs in the very process that took them.
                if gust.nth % 6 != 5 {
                    let instance = self.first_instance();
                    self.steps.push((60 + gust.wait, Action::Die { instance }));
                }
            }
            Fault::PartialOutput => {
                self.steps.retain(|step| !ends(step));
                self.steps.push((120, end(true, amount / 2, other)));
            }
            Fault::UnknownJob => {
                self.steps
                    .retain(|(_, action)| !matches!(action, Action::Reserve { .. }));
            }
            Fault::NonsenseAmount => {
                let amount = [-amount, 0, i64::MAX, i64::MIN][gust.nth % 4];
                self.steps.push((
                    gust.wait,
                    Action::Nonsense {
                        amount,
                        instance: other,
                    },
                ));
            }
            _ => return false,
        }
        true
    }

    /// The indices of the steps that reach the ledger.
    fn requests(&self) -> Vec<usize> {
        (0..self.steps.len())
            .filter(|step| instance_of(&self.steps[*step].1).is_some())
            .collect()
    }

    fn nth(&self, gust: &Gust) -> Option<usize> {
        let requests = self.requests();
        let count = requests.len();
        (count > 0).then(|| requests[gust.nth % count])
    }

    /// Sends the nth request once more, to the other instance.
    fn again(&mut self, gust: &Gust, wait: u32, copy: Copy) -> bool {
        let Some(step) = self.nth(gust) else {
            return false;
        };
        let (after, mut action) = self.steps[step].clone();
        match &mut action {
            Action::Deliver {
                copy: which,
                instance,
                fate,
                ..
            } => {
                (*which, *fate) = (copy, Fate::Answered);
                *instance = 1 - *instance;
            }
            Action::Reserve { instance, fate, .. }
            | Action::Charge { instance, fate, .. }
            | Action::Refund { instance, fate, .. }
                if copy == Copy::Genuine =>
            {
                *fate = Fate::Answered;
                *instance = 1 - *instance;
            }
            _ => return false,
        }
        self.steps.push((after + 1 + wait, action));
        true
    }

    /// Sends a spoilt copy of the nth request right before it.
    fn ahead(&mut self, gust: &Gust, copy: Copy) -> bool {
        let Some(step) = self.nth(gust) else {
            return false;
        };
        let (at, mut action) = self.steps[step].clone();
        let Action::Deliver {
            copy: which, fate, ..
        } = &mut action
        else {
            return false;
        };
        (*which, *fate) = (copy, Fate::Answered);
        self.steps.insert(step, (at, action));
        true
    }

    /// Signs the nth request with both secrets.
    fn roll(&mut self, gust: &Gust) -> bool {
        let Some(step) = self.nth(gust) else {
            return false;
        };
        match &mut self.steps[step].1 {
            Action::Deliver { copy, .. } if *copy == Copy::Genuine => {
                *copy = match gust.wait % 2 {
                    0 => Copy::RolledOursSecond,
                    _ => Copy::RolledOursFirst,
                };
                true
            }
            _ => false,
        }
    }

    fn shift(&mut self, gust: &Gust, by: u32) -> bool {
        let Some(step) = self.nth(gust) else {
            return false;
        };
        self.steps[step].0 += by;
        true
    }

    /// Lets the nth request wait until after the one that follows it.
    fn reorder(&mut self, gust: &Gust) -> bool {
        let requests = self.requests();
        if requests.len() < 2 {
            return self.shift(gust, TURN + gust.wait);
        }
        let nth = gust.nth % (requests.len() - 1);
        self.steps[requests[nth]].0 = self.steps[requests[nth + 1]].0 + 1;
        true
    }

    fn fate(&mut self, gust: &Gust, fate: Fate) -> bool {
        let Some(step) = self.nth(gust) else {
            return false;
        };
        let Some(was) = self.steps[step].1.fate_mut() else {
            return false;
        };
        let free = *was == Fate::Answered;
        *was = fate;
        free
    }

    pub(super) fn first_instance(&self) -> usize {
        self.steps
            .iter()
            .find_map(|(_, action)| instance_of(action))
            .unwrap_or(0)
    }
}

fn end(succeeds: bool, cost: i64, instance: usize) -> Action {
    let fate = Fate::Answered;
    if succeeds {
        Action::Charge {
            cost,
            instance,
            fate,
        }
    } else {
        Action::Refund { instance, fate }
    }
}

fn instance_of(action: &Action) -> Option<usize> {
    match action {
        Action::Deliver { instance, .. }
        | Action::Reserve { instance, .. }
        | Action::Charge { instance, .. }
        | Action::Refund { instance, .. }
        | Action::Nonsense { instance, .. }
        | Action::Sweep { instance, .. } => Some(*instance),
        Action::Buy { .. }
        | Action::BuyAbroad { .. }
        | Action::Subscribe { .. }
        | Action::Bounce
        | Action::Inquire
        | Action::Dispute
        | Action::Escalate
        | Action::Close { .. }
        | Action::Acquaint { .. }
        | Action::Clear
        | Action::Renew { .. }
        | Action::GiveBack { .. }
        | Action::Duel { .. }
        | Action::Travel { .. }
        | Action::Survey { .. }
        | Action::Trespass(_)
        | Action::Die { .. } => None,
    }
}
