//! When a ledger that is broken was fought long enough.

use super::Watcher;
use crate::invariant::Invariant;
use std::cell::Cell;

/// After the last order that broke something new, so many more are fought. That is enough to see
/// what else the same code breaks; who mends it is waiting.
const MORE_ORDERS: u32 = 150;

/// Ends the duels once there is nothing more to learn from them: everything that is wanted is
/// broken, or something is and enough was seen.
pub struct Enough<'a> {
    left: Vec<Invariant>,
    broke: bool,
    orders: Cell<u32>,
    watcher: &'a mut dyn Watcher,
}

impl<'a> Enough<'a> {
    /// Of these claims those that aren't broken yet are `left`.
    pub fn of(wanted: &[Invariant], left: &[Invariant], watcher: &'a mut dyn Watcher) -> Self {
        let left: Vec<Invariant> = wanted
            .iter()
            .filter(|it| left.contains(it))
            .copied()
            .collect();
        Self {
            broke: left.len() < wanted.len(),
            left,
            orders: Cell::new(0),
            watcher,
        }
    }
}

impl Watcher for Enough<'_> {
    fn case(&mut self, done: u32, of: u32) {
        self.watcher.case(done, of);
    }

    fn found(&mut self, invariant: Invariant) {
        self.left.retain(|it| *it != invariant);
        self.broke = true;
        self.orders.set(0);
        self.watcher.found(invariant);
    }

    /// Asked before each order.
    fn stop(&self) -> bool {
        self.orders.set(self.orders.get() + 1);
        let enough = self.left.is_empty() || self.orders.get() > MORE_ORDERS;
        self.broke && enough || self.watcher.stop()
    }
}
