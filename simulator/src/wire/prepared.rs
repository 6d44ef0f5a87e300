//! What a session has prepared: which SQL stands behind a statement's or a portal's name, so
//! that `Bind Execute Sync` of a cached statement still shows its text.

use super::nature::Text;
use super::unit::{Part, Unit};
use std::collections::HashMap;
use std::sync::Arc;

/// The names of one session, as its server knows them.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    statements: HashMap<String, Text>,
    portals: HashMap<String, Text>,
}

/// What a unit would run.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The texts that it executes, in order.
    pub(super) executed: Vec<Text>,
    /// The texts that it only prepares, binds or describes.
    pub(super) prepared: Vec<Text>,
    /// For each part, the text that it names: what [`Prepared::learn`] takes over.
    named: Vec<Option<Text>>,
}

impl Reading {
    /// What it executes, or else prepares, one statement a line; nothing for a ping.
    pub(super) fn sql(&self) -> Arc<str> {
        let texts = if self.executed.is_empty() {
            &self.prepared
        } else {
            &self.executed
        };
        match &texts[..] {
            [] => "".into(),
            [only] => Arc::clone(&only.sql),
            several => {
                let lines: Vec<&str> = several.iter().map(|text| &*text.sql).collect();
                lines.join("\n").into()
            }
        }
    }
}

impl Prepared {
    /// Finds the SQL behind each part of `unit`, its own Parse and Bind included.
    pub(super) fn read(&self, unit: &Unit) -> Reading {
        let mut reading = Reading::default();
        // Names that this unit itself gives, newest last.
        let mut statements: Vec<(&str, Text)> = Vec::new();
        let mut portals: Vec<(&str, Text)> = Vec::new();
        for part in &unit.parts {
            let text = match part {
                Part::Parse { name, sql } => {
                    let text = Text::new(sql);
                    statements.push((name, text.clone()));
                    reading.prepared.push(text.clone());
                    Some(text)
                }
                Part::Bind { portal, statement } => {
                    let text = find(statement, &statements, &self.statements, "statement");
                    portals.push((portal, text.clone()));
                    reading.prepared.push(text.clone());
                    Some(text)
                }
                Part::Execute { portal } => {
                    let text = find(portal, &portals, &self.portals, "portal");
                    reading.executed.push(text);
                    None
                }
                Part::Query { sql } => {
                    reading.executed.push(Text::new(sql));
                    None
                }
                Part::FunctionCall { function } => {
                    let what = format!("(call of the function with object id {function})");
                    reading.executed.push(Text::opaque(&what));
                    None
                }
                Part::Describe | Part::CloseStatement { .. } | Part::ClosePortal => None,
            };
            reading.named.push(text);
        }
        reading
    }

    /// Takes over what the first `done` parts of the unit named: an error undoes the rest.
    pub(super) fn learn(&mut self, unit: &Unit, reading: Reading, done: usize) {
        for (part, text) in unit.parts.iter().zip(reading.named).take(done) {
            match (part, text) {
                (Part::Parse { name, .. }, Some(text)) => {
                    self.statements.insert(name.clone(), text);
                }
                (Part::Bind { portal, .. }, Some(text)) => {
                    self.portals.insert(portal.clone(), text);
                }
                (Part::CloseStatement { name }, _) => {
                    self.statements.remove(name);
                }
                _ => {}
            }
        }
    }

    /// Portals live as long as their transaction.
    pub(super) fn end_transaction(&mut self) {
        self.portals.clear();
    }
}

fn find(name: &str, own: &[(&str, Text)], known: &HashMap<String, Text>, what: &str) -> Text {
    let own = own.iter().rev().find(|(own, _)| *own == name);
    match own.map(|(_, text)| text).or_else(|| known.get(name)) {
        Some(text) => text.clone(),
        // Made by SQL (PREPARE, DECLARE), or not at all: the server will tell.
        None => Text::opaque(&format!("(the {what} named '{name}')")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::unit::tests::{bind_execute, units};
    use super::*;
    use bytes::BytesMut;
    use postgres_protocol::message::frontend;

    fn parse(name: &str, sql: &str) -> Unit {
        let mut stream = BytesMut::new();
        frontend::parse(name, sql, [], &mut stream).expect("no zero byte inside");
        frontend::sync(&mut stream);
        units(&stream).remove(0)
    }

    fn executed(prepared: &Prepared, name: &str) -> String {
        let mut stream = BytesMut::new();
        bind_execute(name, &mut stream);
        frontend::sync(&mut stream);
        let reading = prepared.read(&units(&stream)[0]);
        reading.executed[0].sql.to_string()
    }

    #[test]
    fn a_cached_statement_shows_its_sql() {
        let mut prepared = Prepared::default();
        let unit = parse("s1", "select 1");
        prepared.learn(&unit, prepared.read(&unit), 1);
        assert_eq!(executed(&prepared, "s1"), "select 1");
        assert_eq!(executed(&prepared, "s2"), "(the statement named 's2')");
    }

    #[test]
    fn a_refused_parse_leaves_the_old_name() {
        let mut prepared = Prepared::default();
        let first = parse("s1", "select 1");
        prepared.learn(&first, prepared.read(&first), 1);
        let again = parse("s1", "select 2");
        prepared.learn(&again, prepared.read(&again), 0);
        assert_eq!(executed(&prepared, "s1"), "select 1");
    }

    #[test]
    fn a_portal_is_gone_with_its_transaction() {
        let mut stream = BytesMut::new();
        bind_execute("", &mut stream);
        frontend::sync(&mut stream);
        let bound = units(&stream).remove(0);
        let mut prepared = Prepared::default();
        prepared.learn(&bound, prepared.read(&bound), 1);
        assert_eq!(prepared.portals.len(), 1);
        prepared.end_transaction();
        assert_eq!(prepared.portals.len(), 0);
    }
}
