//! The labs, as a learner meets them: each step as shipped breaks what it lists and nothing else,
//! each solution holds, and each cure that is tempting and wrong is caught.
//!
//! - `course` finds labs and steps on disk.
//! - `bench` builds the steps' tests and runs them, away from the checkout's own files.
//! - `classroom` is a copy of the labs, solved, where wrong cures are tried.
//! - `patch` applies those.
//! - `elsewhere` is a lab done in another language.
//! - `mishaps` is what happens to unfinished code, and `walk` a way through all labs.

mod bench;
mod classroom;
mod course;
mod elsewhere;
mod mishaps;
mod patch;
mod walk;

use bench::{Bench, How};
use classroom::Classroom;
use course::{Lab, Step, labs};
use patch::NearMiss;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use tests::root;

/// DESIGN asks so many schedules of every solution's step.
const SCHEDULES: u64 = 1_000;

#[test]
fn each_step_as_shipped_breaks_exactly_what_it_lists() {
    let bench = Bench::of(&root(), &packages());
    assert_none(&two_at_a_time(steps(), |step| {
        let sat = bench.sit(step, How::AsGraded);
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
    let classroom = solved();
    let bench = Bench::of(classroom.root(), &packages());
    assert_none(&two_at_a_time(steps(), |step| {
        let sat = bench.sit(step, How::Storms(SCHEDULES));
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

/// Each round tries one wrong cure of every step: a step stands alone, so one build serves all.
#[test]
fn each_tempting_and_wrong_cure_is_caught() {
    let classroom = solved();
    let mut wrong = Vec::new();
    for round in 0.. {
        let misses = misses_of_round(round);
        if misses.is_empty() {
            break;
        }
        for (lab, _, miss) in &misses {
            classroom.apply(lab, miss);
        }
        let bench = Bench::of(classroom.root(), &packages());
        wrong.extend(two_at_a_time(misses, |(_, step, miss)| {
            let (name, breaks) = (&miss.name, &miss.breaks);
            let broken = bench.sit(step, How::AsFound(breaks)).broken();
            eprintln!("{name} breaks {broken:?}");
            let missed = format!("{name} should break {breaks}, and breaks {broken:?}");
            Vec::from_iter((!broken.contains(breaks)).then_some(missed))
        }));
        for lab in labs() {
            classroom.put(&lab, &lab.solution());
        }
    }
    assert_none(&wrong);
}

/// Every step's wrong cure of that number, where it has so many.
fn misses_of_round(round: usize) -> Vec<(Lab, Step, NearMiss)> {
    let mut misses = Vec::new();
    for lab in labs() {
        for step in &lab.steps {
            let miss = NearMiss::of(&step.id).into_iter().nth(round);
            misses.extend(miss.map(|miss| (lab.clone(), step.clone(), miss)));
        }
    }
    misses
}

#[test]
fn each_step_has_three_wrong_cures_and_a_hint_that_fits_each() {
    let mut wrong = Vec::new();
    for lab in labs() {
        for step in &lab.steps {
            let hints = lab.path().join(format!("hints/{}.md", step.id));
            let hints = one_line(&std::fs::read_to_string(hints).unwrap());
            let misses = NearMiss::of(&step.id);
            if misses.len() < 3 {
                wrong.push(format!("{} has {} near misses", step.id, misses.len()));
            }
            for NearMiss { name, hint, .. } in misses {
                if !hints.contains(&one_line(&hint)) {
                    wrong.push(format!("{name}: no hint says `{hint}`"));
                }
            }
        }
    }
    assert_none(&wrong);
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

fn packages() -> Vec<String> {
    labs().iter().map(Lab::package).collect()
}

/// The labs as their solutions cure them; one build serves all who look at those.
fn solved() -> MutexGuard<'static, Classroom> {
    static SOLVED: LazyLock<Mutex<Classroom>> =
        LazyLock::new(|| Mutex::new(Classroom::solved("solved")));
    let classroom = SOLVED.lock().unwrap_or_else(PoisonError::into_inner);
    // Whoever failed may have left a wrong cure there.
    for lab in labs() {
        classroom.put(&lab, &lab.solution());
    }
    classroom
}

fn steps() -> Vec<Step> {
    labs().into_iter().flat_map(|lab| lab.steps).collect()
}

/// What is wrong with any of these. Two at a time: half of a sitting waits for PostgreSQL.
fn two_at_a_time<T: Send>(these: Vec<T>, wrong: impl Fn(&T) -> Vec<String> + Sync) -> Vec<String> {
    let left = Mutex::new(these);
    let all: Mutex<Vec<String>> = Mutex::default();
    let next = || left.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(it) = next() {
                    let wrong = wrong(&it);
                    all.lock().unwrap().extend(wrong);
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
