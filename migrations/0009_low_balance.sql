-- Says once that a balance is low, and again only after it has been higher.

-- The thresholds that an account is below, and was told of.
create table ledger.alerts (
    account   uuid   not null references ledger.accounts,
    threshold bigint not null,
    primary key (account, threshold)
);

alter table ledger.alerts enable row level security;

-- Whatever a balance climbs above is armed again, whoever raised it: a webhook, a refund, the sweep.
create function ledger.arm_again() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    -- Nearly nobody was told of anything: looking costs less than a delete that finds nothing.
    if exists (select from ledger.alerts t
                where t.account = new.id and t.threshold <= new.spendable) then
        delete from ledger.alerts t where t.account = new.id and t.threshold <= new.spendable;
    end if;
    return null;
end $$;

create trigger arm_again after update of spendable on ledger.accounts
    for each row when (new.spendable > old.spendable) execute function ledger.arm_again();

-- ANCHOR: low_balance
-- The thresholds that the account has fallen below since it was last told; it is told of each
-- once, whichever instance asks.
create function ledger.low_balance(account uuid, thresholds bigint[]) returns setof bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    has bigint;
begin
    select a.spendable into has from ledger.accounts a where a.id = low_balance.account
       for no key update;
    return query
        insert into ledger.alerts (account, threshold)
        select low_balance.account, below from unnest(thresholds) as below where has < below
        on conflict do nothing
        returning threshold;
end $$;
-- ANCHOR_END: low_balance

revoke all on table ledger.alerts from public, anon, authenticated, service_role;
revoke all on function ledger.low_balance(uuid, bigint[]), ledger.arm_again()
    from public, anon, authenticated, service_role;
grant execute on function ledger.low_balance(uuid, bigint[]) to service_role;
