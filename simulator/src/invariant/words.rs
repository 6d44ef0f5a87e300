//! A deviation in words: the one reply or balance that is wrong, and what it could have been.

use super::audit::{Deviation, Wrong};
use super::claim::Breach;
use crate::history::{Names, says};
use crate::model::Standing;

impl Deviation {
    /// What a verdict opens with.
    #[must_use]
    pub fn breach(&self) -> Breach {
        let who = Names::account(self.account);
        let wrong = match &self.wrong {
            Wrong::Reply { got, .. } if self.standing == Some(Standing::Nonsense) => {
                format!(
                    "the reply `{}` to an amount that makes no sense, wanted a refusal",
                    says(got)
                )
            }
            Wrong::Reply { got, allowed } if allowed.is_empty() => {
                format!("the reply `{}` is one that can't be right here", says(got))
            }
            Wrong::Reply { got, allowed } => {
                let allowed: Vec<_> = allowed.iter().map(says).collect();
                format!(
                    "the reply `{}`, wanted `{}`",
                    says(got),
                    allowed.join("` or `")
                )
            }
            Wrong::Balance { part, wanted, got } => {
                let wanted: Vec<_> = wanted.iter().map(i64::to_string).collect();
                format!(
                    "{who}'s {} is {got}, wanted {}",
                    part.name(),
                    wanted.join(" or ")
                )
            }
        };
        Breach {
            account: Some(self.account),
            place: self.place,
            cause: self.cause,
            nth: self.nth,
            wrong,
        }
    }
}
