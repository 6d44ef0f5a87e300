//! Faults that are business of another kind: what becomes of a sale, and what it is paid in.

use super::forecast::{DAY, Lane};
use super::schedule::{Action, Copy, Fate};
use super::{Fault, Gust};

impl Lane {
    /// Turns the lane's sale into the fault's; false if it isn't a sale that can take it.
    pub(super) fn strike_sale(&mut self, gust: &Gust) -> bool {
        match gust.fault {
            Fault::UnknownCustomer => self.meet_later(gust),
            Fault::ZeroAmount => self.begin_with_a_trial(),
            Fault::ZeroDecimalCurrency => self.pay_abroad(),
            Fault::UnpaidSession => self.bounce(),
            Fault::CumulativeRefund => self.refund_twice(),
            Fault::DisputeLifecycle => self.dispute(gust),
            _ => false,
        }
    }

    /// The ledger learns who the customer is when Stripe has tried for some hours.
    fn meet_later(&mut self, gust: &Gust) -> bool {
        let acquainted = |(_, action): &(u32, Action)| matches!(action, Action::Acquaint { .. });
        if self.steps.iter().any(acquainted) {
            return false;
        }
        let instance = gust.nth % 2;
        self.steps
            .push((3_600 + 20 * gust.wait, Action::Acquaint { instance }));
        true
    }

    fn begin_with_a_trial(&mut self) -> bool {
        let Some((_, sale)) = self.steps.first_mut() else {
            return false;
        };
        match sale {
            Action::Subscribe { trial: false, plan } => {
                let (plan, trial) = (*plan, true);
                *sale = Action::Subscribe { plan, trial };
                true
            }
            Action::Renew { plan } => {
                let (plan, trial) = (*plan, true);
                *sale = Action::Subscribe { plan, trial };
                self.deliver_at(2, 2);
                true
            }
            _ => false,
        }
    }

    fn pay_abroad(&mut self) -> bool {
        match self.steps.first_mut() {
            Some((_, sale @ Action::Buy { .. })) => {
                let Action::Buy { debit, .. } = *sale else {
                    return false;
                };
                *sale = Action::BuyAbroad { debit };
                true
            }
            _ => false,
        }
    }

    /// The money never comes: whatever followed it doesn't either.
    fn bounce(&mut self) -> bool {
        if !self.is_plain_sale() {
            return false;
        }
        if let Some((_, Action::Buy { debit, .. } | Action::BuyAbroad { debit })) =
            self.steps.first_mut()
        {
            *debit = true;
        }
        self.end_after_the_first_event();
        self.steps.push((2 * DAY, Action::Bounce));
        self.deliver_at(2 * DAY + 2, 1);
        true
    }

    fn refund_twice(&mut self) -> bool {
        if !self.is_plain_sale() {
            return false;
        }
        let (mut event, mut at) = self.end_when_paid();
        for percent in [33, 50] {
            at += 600;
            self.steps.push((at, Action::GiveBack { percent }));
            self.deliver_at(at + 2, event);
            event += 1;
        }
        true
    }

    /// An inquiry that is closed, a dispute won or lost, an inquiry that becomes a dispute; the
    /// dispute of what a refund has left.
    fn dispute(&mut self, gust: &Gust) -> bool {
        if !self.is_plain_sale() {
            return false;
        }
        let (mut event, mut at) = self.end_when_paid();
        let won = true;
        let course = match gust.nth % 5 {
            0 => vec![(Action::Inquire, 1), (Action::Close { won: false }, 1)],
            1 => vec![(Action::Dispute, 2), (Action::Close { won }, 2)],
            2 => vec![(Action::Dispute, 2), (Action::Close { won: false }, 1)],
            3 => vec![
                (Action::Inquire, 1),
                (Action::Escalate, 2),
                (Action::Close { won }, 2),
            ],
            _ => vec![
                (Action::GiveBack { percent: 33 }, 1),
                (Action::Dispute, 2),
                (Action::Close { won }, 2),
            ],
        };
        for (action, events) in course {
            at += 5 * DAY;
            self.steps.push((at, action));
            for _ in 0..events {
                self.deliver_at(at + 2, event);
                event += 1;
            }
        }
        true
    }

    /// A purchase that nothing but refunds follows, so that its course can be replaced.
    fn is_plain_sale(&self) -> bool {
        let bought = matches!(
            self.steps.first(),
            Some((_, Action::Buy { .. } | Action::BuyAbroad { .. }))
        );
        bought
            && !self.steps.iter().any(|(_, action)| {
                matches!(
                    action,
                    Action::Bounce
                        | Action::Inquire
                        | Action::Dispute
                        | Action::Escalate
                        | Action::Close { .. }
                )
            })
    }

    /// Takes out whatever comes after the first event.
    fn end_after_the_first_event(&mut self) {
        self.steps.retain(|(_, action)| match action {
            Action::Clear | Action::GiveBack { .. } => false,
            Action::Deliver { event, .. } => *event == 0,
            _ => true,
        });
    }

    /// Takes out whatever comes after the money; the number of the next event, and when it may
    /// come.
    fn end_when_paid(&mut self) -> (usize, u32) {
        let clears = |(_, action): &(u32, Action)| matches!(action, Action::Clear);
        let last = usize::from(self.steps.iter().any(clears));
        self.steps.retain(|(_, action)| match action {
            Action::GiveBack { .. } => false,
            Action::Deliver { event, .. } => *event <= last,
            _ => true,
        });
        let paid = if last == 1 { 2 * DAY } else { 0 };
        (last + 1, paid + 60)
    }

    fn deliver_at(&mut self, at: u32, event: usize) {
        let deliver = Action::Deliver {
            event,
            copy: Copy::Genuine,
            instance: self.first_instance(),
            fate: Fate::Answered,
        };
        self.steps.push((at, deliver));
    }
}
