-- Step 01.4: the backend-only boundary.

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

-- Given: what is held, and how it was taken (step 01.2, cured).
alter table accounts add constraint no_overdraft check (spendable >= 0);

create table holds (
    job     uuid   primary key,
    account uuid   not null references accounts (id),
    amount  bigint not null check (amount > 0)
);

alter table holds add column status text not null default 'held'
    check (status in ('held', 'charged', 'refunded'));

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

-- Given: the two client roles of a hosted platform, and what it gives them on everything in this
-- schema. Browsers come as one of them, through an API.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['anon', 'authenticated'] loop
        begin
            if not exists (select from pg_roles r where r.rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null; -- Roles belong to the whole server; somebody else was first.
        end;
    end loop;
end $$;

grant usage on schema public to anon, authenticated;
grant all on all tables in schema public to anon, authenticated;
grant execute on all functions in schema public to anon, authenticated;

-- Given: who is asking, as the API read it from a verified token. Null for nobody.
create function client() returns uuid language sql stable as $$
    select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
$$;

-- ANCHOR: boundary
-- --- your turn: begin 01.4
-- Customers see their own account, and nobody else's.
alter table accounts enable row level security;
create policy own_account on accounts to authenticated using (id = client());

-- The dashboard reserves from the browser, and the balance is none of its business to write: these
-- do it with their owner's rights.
alter function reserve_credits(uuid, uuid, bigint) security definer;
alter function grant_credits(uuid, text, bigint) security definer;
-- --- your turn: end 01.4
-- ANCHOR_END: boundary
