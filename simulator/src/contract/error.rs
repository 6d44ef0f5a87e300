//! A mistake in a contract file: where it stands, what was found, what was expected.

use std::path::PathBuf;

/// What is wrong with a contract file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {said}", file.display())]
pub struct ContractError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What was found and what was expected.
    pub said: String,
}
