//! Placeholder.
/// None yet.
#[must_use]
pub fn specimens() -> Vec<simulator::Subject> {
    Vec::new()
}
