//! One operation of a duel: what it holds, what it waits for, what its last step did.

use crate::history::Span;
use crate::server::Touched;
use crate::storm::Moment;
use crate::strategy::{Footprint, Tables};
use crate::target::{Reply, Ticket};
use crate::wire::{Arrival, Kind, Release, SessionId, Status};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// An operation under way.
pub(super) struct Actor {
    /// Where it runs.
    pub(super) instance: usize,
    /// Whether another operation of the duel runs there too.
    pub(super) shares: bool,
    /// Its call, once it has begun.
    pub(super) ticket: Option<Ticket>,
    pub(super) begun: bool,
    pub(super) reply: Option<Reply>,
    /// When it was under way, in moments of the fight.
    pub(super) span: Span,
    /// What it has sent and what was not forwarded yet.
    pub(super) held: VecDeque<(Arrival, Release)>,
    /// What PostgreSQL is working at.
    pub(super) flights: Vec<Flight>,
    /// It has prepared what it will execute next on this connection, as a part of the same move:
    /// whether a client prepares at all depends on what it did before.
    carries_on: Option<SessionId>,
    /// It waits for something in its own process.
    pub(super) parked: bool,
    /// Its process is to die when it waits for a lock.
    pub(super) dies: Option<Moment>,
    /// The statement in which its process died. PostgreSQL may still be at it.
    pub(super) died: Option<String>,
    /// Connections with an open transaction of the ledger's own.
    open: BTreeSet<SessionId>,
    /// Statements whose commit is a move of its own: the transaction around them is the wire's.
    delayed: BTreeSet<u64>,
    /// The backends that have worked for it, and what their transactions have touched.
    pub(super) backends: BTreeMap<u32, Touched>,
    pub(super) step: Step,
}

/// A statement that was forwarded and isn't answered yet.
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) session: SessionId,
    pub(super) backend: u32,
    pub(super) stand: Stand,
    /// It is itself a plain write, whose own gate is passed at once: the pause before a whole
    /// statement is what holding it was.
    pub(super) passes: bool,
}

/// Where a flight stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// PostgreSQL works at it.
    Works,
    /// It rests at a write gate.
    AtGate,
    /// It waits for these backends.
    Waits(Vec<u32>),
    /// Its backend is stopped, so that another goes first.
    Paused,
}

/// What an actor's part in the last step was.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// It took part at all.
    pub(super) moved: bool,
    /// PostgreSQL did something for it.
    pub(super) ran: bool,
    /// It did something that its locks don't tell, such as an error or a commit of its own.
    pub(super) opaque: bool,
    /// It read what was committed, in a statement that left no locks to look at.
    pub(super) glanced: bool,
    /// It ended a transaction.
    pub(super) ended: bool,
    /// It wrote without resting at a gate: to any of the tables that its transaction has written.
    pub(super) wrote: bool,
}

