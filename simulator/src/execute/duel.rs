//! A duel: calls inside one another, in an order that somebody chooses, as a part of a schedule.

use super::fight::{Fight, Fought};
use super::play::Play;
use super::sending::Sending;
use super::wire::Wire;
use crate::history::{Outcome, Request, Span, What};
use crate::storm::{Fate, Strike};
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
        let strikes: Vec<Option<Strike>> = sendings.iter().map(dies_waiting).collect();
        let wire = self.stage.wire();
        let watched = wire.and_then(Wire::watched);
        let chooses = (wire, watched, self.strategy.as_deref_mut());
        let fought = if let (Some(wire), Some(watched), Some(strategy)) = chooses {
            let fight = Fight::new(
                wire,
                watched,
                &mut self.processes,
                strategy,
                &mut self.chosen,
                self.stage,
                &instances,
            );
            let moments = strikes.iter().map(|it| it.map(|strike| strike.moment));
            fight
                .minding_memory(self.manner.minds_memory)
                .dying(moments)
                .run(&calls)
        } else {
            self.run_freely(&calls, &instances)
        };
        self.hung |= fought.hung;
        for (request, outcome) in requests.iter_mut().zip(fought.outcomes) {
            if let Outcome::Replied(reply) = &outcome {
                self.notice_mistake(reply);
            }
            request.outcome = outcome;
        }
        let mut deaths = Vec::new();
        for ((instance, strike), died) in instances.iter().zip(strikes).zip(fought.died) {
            if let (Some(strike), Some(sql)) = (strike, died) {
                self.hung |= !self.rise(*instance);
                let instance = *instance;
                deaths.push(What::Struck {
                    instance,
                    strike,
                    sql,
                    commits: false,
                });
                deaths.push(What::Crash { instance });
            }
        }
        if self.chosen.redundant || self.chosen.failed.is_some() {
            return;
        }
        self.happens(What::Duel {
            requests: requests.clone(),
            spans: fought.spans,
            moves: fought.moves,
        });
        for death in deaths {
            self.happens(death);
        }
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
        // Where nothing more is asked the calm begins, and looks.
        let mut sent = sendings.iter().zip(&requests);
        let asks_again = sent.any(|(sending, it)| sending.again(&it.outcome).is_some());
        if !self.manner.spares || asks_again || self.awaits() {
            self.look_at_all(0);
        }
        for (sending, request) in sendings.iter().zip(&requests) {
            self.follow_up(sending, request.clone());
        }
    }

    /// Sends all at once, where nobody holds a statement back: what comes of it is luck.
    fn run_freely(&mut self, calls: &[Call], instances: &[usize]) -> Fought {
        let under_way = calls.iter().zip(instances);
        let tickets: Vec<_> = under_way
            .map(|(call, instance)| {
                let process = self.processes[instance % 2].as_mut();
                process.ok().map(|process| process.begin(call))
            })
            .collect();
        let limit = self.stage.limit();
        let heard = tickets.iter().zip(instances).map(|(ticket, instance)| {
            let process = self.processes[instance % 2].as_mut();
            match (process, ticket) {
                (Ok(process), Some(ticket)) => process
                    .reply_within(*ticket, limit)
                    .map_or(Outcome::Hung(limit.as_secs()), Outcome::Replied),
                _ => Outcome::NeverArrived,
            }
        });
        let outcomes: Vec<Outcome> = heard.collect();
        let hung = outcomes.iter().any(|it| matches!(it, Outcome::Hung(_)));
        let all_along = Span {
            begins: 0,
            ends: Some(0),
        };
        Fought {
            died: vec![None; outcomes.len()],
            spans: vec![all_along; outcomes.len()],
            moves: Vec::new(),
            outcomes,
            hung,
        }
    }

    /// A new process takes the place of one that died in a duel, once PostgreSQL has let go of all
    /// its connections; false if it doesn't.
    fn rise(&mut self, instance: usize) -> bool {
        let gone = self.stage.line(instance).is_none_or(|line| {
            let gone = line.ambush().is_left(self.stage.limit());
            line.ambush().stand_down();
            gone
        });
        self.processes[instance % 2] = self.stage.open(instance);
        gone
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

/// The death that a call's process is to die while it waits for a lock.
fn dies_waiting(sending: &Sending) -> Option<Strike> {
    match sending.fate {
        Fate::Struck(strike) if strike.moment.waits() => Some(strike),
        _ => None,
    }
}
