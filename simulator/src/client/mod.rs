//! The client at the boundary: what somebody with a database role, and no right to move credits,
//! would try.
//!
//! ```text
//! Catalogue (what is there, as one role sees it) → attempts: write, call, shadow, read → Trespass
//! ```
//!
//! Every attempt is made from the catalogue, in the order of its names, so that the same schema
//! gives the same attempts and a saved one is found again. What may be refused is tried all the
//! same: whether a door is shut is seen by pushing it. [`Mask`] lets statements name accounts and
//! jobs before there are any. Pure: `execute` reads the catalogue and types what is made here.

mod call;
mod catalogue;
mod guess;
mod mask;
mod read;
mod shadow;
mod write;

pub use catalogue::{Argument, Catalogue, Column, Kind, May, Powers, Relation, Routine};
pub use mask::Mask;
pub(crate) use shadow::NOTE;

use crate::storm::{Fault, Trespass};
use crate::target::{ACCOUNT, Client, Reach};

/// Who tries: a client, what it can do, and what it sees.
#[derive(Clone, Copy, Debug)]
pub struct Attacker<'a> {
    /// The client.
    pub client: &'a Client,
    /// What it can do.
    pub reach: Reach,
    /// The database as its role sees it.
    pub catalogue: &'a Catalogue,
}

impl Attacker<'_> {
    /// Every attempt of a kind.
    #[must_use]
    pub fn attempts(&self, fault: Fault) -> Vec<Trespass> {
        match fault {
            Fault::DirectWrite => self.writes(),
            Fault::FunctionCall => self.calls(),
            Fault::TempShadow => self.shadows(),
            Fault::ForeignRead => self.reads(),
            _ => Vec::new(),
        }
    }

    fn attempt(&self, fault: Fault, typed: Vec<String>) -> Trespass {
        Trespass {
            fault,
            role: self.client.role.clone(),
            account: self.client.is_signed_in().then_some(0),
            typed,
        }
    }

    /// The statements that make this client budi, where it can type them itself.
    fn claims_of_budi(&self) -> Vec<String> {
        let session = self.client.session.iter();
        session.map(|it| it.replace(ACCOUNT, "$budi")).collect()
    }
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    let mut letters = name.chars();
    let plain = letters
        .next()
        .is_some_and(|first| first == '_' || first.is_ascii_lowercase())
        && letters.all(|it| it == '_' || it.is_ascii_lowercase() || it.is_ascii_digit());
    if plain && !RESERVED.split_whitespace().any(|word| word == name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// The words that SQL keeps to itself (PostgreSQL manual, appendix “SQL key words”).
const RESERVED: &str = "\
    all analyse analyze and any array as asc asymmetric both case cast check collate column \
    constraint create current_catalog current_date current_role current_time \
    current_timestamp current_user default deferrable desc distinct do else end except false \
    fetch for foreign from grant group having in initially intersect into lateral leading \
    limit localtime localtimestamp not null offset on only or order placing primary \
    references returning select session_user some symmetric table then to trailing true \
    union unique user using variadic when where window with";

/// A text as an SQL literal.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: Kind) -> Column {
        Column {
            name: name.to_owned(),
            sql: "bigint".to_owned(),
            kind,
            labels: Vec::new(),
            select: true,
            insert: true,
            update: true,
            required: false,
            fixed: false,
            unique: false,
            refers: None,
            account: name == "owner",
        }
    }

    fn catalogue(may: May) -> Catalogue {
        let purses = Relation {
            schema: "public".to_owned(),
            name: "purses".to_owned(),
            kind: "r".to_owned(),
            may,
            columns: vec![column("owner", Kind::Uuid), column("credits", Kind::Number)],
        };
        let price = Routine {
            schema: "public".to_owned(),
            name: "price".to_owned(),
            procedure: false,
            definer: true,
            execute: true,
            loose: false,
            returns: Some("bigint".to_owned()),
            arguments: Vec::new(),
            body: "select 1 from PURSES".to_owned(),
        };
        Catalogue {
            relations: vec![purses],
            routines: vec![price],
            powers: Powers {
                temporary: true,
                ..Powers::default()
            },
        }
    }

    fn typed(may: May, reach: Reach, fault: Fault) -> Vec<String> {
        let (client, catalogue) = (Client::with_claims("c"), catalogue(may));
        let attacker = Attacker {
            client: &client,
            reach,
            catalogue: &catalogue,
        };
        let attempts = attacker.attempts(fault).into_iter();
        attempts.map(|attempt| attempt.typed.join("; ")).collect()
    }

    #[test]
    fn a_shut_door_is_pushed_once_and_an_open_one_in_every_way() {
        let shut = typed(May::default(), Reach::Rest, Fault::DirectWrite);
        assert_eq!(shut, ["delete from public.purses where true"]);
        let may = May {
            update: true,
            ..May::default()
        };
        let open = typed(may, Reach::Rest, Fault::DirectWrite);
        let more = "update public.purses set credits = credits + 1000 where owner = '$ana'";
        let mine = "update public.purses set owner = '$ana' where owner = '$budi'";
        assert!(open.contains(&more.to_owned()) && open.contains(&mine.to_owned()));
    }

    #[test]
    fn what_takes_sql_is_for_those_who_have_it() {
        let may = May {
            select: true,
            truncate: true,
            ..May::default()
        };
        let of = |reach, fault| typed(may, reach, fault);
        assert!(of(Reach::Rest, Fault::TempShadow).is_empty());
        let shadows = of(Reach::Sql, Fault::TempShadow);
        assert!(shadows[0].contains("create temporary view pg_temp.purses"));
        assert!(of(Reach::Sql, Fault::DirectWrite)[0].starts_with("truncate"));
        let claims = |it: &String| it.contains("set_config");
        assert!(of(Reach::Sql, Fault::ForeignRead).iter().any(claims));
        assert!(!of(Reach::Rest, Fault::ForeignRead).iter().any(claims));
    }

    #[test]
    fn a_name_is_quoted_where_sql_would_take_it_for_something_else() {
        assert_eq!(quoted("credits"), "credits");
        assert_eq!(quoted("user"), "\"user\"");
        assert_eq!(quoted("userId"), "\"userId\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
