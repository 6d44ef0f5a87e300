//! The contract file: those of the tests, with words, lines and bytes changed in them.

use proptest::prelude::*;
use simulator::contract::Contract;
use std::path::{Path, PathBuf};

/// The folder of contracts that the other tests storm.
fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/contracts")
}

/// The contracts that are read today.
fn valid() -> Vec<String> {
    let entries = std::fs::read_dir(contracts()).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|it| it.expect("a file").path()).collect();
    paths.retain(|path| Contract::read(path).is_ok());
    paths.sort();
    assert!(paths.len() > 4, "{paths:?}");
    let read = |path| std::fs::read_to_string(path).expect("text");
    paths.iter().map(read).collect()
}

/// What is done to a text.
#[derive(Clone, Debug)]
enum Change {
    /// Some word becomes another.
    Word(prop::sample::Index, String),
    /// Some word becomes one from elsewhere in the file.
    Swap(prop::sample::Index, prop::sample::Index),
    /// Some line goes.
    Drop(prop::sample::Index),
    /// Some line comes a second time, somewhere else.
    Again(prop::sample::Index, prop::sample::Index),
    /// Some characters become others.
    Put(prop::sample::Index, usize, String),
}

fn change() -> impl Strategy<Value = Change> {
    use prop::sample::Index;
    let words = [
        "",
        "0",
        "1",
        "-1",
        "10",
        "1e9",
        "99999999999999999999",
        "0.5",
        "nan",
        "inf",
        "true",
        "[]",
        "{}",
        "''",
        "\"é\"",
        "sql",
        "http",
        "setup",
        "files",
        "roles",
        "policy",
        "scale",
        "decimals",
        "ids",
        "uuid",
        "catalogue",
        "query",
        "query_file",
        "steps",
        "args",
        "replies",
        "errors",
        "keep",
        "next",
        "balance",
        "sweep",
        "older_than",
        "boundary",
        "client",
        "role",
        "$account",
        "$job",
        "$amount",
        "$1",
        "$$",
        "'*'",
        "'<0'",
        "'>=1'",
        "'/a/b'",
        "'~1'",
        "1979-05-27",
        "..",
        "../*.sql",
        "**",
        "/dev/null",
        "unmapped",
        "any",
        "reserved",
        "settled",
        "insufficient",
    ];
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), prop::sample::select(words.to_vec()))
            .prop_map(|(at, word)| Change::Word(at, word.to_owned())),
        4 => (index(), index()).prop_map(|(at, from)| Change::Swap(at, from)),
        2 => index().prop_map(Change::Drop),
        2 => (index(), index()).prop_map(|(at, to)| Change::Again(at, to)),
        2 => (index(), 0..9_usize, "[\\[\\]{}=\"'\n.,#$a-z0-9é\u{0}-]{0,6}")
            .prop_map(|(at, length, put)| Change::Put(at, length, put)),
    ]
}

/// Where words are: runs of letters, digits and what joins them.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let joins = |it: char| it.is_alphanumeric() || "_$.-".contains(it);
    let (mut all, mut begun) = (Vec::new(), None);
    for (at, it) in text.char_indices().chain([(text.len(), ' ')]) {
        match (begun, joins(it)) {
            (None, true) => begun = Some(at),
            (Some(from), false) => {
                all.push(from..at);
                begun = None;
            }
            _ => {}
        }
    }
    all
}

fn changed(mut text: String, changes: &[Change]) -> String {
    for change in changes {
        match change {
            Change::Word(at, word) => {
                let words = words(&text);
                if !words.is_empty() {
                    text.replace_range(at.get(&words).clone(), word);
                }
            }
            Change::Swap(at, from) => {
                let words = words(&text);
                if !words.is_empty() {
                    let word = text[from.get(&words).clone()].to_owned();
                    text.replace_range(at.get(&words).clone(), &word);
                }
            }
            Change::Drop(at) => {
                let mut lines: Vec<&str> = text.lines().collect();
                if !lines.is_empty() {
                    lines.remove(at.index(lines.len()));
                }
                text = lines.join("\n");
            }
            Change::Again(at, to) => {
                let mut lines: Vec<&str> = text.lines().collect();
                if !lines.is_empty() {
                    let line = lines[at.index(lines.len())];
                    lines.insert(to.index(lines.len()), line);
                }
                text = lines.join("\n");
            }
            Change::Put(at, length, put) => {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                if !places.is_empty() {
                    let first = at.index(places.len());
                    let end = places.get(first + length).copied().unwrap_or(text.len());
                    text.replace_range(places[first]..end, put);
                }
            }
        }
    }
    text
}

#[test]
fn a_changed_contract_is_refused_with_a_line_that_it_has_or_is_one() {
    // The SQL that contracts name lies beside them.
    let folder = tempfile::tempdir().expect("a folder");
    copy_folder(&contracts(), folder.path());
    let place = folder.path().join("changed.toml");
    let files = prop::sample::select(valid());
    let inputs = (files, prop::collection::vec(change(), 0..5));
    super::fuzz("contract file", &inputs, |(text, changes)| {
        let text = changed(text.clone(), changes);
        std::fs::write(&place, &text)?;
        match Contract::read(&place) {
            Ok(contract) => {
                // Whoever it describes can be asked who it is.
                let subject = contract.subject("changed");
                prop_assert_eq!(subject.handle(), "changed");
            }
            Err(why) => {
                prop_assert!(!changes.is_empty(), "a valid contract was refused: {}", why);
                let of_its_own = why.to_string().contains("changed.toml");
                let lines = 1 + text.matches('\n').count();
                prop_assert!(why.line >= 1, "{}", why);
                prop_assert!(!of_its_own || why.line <= lines, "{}", why);
            }
        }
        Ok(())
    });
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a file");
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            std::fs::copy(&path, &copy).expect("a copy");
        }
    }
}
