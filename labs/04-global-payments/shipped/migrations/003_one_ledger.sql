-- Step 04.3: packs, subscriptions and usage on one ledger.

-- Given: accounts, customers, and their history.
create table accounts (
    id   uuid   primary key,
    owed bigint not null default 0
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

-- Given: what is paid and what is held, each once (labs 01 to 03).
create table grants (
    fact    text   primary key,
    account uuid   not null references accounts (id),
    credits bigint not null check (credits > 0)
);

create table holds (
    job     uuid   primary key,
    account uuid   not null references accounts (id),
    amount  bigint not null check (amount > 0),
    status  text   not null default 'held'
                   check (status in ('held', 'charged', 'refunded')),
    cost    bigint check (cost between 0 and amount)
);

-- ANCHOR: purse
-- --- your turn: begin 04.3
-- Two purses: what the plan gives each month, and what was bought on top.
alter table accounts add column plan bigint not null default 0 check (plan >= 0);
alter table accounts add column pack bigint not null default 0 check (pack >= 0);

create function spendable(account uuid) returns bigint language sql as $$
    select a.plan + a.pack from accounts a where a.id = spendable.account;
$$;

create function add_credits(account uuid, kind text, credits bigint) returns void
language plpgsql as $$
begin
    if kind = 'invoice.paid' then
        -- A new month: the plan's purse is full again.
        update accounts a set plan = greatest(a.plan, credits) where a.id = account;
    else
        update accounts a set pack = a.pack + credits where a.id = account;
    end if;
end $$;

-- Takes from the plan first, because it runs out; from what was bought if the plan is too small.
create function take_credits(account uuid, amount bigint) returns boolean
language plpgsql as $$
begin
    update accounts a set plan = a.plan - amount where a.id = account and a.plan >= amount;
    if not found then
        update accounts a set pack = a.pack - amount where a.id = account and a.pack >= amount;
    end if;
    return found;
end $$;

create function give_back(account uuid, amount bigint) returns void language sql as $$
    update accounts a set pack = a.pack + amount where a.id = account;
$$;
-- --- your turn: end 04.3
-- ANCHOR_END: purse

-- Given: who calls them. Each change of the balance has its row, with what it came to.
create function changed(account uuid, kind text, before bigint, fact text) returns void
language sql as $$
    insert into entries (account, kind, delta, fact)
    values (account, kind, spendable(account) - before, fact);
$$;

create function lock_account(account uuid) returns bigint language plpgsql as $$
begin
    perform from accounts a where a.id = account for update;
    return spendable(account);
end $$;

create function receive_payment(fact text, account uuid, kind text, credits bigint) returns void
language plpgsql as $$
declare
    before bigint := lock_account(account);
begin
    insert into grants (fact, account, credits) values (fact, account, credits)
    on conflict do nothing;
    if found then
        perform add_credits(account, kind, credits);
        perform changed(account, kind, before, fact);
    end if;
end $$;

create function reserve_credits(job uuid, account uuid, amount bigint) returns text
language plpgsql as $$
declare
    before bigint := lock_account(account);
    prior  holds;
begin
    select h.* into prior from holds h where h.job = reserve_credits.job;
    if found then
        return case
            when prior.account <> reserve_credits.account or prior.amount <> reserve_credits.amount
                then 'conflict'
            when prior.status = 'held' then 'reserved'
            else 'settled'
        end;
    end if;
    if not take_credits(account, amount) then
        return 'insufficient';
    end if;
    insert into holds (job, account, amount) values (job, account, amount);
    perform changed(account, 'reserve', before, job::text);
    return 'reserved';
end $$;

create function end_job(job uuid, ending text, cost bigint) returns text language plpgsql as $$
declare
    hold   holds;
    before bigint;
begin
    select h.* into hold from holds h where h.job = end_job.job for update;
    if not found then
        return 'unknown';
    elsif hold.status <> 'held' then
        return case when hold.cost <> end_job.cost then 'conflict' else hold.status end;
    elsif end_job.cost not between 0 and hold.amount then
        return 'conflict';
    end if;
    before := lock_account(hold.account);
    update holds h set status = ending, cost = end_job.cost where h.job = end_job.job;
    perform give_back(hold.account, hold.amount - coalesce(end_job.cost, 0));
    perform changed(hold.account, ending, before, job::text);
    return ending;
end $$;

create function charge_job(job uuid, cost bigint) returns text language sql as $$
    select end_job(job, 'charged', cost);
$$;

create function refund_job(job uuid) returns text language sql as $$
    select end_job(job, 'refunded', null);
$$;
