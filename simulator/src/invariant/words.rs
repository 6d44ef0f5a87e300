//! A deviation in words: the one reply or balance that is wrong, and what it could have been.

use super::audit::{Deviation, Wrong};
use super::claim::Breach;
use crate::history::{Names, says};
use crate::model::Standing;
use crate::target::Reply;

impl Deviation {
    /// What a verdict opens with.
    #[must_use]
    pub fn breach(&self) -> Breach {
        let who = Names::account(self.account);
        let either = |some: Vec<String>| some.join(" or ");
        let quoted = |reply: &Reply| format!("`{}`", says(reply));
        let (wrong, wanted) = match &self.wrong {
            Wrong::Reply { got, .. } if self.standing == Some(Standing::Nonsense) => {
                let what = "to an amount that makes no sense, wanted a refusal";
                (
                    format!("the reply {} {what}", quoted(got)),
                    Some("a refusal".to_owned()),
                )
            }
            Wrong::Reply { got, allowed } if allowed.is_empty() => {
                let what = "is one that can't be right here";
                (format!("the reply {} {what}", quoted(got)), None)
            }
            Wrong::Reply { got, allowed } => {
                let wanted = either(allowed.iter().map(quoted).collect());
                (
                    format!("the reply {}, wanted {wanted}", quoted(got)),
                    Some(wanted),
                )
            }
            Wrong::Balance { part, wanted, got } => {
                let wanted = either(wanted.iter().map(i64::to_string).collect());
                let part = part.name();
                (
                    format!("{who}'s {part} is {got}, wanted {wanted}"),
                    Some(format!("{who}'s {part} to be {wanted}")),
                )
            }
        };
        Breach {
            account: Some(self.account),
            place: self.place,
            cause: self.cause,
            nth: self.nth,
            wrong,
            wanted,
        }
    }
}
