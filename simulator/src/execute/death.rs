//! A process that dies in a fight, while a statement of its waits for another's lock.
//!
//! PostgreSQL looks at its client only where it reads or writes. A backend that waits doesn't
//! notice that nobody is there any more: once it has the lock it goes on, and what is a transaction
//! of its own is committed. With `client_connection_check_interval` it notices. Either way whoever
//! tries again may meet it still waiting.

use super::fight::{Fight, Stop};
use crate::history::Move;
use crate::storm::{Fault, Moment};
use crate::target::LedgerError;
use crate::wire::SessionId;

impl Fight<'_> {
    /// Whoever is to die when it waits for a lock, and does, dies.
    pub(super) fn let_die(&mut self) -> Result<(), Stop> {
        let dying = self
            .those(|actor| actor.dies.is_some() && actor.died.is_none() && actor.waits().is_some());
        for actor in dying {
            self.dies(actor)?;
        }
        Ok(())
    }

    fn dies(&mut self, actor: usize) -> Result<(), Stop> {
        let now = self.now();
        let it = &mut self.actors[actor];
        let Some((flight, _)) = it.waits() else {
            return Ok(());
        };
        let (backend, number) = (flight.backend, flight.number);
        let mut moves = self.moves.iter().rev();
        let sql = moves.find(|it| it.actor == actor && it.number == number);
        it.died = Some(sql.map_or_else(String::new, |it| it.sql.clone()));
        it.span.ends = Some(now);
        it.lets_go();
        let instance = it.instance;
        let line = self.wire.line(instance);
        line.ambush().end(Fault::CrashBetween);
        line.cut_all();
        let dead = Err(LedgerError::failed("dead"));
        if let Ok(process) = std::mem::replace(&mut self.processes[instance % 2], dead) {
            // A thread that never waits can't be ended; but it reaches nobody any more.
            let _ = process.kill();
        }
        // What it opened meanwhile.
        line.cut_all();
        let it = &self.actors[actor];
        let waiting: Vec<SessionId> = it.flights.iter().map(|flight| flight.session).collect();
        line.ambush().is_left_but_for(&waiting, self.limit);
        let noticed = self.actors[actor].dies == Some(Moment::WaitingNoticed);
        let said = if noticed {
            "dies, and PostgreSQL breaks its statement off"
        } else {
            "dies, and its statement goes on waiting"
        };
        self.moves.push(Move {
            actor,
            sql: String::new(),
            said: said.to_owned(),
            number,
        });
        if noticed {
            self.watched.watch.terminate(backend)?;
            self.await_end(actor, number)?;
        }
        self.settle()
    }

    /// The statement has ended in which an actor's process died. Whatever was open there is rolled
    /// back before anybody goes on.
    pub(super) fn bury(&mut self, actor: usize, number: u64) {
        let it = &self.actors[actor];
        if it.died.is_none() || !it.flights.is_empty() {
            return;
        }
        let line = self.wire.line(it.instance);
        line.ambush().is_left(self.limit);
        if it.dies == Some(Moment::WaitingUnnoticed) {
            self.moves.push(Move {
                actor,
                sql: String::new(),
                said: "the statement of the dead has ended".to_owned(),
                number,
            });
        }
    }
}
