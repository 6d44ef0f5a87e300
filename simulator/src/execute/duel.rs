//! A duel: calls inside one another, in an order that somebody chooses, as a part of a schedule.

use super::fight::Fight;
use super::play::Play;
use super::sending::Sending;
use super::wire::Wire;
use crate::history::{Outcome, Request, What};
use crate::target::Call;

impl Play<'_> {
    /// Fights it out, and records what was chosen, seen and replied.
    pub(super) fn duel(&mut self, sendings: &[Sending]) {
        let prepared = sendings.iter().map(|sending| self.prepare(sending));
        let Some(mut requests) = prepared.collect::<Option<Vec<Request>>>() else {
            return;
        };
        let calls: Vec<Call> = requests.iter().map(|it| it.call.clone()).collect();
        if !self.can_duel(&calls) {
            return;
        }
        let instances: Vec<usize> = requests.iter().map(|it| it.instance).collect();
        let wire = self.stage.wire();
        let watched = wire.and_then(Wire::watched);
        let (Some(wire), Some(watched), Some(strategy)) =
            (wire, watched, self.strategy.as_deref_mut())
        else {
            return;
        };
        let fight = Fight::new(
            wire,
            watched,
            &mut self.processes,
            strategy,
            &mut self.chosen,
            self.stage,
            &instances,
        );
        let fought = fight.minding_memory(self.manner.minds_memory).run(&calls);
        self.hung |= fought.hung;
        for (request, reply) in requests.iter_mut().zip(fought.replies) {
            request.outcome = match reply {
                Some(reply) => {
                    self.notice_mistake(&reply);
                    Outcome::Replied(reply)
                }
                None => Outcome::Hung(self.stage.limit().as_secs()),
            };
        }
        if self.chosen.redundant || self.chosen.failed.is_some() {
            return;
        }
        self.happens(What::Duel {
            requests: requests.clone(),
            spans: fought.spans,
            moves: fought.moves,
        });
        if self.chosen.stops() {
            return;
        }
        if self.hung {
            for request in requests {
                if matches!(request.outcome, Outcome::Hung(_)) {
                    self.happens(What::GaveUp(request));
                }
            }
            return;
        }
        self.look_at_all(0);
        for (sending, request) in sendings.iter().zip(&requests) {
            self.follow_up(sending, request.clone());
        }
    }

    /// The request as it is sent, if there is a way to make it now.
    pub(super) fn prepare(&self, sending: &Sending) -> Option<Request> {
        let (call, deed) = sending.request(self)?;
        self.can_tell(&call).then(|| Request {
            account: sending.account,
            instance: sending.instance,
            call,
            deed,
            said: sending.said.clone(),
            attempt: 1,
            outcome: Outcome::NeverArrived,
        })
    }
}
