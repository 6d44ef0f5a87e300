-- Accounts, and the history that explains every balance.

-- One authority for the balance: this row. What open jobs hold is not written here a second
-- time; it is the sum of the open holds.
create table ledger.accounts (
    id         uuid        primary key,
    spendable  bigint      not null default 0 check (spendable >= 0),
    -- What was clawed back after it had been spent. Whatever comes in pays this first, so an
    -- account never has both.
    owed       bigint      not null default 0 check (owed >= 0),
    created_at timestamptz not null default clock_timestamp(),
    check (spendable = 0 or owed = 0)
);

-- Every movement, for ever. `delta` sums to spendable, `owed` to owed. A row that moves neither
-- still tells what happened: a charge of exactly what was held.
create table ledger.entries (
    -- Written under the account's lock, so within an account this is the order of events.
    id         bigint      generated always as identity primary key,
    account    uuid        not null references ledger.accounts,
    kind       text        not null check (kind in
        ('grant', 'reserve', 'charge', 'refund', 'sweep', 'recollect', 'clawback',
         'reinstatement')),
    delta      bigint      not null,
    owed       bigint      not null default 0,
    job        text,
    fact       text,
    created_at timestamptz not null default clock_timestamp()
);

create index entries_by_account on ledger.entries (account, id);

-- A mistake is mended by another row, never by an eraser. Rights can be granted by accident;
-- this stops the owner too.
create function ledger.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'the history is append-only: % refused', tg_op
        using errcode = 'restrict_violation', hint = 'write a row that says the opposite';
end $$;

create trigger append_only before update or delete or truncate on ledger.entries
    for each statement execute function ledger.refuse_change();

-- `always`: replaying a dump with session_replication_role = replica doesn't slip past it.
alter table ledger.entries enable always trigger append_only;

-- The account exists from now on; said again, it still does.
-- ANCHOR: open_account
create function ledger.open_account(account uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into ledger.accounts (id) values (account) on conflict do nothing;
$$;
-- ANCHOR_END: open_account

-- The lock that guards an account. `no key`: we change its numbers, never its id, so that a
-- row elsewhere which merely refers to the account need not wait.
create function ledger.lock_account(account uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform from ledger.accounts a where a.id = account for no key update;
    if not found then
        raise exception 'no account %', account using errcode = 'invalid_parameter_value';
    end if;
end $$;

-- Adds `amount` to what the account has less what it owes, and writes the row that says so.
-- Given, it pays the debt first. Taken (a negative amount), what isn't there becomes debt.
-- The caller holds the account's lock.
create function ledger.post(account uuid, amount bigint, kind text, job text, fact text)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    before ledger.accounts;
    after  ledger.accounts;
begin
    select a.* into before from ledger.accounts a where a.id = post.account;

    update ledger.accounts a
       set spendable = greatest(a.spendable - a.owed + amount, 0),
           owed      = greatest(a.owed - a.spendable - amount, 0)
     where a.id = post.account
    returning a.* into after;

    insert into ledger.entries (account, kind, delta, owed, job, fact)
    values (post.account, post.kind, after.spendable - before.spendable,
            after.owed - before.owed, post.job, post.fact);
end $$;
