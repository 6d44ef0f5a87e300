//! What clients' statements call this run's accounts, and what hangs on them.

use super::play::Play;
use crate::client::Mask;
use crate::history::Outcome;
use crate::target::{Call, Charge, Reply, Reserve};

/// The names that statements have for accounts, in the order of the parties.
pub(super) const ACCOUNTS: [&str; 3] = ["$ana", "$budi", "$bystander"];

impl Play<'_> {
    /// The names for this run's ids.
    pub(super) fn mask(&self) -> Mask {
        let mut names = vec![("$new".to_owned(), self.cast.nonsense(0).as_str().to_owned())];
        for (account, party) in self.history.parties.iter().enumerate() {
            let name = ACCOUNTS[account.min(2)];
            let mut add = |what: &str, id: &str| {
                let name = format!("{name}{what}");
                if !names.iter().any(|(other, _)| *other == name) {
                    names.push((name, id.to_owned()));
                }
            };
            add("", party.account.as_str());
            add("_customer", self.customers[account].as_str());
            let (open, done) = self.jobs(account);
            // A name without a job stands for one that nobody reserved.
            let nobodys = self.cast.nonsense(1 + account);
            add("_job", open.as_deref().unwrap_or(nobodys.as_str()));
            add("_done", done.as_deref().unwrap_or(nobodys.as_str()));
            add(
                "_fact",
                &self
                    .fact(account)
                    .unwrap_or_else(|| "cs_test_nobodys".to_owned()),
            );
        }
        Mask::new(names)
    }

    /// A job of the account's that is held, and one that was charged.
    fn jobs(&self, account: usize) -> (Option<String>, Option<String>) {
        let (mut open, mut done) = (None, None);
        for (_, request) in self.history.requests() {
            let replied = request.outcome.heard();
            match (&request.call, replied) {
                (Call::Reserve { job, .. }, Some(Reply::Reserve(Reserve::Reserved)))
                    if request.account == Some(account) =>
                {
                    open.get_or_insert_with(|| job.as_str().to_owned());
                }
                (Call::Charge { job, .. }, Some(Reply::Charge(Charge::Charged)))
                    if request.account == Some(account) =>
                {
                    done = Some(job.as_str().to_owned());
                    if open.as_deref() == Some(job.as_str()) {
                        open = None;
                    }
                }
                _ => {}
            }
        }
        (open, done)
    }

    /// A sale to the account that the ledger was told of.
    fn fact(&self, account: usize) -> Option<String> {
        use crate::model::Deed::{Echoed, Grant, Paid};
        self.history.requests().find_map(|(_, request)| {
            let (Grant { fact, .. } | Paid { fact, .. } | Echoed { fact, .. }) = &request.deed
            else {
                return None;
            };
            let told = matches!(request.outcome, Outcome::Replied(_));
            (told && request.account == Some(account)).then(|| fact.as_str().to_owned())
        })
    }
}
