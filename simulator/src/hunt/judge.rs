//! Plays one schedule and asks every claim about it.

use crate::execute::{Begin, Stage, StageError};
use crate::history::{History, Outcome, What};
use crate::invariant::{Audit, Evidence, Finding, Invariant};
use crate::storm::Schedule;
use crate::target::Operation;

/// What one schedule came to.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What happened.
    pub history: History,
    /// Each claim with what was found.
    pub findings: Vec<(Invariant, Finding)>,
}

impl Judged {
    /// The claims that broke.
    pub fn broken(&self) -> impl Iterator<Item = Invariant> {
        self.findings
            .iter()
            .filter(|(_, finding)| matches!(finding, Finding::Broken(_)))
            .map(|(invariant, _)| *invariant)
    }

    /// Whether a call never came back.
    #[must_use]
    pub fn hangs(&self) -> bool {
        self.history.happenings.iter().any(|happening| {
            matches!(&happening.what, What::GaveUp(request)
                if matches!(request.outcome, Outcome::Hung(_)))
        })
    }
}

/// Plays one schedule and judges it.
///
/// Where a death may be why something is wrong, the schedule is played once more without it; and
/// where that death cut an operation in two, once more with the death before the operation: what
/// is right then is the cut's doing, and nothing that was acknowledged was lost.
///
/// # Errors
/// The server failed.
pub fn judge(
    stage: &mut Stage,
    schedule: &Schedule,
    begin: Begin,
    only: &[Invariant],
) -> Result<Judged, StageError> {
    if schedule.has_trespass() {
        return boundary(stage, schedule, only);
    }
    let history = play(stage, schedule, begin)?;
    let mut audit = Audit::of(&history);
    if audit.deviations.iter().any(|found| found.suspects_crash) {
        let without = play(stage, &schedule.without_deaths(), begin)?;
        audit.blame_crashes(&Audit::of(&without));
        if let Some(whole) = schedule.without_cuts()
            && audit
                .deviations
                .iter()
                .any(|it| it.suspects_crash && it.by_crash)
        {
            let whole = play(stage, &whole, begin)?;
            audit.blame_cuts(&Audit::of(&whole));
        }
    }
    Ok(asked(history, &audit, only))
}

/// Plays a schedule that ends with clients. There is no calm in it: of the rest it says nothing,
/// and it leaves holds open, so the database is replaced.
fn boundary(
    stage: &mut Stage,
    schedule: &Schedule,
    only: &[Invariant],
) -> Result<Judged, StageError> {
    let history = stage.play(schedule, Begin::Fresh)?;
    stage.refresh()?;
    let only = only.iter().copied().filter(|it| *it == Invariant::Boundary);
    Ok(claims(history, &only.collect::<Vec<_>>()))
}

/// Asks every claim about a history.
pub(super) fn claims(history: History, only: &[Invariant]) -> Judged {
    let audit = Audit::of(&history);
    asked(history, &audit, only)
}

fn asked(history: History, audit: &Audit, only: &[Invariant]) -> Judged {
    let evidence = Evidence {
        history: &history,
        audit,
    };
    let findings = only
        .iter()
        .map(|invariant| (*invariant, invariant.judge(&evidence)))
        .collect();
    Judged { history, findings }
}

/// Plays a schedule, and leaves nothing behind that a later one could find.
fn play(stage: &mut Stage, schedule: &Schedule, begin: Begin) -> Result<History, StageError> {
    let history = stage.play(schedule, begin)?;
    let wrong = !Audit::of(&history).deviations.is_empty();
    clear_up(stage, &history, wrong)?;
    Ok(history)
}

/// Ids are fresh each time; only a sweep looks beyond them. So a database that something went wrong
/// in, and that was left without calm, with holds that a later sweep could find, is replaced.
pub(super) fn clear_up(
    stage: &mut Stage,
    history: &History,
    wrong: bool,
) -> Result<(), StageError> {
    let swept = |what: &What| matches!(what, What::Swept);
    let calm = history.happenings.iter().any(|it| swept(&it.what));
    if wrong && !calm && stage.offers().contains(&Operation::Sweep) {
        stage.refresh()?;
    }
    Ok(())
}
