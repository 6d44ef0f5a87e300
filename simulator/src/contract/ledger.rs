//! A ledger in SQL: calls become statements, and what comes back becomes replies.

use super::answer::{Answer, Place};
use super::connection::{Connections, Trouble, run};
use super::file::Contract;
use super::literal::Literal;
use super::meaning::{Meaning, usual};
use super::memory::Memory;
use super::operation::{Client, Mapping, Returns, Step};
use super::template::Argument;
use crate::target::{
    AccountId, Answer as Answered, Balance, Call, Credits, Driver, Entry, IdForm, Instance, JobId,
    LedgerError, Operation, Reply, Running, Sale, World,
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
struct Shared {
    contract: Contract,
    memory: Memory,
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
        let each = unmapped.iter();
        each.map(|((name, sqlstate), message)| {
            format!(
                "{name}: the error `{message}` ({sqlstate}) is in no `errors`, so it may have moved \
                 something"
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

    /// What a parameter stands for in a call.
    fn value(&self, call: &Call, name: &str) -> Option<Literal> {
        let credits = |it: &Credits| Some(Literal::Number(self.contract.scale.write(it.get())));
        let text = |it: &str| Some(Literal::Text(it.to_owned()));
        let seconds = |it: u64| Some(Literal::Number(it.to_string()));
        let account = |it: &AccountId| Some(id(it.as_str(), self.contract.account));
        match (call, name) {
            (
                Call::Open { account: it }
                | Call::Link { account: it, .. }
                | Call::Reserve { account: it, .. }
                | Call::Grant { account: it, .. }
                | Call::Checkout { account: it, .. }
                | Call::Balance { account: it }
                | Call::Entries { account: it },
                "account",
            ) => account(it),
            (Call::Link { customer, .. }, "customer") => text(customer.as_str()),
            (Call::Reserve { amount, .. }, "amount") => credits(amount),
            (Call::Charge { cost, .. }, "cost") => credits(cost),
            (
                Call::Reserve { job, .. } | Call::Charge { job, .. } | Call::Refund { job },
                "job",
            ) => Some(id(job.as_str(), self.contract.job)),
            (Call::Sweep { older_than }, "older_than_seconds") => seconds(older_than.as_secs()),
            (Call::Age { by }, "seconds") => seconds(by.as_secs()),
            (
                Call::Grant {
                    fact, amount, sale, ..
                }
                | Call::Checkout {
                    fact, amount, sale, ..
                },
                _,
            ) => match name {
                "fact" => text(fact.as_str()),
                "amount" => credits(amount),
                _ => of_sale(sale, name),
            },
            (Call::Charge { job, .. } | Call::Refund { job }, _) => {
                let known = self.memory.job(job)?;
                match name {
                    "account" => account(&known.account),
                    "amount" => credits(&known.amount),
                    kept => text(known.kept.get(kept)?),
                }
            }
            (Call::Reserve { job, .. }, kept) => text(self.memory.job(job)?.kept.get(kept)?),
            _ => None,
        }
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

/// An id as a literal of its form.
fn id(id: &str, form: IdForm) -> Literal {
    match form {
        IdForm::Integer => Literal::Number(id.to_owned()),
        IdForm::Uuid | IdForm::Text => Literal::Text(id.to_owned()),
    }
}

fn of_sale(sale: &Sale, name: &str) -> Option<Literal> {
    let moment = |seconds: i64| Literal::Text(instant(seconds));
    let text = match name {
        "event" => sale.event.as_str(),
        "customer" => sale.customer.as_str(),
        "price" => &sale.price,
        "period_start" => return sale.period.map(|(start, _)| moment(start)),
        "period_end" => return sale.period.map(|(_, end)| moment(end)),
        _ => return None,
    };
    Some(Literal::Text(text.to_owned()))
}

/// A moment of Unix time as PostgreSQL reads timestamps.
fn instant(seconds: i64) -> String {
    // Howard Hinnant's days to civil date, for years after 0.
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}+00")
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
                let read = self.read(mapping, step, &answer);
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
            "40001" | "40P01" | "55P03" if place == 0 => LedgerError::Again(said),
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

    /// Reads the values of a sweep, a balance, or rows.
    fn read(&self, mapping: &Mapping, step: &Step, answer: &Answer) -> Result<Reply, String> {
        match (&mapping.returns, mapping.operation) {
            (Returns::Jobs, _) => self.jobs(step, answer).map(Reply::Sweep),
            (Returns::Count, _) => count(step, answer).map(Reply::Swept),
            (Returns::Values(places), Operation::Balance) => {
                self.balance(places, step, answer).map(Reply::Balance)
            }
            (Returns::Values(places), _) => self.entries(places, step, answer).map(Reply::Entries),
            (Returns::Replies, _) => Err("it returns nothing to read".to_owned()),
        }
    }

    fn jobs(&self, step: &Step, answer: &Answer) -> Result<Vec<JobId>, String> {
        if answer.rows.is_empty() && answer.affected > 0 && step.sql.verb != "select" {
            return Err(
                "it refunded and doesn't say what; add `returning` with the job, or say \
                        returns = \"count\""
                    .to_owned(),
            );
        }
        let mut jobs = Vec::new();
        for row in 0..answer.rows.len() {
            let Some(value) = step.place.find(answer, row)? else {
                continue;
            };
            jobs.extend(ids_in(&value).iter().map(|id| self.shared.memory.named(id)));
        }
        Ok(jobs)
    }

    fn credits(&self, what: &str, value: Option<&str>) -> Result<Credits, String> {
        let Some(value) = value else {
            return Ok(Credits::ZERO);
        };
        let read = self.shared.contract.scale.read(value);
        read.map(Credits::new).ok_or_else(|| {
            format!(
                "{what} is `{value}`; expected a number with at most {} decimals, which is what \
                 `policy.credit_scale` says",
                self.shared.contract.scale.0
            )
        })
    }

    /// What an account has; one without a row has nothing.
    fn balance(
        &self,
        places: &[(&'static str, Place)],
        step: &Step,
        answer: &Answer,
    ) -> Result<Balance, String> {
        let named = |name: &str| places_of(places, name, step, answer);
        let value = |name: &str| -> Result<Option<Credits>, String> {
            let Some(place) = named(name) else {
                return Ok(None);
            };
            if answer.rows.is_empty() {
                return Ok(Some(Credits::ZERO));
            }
            let value = place.find(answer, 0)?;
            self.credits(name, value.as_deref()).map(Some)
        };
        let first = || step.place.find(answer, 0);
        let spendable = match value("spendable")? {
            Some(credits) => credits,
            None if answer.rows.is_empty() => Credits::ZERO,
            None => self.credits("spendable", first()?.as_deref())?,
        };
        Ok(Balance {
            spendable,
            held: value("held")?,
            owed: value("owed")?,
        })
    }

    fn entries(
        &self,
        places: &[(&'static str, Place)],
        step: &Step,
        answer: &Answer,
    ) -> Result<Vec<Entry>, String> {
        let mut entries = Vec::new();
        let has_names = !places.is_empty() || answer.columns.iter().any(|it| it == "delta");
        for (row, values) in answer.rows.iter().enumerate() {
            let value = |name: &str, place: usize| -> Result<Option<String>, String> {
                if has_names {
                    let found = places_of(places, name, step, answer);
                    found.map_or(Ok(None), |place| place.find(answer, row))
                } else {
                    Ok(values.get(place).cloned().flatten())
                }
            };
            let job = value("job", 2)?.filter(|job| !job.is_empty());
            entries.push(Entry {
                delta: self.credits("delta", value("delta", 0)?.as_deref())?,
                kind: value("kind", 1)?.unwrap_or_default(),
                job: job.map(|job| self.shared.memory.named(&job)),
            });
        }
        Ok(entries)
    }
}

/// Where a value is: as the file says, else in the column of that name if there is one.
fn places_of(
    places: &[(&'static str, Place)],
    name: &str,
    step: &Step,
    answer: &Answer,
) -> Option<Place> {
    if places.is_empty() {
        let found = answer.columns.iter().any(|it| it == name);
        return found.then(|| Place {
            column: Some(name.to_owned()),
            at: None,
        });
    }
    let place = places.iter().find(|(it, _)| *it == name);
    place.map(|(_, place)| match place {
        Place {
            column: None,
            at: None,
        } => step.place.clone(),
        place => place.or_inside(&step.place),
    })
}

fn count(step: &Step, answer: &Answer) -> Result<u64, String> {
    if answer.rows.is_empty() {
        return Ok(answer.affected);
    }
    match step.place.find(answer, 0)? {
        None => Ok(0),
        Some(value) => value
            .trim()
            .parse()
            .map_err(|_| format!("it returned `{value}`; expected how many jobs it refunded")),
    }
}

/// The ids in a value: one, or those of a JSON or PostgreSQL array.
fn ids_in(value: &str) -> Vec<String> {
    if let Ok(Value::Array(values)) = serde_json::from_str(value) {
        let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
        return values.iter().map(text).collect();
    }
    let inner = value.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let each = inner.unwrap_or(value).split(',');
    let ids = each.map(|id| id.trim().trim_matches('"').to_owned());
    ids.filter(|id| !id.is_empty() && id != "NULL").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_a_timestamp() {
        assert_eq!(instant(0), "1970-01-01 00:00:00+00");
        assert_eq!(instant(951_782_399), "2000-02-28 23:59:59+00");
        assert_eq!(instant(951_782_400), "2000-02-29 00:00:00+00");
        assert_eq!(instant(1_767_225_599), "2025-12-31 23:59:59+00");
    }

    #[test]
    fn ids_are_found_alone_and_in_arrays() {
        assert_eq!(ids_in("a-1"), ["a-1"]);
        assert_eq!(ids_in(r#"["a", 2]"#), ["a", "2"]);
        assert_eq!(ids_in(r#"{a,"b c"}"#), ["a", "b c"]);
        assert_eq!(ids_in("{}"), [""; 0]);
        assert_eq!(ids_in(""), [""; 0]);
    }
}
