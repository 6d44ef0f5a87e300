-- Step 02.4: refunds, disputes, clawbacks.

-- Given: accounts, customers, and their history.
create table accounts (
    id        uuid   primary key,
    spendable bigint not null default 0 check (spendable >= 0),
    owed      bigint not null default 0 check (owed >= 0)
);

create table customers (
    id      text primary key,
    account uuid not null references accounts (id)
);

create table entries (
    id      bigint generated always as identity primary key,
    account uuid   not null references accounts (id),
    kind    text   not null,
    delta   bigint not null,
    fact    text
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'entries are only ever added: % refused', tg_op;
end $$;

create trigger entries_are_only_ever_added
    before update or delete or truncate on entries
    for each statement execute function refuse_change();

-- Moves an account by `amount` and writes the row that says so. Given, it pays what is owed first;
-- taken, what isn't there becomes owed.
create function post(account uuid, kind text, amount bigint, fact text) returns void
language plpgsql as $$
declare
    before bigint;
    after  bigint;
begin
    select a.spendable into before from accounts a where a.id = post.account for update;
    update accounts a
       set spendable = greatest(a.spendable - a.owed + post.amount, 0),
           owed      = greatest(a.owed - a.spendable - post.amount, 0)
     where a.id = post.account
    returning a.spendable into after;
    insert into entries (account, kind, delta, fact) values (account, kind, after - before, fact);
end $$;

-- Given: an event is processed once (step 02.2).
create table events (
    id           text        primary key,
    processed_at timestamptz not null default clock_timestamp()
);

-- Given: what is known of each purchase and of its payment. A payment's row may be there before its
-- purchase: Stripe promises no order.
create table grants (
    fact    text   primary key,
    account uuid   not null references accounts (id),
    credits bigint not null check (credits > 0),
    payment text   not null unique,
    -- How many of the credits were taken back so far.
    taken   bigint not null default 0
);

create table payments (
    id       text   primary key,
    -- 0 until somebody tells it: a dispute doesn't.
    paid     bigint not null default 0,
    -- The running total, as Stripe tells it.
    refunded bigint not null default 0,
    -- What banks hold because of disputes, by now.
    disputed bigint not null default 0
);

-- Given: the money of each dispute. What was given back stays so, even if it is told first.
create table disputes (
    id         text    primary key,
    payment    text    not null references payments,
    amount     bigint  not null,
    given_back boolean not null default false
);

-- ANCHOR: clawbacks
-- --- your turn: begin 02.4
-- What has gone back of a payment by now, by refunds and disputes, takes its share of the credits.
-- Only what changed since counts, so that the same total told twice, or an older one told late,
-- moves nothing, and what a bank gives back brings its share again. The caller holds the payment's
-- lock.
create function take_back(payment text) returns void language plpgsql as $$
declare
    sale grants;
    due  bigint;
begin
    select g.* into sale from grants g where g.payment = take_back.payment;
    -- Rounded down: the fraction of a credit stays with the customer.
    select sale.credits * least(p.refunded + p.disputed, p.paid) / p.paid - sale.taken into due
      from payments p where p.id = take_back.payment and p.paid > 0;
    if due <> 0 then
        update grants g set taken = g.taken + due where g.fact = sale.fact;
        perform post(sale.account, 'clawback', -due, sale.fact);
    end if;
end $$;

-- Money went back: of `paid`, `refunded` in all so far. If its purchase isn't known yet, the total
-- waits in the payment's row, and the purchase settles with it.
create function receive_refund(event text, payment text, paid bigint, refunded bigint)
returns void language plpgsql as $$
begin
    insert into events (id) values (event) on conflict do nothing;
    if not found then
        return;
    end if;
    insert into payments as p (id, paid, refunded) values (payment, paid, refunded)
    on conflict (id) do update
       set paid = excluded.paid, refunded = greatest(p.refunded, excluded.refunded);
    perform take_back(payment);
end $$;
-- --- your turn: end 02.4
-- ANCHOR_END: clawbacks

-- Given: money arrived (step 02.3). Whoever works at a payment locks its row first.
create function receive_payment(
    event text, kind text, fact text, account uuid, credits bigint, payment text, paid bigint
) returns void language plpgsql as $$
begin
    insert into events (id) values (event) on conflict do nothing;
    if not found then
        return;
    end if;
    insert into payments as p (id, paid) values (payment, paid)
    on conflict (id) do update set paid = excluded.paid;
    insert into grants (fact, account, credits, payment) values (fact, account, credits, payment)
    on conflict do nothing;
    if found then
        perform post(account, kind, credits, fact);
        perform take_back(payment);
    end if;
end $$;

-- Given: a bank took a dispute's money, or gave it back.
create function receive_dispute(
    event text, dispute text, payment text, amount bigint, given_back boolean
) returns void language plpgsql as $$
begin
    insert into events (id) values (event) on conflict do nothing;
    if not found then
        return;
    end if;
    insert into payments (id) values (payment) on conflict do nothing;
    perform from payments p where p.id = receive_dispute.payment for update;
    insert into disputes as d (id, payment, amount, given_back)
    values (dispute, payment, amount, given_back)
    on conflict (id) do update set given_back = d.given_back or excluded.given_back;
    update payments p
       set disputed = (select coalesce(sum(d.amount), 0) from disputes d
                        where d.payment = p.id and not d.given_back)
     where p.id = receive_dispute.payment;
    perform take_back(payment);
end $$;
