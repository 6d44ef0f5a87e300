-- Step 01.2: reserve without overdraft.

-- Given: accounts, their history, and bought credits (step 01.1, cured).
create table accounts (
    id        uuid   primary key,
    spendable bigint not null default 0
);

create table entries (
    id      bigint generated always as identity primary key,
    account uuid   not null references accounts (id),
    kind    text   not null,
    delta   bigint not null,
    fact    text   unique,
    job     uuid
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'entries are only ever added: % refused', tg_op;
end $$;

create trigger entries_are_only_ever_added
    before update or delete or truncate on entries
    for each statement execute function refuse_change();

-- Adds `amount` once for that fact; false if it was told before with other figures. The number
-- and its row change in one transaction, so they can't disagree.
create function grant_credits(account uuid, fact text, amount bigint) returns boolean
language plpgsql as $$
begin
    insert into entries (account, kind, delta, fact) values (account, 'grant', amount, fact)
    on conflict do nothing;
    if not found then
        return (select e.account = grant_credits.account and e.delta = amount
                  from entries e where e.fact = grant_credits.fact);
    end if;
    update accounts a set spendable = spendable + amount where a.id = account;
    return true;
end $$;

-- ANCHOR: holds
-- --- your turn: begin 01.2
-- Whatever the code does, nobody's balance is committed below zero.
alter table accounts add constraint no_overdraft check (spendable >= 0);

-- A job holds once: that is the database's promise, not the code's.
create table holds (
    job     uuid   primary key,
    account uuid   not null references accounts (id),
    amount  bigint not null check (amount > 0)
);
-- --- your turn: end 01.2
-- ANCHOR_END: holds
