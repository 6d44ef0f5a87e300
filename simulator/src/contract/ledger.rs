//! A ledger in SQL: calls become statements, and what comes back becomes replies.

use super::answer::Answer;
use super::connection::{Connections, Trouble, run};
use super::file::Contract;
use super::literal::Literal;
use super::meaning::{Meaning, usual};
use super::memory::Memory;
use super::operation::{Client, Mapping, Returns};
use super::step::Step;
use super::template::Argument;
use crate::target::{
    Answer as Answered, Call, Driver, Instance, LedgerError, Reply, Running, World,
};
use serde_json::{Value, json};
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// No honest amount is larger, in the smallest parts of a credit.
const HONEST: i64 = 1_000_000_000;

/// So many kinds of unmapped errors are remarked on.
const MOST_REMARKS: usize = 10;

/// The kind of ledger that a contract file describes.
pub(super) struct SqlLedger(Arc<Shared>);

/// What all instances share: nothing of the ledger's own, all of it is the client's.
pub(super) struct Shared {
    pub(super) contract: Contract,
    pub(super) memory: Memory,
    /// Errors that the file doesn't map: the first of each kind.
    unmapped: Mutex<BTreeMap<(String, String), String>>,
}

/// One opened instance.
struct Opened {
    shared: Arc<Shared>,
    connections: Connections,
}

impl SqlLedger {
    pub(super) fn new(contract: Contract) -> Self {
        Self(Arc::new(Shared {
            contract,
            memory: Memory::default(),
            unmapped: Mutex::default(),
        }))
    }
}

impl Driver for SqlLedger {
    fn open<'a>(&'a self, world: &'a World) -> Running<'a, Answered<Box<dyn Instance>>> {
        Box::pin(async move {
            let session = self.0.contract.setup.session.clone();
            let connections = Connections::new(world.database_url(), session)?;
            Ok(Box::new(Opened {
                shared: Arc::clone(&self.0),
                connections,
            }) as Box<dyn Instance>)
        })
    }

    fn can_send(&self, call: &Call) -> bool {
        let Some(mapping) = self.0.mapping(call) else {
            return false;
        };
        // What a reserve keeps, its own later steps may need.
        let makes = |name: &str| {
            mapping
                .steps
                .iter()
                .any(|it| it.keep.iter().any(|(k, _)| k == name))
        };
        let known = |name: &str| makes(name) || self.0.value(call, name).is_some();
        mapping
            .steps
            .iter()
            .all(|step| step.sql.parameters().all(known))
    }

    fn remarks(&self) -> Vec<String> {
        let unmapped = self
            .0
            .unmapped
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut same: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for ((name, sqlstate), message) in unmapped.iter() {
            same.entry((sqlstate, message)).or_default().push(name);
        }
        same.into_iter()
            .map(|((sqlstate, message), names)| {
                format!(
                    "{}: the error `{message}` ({sqlstate}) is in no `errors`, so it may have \
                     moved something",
                    names.join(", ")
                )
            })
            .collect()
    }
}

impl Instance for Opened {
    fn call<'a>(&'a self, call: &'a Call) -> Running<'a, Reply> {
        Box::pin(async move { self.answer(call).await.unwrap_or_else(Reply::Error) })
    }
}

impl Shared {
    fn mapping(&self, call: &Call) -> Option<&Mapping> {
        let operation = call.operation();
        self.contract.mappings.iter().find(|it| {
            it.operation == operation
                && match call {
                    Call::Grant { sale, .. } => it.facts.contains(&sale.kind),
                    _ => true,
                }
        })
    }

    /// The line of the file that a mapping stands on, for whoever has to change it.
    fn mistaken(&self, mapping: &Mapping, said: &str) -> LedgerError {
        let file = self.contract.path.display();
        LedgerError::Mistaken(format!("{file}:{}: {}: {said}", mapping.line, mapping.name))
    }

    fn note(&self, mapping: &Mapping, message: &str, sqlstate: &str) {
        let mut unmapped = self.unmapped.lock().unwrap_or_else(PoisonError::into_inner);
        if unmapped.len() < MOST_REMARKS {
            let key = (mapping.name.clone(), sqlstate.to_owned());
            unmapped.entry(key).or_insert_with(|| message.to_owned());
        }
    }
}

impl Opened {
    async fn answer(&self, call: &Call) -> Answered<Reply> {
        let mapping = self.shared.mapping(call).ok_or(LedgerError::NotOffered)?;
        if let Call::Reserve {
            account,
            job,
            amount,
        } = call
        {
            self.shared.memory.asked(job, account, *amount);
        }
        let mut connection = match self.connections.take().await {
            Ok(connection) => connection,
            Err(trouble) => return Err(self.told(mapping, trouble)),
        };
        let (reply, whole) = self.steps(call, mapping, &mut connection).await;
        // A connection that broke, or that nobody knows the state of, is closed.
        if whole {
            self.connections.put_back(connection);
        }
        reply
    }

