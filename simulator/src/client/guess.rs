//! What somebody would put in for a value whose name and type they know.

use super::catalogue::Kind;
use super::literal;

/// What stands for an amount worth taking.
pub(super) const MUCH: &str = "1000";

/// What a name says that a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Account,
    Job,
    Fact,
    Customer,
    Amount,
    Unknown,
}

impl Meaning {
    /// Told by the words of the name.
    pub(super) fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if says(&["stripe_cust", "customer_id", "stripe_customer"]) {
            Meaning::Customer
        } else if says(&[
            "amount", "credit", "balance", "cost", "price", "delta", "total", "quantity",
        ]) {
            Meaning::Amount
        } else if says(&[
            "job",
            "task",
            "request",
            "hold",
            "reserv",
            "idem",
            "generation",
            "run",
        ]) {
            Meaning::Job
        } else if says(&[
            "fact", "session", "invoice", "payment", "checkout", "event", "order", "receipt",
        ]) {
            Meaning::Fact
        } else if says(&[
            "account", "acct", "user", "profile", "owner", "customer", "wallet", "member", "org",
            "team", "tenant", "client", "uid", "purse",
        ]) {
            Meaning::Account
        } else {
            Meaning::Unknown
        }
    }
}

/// What to try for an argument, the likeliest first, each as an SQL literal.
pub(super) fn arguments(name: &str, kind: Kind, labels: &[String]) -> Vec<String> {
    let meaning = Meaning::of(name);
    let ids: &[&str] = match meaning {
        Meaning::Account => &["$ana", "$budi"],
        Meaning::Job => &["$ana_job", "$budi_job", "$new", "$ana_done"],
        Meaning::Fact => &["$new", "$budi_fact"],
        Meaning::Customer => &["$budi_customer", "$ana_customer"],
        Meaning::Amount | Meaning::Unknown => &["$ana", "$budi", "$ana_job", "$budi_job", "$new"],
    };
    let ids = || ids.iter().map(|id| literal(id)).collect::<Vec<_>>();
    let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    match kind {
        Kind::Text if !labels.is_empty() => labels.iter().take(6).map(|it| literal(it)).collect(),
        Kind::Text | Kind::Uuid => ids(),
        Kind::Number if matches!(meaning, Meaning::Account | Meaning::Job) => ids(),
        Kind::Number => own(&[MUCH, "-1000", "1", "9000000000000000"]),
        Kind::Bool => own(&["true", "false"]),
        Kind::Json => own(&[
            r#"'{"account": "$ana", "user_id": "$ana", "amount": 1000}'"#,
            r#"'{"account": "$budi", "user_id": "$budi", "amount": -1000}'"#,
        ]),
        Kind::Moment => own(&["'now'", "'-infinity'", "'infinity'"]),
        Kind::Interval => own(&["'0 s'", "'-1 day'"]),
        Kind::Array if meaning == Meaning::Account => own(&["'{$ana}'", "'{$budi}'"]),
        Kind::Array => own(&["'{1000}'", "'{$budi}'", "'{$budi_job}'"]),
        Kind::Other => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_meant() {
        for (name, meaning) in [
            ("user_id", Meaning::Account),
            ("p_account", Meaning::Account),
            ("job", Meaning::Job),
            ("checkout_session_id", Meaning::Fact),
            ("stripe_customer_id", Meaning::Customer),
            ("user_credits", Meaning::Amount),
        ] {
            assert_eq!(Meaning::of(name), meaning, "{name}");
        }
    }
}
