-- Grants add, they never set: a renewal that sets the balance to the plan's credits eats the
-- pack that was bought last week.

-- What was paid for, once each. The key is the fact (the Checkout Session, the Invoice), not
-- the event: any number of events tell one fact.
create table ledger.grants (
    fact       text        primary key check (length(fact) between 1 and 255),
    -- Null while parked: paid by a customer who is linked to no account yet.
    account    uuid        references ledger.accounts,
    customer   text        references ledger.customers,
    -- Small enough that no sum of honest grants overflows, so that giving back never fails.
    credits    bigint      not null check (credits between 1 and 1000000000000),
    -- Stripe's PaymentIntent. One payment pays for one fact, and so is granted once too.
    payment    text        unique,
    -- How many of the credits were clawed back so far.
    clawed     bigint      not null default 0 check (clawed between 0 and credits),
    created_at timestamptz not null default clock_timestamp(),
    check (account is not null or customer is not null)
);

create index grants_parked on ledger.grants (customer) where account is null;

-- Adds `amount` once for that fact: `granted` (also when told again), `conflict` (the fact was
-- told before with another account or amount).
create function ledger.grant_credits(account uuid, fact text, amount bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if amount is null or amount < 1 then
        raise exception 'a grant of % credits makes no sense', amount
            using errcode = 'invalid_parameter_value';
    end if;

    perform ledger.lock_account(account);

    -- The key decides who was first, and a copy waits here until that is known.
    insert into ledger.grants (fact, account, credits) values (fact, account, amount)
    on conflict do nothing;
    if not found then
        return (select case when g.account = grant_credits.account and g.credits = amount
                            then 'granted' else 'conflict' end
                  from ledger.grants g where g.fact = grant_credits.fact);
    end if;

    perform ledger.post(account, amount, 'grant', null, fact);
    return 'granted';
end $$;
