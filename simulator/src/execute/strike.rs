//! A call that is struck: a process that dies inside it, a connection that is lost, an error.

use super::line::Line;
use super::play::Play;
use crate::clock::Stopwatch;
use crate::history::{Outcome, What};
use crate::storm::{Moment, Strike};
use crate::target::{Call, LedgerError, Process, Reply};
use std::time::Duration;

/// How long to listen for a reply before looking at the wire again. A statement that comes after
/// a reply is told from one before it by this, where it must be.
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
        let untouched = |outcome| Struck {
            outcome,
            what: None,
        };
        let stage = self.stage;
        let Some(line) = stage.line(instance).filter(|_| !self.hung) else {
            return untouched(self.call(instance, call));
        };
        let dead = || Err(LedgerError::failed("dead"));
        let place = &mut self.processes[instance % 2];
        let mut process = match std::mem::replace(place, dead()) {
            Ok(process) => process,
            Err(why) => {
                *place = Err(why);
                return untouched(self.call(instance, call));
            }
        };
        let ambush = line.ambush();
        ambush.lie_in_wait(strike);
        process.begin(call);
        let reply = await_fate(&mut process, line, strike, stage.limit());
        let hit = ambush.hit();
        let replied = strike.moment == Moment::Replied && reply.is_some();
        if hit.is_none() && !replied || !strike.fault.kills() {
            ambush.stand_down();
            if let Some(session) = hit.as_ref().and_then(|hit| hit.lost) {
                // Whatever was open there is rolled back before anybody looks.
                ambush.has_let_go(session, stage.limit());
            }
            let outcome = match reply {
                Some(reply) => {
                    self.processes[instance % 2] = Ok(process);
                    Outcome::Replied(reply)
                }
                None => {
                    process.abandon();
                    self.hung = true;
                    Outcome::Hung(stage.limit().as_secs())
                }
            };
            let what = hit.map(|hit| What::Struck {
                instance,
                strike,
                sql: hit.sql,
            });
            return Struck { outcome, what };
        }
        self.hung |= !bury(process, line, stage.limit());
        self.processes[instance % 2] = stage.open(instance);
        Struck {
            outcome: reply
                .filter(|_| replied)
                .map_or(Outcome::Died, Outcome::Replied),
            what: Some(What::Struck {
                instance,
                strike,
                sql: hit.map(|hit| hit.sql).unwrap_or_default(),
            }),
        }
    }
}

/// Waits until the call has replied, or is struck by a death; nothing where neither comes.
fn await_fate(
    process: &mut Process,
    line: &Line,
    strike: Strike,
    limit: Duration,
) -> Option<Reply> {
    let ambush = line.ambush();
    let watch = Stopwatch::start();
    while watch.elapsed() <= limit {
        let holds = ambush.holds();
        if let Some(reply) = process.reply_within(LISTEN) {
            if strike.moment == Moment::Replied {
                ambush.declare_dead();
            }
            return Some(reply);
        }
        if strike.fault.kills() && ambush.hit().is_some() {
            return None;
        }
        // No reply came, so what is held belongs to the call.
        if holds && strike.moment == Moment::Replied {
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
