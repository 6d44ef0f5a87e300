//! Why badai itself stops: one clear text, and the exit code that goes with it.

use simulator::execute::StageError;
use simulator::report::SavedError;
use simulator::server::ServerError;

/// The request was wrong: usage, a file, a name.
pub(crate) const WRONG_REQUEST: u8 = 2;
/// The machine is missing something.
pub(crate) const MACHINE: u8 = 3;

/// Nothing can be said.
pub(crate) const INCONCLUSIVE: u8 = 4;

/// What is said on stderr before badai ends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) said: String,
}

impl Failure {
    /// The request was wrong.
    pub(crate) fn request(said: impl Into<String>) -> Self {
        Self {
            code: WRONG_REQUEST,
            said: said.into(),
        }
    }

    /// The machine is missing something.
    pub(crate) fn machine(said: impl Into<String>) -> Self {
        Self {
            code: MACHINE,
            said: said.into(),
        }
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        Self {
            code: error.exit_code(),
            said: error.to_string(),
        }
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Server(error) => error.into(),
            wrong @ (StageError::Open { .. } | StageError::Mistaken(_)) => {
                Self::request(wrong.to_string())
            }
            wire @ StageError::Wire(_) => Self::machine(wire.to_string()),
        }
    }
}

impl From<SavedError> for Failure {
    fn from(error: SavedError) -> Self {
        Self::request(error.to_string())
    }
}
