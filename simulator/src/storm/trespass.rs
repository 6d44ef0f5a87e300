//! A trespass: one client's attempt at what only the backend may do.

use super::Fault;
use serde::{Deserialize, Serialize};

/// One attempt, as a client types it.
///
/// `$ana`, `$budi` and what hangs on them stand for ids that differ from run to run. An attempt
/// is only ever made if the ledger's own catalogue suggests it again: what a file says is looked
/// up, not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trespass {
    /// Which kind it is.
    pub fault: Fault,
    /// The database role that the client has.
    pub role: String,
    /// The account that it is signed in as; `None` for a visitor.
    pub account: Option<usize>,
    /// The statements, in one transaction.
    pub typed: Vec<String>,
}
