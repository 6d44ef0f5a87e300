//! One request on its way, with the patience of its sender.

use super::play::Play;
use super::shop;
use crate::history::{Names, Outcome};
use crate::model::{Deed, Reach};
use crate::storm::{Copy, Fate};
use crate::stripe::{
    Event, EventKind, Meaning, Next, RetrySchedule, Rolled, Signing, Tampering, Told, Version,
};
use crate::target::{Call, Credits, EventId, Operation, Reply};
use std::time::Duration;

/// How often a client asks before it gives up.
const CLIENT_ATTEMPTS: u32 = 6;

/// What is sent. A delivery is signed anew at each attempt; a call stays as it is.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// A Stripe event.
    Event { event: EventId, copy: Copy },
    /// Any other call, with what it means.
    Call(Call, Deed),
}

/// One request on its way.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub(super) account: Option<usize>,
    pub(super) instance: usize,
    pub(super) fate: Fate,
    pub(super) attempt: u32,
    /// Whether its sender needs an answer; an attacker doesn't.
    pub(super) insists: bool,
    pub(super) said: String,
    message: Message,
}

impl Sending {
    fn new(account: Option<usize>, instance: usize, said: String, message: Message) -> Self {
        Self {
            account,
            instance,
            fate: Fate::Answered,
            attempt: 1,
            insists: true,
            said,
            message,
        }
    }

    pub(super) fn with_fate(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }

    /// Hands an event over; `None` where the ledger has no way to hear of it.
    pub(super) fn event(
        play: &Play<'_>,
        account: usize,
        instance: usize,
        event: &EventId,
        copy: Copy,
    ) -> Option<Self> {
        let message = Message::Event {
            event: event.clone(),
            copy,
        };
        let number = play.event_number(&message);
        let what = &play.event(event)?;
        let kind = what.kind;
        let said = match (play.offers(Operation::Webhook), copy, granted(what)) {
            (true, copy, _) => {
                let delivered = format!("deliver {kind} #{number}");
                match copy {
                    Copy::Genuine | Copy::Beside => delivered,
                    Copy::Twin => delivered + ", a twin",
                    Copy::OlderVersion => delivered + " in an older shape",
                    Copy::RolledOursFirst => delivered + ", signed with ours and another secret",
                    Copy::RolledOursSecond => delivered + ", signed with another secret and ours",
                    Copy::Forged => format!("post a forged {kind}"),
                    Copy::Unsigned => format!("post an unsigned {kind}"),
                    Copy::Oversized => format!("post a forged {kind} of megabytes"),
                    Copy::Stale => format!("play back {kind} #{number}, too old"),
                    Copy::OtherMode => format!("deliver {kind} of the live mode"),
                    Copy::Altered => format!("deliver {kind} with an altered body"),
                    Copy::Reserialized => delivered + " with its body printed anew",
                    Copy::Truncated => delivered + " with half of its body",
                }
            }
            (false, ..) if !play.grants(&what.meaning.fact) => return None,
            (false, Copy::Genuine | Copy::Twin, Some(credits)) => {
                let who = Names::account(account);
                format!("grant {credits} credits to {who} for sale {number}")
            }
            (false, Copy::Altered, Some(credits)) if play.says_conflict(Operation::Grant) => {
                let (who, other) = (Names::account(account), credits.get() + 1);
                format!("grant {other} credits to {who} for sale {number}, another amount")
            }
            (false, ..) => return None,
        };
        let mut sending = Self::new(Some(account), instance, said, message);
        sending.insists = copy.is_needed();
        Some(sending)
    }

    pub(super) fn reserve(
        play: &Play<'_>,
        lane: usize,
        account: usize,
        amount: i64,
        instance: usize,
    ) -> Self {
        let job = play.lanes[lane].job.clone();
        let who = Names::account(account);
        let said = format!("reserve {amount} of {who}'s for job {}", lane + 1);
        let amount = Credits::new(amount);
        let call = Call::Reserve {
            account: play.history.parties[account].account.clone(),
            job: job.clone(),
            amount,
        };
        let deed = Deed::Reserve { job, amount };
        Self::new(Some(account), instance, said, Message::Call(call, deed))
    }

    pub(super) fn charge(
        play: &Play<'_>,
        lane: usize,
        account: usize,
        cost: i64,
        instance: usize,
    ) -> Self {
        let job = play.lanes[lane].job.clone();
        let cost = play.costs(&job, cost);
        let said = format!("charge {cost} for job {}", lane + 1);
        let cost = Credits::new(cost);
        let call = Call::Charge {
            job: job.clone(),
            cost,
        };
        let deed = Deed::Charge { job, cost };
        Self::new(Some(account), instance, said, Message::Call(call, deed))
    }

    pub(super) fn refund(play: &Play<'_>, lane: usize, account: usize, instance: usize) -> Self {
        let job = play.lanes[lane].job.clone();
        let said = format!("refund job {}", lane + 1);
        let call = Call::Refund { job: job.clone() };
        Self::new(
            Some(account),
            instance,
            said,
            Message::Call(call, Deed::Refund { job }),
        )
    }

    /// A reserve whose amount makes no sense, for a job that nobody else names.
    pub(super) fn nonsense(play: &Play<'_>, account: usize, amount: i64, instance: usize) -> Self {
        let job = play.cast.nonsense(play.history.happenings.len());
        let who = Names::account(account);
        let said = format!("reserve {amount} of {who}'s, an amount that makes no sense");
        let amount = Credits::new(amount);
        let call = Call::Reserve {
            account: play.history.parties[account].account.clone(),
            job: job.clone(),
            amount,
        };
        let deed = Deed::Reserve { job, amount };
        let mut sending = Self::new(Some(account), instance, said, Message::Call(call, deed));
        sending.insists = false;
        sending
    }

