//! The ways to a server, and which of them is taken.

use super::error::{Refusal, ServerError};
use super::server::Server;

/// One way to a server.
pub trait Source {
    /// What `doctor` calls it.
    fn name(&self) -> &str;

    /// Brings a server up.
    ///
    /// # Errors
    /// [`ServerError::Absent`] if this machine lacks what the way needs, else why it failed.
    fn start(&self) -> Result<Server, ServerError>;

    /// Whether it would have to fetch something first: nobody does that to have a look.
    fn must_fetch(&self) -> bool {
        false
    }
}

/// Starts the first source that works.
///
/// # Errors
/// [`ServerError::Nothing`] with each refusal if none does; a wrong request ends the search.
pub fn first_of(sources: &[Box<dyn Source>]) -> Result<Server, ServerError> {
    let mut refusals = Vec::new();
    for source in sources {
        match source.start() {
            Ok(server) => return Ok(server),
            Err(error @ ServerError::Request(_)) => return Err(error),
            Err(error) => refusals.push(Refusal {
                way: source.name().to_owned(),
                why: error.to_string(),
            }),
        }
    }
    Err(ServerError::Nothing(refusals))
}
