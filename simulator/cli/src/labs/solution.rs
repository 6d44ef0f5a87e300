//! `badai solution`: the cure, as what it would change in the learner's own regions.

use super::course::{self, Lab};
use super::diff;
use super::marks::Marks;
use super::region::cut;
use crate::args::Solution;
use crate::failure::Failure;
use crate::print;
use simulator::report::text;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Solution) -> Result<u8, Failure> {
    let root = course::checkout()?;
    let (lab, step) = course::one(&args.step)?;
    if !args.give_up && !Marks::read(&root).passed(step.id) {
        return Err(Failure::request(format!(
            "{0} didn't hold yet; you learn more from the next hint: cargo badai hint {0}; or \
             cargo badai solution {0} --give-up",
            step.id
        )));
    }
    let mut alike = true;
    for file in step.files() {
        let name = format!("solutions/{}/{}", lab.folder, file.display());
        let changes = changes(&root, lab, step.id, &file)?;
        if !changes.is_empty() {
            alike = false;
            print::out(&format!("{}\n{changes}\n", text::strong(&name)))?;
        }
    }
    if alike {
        print::out(&format!("{}: yours is the cure, line by line\n", step.id))?;
    }
    Ok(0)
}

/// What the cure changes in one file. Where its marks are gone, all of it is compared.
fn changes(root: &Path, lab: &Lab, step: &str, file: &PathBuf) -> Result<String, Failure> {
    let cure = read(&lab.solution(root).join(file))?;
    let mine = std::fs::read_to_string(lab.path(root).join(file)).unwrap_or_default();
    let (Ok(cure_cut), Ok(mine_cut)) = (cut(&cure, step), cut(&mine, step)) else {
        return Ok(diff::lines(&mine, &cure));
    };
    if cure_cut.regions.len() != mine_cut.regions.len() {
        return Ok(diff::lines(&mine, &cure));
    }
    let regions = mine_cut.regions.iter().zip(&cure_cut.regions);
    let changed = regions.map(|(mine, cure)| diff::lines(mine, cure));
    Ok(changed.collect::<Vec<_>>().join(""))
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::request(format!(
            "cannot read {}: {error}; to have it back: git checkout -- solutions",
            path.display()
        ))
    })
}
