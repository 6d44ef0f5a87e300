-- What Stripe tells. Each function takes one event and applies it in one transaction with the
-- note that it was applied: neither without the other, whenever the process dies.

-- Keep these for longer than Stripe can send again: retries go on for days, and a person can
-- resend an event for a month.
create table ledger.events (
    id          text        primary key,
    received_at timestamptz not null default clock_timestamp()
);

-- The processed-event table's one use. A copy in flight waits here for the first; if that one
-- fails, the copy does its work.
-- ANCHOR: first_time
create function ledger.first_time(event text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into ledger.events (id) values (event) on conflict do nothing;
    return found;
end $$;
-- ANCHOR_END: first_time

-- Locks the payment's row, made now if it is the first we hear of it.
create function ledger.lock_payment(payment text, paid bigint) returns void
language sql set search_path = pg_catalog, pg_temp as $$
    insert into ledger.payments as p (id, paid) values (payment, nullif(paid, 0))
    on conflict (id) do update set paid = greatest(p.paid, excluded.paid);
$$;

-- Money arrived: `granted`, `parked` (until its customer is linked), `seen` (nothing to do),
-- `unknown price` (nothing moved, and the event isn't marked as processed: send it again once
-- the price is known). `account` or `customer` says whose it is; the account goes first.
-- ANCHOR: receive_payment
create function ledger.receive_payment(
    event text, fact text, account uuid, customer text, payment text, paid bigint,
    prices text[], quantities bigint[]
) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    owner uuid := account;
    due   bigint;
begin
    -- An invoice has a line a price. Lines for what isn't sold here give nothing, but at
    -- least one must be known.
    select sum(p.credits * line.quantity) into due
      from unnest(prices, quantities) as line (price, quantity)
      join ledger.prices p on p.id = line.price;
    if due is null then
        return 'unknown price';
    end if;

    if not ledger.first_time(event) or due = 0 then
        return 'seen';
    end if;

    -- The locks, in the order of 0001.
    if owner is null then
        owner := ledger.lock_customer(customer);
    end if;
    if payment is not null then
        perform ledger.lock_payment(payment, paid);
    end if;
    if owner is not null then
        -- Our own server wrote the account into the Checkout Session, so it is a true one even
        -- if this is the first that the ledger hears of it.
        perform ledger.open_account(owner);
        perform ledger.lock_account(owner);
    end if;

    -- The event is new, the fact may be old: Stripe tells one in several events.
    -- Only what is parked waits for its customer. One who was named beside the account may be
    -- somebody that the ledger has never heard of.
    insert into ledger.grants (fact, account, customer, credits, payment)
    values (fact, owner, case when owner is null then receive_payment.customer end, due, payment)
    on conflict do nothing;
    if not found then
        -- Somebody may have granted it by hand while Stripe was late. Then all that is new is
        -- which payment it was, so that a refund finds it.
        update ledger.grants g set payment = receive_payment.payment
         where g.fact = receive_payment.fact and g.account = owner and g.payment is null;
        if found then
            perform ledger.claw_back(fact);
        end if;
        return 'seen';
    elsif owner is null then
        return 'parked';
    end if;

    perform ledger.post(owner, due, 'grant', null, fact);
    perform ledger.claw_back(fact); -- if its refund came first
    return 'granted';
end $$;
-- ANCHOR_END: receive_payment

-- Money went back: of `paid`, `refunded` in all so far. `applied`, `remembered` (until its
-- grant arrives) or `seen`.
-- ANCHOR: receive_refund
create function ledger.receive_refund(event text, payment text, paid bigint, refunded bigint)
returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sale ledger.grants;
begin
    if not ledger.first_time(event) then
        return 'seen';
    end if;

    -- An older event that arrives late says less than we know, and moves nothing.
    insert into ledger.payments as p (id, paid, refunded)
    values (payment, receive_refund.paid, receive_refund.refunded)
    on conflict (id) do update
       set paid = greatest(p.paid, excluded.paid), refunded = greatest(p.refunded, excluded.refunded);

    select g.* into sale from ledger.grants g where g.payment = receive_refund.payment;
    if sale.account is null then
        return 'remembered'; -- not granted yet, or parked
    end if;
    perform ledger.lock_account(sale.account);
    perform ledger.claw_back(sale.fact);
    return 'applied';
end $$;
-- ANCHOR_END: receive_refund

-- A bank took `amount` of a payment because of a dispute, or gives it back. `applied`, `remembered`
-- (until its grant arrives) or `seen`.
create function ledger.receive_dispute(
    event text, dispute text, payment text, amount bigint, given_back boolean
) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    sale ledger.grants;
begin
    if not ledger.first_time(event) then
        return 'seen';
    end if;

    perform ledger.lock_payment(payment, amount);
    -- Won is final: the withdrawal may well be told after it.
    insert into ledger.disputes as d (id, payment, taken, given_back)
    values (dispute, receive_dispute.payment, amount, receive_dispute.given_back)
    on conflict (id) do update set given_back = d.given_back or excluded.given_back;

    select g.* into sale from ledger.grants g where g.payment = receive_dispute.payment;
    if sale.account is null then
        return 'remembered';
    end if;
    perform ledger.lock_account(sale.account);
    perform ledger.claw_back(sale.fact);
    return 'applied';
end $$;

-- The customer is this account's from now on. What it paid before we knew is granted now.
-- ANCHOR: link_customer
create function ledger.link_customer(account uuid, customer text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    owner  uuid;
    parked ledger.grants;
begin
    owner := ledger.lock_customer(customer);
    if owner <> account then
        raise exception 'customer % is another account''s', customer
            using errcode = 'invalid_parameter_value';
    elsif owner = account then
        return;
    end if;

    -- Nothing more can be parked while we hold the customer. Lock the payments too, or a
    -- refund could slip in between the grant and its clawback.
    perform from ledger.payments p
      where p.id in (select g.payment from ledger.grants g
                      where g.customer = link_customer.customer and g.account is null)
      order by p.id for no key update;
    perform ledger.lock_account(account);

    update ledger.customers c set account = link_customer.account where c.id = customer;
    for parked in
        select g.* from ledger.grants g
         where g.customer = link_customer.customer and g.account is null
         order by g.created_at, g.fact
    loop
        update ledger.grants g set account = link_customer.account where g.fact = parked.fact;
        perform ledger.post(account, parked.credits, 'grant', null, parked.fact);
        perform ledger.claw_back(parked.fact);
    end loop;
end $$;
-- ANCHOR_END: link_customer
