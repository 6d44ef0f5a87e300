//! The names of things, one type each, so that a job can never be passed for an account.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as it is; ids are opaque to Badai.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Who owns credits: the application's user or team. Badai sends UUIDs in their text form.
    AccountId
}
id! {
    /// One piece of work that credits are held for. Badai sends UUIDs in their text form.
    JobId
}
id! {
    /// Stripe's customer, `cus_…`.
    CustomerId
}
id! {
    /// What happened in the business, told by any number of events: the Checkout Session's or
    /// the Invoice's id, `cs_…` or `in_…`.
    FactId
}
id! {
    /// Stripe's Event, `evt_…`. Two events may tell one fact.
    EventId
}
