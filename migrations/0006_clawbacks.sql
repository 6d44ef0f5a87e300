-- Refunded money takes its credits back.

-- What we know of a payment. The row may be there before its grant: Stripe promises no order,
-- and a refund that was told first must not be forgotten.
create table ledger.payments (
    id       text   primary key,
    -- In the smallest unit of its currency; null until a refund told it.
    paid     bigint check (paid > 0),
    -- The running total, as Stripe tells it: it grows.
    refunded bigint not null default 0 check (refunded >= 0 and (refunded = 0 or paid is not null))
);

-- Takes what is due for this grant and isn't taken yet. Only growth counts: the target is
-- computed from the running total, so that the same total told twice moves nothing.
-- The caller holds the locks of the payment and of the account.
-- ANCHOR: claw_back
create function ledger.claw_back(fact text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    owner uuid;
    due   bigint;
begin
    -- div: the whole quotient, rounded down. The fraction of a credit stays with the customer.
    select g.account, div(g.credits::numeric * least(p.refunded, p.paid), p.paid) - g.clawed
      into owner, due
      from ledger.grants g join ledger.payments p on p.id = g.payment
     where g.fact = claw_back.fact and p.paid is not null;

    if due > 0 then
        update ledger.grants g set clawed = g.clawed + due where g.fact = claw_back.fact;
        perform ledger.post(owner, -due, 'clawback', null, fact);
    end if;
end $$;
-- ANCHOR_END: claw_back
