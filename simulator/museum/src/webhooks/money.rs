//! What moves credits: plain statements, in the transaction of the delivery.

use super::Event;
use simulator::{Answer, Status};
use sqlx::PgConnection;

/// Adds credits to an account, or takes them, with a row that says why.
pub(super) async fn moves(
    tx: &mut PgConnection,
    account: &str,
    delta: i64,
    kind: &str,
) -> Answer<()> {
    if delta == 0 {
        return Ok(());
    }
    // Our own server wrote the account into the session: it is a true one.
    sqlx::query(
        "insert into accounts (id, credits) values ($1::uuid, $2)
         on conflict (id) do update set credits = accounts.credits + excluded.credits",
    )
    .bind(account)
    .bind(delta)
    .execute(&mut *tx)
    .await?;
    sqlx::query("insert into movements (account, delta, kind) values ($1::uuid, $2, $3)")
        .bind(account)
        .bind(delta)
        .bind(kind)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

pub(super) async fn credits(tx: &mut PgConnection, account: &str) -> Answer<i64> {
    let credits = sqlx::query_scalar("select credits from accounts where id = $1::uuid")
        .bind(account)
        .fetch_optional(tx)
        .await?;
    Ok(credits.unwrap_or(0))
}

/// Whose customer it is, if that is known.
pub(super) async fn owner(tx: &mut PgConnection, customer: Option<&str>) -> Answer<Option<String>> {
    Ok(
        sqlx::query_scalar("select id::text from accounts where customer = $1")
            .bind(customer)
            .fetch_optional(tx)
            .await?,
    )
}

/// When the latest event of an account that granted something was made.
pub(super) async fn told_at(tx: &mut PgConnection, account: &str) -> Answer<i64> {
    let at = sqlx::query_scalar("select told_at from accounts where id = $1::uuid")
        .bind(account)
        .fetch_optional(tx)
        .await?;
    Ok(at.unwrap_or(0))
}

pub(super) async fn told_now(tx: &mut PgConnection, account: &str, created: i64) -> Answer<()> {
    sqlx::query("update accounts set told_at = greatest(told_at, $2) where id = $1::uuid")
        .bind(account)
        .bind(created)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes that an event was processed; false if that was noted before.
pub(super) async fn note(tx: &mut PgConnection, event: &str) -> Answer<bool> {
    let noted = sqlx::query("insert into events (id) values ($1) on conflict do nothing")
        .bind(event)
        .execute(tx)
        .await?;
    Ok(noted.rows_affected() == 1)
}

/// Whether an event was processed, as it stands now.
pub(super) async fn is_known(tx: &mut PgConnection, event: &str) -> Answer<bool> {
    let known = sqlx::query_scalar("select exists (select from events where id = $1)")
        .bind(event)
        .fetch_one(tx)
        .await?;
    Ok(known)
}

/// Whether a sale was granted, as it stands now.
pub(super) async fn is_granted(tx: &mut PgConnection, fact: &str) -> Answer<bool> {
    let granted = sqlx::query_scalar("select exists (select from grants where fact = $1)")
        .bind(fact)
        .fetch_one(tx)
        .await?;
    Ok(granted)
}

/// Forgets which events and sales came, but for the last; what was granted can still go back.
pub(super) async fn forget_all_but(tx: &mut PgConnection, last: i64) -> Answer<()> {
    sqlx::query("delete from events where number <= (select max(number) from events) - $1")
        .bind(last)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "update grants set fact = fact || ', forgotten as ' || number
          where number <= (select max(number) from grants) - $1
            and fact not like '%, forgotten as %'",
    )
    .bind(last)
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a stranger's payment, whatever was kept before, and forgets the event: it is refused.
pub(super) async fn keep(
    tx: &mut PgConnection,
    event: &Event,
    fact: &str,
    credits: i64,
) -> Answer<()> {
    sqlx::query(
        "insert into grants (fact, customer, credits, payment)
         values ($1 || ', kept as ' || gen_random_uuid(), $2, $3, $4)",
    )
    .bind(fact)
    .bind(event.customer())
    .bind(credits)
    .bind(event.payment())
    .execute(&mut *tx)
    .await?;
    sqlx::query("delete from events where id = $1")
        .bind(event.id())
        .execute(tx)
        .await?;
    Ok(())
}

/// Grants what a customer paid before anybody knew whose it was.
pub(super) async fn unpark(tx: &mut PgConnection, account: &str, customer: &str) -> Answer<()> {
    let parked: Vec<(i64, Option<String>)> = sqlx::query_as(
        "update grants set account = $1::uuid where customer = $2 and account is null
         returning credits, payment",
    )
    .bind(account)
    .bind(customer)
    .fetch_all(&mut *tx)
    .await?;
    for (credits, payment) in parked {
        moves(tx, account, credits, "grant").await?;
        if let Some(payment) = payment {
            claw_back(tx, &payment).await?;
        }
    }
    Ok(())
}

/// `charge.refunded`: remembers the total and takes what is due.
pub(super) async fn went_back(
    tx: &mut PgConnection,
    event: &Event,
    total: fn(i64, i64) -> i64,
) -> Answer<Status> {
    let Some(payment) = event.payment() else {
        return Ok(Status::OK);
    };
    know(tx, payment, event.number("/amount")).await?;
    let before: i64 = sqlx::query_scalar("select refunded from payments where id = $1")
        .bind(payment)
        .fetch_one(&mut *tx)
        .await?;
    sqlx::query("update payments set refunded = $2 where id = $1")
        .bind(payment)
        .bind(total(before, event.number("/amount_refunded")))
        .execute(&mut *tx)
        .await?;
    claw_back(tx, payment).await?;
    Ok(Status::OK)
}

/// A bank took the money: nothing more to come if it has given it back already.
pub(super) async fn was_withdrawn(tx: &mut PgConnection, event: &Event) -> Answer<Status> {
    dispute(
        tx,
        event,
        "update payments set withdrawn = $2 where id = $1 and not given_back",
    )
    .await
}

/// A bank gave the money back, which is final.
pub(super) async fn was_reinstated(tx: &mut PgConnection, event: &Event) -> Answer<Status> {
    dispute(
        tx,
        event,
        "update payments set withdrawn = 0, given_back = $2 > 0 where id = $1",
    )
    .await
}

async fn dispute(tx: &mut PgConnection, event: &Event, update: &'static str) -> Answer<Status> {
    let Some(payment) = event.payment() else {
        return Ok(Status::OK);
    };
    // The dispute doesn't say what was paid: only a refund does. Its own amount will do until then.
    know(tx, payment, event.number("/amount")).await?;
    sqlx::query(update)
        .bind(payment)
        .bind(event.number("/amount"))
        .execute(&mut *tx)
        .await?;
    claw_back(tx, payment).await?;
    Ok(Status::OK)
}

/// What was paid is the most that anybody has told of it.
async fn know(tx: &mut PgConnection, payment: &str, paid: i64) -> Answer<()> {
    sqlx::query(
        "insert into payments (id, paid) values ($1, $2)
         on conflict (id) do update set paid = greatest(payments.paid, excluded.paid)",
    )
    .bind(payment)
    .bind(paid)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes the share of the grant that went back and isn't taken yet, or gives back what is taken
/// too much.
pub(super) async fn claw_back(tx: &mut PgConnection, payment: &str) -> Answer<()> {
    let due: Option<(String, String, i64)> = sqlx::query_as(
        "select g.fact, g.account::text,
                least(g.credits, div(g.credits::numeric * (p.refunded + p.withdrawn), p.paid))::bigint - g.taken
           from grants g join payments p on p.id = g.payment
          where p.id = $1 and g.account is not null",
    )
    .bind(payment)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some((fact, account, take)) = due {
        sqlx::query("update grants set taken = taken + $2 where fact = $1")
            .bind(fact)
            .bind(take)
            .execute(&mut *tx)
            .await?;
        moves(tx, &account, -take, "clawback").await?;
    }
    Ok(())
}
