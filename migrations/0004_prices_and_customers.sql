-- What is sold for how many credits, and whose a Stripe customer is.

-- ANCHOR: prices
-- A price keeps its row after it left the shop: its payments may still arrive. Changing its
-- credits changes what is granted from now on, never what was.
create table ledger.prices (
    id      text   primary key,
    -- 0: sold, but not for credits (a seat, a domain).
    credits bigint not null check (credits between 0 and 1000000000000)
);
-- ANCHOR_END: prices

-- Writes the catalogue down; told again, nothing changes. Sorted, so that two instances that
-- start together never wait for each other in a circle.
create function ledger.set_prices(prices text[], credits bigint[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into ledger.prices as p (id, credits)
    select offer.id, offer.credits
      from unnest(prices, credits) as offer (id, credits)
     order by offer.id
    on conflict (id) do update set credits = excluded.credits
     where p.credits <> excluded.credits;
$$;

-- A customer of Stripe. Its row may be there before its account is known: an invoice can
-- arrive before the link does, and the row is what the two lock, so that neither misses the
-- other.
create table ledger.customers (
    id      text primary key,
    account uuid references ledger.accounts
);

-- Locks the customer's row, made now if it is the first we hear of it; returns whose it is.
create function ledger.lock_customer(customer text) returns uuid
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    account uuid;
begin
    insert into ledger.customers (id) values (customer) on conflict do nothing;
    select c.account into account from ledger.customers c where c.id = customer
       for no key update;
    return account;
end $$;
