//! Reading the money while nothing is under way.

use super::play::Play;
use crate::history::{Outcome, What};
use crate::target::{Balance, Call, Entry, LedgerError, Operation, Reply};

impl Play<'_> {
    /// Reads an account's balance and rows into the history.
    pub(super) fn look(&mut self, account: usize, instance: usize) {
        if let Some(read) = self.read_balance(account, instance) {
            self.happens(What::Balance { account, read });
        }
        if let Some(read) = self.read_entries(account, instance) {
            self.happens(What::Entries { account, read });
        }
    }

    pub(super) fn look_at_all(&mut self, instance: usize) {
        for account in self.present() {
            self.look(account, instance);
        }
    }

    pub(super) fn read_balance(
        &mut self,
        account: usize,
        instance: usize,
    ) -> Option<Result<Balance, LedgerError>> {
        let account = self.history.parties[account].account.clone();
        self.read(Operation::Balance, instance, &Call::Balance { account })
            .map(|reply| match reply {
                Reply::Balance(balance) => Ok(balance),
                Reply::Error(error) => Err(error),
                other => Err(LedgerError::failed(format!("answered {other:?}"))),
            })
    }

    pub(super) fn read_entries(
        &mut self,
        account: usize,
        instance: usize,
    ) -> Option<Result<Vec<Entry>, LedgerError>> {
        let account = self.history.parties[account].account.clone();
        self.read(Operation::Entries, instance, &Call::Entries { account })
            .map(|reply| match reply {
                Reply::Entries(rows) => Ok(rows),
                Reply::Error(error) => Err(error),
                other => Err(LedgerError::failed(format!("answered {other:?}"))),
            })
    }

    fn read(&mut self, operation: Operation, instance: usize, call: &Call) -> Option<Reply> {
        if !self.offers(operation) {
            return None;
        }
        match self.call(instance, call) {
            Outcome::Replied(reply) => Some(reply),
            Outcome::Hung(seconds) => {
                let why = format!("did not end within {seconds} s");
                Some(Reply::Error(LedgerError::Failed(why)))
            }
            Outcome::ReplyLost(_) | Outcome::NeverArrived | Outcome::Died => None,
        }
    }
}
