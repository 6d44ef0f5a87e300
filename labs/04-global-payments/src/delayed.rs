//! Step 04.2: delayed payment methods.
//!
//! It compiles, it runs, and it is wrong. The regions marked `your turn` are where: here, and
//! in `migrations/002_delayed.sql`.
//! Everything outside them is done for you.

use crate::given::{self, Endpoint};
use crate::told::{Payment, Told};
use simulator::{
    AccountId, Answer, Balance, Clawback, CustomerId, Delivery, Entry, Ledger, Policy, Status,
    World,
};
use std::path::PathBuf;

/// The ledger of step 04.2: what is bought today may be paid on Thursday.
#[derive(Debug)]
pub struct GlobalLedger {
    endpoint: Endpoint,
}

impl Ledger for GlobalLedger {
    fn migrations() -> PathBuf {
        given::migration("002_delayed.sql")
    }

    /// Refunded money takes no credits back here: that is lab 02.
    fn policy() -> Policy {
        Policy {
            clawback: Some(Clawback::None),
            ..Policy::default()
        }
    }

    async fn open(world: &World) -> Answer<Self> {
        let endpoint = Endpoint::open(world).await?;
        Ok(Self { endpoint })
    }

    async fn webhook(&self, delivery: &Delivery) -> Answer<Status> {
        let (payment, news) = match self.endpoint.verified(delivery) {
            Ok((_, told)) => match news(told) {
                Some(told) => told,
                None => return Ok(Status::OK),
            },
            Err(status) => return Ok(status),
        };
        let Some(account) = self.endpoint.account_of(&payment).await? else {
            return Ok(Status::UNAVAILABLE);
        };
        sqlx::query("select tell_purchase($1, $2::uuid, $3, $4)")
            .bind(payment.fact)
            .bind(account)
            .bind(payment.credits)
            .bind(news)
            .execute(&self.endpoint.pool)
            .await?;
        Ok(Status::OK)
    }

    async fn open_account(&self, account: &AccountId) -> Answer<()> {
        self.endpoint.open_account(account).await
    }

    async fn link(&self, account: &AccountId, customer: &CustomerId) -> Answer<()> {
        self.endpoint.link(account, customer).await
    }

    async fn balance(&self, account: &AccountId) -> Answer<Balance> {
        self.endpoint.balance(account).await
    }

    async fn entries(&self, account: &AccountId) -> Answer<Vec<Entry>> {
        self.endpoint.entries(account).await
    }
}

/// What is bought, and what is new about its money: `pending`, `paid` or `failed`.
fn news(told: Told) -> Option<(Payment, &'static str)> {
    match told {
        // ANCHOR: news
        // --- your turn: begin 04.2
        // Bought, and the money is there.
        Told::Payment(payment) if payment.kind != "checkout.session.async_payment_succeeded" => {
            Some((payment, "paid"))
        }
        // Bought by bank debit: it takes some days.
        Told::Later(payment) => Some((payment, "pending")),
        // Whatever else Checkout tells: the purchase is known by now.
        Told::Payment(_) => None,
        // --- your turn: end 04.2
        // ANCHOR_END: news
        // A refund of such a payment is lab 02's.
        Told::Refund(_) | Told::Nothing => None,
    }
}