    /// Runs one step after another; also tells whether the connection is as it was.
    async fn steps(
        &self,
        call: &Call,
        mapping: &Mapping,
        connection: &mut PgConnection,
    ) -> (Answered<Reply>, bool) {
        for (place, step) in mapping.steps.iter().enumerate() {
            let Some(sql) = step.sql.sql(|name| self.shared.value(call, name)) else {
                let why = "the client was never told an id that it needs";
                return (Err(LedgerError::failed(why)), true);
            };
            let ran = self.run(call, mapping, step, &sql, connection).await;
            let answer = match ran {
                Ok(answer) => answer,
                Err(trouble) => {
                    let whole = matches!(trouble, Trouble::Sql { .. });
                    let meaning = match &trouble {
                        Trouble::Sql {
                            message, sqlstate, ..
                        } => step.errors.meaning(message, sqlstate),
                        _ => None,
                    };
                    match meaning {
                        Some(Meaning::Next) => continue,
                        Some(Meaning::Is(reply)) => return (Ok(reply), whole),
                        None => return (Err(self.unmapped(call, mapping, place, trouble)), whole),
                    }
                }
            };
            if let Err(said) = self.keep(call, step, &answer) {
                return (Err(self.shared.mistaken(mapping, &said)), true);
            }
            let last = place + 1 == mapping.steps.len();
            if last && mapping.returns != Returns::Replies {
                let read = self.shared.read(mapping, step, &answer);
                return (read.map_err(|it| self.shared.mistaken(mapping, &it)), true);
            }
            match step.replies.meaning(&answer, &step.place, &step.sql.verb) {
                Ok(Meaning::Next) => {}
                Ok(Meaning::Is(reply)) => return (Ok(reply), true),
                Err(unmapped) => {
                    let said = unmapped.said(usual(mapping.operation, last));
                    return (Err(self.shared.mistaken(mapping, &said)), true);
                }
            }
        }
        let why = "its last step says `next`, and there is none";
        (Err(self.shared.mistaken(mapping, why)), true)
    }

    /// Runs a statement: by itself, or as a client in a transaction that knows who asks.
    async fn run(
        &self,
        call: &Call,
        mapping: &Mapping,
        step: &Step,
        sql: &str,
        connection: &mut PgConnection,
    ) -> Result<Answer, Trouble> {
        let Some(client) = &mapping.client else {
            let ran = run(connection, sql).await;
            if ran.is_err() && step.sql.begins {
                run(connection, "rollback").await?;
            }
            return ran;
        };
        let begin = self.as_client(call, client);
        let ran = match run(connection, &begin).await {
            Ok(_) => run(connection, sql).await,
            Err(Trouble::Sql { message, .. }) => {
                Err(Trouble::Session(format!("`as` fails: {message}")))
            }
            Err(other) => Err(other),
        };
        match ran {
            // A deferred constraint speaks up only now.
            Ok(answer) => run(connection, "commit").await.map(|_| answer),
            Err(trouble) => {
                run(connection, "rollback").await?;
                Err(trouble)
            }
        }
    }

    /// What an API says before it runs a client's request.
    fn as_client(&self, call: &Call, client: &Client) -> String {
        let plain = |argument: &Argument| {
            let literal = match argument {
                Argument::Parameter(name) => self.shared.value(call, name),
                Argument::Constant(literal) => Some(literal.clone()),
            };
            match literal {
                Some(Literal::Text(text) | Literal::Number(text)) => text,
                None => String::new(),
            }
        };
        let sub = client.sub.as_ref().map(plain).unwrap_or_default();
        let role = client.role.as_str();
        let mut claims = json!({ "role": role, "aud": role });
        if !sub.is_empty() {
            claims["sub"] = Value::String(sub.clone());
        }
        for (name, argument) in &client.claims {
            claims[name.as_str()] = Value::String(plain(argument));
        }
        let literal = |text: &str| Literal::Text(text.to_owned()).sql();
        format!(
            "begin; set local role \"{}\"; \
             set local \"request.jwt.claims\" = {}; \
             set local \"request.jwt.claim.sub\" = {}; \
             set local \"request.jwt.claim.role\" = {}",
            role.replace('"', "\"\""),
            literal(&claims.to_string()),
            literal(&sub),
            literal(role),
        )
    }

    /// Remembers what the file keeps of an answer.
    fn keep(&self, call: &Call, step: &Step, answer: &Answer) -> Result<(), String> {
        let Call::Reserve { job, .. } = call else {
            return Ok(());
        };
        if answer.rows.is_empty() {
            return Ok(());
        }
        for (name, place) in &step.keep {
            let place = place.or_inside(&step.place);
            if let Some(value) = place.find(answer, 0)? {
                self.shared.memory.keep(job, name, &value);
            }
        }
        Ok(())
    }

    fn told(&self, mapping: &Mapping, trouble: Trouble) -> LedgerError {
        match trouble {
            Trouble::Session(said) => self.shared.mistaken(mapping, &said),
            Trouble::Lost(said) | Trouble::Sql { message: said, .. } => LedgerError::Failed(said),
        }
    }

    /// What an error means that the file doesn't map.
    fn unmapped(
        &self,
        call: &Call,
        mapping: &Mapping,
        place: usize,
        trouble: Trouble,
    ) -> LedgerError {
        let Trouble::Sql {
            message,
            sqlstate,
            inside,
        } = trouble
        else {
            return self.told(mapping, trouble);
        };
        let said = format!("{message} ({sqlstate})");
        let honest = match call {
            Call::Reserve { amount, .. } => (1..=HONEST).contains(&amount.get()),
            _ => true,
        };
        match sqlstate.as_str() {
            // An earlier step has moved something by now.
            "40001" | "40P01" | "55P03" | "57014" if place == 0 => LedgerError::Again(said),
            // The statement itself is wrong, not what the ledger does with it.
            state if state.starts_with("42") && state != "42501" && !inside && honest => {
                let said = format!("its SQL can't run: {said}");
                self.shared.mistaken(mapping, &said)
            }
            _ => {
                if honest {
                    self.shared.note(mapping, &message, &sqlstate);
                }
                LedgerError::Failed(said)
            }
        }
    }
}
