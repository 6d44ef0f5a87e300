//! # Committed without an answer
//!
//! **Story.** What was processed is noted in the transaction of the webhook. The credits are added
//! by a service of their own, which the handler calls on the way. If anything fails, the note is
//! rolled back and Stripe tries again.
//!
//! **Source.** Stripe's webhook guide: whatever doesn't get its 2xx is retried. Garcia-Molina and
//! Salem, Sagas (1987): a step that has committed isn't undone by the failure of the whole.
//!
//! **What it breaks.** `exactly-once`: a connection that breaks after the credits and before the
//! note grants them twice.
//!
//! **The founder's cost.** Each deploy in the middle of the day gives something away.
//!
//! **The cure.** One transaction for the note and the movement; or give the service the sale's id,
//! and let it refuse the second time.

use crate::webhooks::Habit;

/// The specimen's habit.
pub struct MovesAtOnce;

impl Habit for MovesAtOnce {
    fn moves_at_once() -> bool {
        true
    }
}
