-- Reserve before the work, charge when it succeeded, refund when it failed.
--
-- The state of a payment is not the state of the work. A worker may crash, answer twice, or
-- answer after everyone gave up on it; a hold ends once, whatever is told in whatever order.

create table ledger.holds (
    job        text        primary key check (length(job) between 1 and 255),
    account    uuid        not null references ledger.accounts,
    amount     bigint      not null check (amount > 0),
    status     text        not null default 'held'
                           check (status in ('held', 'charged', 'refunded')),
    cost       bigint      check (cost between 0 and amount),
    -- The moment of holding, not of the transaction's start: one that waited an hour for a
    -- lock would otherwise be swept as soon as it is there.
    created_at timestamptz not null default clock_timestamp(),
    check ((status = 'charged') = (cost is not null))
);

create index holds_open on ledger.holds (account, created_at) where status = 'held';

-- The ledger's choices: one row.
create table ledger.settings (
    only_row     boolean primary key default true check (only_row),
    -- A job succeeds after its refund. `reject`: the refund was a promise, and stands.
    -- `recollect`: the customer has the work, and pays if the balance still covers it.
    late_success text    not null default 'reject'
                         check (late_success in ('reject', 'recollect'))
);

insert into ledger.settings default values;

-- Chooses what a late success does. One place for all instances, lest they disagree.
create function ledger.set_late_success(choice text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update ledger.settings set late_success = choice where late_success <> choice;
$$;

-- Holds `amount` for the job if spendable covers it:
-- `reserved`, `insufficient`, `conflict` (the job is another's), `settled` (the job has ended).
-- ANCHOR: reserve
create function ledger.reserve(account uuid, job text, amount bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    prior ledger.holds;
begin
    if amount is null or amount < 1 then
        raise exception 'a reserve of % credits makes no sense', amount
            using errcode = 'invalid_parameter_value';
    end if;

    -- 1. Lock first. A copy of this call waits here until we are done.
    perform ledger.lock_account(account);

    -- 2. Then look at prior rows. The copy that waited finds the hold, and is told that it
    --    holds, not that the money is gone.
    select h.* into prior from ledger.holds h where h.job = reserve.job;
    if found then
        return case
            when prior.account <> reserve.account or prior.amount <> reserve.amount
                then 'conflict'
            when prior.status = 'held' then 'reserved'
            else 'settled'
        end;
    end if;

    -- 3. Check and deduct in one statement. Nothing can happen between the two.
    -- ANCHOR: check_and_deduct
    update ledger.accounts a set spendable = a.spendable - amount
     where a.id = reserve.account and a.spendable >= amount;
    -- ANCHOR_END: check_and_deduct
    if not found then
        return 'insufficient';
    end if;

    -- 4. Say what it was for.
    insert into ledger.holds (job, account, amount) values (job, account, amount);
    insert into ledger.entries (account, kind, delta, job)
    values (account, 'reserve', -amount, job);
    return 'reserved';

exception when unique_violation then
    -- Another account's reserve of this very job committed between 2 and 4: our lock is on our
    -- account, not on theirs. The deduction is undone with everything else in this block.
    return 'conflict';
end $$;
-- ANCHOR_END: reserve

-- Locks the account of a job, and only then reads the job. The first look is not to be
-- trusted with anything but the account, which never changes. Null if there is no such job.
-- ANCHOR: lock_job
create function ledger.lock_job(job text) returns ledger.holds
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    hold ledger.holds;
begin
    select h.* into hold from ledger.holds h where h.job = lock_job.job;
    if not found then
        return null;
    end if;
    perform ledger.lock_account(hold.account);
    select h.* into hold from ledger.holds h where h.job = lock_job.job;
    return hold;
end $$;
-- ANCHOR_END: lock_job

-- The job succeeded: `cost` of what was held is spent, the rest comes back, at once.
-- `charged`, `unknown`, `conflict` (another cost was charged, or more than was held),
-- `refunded` (too late: nothing moves).
-- ANCHOR: charge
create function ledger.charge(job text, cost bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    hold ledger.holds;
begin
    if cost is null or cost < 0 then
        raise exception 'a charge of % credits makes no sense', cost
            using errcode = 'invalid_parameter_value';
    end if;

    hold := ledger.lock_job(job);
    if hold.job is null then
        return 'unknown';
    end if;
    -- Charged is final, and told again it is still true.
    if hold.status = 'charged' then
        return case when cost = hold.cost then 'charged' else 'conflict' end;
    end if;
    if hold.status = 'refunded'
        and (select s.late_success from ledger.settings s) = 'reject' then
        return 'refunded';
    end if;
    -- The customer agreed to what was held, and to no more.
    if cost > hold.amount then
        return 'conflict';
    end if;

    if hold.status = 'held' then
        perform ledger.post(hold.account, hold.amount - cost, 'charge', job, null);
    else
        -- A late success: nothing is held any more, so it is spent like a new reserve.
        update ledger.accounts a set spendable = a.spendable - cost
         where a.id = hold.account and a.spendable >= cost;
        if not found then
            return 'refunded';
        end if;
        insert into ledger.entries (account, kind, delta, job)
        values (hold.account, 'recollect', -cost, job);
    end if;

    update ledger.holds h set status = 'charged', cost = charge.cost where h.job = charge.job;
    return 'charged';
end $$;
-- ANCHOR_END: charge

-- The job failed, timed out, or was cancelled: the whole hold comes back.
-- `refunded`, `unknown`, `charged` (it succeeded: nothing moves).
-- ANCHOR: refund
create function ledger.refund(job text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    hold ledger.holds;
begin
    hold := ledger.lock_job(job);
    if hold.job is null then
        return 'unknown';
    end if;
    -- It has ended: say how. This is the guard against a refund after a charge.
    if hold.status <> 'held' then
        return hold.status;
    end if;

    update ledger.holds h set status = 'refunded' where h.job = refund.job;
    perform ledger.post(hold.account, hold.amount, 'refund', job, null);
    return 'refunded';
end $$;
-- ANCHOR_END: refund

-- Refunds the holds that nobody ended, of at most `batch` accounts, and returns their jobs.
-- Repeat it until it returns none: each call is a transaction of its own, so that no account
-- stays locked for the length of a long sweep.
-- ANCHOR: sweep
create function ledger.sweep(older_than interval, batch integer) returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- The database's clock, which also stamped the holds. Workers' clocks differ.
    cutoff  constant timestamptz := clock_timestamp() - older_than;
    owner   uuid;
    orphan  ledger.holds;
begin
    if older_than is null or older_than < interval '0' or batch is null or batch < 1 then
        raise exception 'a sweep of % accounts, older than %, makes no sense', batch, older_than
            using errcode = 'invalid_parameter_value';
    end if;

    -- In the order of their ids: see LOCKS in 0001.
    for owner in
        select h.account from ledger.holds h
         where h.status = 'held' and h.created_at <= cutoff
         group by h.account order by h.account limit batch
    loop
        perform ledger.lock_account(owner);
        -- Look again under the lock: a success that was on its way has charged its job by
        -- now, and is not ours to refund.
        for orphan in
            select h.* from ledger.holds h
             where h.account = owner and h.status = 'held' and h.created_at <= cutoff
             order by h.created_at, h.job
        loop
            update ledger.holds h set status = 'refunded' where h.job = orphan.job;
            perform ledger.post(owner, orphan.amount, 'sweep', orphan.job, null);
            return next orphan.job;
        end loop;
    end loop;
end $$;
-- ANCHOR_END: sweep
