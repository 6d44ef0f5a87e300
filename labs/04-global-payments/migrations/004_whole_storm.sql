-- Step 04.4: the whole storm.

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

create function spendable(account uuid) returns bigint language sql as $$
    select a.spendable from accounts a where a.id = spendable.account;
$$;

-- Given: events, purchases, payments, and what is held (labs 02 and 03).
create table events (
    id           text        primary key,
    processed_at timestamptz not null default clock_timestamp()
);

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
    paid     bigint not null default 0,
    -- The running total, as Stripe tells it.
    refunded bigint not null default 0
);

create table holds (
    job        uuid        primary key,
    account    uuid        not null references accounts (id),
    amount     bigint      not null check (amount > 0),
    status     text        not null default 'held'
                           check (status in ('held', 'charged', 'refunded')),
    cost       bigint      check (cost between 0 and amount),
    created_at timestamptz not null default clock_timestamp()
);

-- ANCHOR: whole_storm
-- --- your turn: begin 04.4
-- Holds `amount` for the job: 'reserved', 'insufficient', 'conflict' or 'settled'.
create function reserve_credits(job uuid, account uuid, amount bigint) returns text
language plpgsql as $$
declare
    prior holds;
begin
    -- A double click holds once.
    select h.* into prior from holds h where h.job = reserve_credits.job;
    if found then
        return case
            when prior.account <> reserve_credits.account or prior.amount <> reserve_credits.amount
                then 'conflict'
            when prior.status = 'held' then 'reserved'
            else 'settled'
        end;
    end if;
    -- Check and deduct in one statement.
    update accounts a set spendable = a.spendable - amount
     where a.id = account and a.spendable >= amount;
    if not found then
        return 'insufficient';
    end if;
    insert into holds (job, account, amount) values (job, account, amount);
    insert into entries (account, kind, delta) values (account, 'reserve', -amount);
    return 'reserved';
end $$;

-- What a job didn't need is the customer's again.
create function give_back(account uuid, kind text, amount bigint, job uuid) returns void
language plpgsql as $$
begin
    update accounts a set spendable = a.spendable + amount where a.id = account;
    insert into entries (account, kind, delta, fact) values (account, kind, amount, job::text);
end $$;
-- --- your turn: end 04.4
-- ANCHOR_END: whole_storm

-- Given: refunds and payments (lab 02).
-- Takes what is due for this payment and isn't taken yet: only growth counts, so that the same
-- total told twice, or an older one told late, moves nothing. The caller holds the payment's lock.
create function take_back(payment text) returns void language plpgsql as $$
declare
    sale grants;
    due  bigint;
begin
    select g.* into sale from grants g where g.payment = take_back.payment;
    -- Rounded down: the fraction of a credit stays with the customer.
    select sale.credits * p.refunded / p.paid - sale.taken into due
      from payments p where p.id = take_back.payment and p.paid > 0;
    if due > 0 then
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

-- Given: money arrived. Whoever works at a payment locks its row first.
create function receive_payment(
    event text, kind text, fact text, account uuid, credits bigint, payment text
) returns void language plpgsql as $$
begin
    insert into events (id) values (event) on conflict do nothing;
    if not found then
        return;
    end if;
    insert into payments (id) values (payment) on conflict do nothing;
    perform from payments p where p.id = receive_payment.payment for update;
    insert into grants (fact, account, credits, payment) values (fact, account, credits, payment)
    on conflict do nothing;
    if found then
        perform post(account, kind, credits, fact);
        perform take_back(payment);
    end if;
end $$;

-- Given: a job's two ends, and the sweep (lab 03). Lock, look, write.
create function charge_job(job uuid, cost bigint) returns text language plpgsql as $$
declare
    hold holds;
begin
    select h.* into hold from holds h where h.job = charge_job.job for update;
    if not found then
        return 'unknown';
    elsif hold.status = 'charged' then
        return case when hold.cost = charge_job.cost then 'charged' else 'conflict' end;
    elsif hold.status = 'refunded' then
        return 'refunded';
    elsif charge_job.cost not between 0 and hold.amount then
        return 'conflict';
    end if;
    update holds h set status = 'charged', cost = charge_job.cost where h.job = charge_job.job;
    perform give_back(hold.account, 'charge', hold.amount - charge_job.cost, job);
    return 'charged';
end $$;

create function refund_job(job uuid) returns text language plpgsql as $$
declare
    hold holds;
begin
    select h.* into hold from holds h where h.job = refund_job.job for update;
    if not found then
        return 'unknown';
    elsif hold.status <> 'held' then
        return hold.status;
    end if;
    update holds h set status = 'refunded' where h.job = refund_job.job;
    perform give_back(hold.account, 'refund', hold.amount, job);
    return 'refunded';
end $$;

create function sweep_holds(older_than interval) returns setof uuid language plpgsql as $$
declare
    cutoff constant timestamptz := clock_timestamp() - older_than;
    candidate uuid;
    orphan holds;
begin
    for candidate in
        select h.job from holds h where h.status = 'held' and h.created_at <= cutoff
         order by h.account, h.job
    loop
        select h.* into orphan from holds h
         where h.job = candidate and h.status = 'held' for update;
        if found then
            update holds h set status = 'refunded' where h.job = candidate;
            perform give_back(orphan.account, 'sweep', orphan.amount, candidate);
            return next candidate;
        end if;
    end loop;
end $$;
