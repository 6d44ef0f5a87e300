//! Who reaches the database without passing through the ledger: browsers behind an API, or
//! people with a database login.

use serde::{Deserialize, Serialize};

/// What stands in a client's [`Client::session`] for the account that it is signed in as.
pub const ACCOUNT: &str = "$account";

/// The clients that a ledger is told to expect. Empty where only its own backend is let in: then
/// nobody can be sent to try the boundary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clients {
    /// One for each database role that a client can have.
    pub roles: Vec<Client>,
    /// What they can do with it.
    pub reach: Reach,
    /// The schemas that the API exposes; empty for each that the role may use.
    pub schemas: Vec<String>,
}

/// One client role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The database role. It needs no login.
    pub role: String,
    /// What the API runs at the start of each transaction, as that role, for the client: its
    /// claims. [`ACCOUNT`] stands for an account's id; a client without it is nobody's.
    pub session: Vec<String>,
}

/// What a client can do to the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Function calls, and reads and writes of tables, through an API that sets role and claims.
    #[default]
    Rest,
    /// Any SQL: temporary tables, a search path, and claims of one's own making too.
    Sql,
}

impl Clients {
    /// Nobody is let in but the backend.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The two of a Supabase project, as its REST API lets them in: through schema `public`,
    /// with claims in both of its styles (Supabase docs, “Securing your API”; PostgREST docs,
    /// “Transaction-Scoped Settings”).
    #[must_use]
    pub fn supabase() -> Self {
        Self {
            roles: vec![
                Client::visitor("anon"),
                Client::with_claims("authenticated"),
            ],
            reach: Reach::Rest,
            schemas: vec!["public".to_owned()],
        }
    }

    /// The same, through these schemas; none means all that the role may use.
    #[must_use]
    pub fn through(mut self, schemas: &[&str]) -> Self {
        self.schemas = schemas.iter().map(ToString::to_string).collect();
        self
    }
}

impl Client {
    /// A role that is nobody's account.
    #[must_use]
    pub fn visitor(role: &str) -> Self {
        Self {
            role: role.to_owned(),
            session: Vec::new(),
        }
    }

    /// A role whose account stands in the claims of a verified token, in both styles that
    /// PostgREST has had.
    #[must_use]
    pub fn with_claims(role: &str) -> Self {
        let claims = format!(r#"{{"sub":"{ACCOUNT}","role":"{role}"}}"#);
        let set = |name: &str, value: &str| format!("select set_config('{name}', '{value}', true)");
        Self {
            role: role.to_owned(),
            session: vec![
                set("request.jwt.claims", &claims),
                set("request.jwt.claim.sub", ACCOUNT),
                set("request.jwt.claim.role", role),
            ],
        }
    }

    /// Whether its session is an account's.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.session
            .iter()
            .any(|statement| statement.contains(ACCOUNT))
    }
}
