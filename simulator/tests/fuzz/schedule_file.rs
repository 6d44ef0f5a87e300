//! The file of a saved schedule: valid ones, with values, keys and bytes changed in them.

use proptest::prelude::*;
use serde_json::{Value, json};
use simulator::report::Saved;
use std::path::Path;

/// Files as a run writes them, and as an older one wrote them.
fn valid() -> Vec<Value> {
    let reserve = |lane: u32, instance: u32| {
        json!({"at": 30, "lane": lane, "account": 0, "action":
            {"reserve": {"amount": 50, "instance": instance, "fate": "answered"}}})
    };
    let steps = json!([
        {"at": 0, "lane": 0, "account": 0, "action": {"buy": {"pack": 0, "debit": false}}},
        {"at": 2, "lane": 0, "account": 0, "action":
            {"deliver": {"event": 0, "copy": "genuine", "instance": 0, "fate": "reply-lost"}}},
        {"at": 3, "lane": 1, "account": 1, "action": {"renew": {"plan": 0}}},
        {"at": 4, "lane": 0, "account": 0, "action": {"give-back": {"percent": 50}}},
        {"at": 5, "lane": 0, "account": 0, "action": "clear"},
        {"at": 6, "lane": 2, "account": 0, "action":
            {"charge": {"cost": 20, "instance": 1, "fate": "crash-after"}}},
        {"at": 7, "lane": 2, "account": 0, "action": {"refund": {"instance": 1, "fate": "dropped"}}},
        {"at": 8, "lane": 2, "account": 0, "action": {"nonsense": {"amount": -5, "instance": 1}}},
        {"at": 9, "lane": 2, "account": 0, "action": {"die": {"instance": 1}}},
        {"at": 9, "lane": 2, "account": 0, "action": {"sweep": {"older_than": 3600, "instance": 1}}},
        {"at": 30, "lane": 0, "account": 0, "action":
            {"duel": {"calls": [reserve(3, 0), reserve(4, 1)], "order": [0, 1, 0]}}},
    ]);
    let old = json!({
        "schema": "badai.schedule/1", "ledger": "naive", "seed": 7, "breaks": "exactly-once",
        "wrong": "the reply `reserved`, wanted `settled`",
        "schedule": {"steps": steps, "faults": ["duplicate", "reorder"]}
    });
    let mut new = old.clone();
    new["ledger"] = json!("../a\\b/é.toml");
    new["version"] = json!("0123456789ab");
    new["statements"] = json!([{"actor": 0, "sql": "select ?"}, {"actor": 1, "sql": "commit"}]);
    vec![old, new]
}

/// What is done to a file.
#[derive(Clone, Debug)]
enum Change {
    /// Some value becomes another.
    Put(prop::sample::Index, Value),
    /// Some value becomes a copy of some other.
    Move(prop::sample::Index, prop::sample::Index),
    /// Some key or element goes.
    Drop(prop::sample::Index),
    /// Some array gets this again so many times.
    Repeat(prop::sample::Index, usize),
    /// Some byte of the text.
    Byte(prop::sample::Index, u8),
    /// The text ends here.
    Cut(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    use prop::sample::Index;
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(9_999),
        json!(10_000),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(4_294_967_295_u64),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!("answered"),
        json!("duel"),
        json!("../../etc/passwd"),
        json!([]),
        json!({}),
        json!([[[[[]]]]]),
        json!({"die": {"instance": 9}}),
        json!("é\u{0}\u{202e}"),
    ];
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), prop::sample::select(values.to_vec())).prop_map(|(at, to)| Change::Put(at, to)),
        2 => (index(), index()).prop_map(|(at, from)| Change::Move(at, from)),
        2 => index().prop_map(Change::Drop),
        1 => (index(), 1..40_usize).prop_map(|(at, times)| Change::Repeat(at, times)),
        1 => (index(), any::<u8>()).prop_map(|(at, to)| Change::Byte(at, to)),
        1 => index().prop_map(Change::Cut),
    ]
}

/// The way to every value inside.
fn ways(value: &Value, way: &str, all: &mut Vec<String>) {
    all.push(way.to_owned());
    match value {
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                ways(item, &format!("{way}/{place}"), all);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                ways(field, &format!("{way}/{key}"), all);
            }
        }
        _ => {}
    }
}

fn some_way(value: &Value, index: prop::sample::Index) -> String {
    let mut all = Vec::new();
    ways(value, "", &mut all);
    all.swap_remove(index.index(all.len()))
}

fn changed(mut file: Value, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        match change {
            Change::Put(at, to) => {
                let way = some_way(&file, *at);
                *file.pointer_mut(&way).expect("it is there") = to.clone();
            }
            Change::Move(at, from) => {
                let (to, from) = (some_way(&file, *at), some_way(&file, *from));
                let copy = file.pointer(&from).expect("it is there").clone();
                *file.pointer_mut(&to).expect("it is there") = copy;
            }
            Change::Drop(at) => {
                let way = some_way(&file, *at);
                let Some((outer, last)) = way.rsplit_once('/') else {
                    continue;
                };
                match file.pointer_mut(outer) {
                    Some(Value::Object(fields)) => {
                        fields.shift_remove(&last.replace("~1", "/").replace("~0", "~"));
                    }
                    Some(Value::Array(items)) => {
                        items.remove(last.parse().expect("a place in it"));
                    }
                    _ => {}
                }
            }
            Change::Repeat(at, times) => {
                let way = some_way(&file, *at);
                if let Some(Value::Array(items)) = file.pointer_mut(&way)
                    && let Some(first) = items.first().cloned()
                    && items.len() < 2_000
                {
                    items.extend(std::iter::repeat_n(first, *times));
                }
            }
            Change::Byte(..) | Change::Cut(_) => {}
        }
    }
    let mut text = file.to_string().into_bytes();
    for change in changes {
        match change {
            Change::Byte(at, to) if !text.is_empty() => {
                let place = at.index(text.len());
                text[place] = *to;
            }
            Change::Cut(at) if !text.is_empty() => text.truncate(at.index(text.len())),
            _ => {}
        }
    }
    text
}

#[test]
fn a_changed_schedule_file_is_refused_or_is_a_schedule_that_can_be_played() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("changed.badai.json");
    let files = prop::sample::select(valid());
    let inputs = (files, prop::collection::vec(change(), 0..4));
    super::fuzz("schedule file", &inputs, |(file, changes)| {
        let text = changed(file.clone(), changes);
        std::fs::write(&place, &text)?;
        let saved = match Saved::read(&place) {
            Ok(saved) => saved,
            Err(why) => {
                prop_assert!(!changes.is_empty(), "a valid file was refused: {}", why);
                prop_assert!(why.to_string().contains("changed.badai.json"), "{}", why);
                return Ok(());
            }
        };
        prop_assert_eq!(saved.schedule.impossible(), None);
        // Its name is one in the folder that it is written to, whatever the ledger is called.
        let name = saved.file_name();
        prop_assert!(!name.contains(['/', '\\']), "{}", name);
        // What is read is what is written, and then read again.
        let written =
            serde_json::to_string(&saved).map_err(|why| TestCaseError::fail(why.to_string()))?;
        let again = Saved::parse(&written, Path::new("again"));
        prop_assert_eq!(again.ok(), Some(saved));
        Ok(())
    });
}
