//! A call that is struck: a process that dies inside it, a connection that is lost, an error.

use super::line::Line;
use super::play::Play;
use crate::clock::Stopwatch;
use crate::history::{Outcome, What};
use crate::storm::{Moment, Strike};
use crate::target::{Call, LedgerError, Process, Reply, Ticket};
use std::time::Duration;

/// How long to listen for a reply before looking at the wire again.
const LISTEN: Duration = Duration::from_micros(200);

/// How a call went that was to be struck.
pub(super) struct Struck {
    pub(super) outcome: Outcome,
    /// What to note in the history; nothing if it ended before the moment came.
    pub(super) what: Option<What>,
}

impl Play<'_> {
    /// Runs one call on an instance, and strikes it.
    pub(super) fn strike(&mut self, instance: usize, call: &Call, strike: Strike) -> Struck {
        if strike.fault.needs_questions() {
            return self.strike_question(instance, call, strike);
        }
        let stage = self.stage;
        let place = instance % 2;
        let line = stage.line(instance).filter(|_| !self.hung);
        let dead = Err(LedgerError::failed("dead"));
        let (line, mut process) = match (line, std::mem::replace(&mut self.processes[place], dead))
        {
            (Some(line), Ok(process)) => (line, process),
            (_, process) => {
                self.processes[place] = process;
                return Struck {
                    outcome: self.call(instance, call),
                    what: None,
                };
            }
        };
        let ambush = line.ambush();
        ambush.lie_in_wait(strike);
        let ticket = process.begin(call);
        let mut reply = await_fate((&mut process, ticket), line, strike, stage.limit());
        let hit = ambush.hit();
        let replied = strike.moment == Moment::Replied && reply.is_some();
        let met = hit.is_some() || replied;
        let what = met.then(|| What::Struck {
            instance,
            strike,
            sql: hit.as_ref().map_or_else(String::new, |hit| hit.sql.clone()),
            commits: hit.as_ref().is_some_and(|hit| hit.commits),
        });
        if met && strike.fault.kills() {
            self.hung |= !bury(process, line, stage.limit());
            self.processes[place] = stage.open(instance);
            let heard = reply.filter(|_| replied);
            return Struck {
                outcome: heard.map_or(Outcome::Died, Outcome::Replied),
                what,
            };
        }
        if met && strike.fault.fells() {
            // The processes live, and find their connections gone.
            self.felled = true;
            self.hung |= !stage.fell();
        }
        ambush.stand_down();
        if reply.is_none() && strike.fault.fells() {
            reply = process.reply_within(ticket, stage.limit());
        }
        if let Some(session) = hit.and_then(|hit| hit.lost) {
            // Whatever was open there is rolled back before anybody looks.
            ambush.has_let_go(session, stage.limit());
        }
        let outcome = match reply {
            Some(reply) => {
                self.processes[place] = Ok(process);
                Outcome::Replied(reply)
            }
            None => {
                process.abandon();
                self.hung = true;
                Outcome::Hung(stage.limit().as_secs())
            }
        };
        Struck { outcome, what }
    }

    /// Runs one call, and lets one go wrong of those that it makes to Stripe.
    fn strike_question(&mut self, instance: usize, call: &Call, strike: Strike) -> Struck {
        let counter = self.stage.counter();
        counter.lie_in_wait(strike);
        let outcome = self.call(instance, call);
        let what = counter.stand_down().map(|sql| What::Struck {
            instance,
            strike,
            sql,
            commits: false,
        });
        Struck { outcome, what }
    }
}

/// Waits until the call has replied, or is struck by a death; nothing where neither comes.
fn await_fate(
    (process, ticket): (&mut Process, Ticket),
    line: &Line,
    strike: Strike,
    limit: Duration,
) -> Option<Reply> {
    let ambush = line.ambush();
    let watch = Stopwatch::start();
    while watch.elapsed() <= limit {
        let holds = ambush.holds();
        if let Some(reply) = process.reply_within(ticket, LISTEN) {
            if strike.moment == Moment::Replied {
                ambush.end(strike.fault);
            }
            return Some(reply);
        }
        if (strike.fault.kills() || strike.fault.fells()) && ambush.hit().is_some() {
            return None;
        }
        // The process has come to rest over what is held; if it didn't reply before, that belongs
        // to the call.
        if holds && strike.moment == Moment::Replied && process.rests() {
            let reply = process.reply(ticket);
            if reply.is_some() {
                ambush.end(strike.fault);
                return reply;
            }
            ambush.pass();
        }
    }
    None
}

/// Ends a process as kill -9 does: first its connections, without a word, then all else. False
/// if its thread can't be ended.
fn bury(process: Process, line: &Line, limit: Duration) -> bool {
    line.cut_all();
    line.ambush().kill_held();
    let gone = process.kill().is_ok();
    // What it opened meanwhile.
    line.cut_all();
    line.ambush().is_left(limit);
    line.ambush().stand_down();
    gone
}