    /// A sweep; which holds can be that old is known by whoever knows the clock.
    pub(super) fn sweep(older_than: u64, reach: Reach, instance: usize) -> Self {
        let said = match older_than {
            0 => "sweep all open holds".to_owned(),
            3_600 => "sweep holds older than 1 hour".to_owned(),
            _ => format!("sweep holds older than {} hours", older_than / 3_600),
        };
        let call = Call::Sweep {
            older_than: Duration::from_secs(older_than),
        };
        let deed = Deed::Sweep { reach };
        Self::new(None, instance, said, Message::Call(call, deed))
    }

    /// The call as it is sent now, and what it means; `None` where there is no way to send it.
    pub(super) fn request(&self, play: &Play<'_>) -> Option<(Call, Deed)> {
        let (event, copy) = match &self.message {
            Message::Call(call, deed) => return Some((call.clone(), deed.clone())),
            Message::Event { event, copy } => (play.event(event)?, *copy),
        };
        let meaning = &event.meaning;
        let fact = meaning.fact.clone();
        if !play.offers(Operation::Webhook) {
            let credits = granted(&event)?;
            let amount = if copy == Copy::Altered {
                Credits::new(credits.get() + 1)
            } else {
                credits
            };
            let call = Call::Grant {
                account: meaning.account.clone(),
                fact: fact.clone(),
                amount,
                sale: play.sale(&event.id, &fact, self.account?)?,
            };
            return Some((call, Deed::Grant { fact, amount }));
        }
        let (secret, now) = (shop::WEBHOOK_SECRET, Play::sent_at());
        let forge = |tampering| event.tampered(tampering, secret, now);
        let delivery = match copy {
            Copy::Genuine | Copy::Twin | Copy::Beside => event.delivery(secret, now),
            Copy::OlderVersion => event.delivery_in(Version::Acacia, secret, now),
            Copy::RolledOursFirst | Copy::RolledOursSecond => {
                let rolled = Some(Rolled {
                    secret: shop::ROLLED_SECRET,
                    first: copy == Copy::RolledOursSecond,
                });
                let signing = Signing {
                    rolled,
                    ..secret.into()
                };
                event.delivery(signing, now)
            }
            Copy::Reserialized => forge(Tampering::ReserializedBody),
            Copy::Unsigned => forge(Tampering::MissingHeader),
            Copy::OtherMode => forge(Tampering::OtherMode),
            Copy::Oversized => forge(Tampering::OversizedBody),
            Copy::Truncated => forge(Tampering::TruncatedBody),
            Copy::Forged => forge(Tampering::ForgedSignature),
            Copy::Stale => forge(Tampering::StaleTimestamp),
            Copy::Altered => forge(Tampering::AlteredBody),
        };
        let deed = if copy.is_authentic() {
            tells(meaning)
        } else {
            Deed::Tampered
        };
        Some((Call::Webhook(delivery), deed))
    }

    /// The next attempt and the seconds until then, if the sender makes one.
    pub(super) fn again(&self, outcome: &Outcome) -> Option<(u32, Sending)> {
        let give_up = !self.insists || outcome.is_definite() || matches!(outcome, Outcome::Hung(_));
        if give_up {
            return None;
        }
        let after = match &self.message {
            Message::Event { .. } => {
                let answer = match outcome.heard() {
                    Some(Reply::Webhook(status)) => Some(*status),
                    _ => None,
                };
                let attempt = usize::try_from(self.attempt - 1).unwrap_or(usize::MAX);
                match RetrySchedule::Live.after(attempt, answer) {
                    Next::RetryIn(gap) => u32::try_from(gap.as_secs()).unwrap_or(u32::MAX),
                    Next::Done | Next::GivenUp => return None,
                }
            }
            Message::Call(..) if self.attempt < CLIENT_ATTEMPTS => 10 << self.attempt,
            Message::Call(..) => return None,
        };
        let fate = match self.fate {
            Fate::Struck(strike) => strike.again().map_or(Fate::Answered, Fate::Struck),
            _ => Fate::Answered,
        };
        let next = Sending {
            fate,
            attempt: self.attempt + 1,
            instance: 1 - self.instance % 2,
            ..self.clone()
        };
        Some((after, next))
    }
}

/// What a genuine event means for the ledger that it is delivered to.
pub(super) fn tells(meaning: &Meaning) -> Deed {
    let fact = meaning.fact.clone();
    match meaning.told {
        Told::Nothing | Told::Unpaid => Deed::Unpaid { fact },
        Told::Echoed { credits } => Deed::Echoed { fact, credits },
        Told::Free { credits } => Deed::Free { fact, credits },
        Told::Withdrawn { paid, withdrawn } => Deed::Withdrawn {
            fact,
            paid,
            withdrawn,
        },
        Told::Reinstated { paid } => Deed::Reinstated { fact, paid },
        Told::Paid { credits } => Deed::Paid { fact, credits },
        Told::Refunded { paid, refunded } => Deed::Repaid {
            fact,
            paid,
            refunded,
        },
    }
}

/// What an endpoint grants on this event, where it is the endpoint that calls the ledger: of the
/// events that tell one payment of a plan it listens to one.
fn granted(event: &Event) -> Option<Credits> {
    match event.meaning.told {
        Told::Paid { credits } => Some(credits),
        Told::Echoed { credits } if event.kind == EventKind::InvoicePaid => Some(credits),
        Told::Echoed { .. }
        | Told::Nothing
        | Told::Unpaid
        | Told::Free { .. }
        | Told::Refunded { .. }
        | Told::Withdrawn { .. }
        | Told::Reinstated { .. } => None,
    }
}
