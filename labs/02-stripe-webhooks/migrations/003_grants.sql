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
-- Money arrived: the account gets its credits.
create function receive_payment(event text, kind text, fact text, account uuid, credits bigint)
returns void language plpgsql as $$
declare
    left_over bigint;
begin
    insert into events (id) values (event) on conflict do nothing;
    if not found then
        return;
    end if;
    if kind = 'invoice.paid' then
        -- A new month begins, with the plan's credits: the old month's are over.
        select a.spendable into left_over from accounts a
         where a.id = receive_payment.account for update;
        perform post(account, 'new month', credits - left_over, fact);
    else
        perform post(account, 'pack', credits, fact);
    end if;
end $$;
-- --- your turn: end 02.3
-- ANCHOR_END: grants
