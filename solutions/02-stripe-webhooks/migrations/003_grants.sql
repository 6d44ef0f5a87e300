-- Step 02.3: grants that add.

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

-- ANCHOR: grants
-- --- your turn: begin 02.3
-- What was paid for, once each. Several events, each with an id of its own, may tell one purchase;
-- so its key is the Checkout Session or the Invoice.
create table grants (
    fact    text   primary key,
    account uuid   not null references accounts (id),
    credits bigint not null check (credits > 0)
);

-- Money arrived: the account gets its credits.
create function receive_payment(event text, kind text, fact text, account uuid, credits bigint)
returns void language plpgsql as $$
begin
    insert into events (id) values (event) on conflict do nothing;
    if not found then
        return; -- A repeat leaves early. It is the next key that holds money.
    end if;
    insert into grants (fact, account, credits) values (fact, account, credits)
    on conflict do nothing;
    if found then
        -- Grants add, whatever they are for. A renewal that sets the balance eats the pack that
        -- was bought last week.
        perform post(account, kind, credits, fact);
    end if;
end $$;
-- --- your turn: end 02.3
-- ANCHOR_END: grants
