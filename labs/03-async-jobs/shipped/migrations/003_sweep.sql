-- Step 03.3: the recovery sweep.

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

create function release_credits(job uuid, account uuid, kind text, amount bigint) returns void
language plpgsql as $$
begin
    update accounts a set spendable = spendable + release_credits.amount
     where a.id = release_credits.account;
    insert into entries (account, kind, delta, job) values (account, kind, amount, job);
end $$;

-- Given: a job's two ends. Lock, look, write (step 03.2).
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
    perform release_credits(job, hold.account, 'charge', hold.amount - charge_job.cost);
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
    perform release_credits(job, hold.account, 'refund', hold.amount);
    return 'refunded';
end $$;

-- ANCHOR: sweep
-- --- your turn: begin 03.3
-- Gives back what dead workers hold: every open hold at least so old. Returns their jobs.
create function sweep_holds(older_than interval) returns setof uuid language plpgsql as $$
declare
    cutoff constant timestamptz := clock_timestamp() - older_than;
    orphan holds;
begin
    for orphan in
        select h.* from holds h where h.status = 'held' and h.created_at <= cutoff
    loop
        perform release_credits(orphan.job, orphan.account, 'sweep', orphan.amount);
        update holds h set status = 'refunded' where h.job = orphan.job;
        return next orphan.job;
    end loop;
end $$;
-- --- your turn: end 03.3
-- ANCHOR_END: sweep
