//! Clients at the boundary: each attempt typed in a transaction of its own, and undone.
//!
//! The ledger is closed first, and a copy of its database kept. An attempt that writes nothing
//! can only have read. One that writes is made once more and committed, on a further copy; then
//! the ledger itself says what everybody has, there and on a copy without the attempt. So it is
//! the effect that is judged, whatever the rights were.

use super::catalogue::{self, View};
use super::masks::ACCOUNTS;
use super::play::Play;
use super::typing::{Told, Typed, exists, open, said};
use crate::client::{Attacker, Mask};
use crate::history::{Answer, Boundary, Effect, Reading, Stand, Trespassed, What, says};
use crate::invariant::offence;
use crate::server::{Database, Session};
use crate::storm::{Fault, Trespass};
use crate::target::{ACCOUNT, Call, Client, LedgerError, Reach, Reply};

/// So many attempts that wrote something are looked into; each costs a copy of the database.
const EFFECTS: u32 = 150;
/// So many that don't end are waited for.
const WAITS: u32 = 3;

/// What clients are sent to do.
pub(super) enum Asked<'a> {
    /// Every attempt of these kinds, up to the first of each that gets through.
    Every(&'a [Fault]),
    /// This one, if there is still what it is aimed at.
    One(&'a Trespass),
}

impl Play<'_> {
    /// Lets clients try what they are asked to. The ledger is closed from then on.
    pub(super) fn trespass(&mut self, asked: &Asked<'_>) {
        for process in &mut self.processes {
            *process = Err(LedgerError::failed("closed for the clients"));
        }
        let mut siege = Siege {
            mask: self.mask(),
            play: self,
            kept: None,
            boundary: Boundary::default(),
            made: Vec::new(),
            effects: 0,
            waits: 0,
        };
        if let Err(error) = siege.run(asked) {
            // What fails on our side is nobody's offence.
            siege.boundary.unfinished = Some(error);
        }
        let Siege {
            boundary,
            made,
            kept,
            ..
        } = siege;
        if let Some(kept) = kept {
            // Whatever can't be dropped goes with the run.
            let _ = self.stage.server().drop_database(kept);
        }
        self.happens(What::Boundary(boundary));
        for trespassed in made {
            self.happens(What::Trespass(Box::new(trespassed)));
        }
    }
}

/// One visit of clients.
struct Siege<'a, 'b> {
    play: &'a Play<'b>,
    mask: Mask,
    /// The database as it was when they came. Nobody ever connects to it.
    kept: Option<Database>,
    boundary: Boundary,
    made: Vec<Trespassed>,
    effects: u32,
    waits: u32,
}

/// Why our own side failed, in words.
type Failed = String;

impl Siege<'_, '_> {
    fn run(&mut self, asked: &Asked<'_>) -> Result<(), Failed> {
        let stage = self.play.stage;
        let database = stage.database();
        self.kept = Some(stage.server().copy_database(database).map_err(said)?);
        let readings = self.on_a_copy(|siege, copy| Ok(siege.readings(copy)))?;
        self.boundary.stands = readings
            .into_iter()
            .zip(ACCOUNTS)
            .map(|(reading, name)| Stand { name, reading })
            .collect();
        let mut session = open(database)?;
        let clients = stage.subject().clients();
        let mut absent = Vec::new();
        for client in &clients.roles {
            if !exists(&mut session, &client.role)? {
                absent.push(client.role.clone());
                continue;
            }
            let parties = self.play.history.parties.iter();
            let accounts: Vec<_> = parties.map(|it| it.account.as_str().to_owned()).collect();
            let view = View {
                role: &client.role,
                // Whoever types SQL isn't bound to what an API exposes.
                schemas: match clients.reach {
                    Reach::Rest => &clients.schemas,
                    Reach::Sql => &[],
                },
                migrated: stage.template().name(),
                accounts: &accounts,
            };
            let catalogue = catalogue::read(&mut session, &view).map_err(said)?;
            let attacker = Attacker {
                client,
                reach: clients.reach,
                catalogue: &catalogue,
            };
            self.attack(&mut session, &attacker, asked)?;
        }
        if let (Asked::One(wanted), true) = (asked, self.made.is_empty()) {
            self.made.push(Trespassed {
                trespass: (*wanted).clone(),
                session: Vec::new(),
                answer: Answer::Nothing,
                ran_as: None,
                effect: None,
            });
        } else if self.made.is_empty() {
            self.boundary.closed = Some(if absent.is_empty() {
                "there is nothing in the database that a client could try".to_owned()
            } else {
                format!("the database has no role {}", absent.join(" or "))
            });
        }
        Ok(())
    }

