//! A schedule that was kept, taken again step by step.

use super::{Actor, Choice, Diverged, Next, Strategy};

/// One run, of these steps.
#[derive(Clone, Debug)]
pub struct Replay {
    steps: Vec<Actor>,
    step: Option<usize>,
}

impl Replay {
    /// These actors, in this order. Past its end a schedule goes on with whoever is first: it
    /// may have been shortened.
    #[must_use]
    pub fn new(steps: Vec<Actor>) -> Self {
        Self { steps, step: None }
    }
}

impl Strategy for Replay {
    fn begin(&mut self) -> bool {
        self.step.replace(0).is_none()
    }

    fn choose(&mut self, enabled: &[Choice]) -> Result<Next, Diverged> {
        let step = self.step.get_or_insert(0);
        let wanted = self.steps.get(*step).copied();
        let can_move = |actor: &Actor| enabled.iter().any(|choice| choice.actor == *actor);
        let at = *step;
        *step += 1;
        match wanted {
            Some(actor) if can_move(&actor) => Ok(Next::Move(actor)),
            Some(actor) => Err(Diverged {
                step: at,
                wanted: vec![actor],
                enabled: enabled.iter().map(|choice| choice.actor).collect(),
            }),
            None => Ok(Next::Move(enabled[0].actor)),
        }
    }
}
