-- Step 03.2: out-of-order guards. There is nothing to write here: the tables are right, and it
-- takes more than tables.

-- Given: accounts, their history, and bought credits (lab 01).
create table accounts (
    id        uuid   primary key,
    spendable bigint not null default 0 check (spendable >= 0)
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

-- Given: what is held, and how it ended (lab 01).
create table holds (
    job        uuid        primary key,
    account    uuid        not null references accounts (id),
    amount     bigint      not null check (amount > 0),
    status     text        not null default 'held'
                           check (status in ('held', 'charged', 'refunded')),
    cost       bigint      check (cost between 0 and amount),
    created_at timestamptz not null default clock_timestamp()
);

create function reserve_credits(job uuid, account uuid, amount bigint) returns text
language plpgsql as $$
declare
    prior holds;
begin
    insert into holds (job, account, amount) values (job, account, amount)
    on conflict do nothing;
    if not found then
        select h.* into prior from holds h where h.job = reserve_credits.job;
        return case
            when prior.account <> reserve_credits.account or prior.amount <> reserve_credits.amount
                then 'conflict'
            when prior.status = 'held' then 'reserved'
            else 'settled'
        end;
    end if;
    update accounts a set spendable = spendable - reserve_credits.amount
     where a.id = reserve_credits.account and a.spendable >= reserve_credits.amount;
    if not found then
        delete from holds h where h.job = reserve_credits.job;
        return 'insufficient';
    end if;
    insert into entries (account, kind, delta, job) values (account, 'reserve', -amount, job);
    return 'reserved';
end $$;
