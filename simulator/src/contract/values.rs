//! What the parameters of a call stand for.

use super::ledger::Shared;
use super::literal::Literal;
use crate::target::{AccountId, Call, Credits, IdForm, Sale};

impl Shared {
    /// What a parameter stands for in a call.
    pub(super) fn value(&self, call: &Call, name: &str) -> Option<Literal> {
        let credits = |it: &Credits| Some(Literal::Number(self.contract.scale.write(it.get())));
        let text = |it: &str| Some(Literal::Text(it.to_owned()));
        let seconds = |it: u64| Some(Literal::Number(it.to_string()));
        let account = |it: &AccountId| Some(id(it.as_str(), self.contract.account));
        match (call, name) {
            (
                Call::Open { account: it }
                | Call::Link { account: it, .. }
                | Call::Reserve { account: it, .. }
                | Call::Grant { account: it, .. }
                | Call::Checkout { account: it, .. }
                | Call::Balance { account: it }
                | Call::Entries { account: it },
                "account",
            ) => account(it),
            (Call::Link { customer, .. }, "customer") => text(customer.as_str()),
            (Call::Reserve { amount, .. }, "amount") => credits(amount),
            (Call::Charge { cost, .. }, "cost") => credits(cost),
            (
                Call::Reserve { job, .. } | Call::Charge { job, .. } | Call::Refund { job },
                "job",
            ) => Some(id(job.as_str(), self.contract.job)),
            (Call::Sweep { older_than }, "older_than_seconds") => seconds(older_than.as_secs()),
            (Call::Age { by }, "seconds") => seconds(by.as_secs()),
            (
                Call::Grant {
                    fact, amount, sale, ..
                }
                | Call::Checkout {
                    fact, amount, sale, ..
                },
                _,
            ) => match name {
                "fact" => text(fact.as_str()),
                "amount" => credits(amount),
                _ => of_sale(sale, name),
            },
            (Call::Charge { job, .. } | Call::Refund { job }, _) => {
                let known = self.memory.job(job)?;
                match name {
                    "account" => account(&known.account),
                    "amount" => credits(&known.amount),
                    kept => text(known.kept.get(kept)?),
                }
            }
            (Call::Reserve { job, .. }, kept) => text(self.memory.job(job)?.kept.get(kept)?),
            _ => None,
        }
    }
}

/// An id as a literal of its form.
fn id(id: &str, form: IdForm) -> Literal {
    match form {
        IdForm::Integer => Literal::Number(id.to_owned()),
        IdForm::Uuid | IdForm::Text => Literal::Text(id.to_owned()),
    }
}

fn of_sale(sale: &Sale, name: &str) -> Option<Literal> {
    let moment = |seconds: i64| Literal::Text(instant(seconds));
    let text = match name {
        "event" => sale.event.as_str(),
        "customer" => sale.customer.as_str(),
        "price" => &sale.price,
        "period_start" => return sale.period.map(|(start, _)| moment(start)),
        "period_end" => return sale.period.map(|(_, end)| moment(end)),
        _ => return None,
    };
    Some(Literal::Text(text.to_owned()))
}

/// A moment of Unix time as PostgreSQL reads timestamps.
fn instant(seconds: i64) -> String {
    // Howard Hinnant's days to civil date, for years after 0.
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}+00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_a_timestamp() {
        assert_eq!(instant(0), "1970-01-01 00:00:00+00");
        assert_eq!(instant(951_782_399), "2000-02-28 23:59:59+00");
        assert_eq!(instant(951_782_400), "2000-02-29 00:00:00+00");
        assert_eq!(instant(1_767_225_599), "2025-12-31 23:59:59+00");
    }
}
