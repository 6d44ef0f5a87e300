-- Step 04.2: delayed payment methods.

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

-- ANCHOR: purchases
-- --- your turn: begin 04.2
-- What was bought, and whether the money is there: 'pending', 'paid' or 'failed'.
create table purchases (
    fact    text   primary key,
    account uuid   not null references accounts (id),
    credits bigint not null check (credits > 0),
    status  text   not null
);

-- News of a purchase. Told again, there is nothing to do.
create function tell_purchase(fact text, account uuid, credits bigint, news text) returns void
language plpgsql as $$
begin
    insert into purchases (fact, account, credits, status) values (fact, account, credits, news)
    on conflict do nothing;
    if found and news = 'paid' then
        perform post(account, 'pack', credits, fact);
    end if;
end $$;
-- --- your turn: end 04.2
-- ANCHOR_END: purchases