impl Actor {
    pub(super) fn new(instance: usize, shares: bool) -> Self {
        Self {
            instance,
            shares,
            ticket: None,
            begun: false,
            reply: None,
            span: Span::default(),
            held: VecDeque::new(),
            flights: Vec::new(),
            carries_on: None,
            parked: false,
            dies: None,
            died: None,
            open: BTreeSet::new(),
            delayed: BTreeSet::new(),
            backends: BTreeMap::new(),
            step: Step::default(),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        !self.is_awaited()
            && self.flights.is_empty()
            && self.open.is_empty()
            && self.held.is_empty()
    }

    /// Whether its process lives, and hasn't replied.
    pub(super) fn is_awaited(&self) -> bool {
        self.reply.is_none() && self.died.is_none()
    }

    /// What it was about to send, and what it has begun, goes with its process.
    pub(super) fn lets_go(&mut self) {
        self.held.clear();
        self.open.clear();
    }

    /// Whether it can't go on without somebody's choice or somebody else's move.
    pub(super) fn rests(&self) -> bool {
        let is_held_up = self.parked || !self.held.is_empty() || !self.flights.is_empty();
        !self.works() && (!self.begun || is_held_up || self.has_ended())
    }

    /// Whether more of its may come before anybody moves. Who has only just replied may still give a
    /// connection back.
    pub(super) fn may_be_heard(&self) -> bool {
        let goes_on = if self.is_awaited() {
            self.held.is_empty()
        } else {
            self.step.moved
        };
        self.begun && (goes_on || !self.flights.is_empty())
    }

    /// Whether PostgreSQL is at a statement of its.
    pub(super) fn works(&self) -> bool {
        let works = |flight: &Flight| flight.stand == Stand::Works;
        self.flights.iter().any(works)
    }

    /// Whether its next move could be chosen.
    pub(super) fn can_move(&self) -> bool {
        !self.begun || self.gated().is_some() || !self.held.is_empty()
    }

    /// The flight that rests at a gate.
    pub(super) fn gated(&self) -> Option<&Flight> {
        let at_gate = |flight: &&Flight| flight.stand == Stand::AtGate;
        self.flights.iter().find(at_gate)
    }

    /// The flight that waits for others, with their backends.
    pub(super) fn waits(&self) -> Option<(&Flight, &[u32])> {
        self.flights.iter().find_map(|flight| match &flight.stand {
            Stand::Waits(by) => Some((flight, by.as_slice())),
            _ => None,
        })
    }

    /// Whether it goes on in its process, where nobody sees what it does.
    pub(super) fn is_inside(&self) -> bool {
        self.begun
            && !self.parked
            && self.is_awaited()
            && self.flights.is_empty()
            && self.held.is_empty()
    }

    /// Whether a statement or a transaction of its is under way there.
    pub(super) fn uses(&self, session: SessionId) -> bool {
        self.open.contains(&session) || self.flights.iter().any(|it| it.session == session)
    }

    /// A statement of its has come.
    pub(super) fn takes(&mut self, arrival: Arrival, release: Release) {
        self.step.moved = true;
        self.parked = false;
        // The commit of a delayed statement comes while its answer is kept.
        self.flights.retain(|it| it.session != arrival.session);
        self.held.push_back((arrival, release));
    }

    /// Whether what it holds belongs to the move that it has begun.
    pub(super) fn carries_on(&mut self) -> bool {
        let next = self.held.front().map(|(arrival, _)| arrival.session);
        next.is_some() && self.carries_on.take_if(|it| Some(*it) == next).is_some()
    }

    /// A statement is forwarded; `delay` is whether its commit will be another.
    pub(super) fn forwards(&mut self, arrival: &Arrival, delay: bool) {
        let bare = arrival.status == Status::Idle && arrival.kind != Kind::Commit && !delay;
        let step = &mut self.step;
        step.ran = true;
        step.opaque |= arrival.strict || bare && !is_plain_read(&arrival.sql);
        step.glanced |= bare && is_plain_read(&arrival.sql);
        step.ended |= arrival.ends_transaction && !bare && !delay;
        if delay {
            self.delayed.insert(arrival.number);
        }
        self.carries_on = arrival.prepares.then_some(arrival.session);
        self.backends.entry(arrival.backend).or_default();
        self.flights.push(Flight {
            number: arrival.number,
            session: arrival.session,
            backend: arrival.backend,
            stand: Stand::Works,
            passes: is_plain_write(&arrival.sql),
        });
    }

    /// A statement was answered, or its connection is gone.
    pub(super) fn hears(
        &mut self,
        number: u64,
        session: SessionId,
        status: Option<Status>,
        failed: bool,
    ) {
        let was_ours = self.flights.iter().any(|flight| flight.number == number);
        self.flights.retain(|flight| flight.number != number);
        if was_ours {
            (self.step.moved, self.step.ran) = (true, true);
            self.step.opaque |= failed;
        }
        let in_block = matches!(status, Some(Status::InTransaction | Status::Failed));
        // What a dead process has begun is rolled back.
        if in_block && !self.delayed.contains(&number) && self.died.is_none() {
            self.open.insert(session);
        } else {
            self.open.remove(&session);
        }
    }

    /// What its part in the step touched, by what its transactions' locks were before and are now.
    pub(super) fn footprint(&mut self, now: BTreeMap<u32, Touched>) -> Footprint {
        let waits = self.waits().is_some();
        let step = std::mem::take(&mut self.step);
        let before = std::mem::replace(&mut self.backends, now);
        if !step.ran {
            return Footprint::nothing();
        }
        let mut marks = Marks::default();
        for (backend, touched) in &before {
            marks.add(touched);
            // A write that it was to do then, it has done by now.
            let pending = touched.pending.as_ref().map(|(table, _)| *table);
            let passed = pending.filter(|_| self.backends.get(backend) != Some(touched));
            marks.writes.extend(passed);
            if step.ended || step.wrote {
                marks.writes.extend(&touched.written);
            }
        }
        for (backend, touched) in &self.backends {
            marks.add(touched);
            let had = before.get(backend);
            let is_new =
                |table: &&u32| step.wrote || !had.is_some_and(|it| it.written.contains(table));
            let pending = touched.pending.as_ref().map(|(table, _)| *table);
            // What is locked for a write that is still to come was only looked at. All other
            // writes come after a gate, or are the first to their table.
            let done = touched.written.iter().filter(is_new);
            marks
                .writes
                .extend(done.filter(|table| Some(**table) != pending));
        }
        let told = !marks.reads.is_empty() || step.glanced;
        if step.opaque || marks.more || !told {
            return Footprint::unknown();
        }
        marks.writes.extend(&marks.locks);
        let tables = |set: &BTreeSet<u32>| Tables::of(set.iter().copied());
        let (reads, writes) = (tables(&marks.reads), tables(&marks.writes));
        let footprint = if step.ended {
            Footprint::commit(writes)
        } else if waits && !marks.numbered {
            Footprint::wait(reads)
        } else if waits {
            Footprint::wait(reads).and(&Footprint::write(writes))
        } else {
            Footprint::read(reads).and(&Footprint::write(writes))
        };
        if step.glanced {
            footprint.and(&Footprint::read(Tables::All))
        } else {
            footprint
        }
    }
}

/// The marks of an actor's transactions, gathered.
#[derive(Default)]
struct Marks {
    reads: BTreeSet<u32>,
    writes: BTreeSet<u32>,
    /// Rows may have been locked in these at any time: it leaves no mark when.
    locks: BTreeSet<u32>,
    numbered: bool,
    more: bool,
}

impl Marks {
    fn add(&mut self, touched: &Touched) {
        self.more |= touched.more;
        // A number drawn from a sequence is gone, whatever becomes of the transaction.
        self.numbered |= touched.numbered || !touched.drawn.is_empty();
        self.reads.extend(&touched.read);
        self.reads.extend(&touched.written);
        self.reads.extend(&touched.locked);
        self.locks.extend(&touched.locked);
        self.locks.extend(&touched.drawn);
    }
}

/// A SELECT that calls nothing and locks nothing: it sees what is committed, and nobody sees it.
pub(super) fn is_plain_read(sql: &str) -> bool {
    let sql = sql.trim_start().to_ascii_lowercase();
    sql.starts_with("select ") && !sql.contains(['(', ';']) && !sql.contains(" for ")
}

/// A statement that itself writes to a table.
fn is_plain_write(sql: &str) -> bool {
    let verb = sql.split_whitespace().next().unwrap_or_default();
    let writes = ["insert", "update", "delete", "merge"];
    writes.iter().any(|it| verb.eq_ignore_ascii_case(it))
}

/// A statement in one line.
pub(super) fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
