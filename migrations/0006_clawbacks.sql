-- Money that went back takes its credits back, and disputed money that returns brings them again.

-- What we know of a payment. The row may be there before its grant: Stripe promises no order,
-- and a refund that was told first must not be forgotten.
create table ledger.payments (
    id       text   primary key,
    -- In the smallest unit of its currency: the most that anybody has told of it. A dispute tells
    -- only what it takes.
    paid     bigint check (paid > 0),
    -- The running total, as Stripe tells it: it grows.
    refunded bigint not null default 0 check (refunded >= 0 and (refunded = 0 or paid is not null))
);

-- A dispute that took money. One that was won, even if that was told first, takes nothing.
create table ledger.disputes (
    id         text    primary key,
    payment    text    not null references ledger.payments,
    taken      bigint  not null check (taken > 0),
    given_back boolean not null default false
);

create index disputes_by_payment on ledger.disputes (payment);

-- Takes what is due for this grant and isn't taken yet, or gives back what was taken and no
-- longer is. The target is computed from totals, so that the same total told twice moves nothing.
-- The caller holds the locks of the payment and of the account.
-- ANCHOR: claw_back
create function ledger.claw_back(fact text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    owner uuid;
    due   bigint;
begin
    -- div: the whole quotient, rounded down. The fraction of a credit stays with the customer.
    select g.account,
           div(g.credits::numeric * least(p.refunded + coalesce(d.taken, 0), p.paid), p.paid)
               - g.clawed
      into owner, due
      from ledger.grants g join ledger.payments p on p.id = g.payment
      left join lateral (select sum(o.taken) as taken from ledger.disputes o
                          where o.payment = p.id and not o.given_back) d on true
     where g.fact = claw_back.fact and p.paid is not null;

    if due <> 0 then
        update ledger.grants g set clawed = g.clawed + due where g.fact = claw_back.fact;
        perform ledger.post(owner, -due,
            case when due > 0 then 'clawback' else 'reinstatement' end, null, fact);
    end if;
end $$;
-- ANCHOR_END: claw_back
