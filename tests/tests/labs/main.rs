//! The labs, as a learner meets them: each step as shipped breaks what it lists and nothing else,
//! each solution holds, and each cure that is tempting and wrong is caught.
//!
//! - `course` finds labs and steps on disk.
//! - `bench` builds one step's test and runs it, away from the checkout's own files.
//! - `classroom` is a copy of the labs, solved, where wrong cures are tried.
//! - `patch` applies those.

mod bench;
mod classroom;
mod course;
mod mishaps;
mod patch;

use bench::Bench;
use classroom::Classroom;
use course::{Lab, Step, labs};
use patch::NearMiss;
use std::sync::Mutex;
use tests::root;

/// DESIGN asks so many schedules of every solution's step.
const SCHEDULES: u64 = 1_000;

#[test]
fn each_step_as_shipped_breaks_exactly_what_it_lists() {
    assert_none(&of_each_step(|lab, step| {
        let sat = Bench::of(&root(), &lab.package("lab"), step).sit(None);
        let (id, broken, held) = (&step.id, sat.broken(), sat.with("held"));
        eprintln!("{id} as shipped breaks {broken:?}");
        let mut wrong = Vec::new();
        if sat.passed || broken != sat.listed("holds") {
            wrong.push(format!("{id} breaks {broken:?}, not what it lists"));
        }
        for claim in sat.listed("keeps") {
            if !held.contains(&claim) {
                wrong.push(format!("{id} doesn't hold {claim} as shipped"));
            }
        }
        for fault in sat.faults_of_counterexamples() {
            if !sat.listed("meets").contains(&fault) {
                wrong.push(format!("{id} breaks by {fault}, which it doesn't list"));
            }
        }
        wrong
    }));
}

#[test]
fn each_solution_holds_over_a_thousand_schedules() {
    assert_none(&of_each_step(|lab, step| {
        let sat = Bench::of(&root(), &lab.package("solution"), step).sit(Some(SCHEDULES));
        let (id, schedules) = (&step.id, sat.schedules());
        eprintln!("{id} solved: {schedules} schedules");
        let mut wrong = Vec::new();
        if !sat.passed {
            wrong.push(format!("{id} is accused:\n{}", sat.said));
        }
        if schedules < SCHEDULES {
            wrong.push(format!("{id} was tried over {schedules} schedules"));
        }
        wrong
    }));
}

#[test]
fn each_tempting_and_wrong_cure_is_caught_with_a_hint_that_fits() {
    let classroom = Classroom::solved("near-misses");
    assert_none(&of_each_step(|lab, step| {
        let misses = NearMiss::of(&step.id);
        let mut wrong = Vec::new();
        if misses.len() < 3 {
            wrong.push(format!("{} has {} near misses", step.id, misses.len()));
        }
        let hints = std::fs::read_to_string(lab.path().join(format!("hints/{}.md", step.id)));
        let hints = one_line(&hints.unwrap());
        for miss in misses {
            let (name, hint) = (&miss.name, one_line(&miss.hint));
            if !hints.contains(&hint) {
                wrong.push(format!("{name}: no hint says `{hint}`"));
            }
            let sat = classroom.with(lab, &miss, || {
                Bench::of(classroom.root(), &lab.package("lab"), step).sit(None)
            });
            let broken = sat.broken();
            eprintln!("{name} breaks {broken:?}");
            if !broken.contains(&miss.breaks) {
                wrong.push(format!(
                    "{name} should break {}, and breaks {broken:?}",
                    miss.breaks
                ));
            }
        }
        wrong
    }));
}

#[test]
fn a_lab_and_its_solution_differ_only_between_the_marks() {
    for lab in labs() {
        let solution = lab.solution();
        let mut files = course::files(&lab.path().join("src"));
        files.extend(course::files(&lab.path().join("migrations")));
        for file in files {
            let name = file.strip_prefix(lab.path()).unwrap();
            let theirs = outside_the_marks(&solution.join(name));
            assert_eq!(outside_the_marks(&file), theirs, "{}", file.display());
        }
        for step in &lab.steps {
            let test = |folder: std::path::PathBuf, kind: &str| {
                let path = folder.join(format!("tests/{}.rs", step.test));
                let it = format!("{kind}_{}", lab.folder.replace('-', "_"));
                let text = std::fs::read_to_string(path).unwrap().replace(&it, "it");
                // rustfmt sorts imports by the crate's name.
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            assert_eq!(test(lab.path(), "lab"), test(solution.clone(), "solution"));
        }
    }
}

#[test]
fn what_reset_puts_back_is_what_is_shipped() {
    for lab in labs() {
        let shipped = lab.path().join("shipped");
        for part in ["src", "migrations", "tests"] {
            let files = course::files(&lab.path().join(part));
            assert_eq!(files.len(), course::files(&shipped.join(part)).len());
            for file in files {
                let copy = shipped.join(file.strip_prefix(lab.path()).unwrap());
                let read = |path| std::fs::read_to_string(path).unwrap();
                assert_eq!(read(&file), read(&copy), "{}", copy.display());
            }
        }
    }
}

/// What no learner touches: all but regions and the module's own opening words.
fn outside_the_marks(file: &std::path::Path) -> String {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut inside, mut kept) = (false, String::new());
    for line in text.lines() {
        inside &= !line.contains("your turn: end");
        // What the learner's code imports belongs to the region.
        let own = inside || line.starts_with("//!") || line.starts_with("use serde_json");
        if !own {
            kept.push_str(line);
            kept.push('\n');
        }
        inside |= line.contains("your turn: begin");
    }
    kept
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with any step. Two labs at a time: half of a sitting waits for a compiler.
fn of_each_step(wrong: impl Fn(&Lab, &Step) -> Vec<String> + Sync) -> Vec<String> {
    let left = Mutex::new(labs());
    let all: Mutex<Vec<String>> = Mutex::default();
    let next = || left.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(lab) = next() {
                    for step in &lab.steps {
                        let wrong = wrong(&lab, step);
                        all.lock().unwrap().extend(wrong);
                    }
                }
            });
        }
    });
    all.into_inner().unwrap()
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
