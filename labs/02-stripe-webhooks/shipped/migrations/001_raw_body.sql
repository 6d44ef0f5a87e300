-- Step 02.1: verify the raw body. There is nothing to write here.

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

-- Given: a purchase is granted once, whatever tells it.
create table grants (
    fact    text   primary key,
    account uuid   not null references accounts (id),
    credits bigint not null check (credits > 0)
);

create function grant_once(fact text, account uuid, credits bigint) returns void
language plpgsql as $$
begin
    insert into grants (fact, account, credits) values (fact, account, credits)
    on conflict do nothing;
    if found then
        perform post(account, 'grant', credits, fact);
    end if;
end $$;
