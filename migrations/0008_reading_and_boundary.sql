-- Who may do what. Clients read their own rows; the backend moves credits by calling
-- functions; nobody but the owner touches a table.

-- READING needs no powers of its own: these run with the rights of whoever calls, so that row
-- level security decides what is seen.

-- ANCHOR: reading
-- What an account has. One statement, so one moment: no hold is counted twice or missed.
create function ledger.balance(account uuid)
returns table (spendable bigint, held bigint, owed bigint)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select a.spendable,
           (select coalesce(sum(h.amount), 0)::bigint from ledger.holds h
             where h.account = a.id and h.status = 'held'),
           a.owed
      from ledger.accounts a where a.id = balance.account;
$$;

-- The account's history, oldest first: at most `page` rows after row `after`.
create function ledger.history(account uuid, after bigint, page integer)
returns setof ledger.entries
language sql stable set search_path = pg_catalog, pg_temp as $$
    select e.* from ledger.entries e
     where e.account = history.account and e.id > after
     order by e.id limit least(page, 1000);
$$;
-- ANCHOR_END: reading

-- Who is asking: the subject of the verified token, as Supabase's API sets it (its auth.uid()
-- reads the same). Null for nobody, and nobody owns no rows.
create function ledger.client() returns uuid
language sql stable set search_path = pg_catalog, pg_temp as $$
    select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
$$;

alter table ledger.accounts  enable row level security;
alter table ledger.entries   enable row level security;
alter table ledger.holds     enable row level security;
alter table ledger.settings  enable row level security;
alter table ledger.prices    enable row level security;
alter table ledger.customers enable row level security;
alter table ledger.grants    enable row level security;
alter table ledger.payments  enable row level security;
alter table ledger.disputes  enable row level security;
alter table ledger.events    enable row level security;

-- `(select …)` asks once a query, not once a row.
-- ANCHOR: own_rows
create policy own_account on ledger.accounts for select to authenticated
    using (id = (select ledger.client()));
create policy own_entries on ledger.entries for select to authenticated
    using (account = (select ledger.client()));
create policy own_holds on ledger.holds for select to authenticated
    using (account = (select ledger.client()));
-- ANCHOR_END: own_rows

create policy backend_reads on ledger.accounts for select to service_role using (true);
create policy backend_reads on ledger.entries  for select to service_role using (true);
create policy backend_reads on ledger.holds    for select to service_role using (true);

-- RIGHTS: first nothing for anyone, then what each needs.
--
-- PostgreSQL gives everyone the right to execute every new function, and Supabase gives its
-- three roles rights on whatever is created, by name: revoking from public alone would leave
-- those.
-- ANCHOR: rights
revoke all on schema ledger from public, anon, authenticated, service_role;
revoke all on all tables    in schema ledger from public, anon, authenticated, service_role;
revoke all on all sequences in schema ledger from public, anon, authenticated, service_role;
revoke all on all functions in schema ledger from public, anon, authenticated, service_role;

grant usage on schema ledger to authenticated, service_role;
grant select on ledger.accounts, ledger.entries, ledger.holds to authenticated, service_role;
grant execute on function
    ledger.balance(uuid), ledger.history(uuid, bigint, integer), ledger.client()
    to authenticated, service_role;
-- ANCHOR_END: rights

-- One function a mutation, and the backend's alone. They run with their owner's rights
-- (`security definer`), so each pins its search path: a caller must not be able to slip in a
-- table or an operator of his own. `pg_temp` stands last because it would otherwise be
-- searched first, and anyone may create a temporary table.
grant execute on function
    ledger.open_account(uuid),
    ledger.link_customer(uuid, text),
    ledger.reserve(uuid, text, bigint),
    ledger.charge(text, bigint),
    ledger.refund(text),
    ledger.sweep(interval, integer),
    ledger.grant_credits(uuid, text, bigint),
    ledger.receive_payment(text, text, uuid, text, text, bigint, text[], bigint[]),
    ledger.receive_refund(text, text, bigint, bigint),
    ledger.receive_dispute(text, text, text, bigint, boolean),
    ledger.set_prices(text[], bigint[]),
    ledger.set_late_success(text)
    to service_role;
