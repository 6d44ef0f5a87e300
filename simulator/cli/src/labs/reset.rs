//! `badai reset`: puts a step's files back as they were shipped, and keeps what the learner wrote.
//! Each file is of one step, but for what its lab shares.

use super::course::{self, Lab, Step};
use crate::args::Reset;
use crate::failure::Failure;
use crate::print;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Reset) -> Result<u8, Failure> {
    let root = course::checkout()?;
    for (lab, step) in course::chosen(Some(&args.step))? {
        print::out(&reset(&root, lab, step)?)?;
    }
    Ok(0)
}

/// Puts one step back, and says what was done.
fn reset(root: &Path, lab: &Lab, step: &Step) -> Result<String, Failure> {
    let folder = lab.path(root);
    let mut puts: Vec<(PathBuf, Option<String>, String)> = Vec::new();
    let mut files = step.files();
    files.push(step.test_file());
    files.extend(["src/lib.rs", "src/given.rs"].map(PathBuf::from));
    for file in files {
        let Ok(shipped) = std::fs::read_to_string(lab.shipped(root).join(&file)) else {
            // Not every lab has a `given.rs`; what must be there is asked for first.
            if step.files().contains(&file) {
                return Err(Failure::request(format!(
                    "labs/{0}/shipped/{1} isn't there, so nothing was changed; to have it back: \
                     git checkout -- labs/{0}/shipped",
                    lab.folder,
                    file.display()
                )));
            }
            continue;
        };
        let mine = std::fs::read_to_string(folder.join(&file)).ok();
        if mine.as_ref() != Some(&shipped) {
            puts.push((file, mine, shipped));
        }
    }
    if puts.is_empty() {
        return Ok(format!("{}: as it was shipped already\n", step.id));
    }
    let kept = keep(root, lab, step, &puts)?;
    for (file, _, shipped) in &puts {
        write(&folder.join(file), shipped)?;
    }
    let files: Vec<String> = puts
        .iter()
        .map(|(file, ..)| format!("labs/{}/{}", lab.folder, file.display()))
        .collect();
    let mut said = format!("{}: put back {}\n", step.id, files.join(", "));
    if let Some(kept) = kept {
        said.push_str(&format!("your own is kept in {kept}\n"));
    }
    Ok(said)
}

/// Copies what is about to be replaced into a folder that nothing else is in.
fn keep(
    root: &Path,
    lab: &Lab,
    step: &Step,
    puts: &[(PathBuf, Option<String>, String)],
) -> Result<Option<String>, Failure> {
    if puts.iter().all(|(_, mine, _)| mine.is_none()) {
        return Ok(None);
    }
    let name = |number: u32| format!("labs/{}/.badai/kept/{}-{number}", lab.folder, step.id);
    let free = (1..).map(name).find(|kept| !root.join(kept).exists());
    let kept = free.unwrap_or_else(|| name(0));
    for (file, mine, _) in puts {
        if let Some(mine) = mine {
            write(&root.join(&kept).join(file), mine)?;
        }
    }
    Ok(Some(kept))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::machine(format!(
            "cannot write {}, so nothing was replaced from here on: {error}",
            path.display()
        ))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = "head\n// your turn: begin 01.2\nwrong\n// your turn: end 01.2\ntail\n";

    fn checkout() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in ["src/reserve.rs", "migrations/002_reserve.sql"] {
            for folder in ["", "shipped/"] {
                let path = root.path().join("labs/01-credit-ledger").join(folder);
                write(&path.join(file), SHIPPED).unwrap();
            }
        }
        root
    }

    fn the_step(root: &Path) -> String {
        let (lab, step) = course::one("01.2").unwrap();
        reset(root, lab, step).unwrap()
    }

    #[test]
    fn what_the_learner_wrote_is_kept_and_every_reset_keeps_its_own() {
        let root = checkout();
        let lab = root.path().join("labs/01-credit-ledger");
        assert!(the_step(root.path()).contains("as it was shipped already"));
        for number in 1..=2 {
            let mine = SHIPPED.replace("wrong", &format!("mine {number}"));
            write(&lab.join("src/reserve.rs"), &mine).unwrap();
            let said = the_step(root.path());
            let kept = format!(".badai/kept/01.2-{number}");
            assert!(said.contains(&kept), "{said}");
            let copy = std::fs::read_to_string(lab.join(kept).join("src/reserve.rs")).unwrap();
            assert_eq!(copy, mine);
        }
        let now = std::fs::read_to_string(lab.join("src/reserve.rs")).unwrap();
        assert_eq!(now, SHIPPED);
    }

    #[test]
    fn a_deleted_file_and_one_without_its_marks_come_back_whole() {
        let root = checkout();
        let lab = root.path().join("labs/01-credit-ledger");
        std::fs::remove_file(lab.join("src/reserve.rs")).unwrap();
        write(&lab.join("migrations/002_reserve.sql"), "no marks\n").unwrap();
        the_step(root.path());
        for file in ["src/reserve.rs", "migrations/002_reserve.sql"] {
            assert_eq!(std::fs::read_to_string(lab.join(file)).unwrap(), SHIPPED);
        }
        let copy = lab.join(".badai/kept/01.2-1/migrations/002_reserve.sql");
        assert_eq!(std::fs::read_to_string(copy).unwrap(), "no marks\n");
    }
}
