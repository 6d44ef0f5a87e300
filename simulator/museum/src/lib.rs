//! The museum: ledgers with bugs that someone really shipped.
//!
//! One file a specimen. Each opens with its story, the invariants that it breaks, what that costs
//! a founder, and the cure; its schema lies in the folder of the same name. The museum is the
//! simulator's own test: every specimen must be found.
//!
//! | specimen | what is wrong with it |
//! |---|---|
//! | [`naive`] | nearly everything: what people ship first |
//!
//! What all of them get right, because Stripe's documentation spells it out, stands in
//! [`stripe_signature`].

pub mod naive;
pub mod stripe_signature;

use simulator::Subject;

/// Every specimen, in the order in which the museum shows them.
#[must_use]
pub fn specimens() -> Vec<Subject> {
    vec![Subject::rust::<naive::Naive>(
        "naive",
        "reads the balance, then writes it; remembers jobs and events in its process",
    )]
}
