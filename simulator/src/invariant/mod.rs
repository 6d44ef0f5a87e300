//! The invariants: claims that hold for every ledger worth its customers' money.
//!
//! Each lives in one file that opens with its claim, its meaning for a founder, how it is
//! judged, and what it cannot see. [`Audit`] walks a history beside the model once; the
//! checkers read what it found, and each says [`Finding::Held`] only where it looked.

mod atomic_lifecycle;
mod audit;
mod boundary;
mod claim;
mod conservation;
mod durability;
mod exactly_once;
mod honest_replies;
mod linearize;
mod offence;
mod order_guard;
mod places;
mod progress;
mod reconciliation;
mod recovery;
mod sight;
mod walk;
mod words;

#[cfg(test)]
mod orders;
#[cfg(test)]
mod properties;

pub use audit::{Audit, Deviation, Part, Wrong};
pub use claim::{Breach, Evidence, Finding};
pub(crate) use offence::offence;

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! invariants {
    ($($name:ident $id:literal $module:ident;)*) => {
        /// A claim that the checkers judge.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Invariant {
            $(
                #[doc = concat!("`", $id, "`")]
                #[serde(rename = $id)]
                $name,
            )*
        }

        impl Invariant {
            /// All of them, the most specific first: one bug often breaks several, and a verdict
            /// names them in this order.
            pub const ALL: &'static [Invariant] = &[$(Invariant::$name),*];

            /// The name that `--only` takes.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Invariant::$name => $id),* }
            }

            /// What must be true, in one sentence.
            #[must_use]
            pub const fn claim(self) -> &'static str {
                match self { $(Invariant::$name => $module::CLAIM),* }
            }

            /// What it means for a founder.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Invariant::$name => $module::MEANING),* }
            }

            /// What the evidence of one schedule says about it.
            #[must_use]
            pub fn judge(self, evidence: &Evidence<'_>) -> Finding {
                match self { $(Invariant::$name => $module::judge(evidence)),* }
            }
        }
    };
}

invariants! {
    ExactlyOnce "exactly-once" exactly_once;
    OrderGuard "order-guard" order_guard;
    Recovery "recovery" recovery;
    Durability "durability" durability;
    Boundary "boundary" boundary;
    AtomicLifecycle "atomic-lifecycle" atomic_lifecycle;
    Reconciliation "reconciliation" reconciliation;
    Conservation "conservation" conservation;
    HonestReplies "honest-replies" honest_replies;
    Progress "progress" progress;
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
