//! Dependencies run one way: labs, solutions, museum → simulator; the command line → all of
//! them but the labs; tests → all; simulator → none. A pure module touches no world.

use std::fs;
use std::path::Path;
use tests::root;

/// What a manifest's `[dependencies]` name.
fn dependencies(package: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
    let tables = manifest.split("\n[");
    tables
        .filter(|table| {
            table.starts_with("dependencies]") || table.starts_with("dev-dependencies]")
        })
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn in_folder(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| format!("{folder}/{name}")).collect()
}

#[test]
fn nobody_depends_on_who_depends_on_them() {
    let ours = ["museum", "reference", "credit-ledger", "badai", "tests"];
    let simulator = dependencies("simulator");
    assert!(simulator.contains(&"sqlx".to_owned()), "read nothing");
    for name in &simulator {
        assert!(!ours.contains(&name.as_str()), "simulator → {name}");
    }
    let mut leaves = in_folder("labs");
    leaves.extend(in_folder("solutions"));
    leaves.push("simulator/museum".to_owned());
    for leaf in leaves {
        for name in dependencies(&leaf) {
            assert!(!ours.contains(&name.as_str()), "{leaf} → {name}");
        }
    }
    for package in ["simulator/cli", "tests"] {
        let labs = dependencies(package)
            .into_iter()
            .filter(|name| name.starts_with("lab-"));
        assert_eq!(labs.count(), 0, "{package} → a lab");
    }
}

#[test]
fn the_model_the_storm_and_the_checkers_touch_no_world() {
    let worldly = [
        "std::net",
        "std::process",
        "std::thread",
        "tokio::",
        "sqlx::",
        "crate::server",
        "crate::execute",
        "crate::clock",
    ];
    for folder in ["model", "storm", "client", "invariant", "history"] {
        let folder = format!("simulator/src/{folder}");
        for file in in_folder(&folder) {
            let text = fs::read_to_string(root().join(Path::new(&file))).unwrap();
            for word in worldly {
                assert!(!text.contains(word), "{file} says {word}");
            }
        }
    }
}
