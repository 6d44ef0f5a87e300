-- Step 02.2: a processed-event table.

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

-- Given: adds credits, each time that it is asked to.
create function add_credits(account uuid, credits bigint, fact text) returns void
language sql as $$
    select post(account, 'grant', credits, fact);
$$;

-- ANCHOR: events
-- --- your turn: begin 02.2
-- Which events were processed, and when.
create table events (
    id           text        not null,
    processed_at timestamptz not null default clock_timestamp()
);

create index events_by_id on events (id);
-- --- your turn: end 02.2
-- ANCHOR_END: events
