//! Placeholder.
/// None yet.
#[must_use]
pub fn subjects() -> Vec<simulator::Subject> {
    Vec::new()
}
