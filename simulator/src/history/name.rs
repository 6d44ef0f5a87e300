//! Short names for people to read: ids that were made up for one run never reach a page.

/// What accounts, instances and jobs are called in reports.
#[derive(Clone, Copy, Debug)]
pub struct Names;

impl Names {
    /// An account: the storm's own by first name, then the bystander.
    #[must_use]
    pub fn account(number: usize) -> &'static str {
        ["ana", "budi"].get(number).copied().unwrap_or("bystander")
    }

    /// An instance of the ledger, and whoever runs on it in a duel: `A`, `B`, and on.
    #[must_use]
    pub fn instance(number: usize) -> char {
        ('A'..='Z').nth(number).unwrap_or('?')
    }
}
