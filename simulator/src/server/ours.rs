//! What can be done to a server that Badai started, and to no other.

use super::error::ServerError;

/// A server of ours. Dropping it stops the server.
pub(super) trait Ours: Send + Sync {
    /// Takes it down as a crash does, without a word to anyone, and starts it again on the same
    /// data. All connections are lost; whatever was committed is there again.
    ///
    /// # Errors
    /// If it doesn't come back.
    fn crash(&self) -> Result<(), ServerError>;

    /// Lets its clock be shifted from its next start on.
    ///
    /// # Errors
    /// [`ServerError::Absent`] if this machine has not what it takes.
    fn loosen_clock(&self) -> Result<(), ServerError>;

    /// Shifts its clock by so many seconds in all, at once and in open sessions too.
    ///
    /// # Errors
    /// A file that can't be written.
    fn shift_clock(&self, seconds: i64) -> Result<(), ServerError>;
}
