//! A learner goes through a lab with nothing but its README: grades it as shipped, types the
//! solution's differences between the marks, file by file, and grades again, to full marks.

use crate::classroom::Classroom;
use crate::course::{Lab, Step, labs};
use crate::mishaps::badai;
use crate::root;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

/// Long, and proves little that the other tests don't: it is for reading. What is typed and printed
/// is written to `target/labs-transcript.txt`.
#[test]
#[ignore = "for reading; takes minutes"]
fn each_lab_goes_from_shipped_to_full_marks_as_its_solution_is_typed() {
    let classroom = Classroom::shipped("walked");
    let _ = fs::remove_dir_all(classroom.root().join(".badai"));
    let transcript = File::create(root().join("target/labs-transcript.txt")).unwrap();
    let mut walk = Walk {
        classroom,
        transcript,
    };
    for lab in labs() {
        walk.through(&lab);
    }
}

struct Walk {
    classroom: Classroom,
    transcript: File,
}

impl Walk {
    fn through(&mut self, lab: &Lab) {
        let number = lab.steps[0].id.split_once('.').unwrap().0;
        let steps = lab.steps.len();
        let said = self.types(&format!("grade {number}"));
        assert!(said.contains(&format!("score: 0 of {steps} steps")));
        for step in &lab.steps {
            let changed = self.changed(lab, step);
            for (done, (file, cured)) in (1..).zip(&changed) {
                fs::write(self.classroom.lab(lab).join(file), cured).unwrap();
                let file = file.display();
                writeln!(self.transcript, "# {file} is cured between the marks").unwrap();
                let said = self.types(&format!("grade {}", step.id));
                if done == changed.len() {
                    assert!(said.contains("score: full marks"), "{}:\n{said}", step.id);
                }
            }
        }
        let said = self.types(&format!("grade {number}"));
        assert!(said.contains(&format!("score: full marks, {steps} of {steps} steps")));
    }

    /// The step's files whose regions the solution changes, with its regions in the lab's own text.
    fn changed(&self, lab: &Lab, step: &Step) -> Vec<(PathBuf, String)> {
        let mut changed = Vec::new();
        for part in ["src", "migrations"] {
            for file in crate::course::files(&lab.solution().join(part)) {
                let name = file.strip_prefix(lab.solution()).unwrap();
                let mine = fs::read_to_string(self.classroom.lab(lab).join(name)).unwrap();
                let cured = cured(&mine, &fs::read_to_string(&file).unwrap(), &step.id);
                if cured != mine {
                    changed.push((name.to_owned(), cured));
                }
            }
        }
        changed
    }

    fn types(&mut self, arguments: &str) -> String {
        let output = badai(self.classroom.root(), arguments).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.stderr.is_empty(), "{said}");
        writeln!(self.transcript, "$ cargo badai {arguments}\n{said}").unwrap();
        said
    }
}

/// A text with the regions of another.
fn cured(mine: &str, cure: &str, step: &str) -> String {
    let mut theirs = cut(cure, step).into_iter().skip(1).step_by(2);
    let mut text = String::new();
    for (place, piece) in cut(mine, step).into_iter().enumerate() {
        let region = place % 2 == 1;
        text.push_str(if region {
            theirs.next().unwrap()
        } else {
            piece
        });
    }
    text
}

/// What is fixed and what is between a step's marks, by turns.
fn cut<'a>(text: &'a str, step: &str) -> Vec<&'a str> {
    let begin = format!("your turn: begin {step}\n");
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(&begin) {
        let (fixed, region) = rest.split_at(at + begin.len());
        // The end's own line is fixed again.
        let end = region.find(&format!("your turn: end {step}")).unwrap();
        let end = region[..end].rfind('\n').map_or(0, |at| at + 1);
        pieces.extend([fixed, &region[..end]]);
        rest = &region[end..];
    }
    pieces.push(rest);
    pieces
}