    fn attack(
        &mut self,
        session: &mut Session,
        attacker: &Attacker<'_>,
        asked: &Asked<'_>,
    ) -> Result<(), Failed> {
        match asked {
            Asked::One(wanted) => {
                let attempts = attacker.attempts(wanted.fault);
                if let Some(attempt) = attempts.into_iter().find(|it| it == *wanted) {
                    self.attempt(session, attacker.client, attempt)?;
                }
            }
            Asked::Every(faults) => {
                for fault in *faults {
                    for attempt in attacker.attempts(*fault) {
                        let through = self.attempt(session, attacker.client, attempt)?;
                        if through || self.waits >= WAITS {
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes one attempt; true if it got through.
    fn attempt(
        &mut self,
        session: &mut Session,
        client: &Client,
        trespass: Trespass,
    ) -> Result<bool, Failed> {
        let typed = Typed::of(client, &trespass, &self.mask);
        let mut told = typed.say(session, false)?;
        if matches!(told.answer, Answer::CutShort(_)) {
            *session = open(self.play.stage.database())?;
        }
        let effect = if told.wrote && told.ran_as.is_none() {
            if self.effects >= EFFECTS {
                let why = "more attempts wrote something than there was time to look into";
                self.boundary.unfinished = Some(why.to_owned());
                None
            } else {
                self.effects += 1;
                self.effect(&typed, &mut told)?
            }
        } else {
            None
        };
        if let Answer::CutShort(why) = &told.answer {
            self.waits += 1;
            self.boundary.unfinished = Some(format!("an attempt was cut short: {why}"));
        }
        let trespassed = Trespassed {
            session: client
                .session
                .iter()
                .map(|it| it.replace(ACCOUNT, ACCOUNTS[0]))
                .collect(),
            trespass,
            answer: told.answer,
            ran_as: told.ran_as,
            effect,
        };
        let through = offence(&self.boundary, &trespassed).is_some();
        self.made.push(trespassed);
        Ok(through)
    }

    /// Commits the attempt on a copy, and lets the ledger say where that left everybody; nothing
    /// if it can't be committed.
    fn effect(&self, typed: &Typed, told: &mut Told) -> Result<Option<Effect>, Failed> {
        let with = self.on_a_copy(|siege, copy| {
            let mut session = open(copy)?;
            let committed = typed.say(&mut session, true)?;
            // It may be refused only now: a deferred constraint.
            let through = matches!(committed.answer, Answer::Rows(_));
            if !through {
                told.answer = committed.answer;
            }
            session.close().map_err(said)?;
            Ok(through.then(|| siege.readings(copy)))
        })?;
        let Some(with) = with else {
            return Ok(None);
        };
        let before = || self.boundary.stands.iter().map(|it| it.reading.clone());
        // What differs may differ by itself: a ledger can be late with what it was told.
        let without = if before().eq(with.iter().cloned()) {
            before().collect()
        } else {
            self.on_a_copy(|siege, copy| Ok(siege.readings(copy)))?
        };
        Ok(Some(Effect { without, with }))
    }

    /// Does something on a fresh copy of what was kept.
    fn on_a_copy<T>(
        &self,
        deed: impl FnOnce(&Self, &Database) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let server = self.play.stage.server();
        let kept = self.kept.as_ref().ok_or("nothing was kept")?;
        let copy = server.copy_database(kept).map_err(said)?;
        let done = deed(self, &copy);
        server.drop_database(copy).map_err(said)?;
        done
    }

    /// What the ledger says of each account, on that database.
    fn readings(&self, database: &Database) -> Vec<Reading> {
        let mut process = self.play.stage.open_on(database);
        let parties = self.play.history.parties.iter();
        parties
            .map(|party| {
                let mut ask = |call: &Call| match &mut process {
                    _ if !self.play.offers(call.operation()) => Err("not offered".to_owned()),
                    Ok(process) => process.call(call).map_err(|lost| format!("{lost:?}")),
                    Err(why) => Err(format!("the ledger doesn't open: {why}")),
                };
                let account = party.account.clone();
                let balance = match ask(&Call::Balance { account }) {
                    Ok(Reply::Balance(balance)) => Ok(balance),
                    Ok(other) => Err(says(&other)),
                    Err(why) => Err(why),
                };
                let account = party.account.clone();
                let rows = match ask(&Call::Entries { account }) {
                    Ok(Reply::Entries(mut rows)) => {
                        rows.sort();
                        Some(rows)
                    }
                    _ => None,
                };
                Reading { balance, rows }
            })
            .collect()
    }
}
