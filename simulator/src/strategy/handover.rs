//! One goes first for so many moves, and then the others as far as they come.

use super::{Actor, Choice, Diverged, Next, Strategy};

/// Runs in which one actor moves once, twice, three times, … before all others go on, in the order
/// of their numbers, and it comes last: whatever it holds, they have to wait for it.
#[derive(Clone, Debug)]
pub struct Handover {
    first: Actor,
    /// So many moves it has in this run before the others.
    ahead: u32,
    /// So many it has made of them.
    made: u32,
}

impl Handover {
    /// This one goes first.
    #[must_use]
    pub fn of(first: Actor) -> Self {
        Self {
            first,
            ahead: 0,
            made: 0,
        }
    }
}

impl Strategy for Handover {
    /// Ends when it has come to its own end before any other moved.
    fn begin(&mut self) -> bool {
        if self.made < self.ahead {
            return false;
        }
        self.ahead += 1;
        self.made = 0;
        true
    }

    fn choose(&mut self, enabled: &[Choice]) -> Result<Next, Diverged> {
        let can_move = enabled.iter().any(|choice| choice.actor == self.first);
        if can_move && self.made < self.ahead {
            self.made += 1;
            return Ok(Next::Move(self.first));
        }
        let mut others = enabled.iter().filter(|choice| choice.actor != self.first);
        let other = others.next().map(|choice| choice.actor);
        Ok(Next::Move(other.unwrap_or(self.first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Footprint;

    #[test]
    fn each_run_hands_over_one_move_later_until_nothing_is_left_to_hand_over() {
        let mut strategy = Handover::of(Actor(1));
        let mut runs = Vec::new();
        while strategy.begin() {
            // Each has two moves.
            let mut left = [2, 2];
            let mut order = Vec::new();
            while left != [0, 0] {
                let enabled: Vec<Choice> = (0..2)
                    .filter(|actor| left[*actor as usize] > 0)
                    .map(|actor| Choice {
                        actor: Actor(actor),
                        footprint: Footprint::unknown(),
                    })
                    .collect();
                let Ok(Next::Move(actor)) = strategy.choose(&enabled) else {
                    panic!("it always chooses");
                };
                left[actor.0 as usize] -= 1;
                order.push(actor.0);
            }
            runs.push(order);
        }
        assert_eq!(runs, [[1, 0, 0, 1], [1, 1, 0, 0], [1, 1, 0, 0]]);
    }
}
