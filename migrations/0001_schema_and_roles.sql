-- The reference ledger: credits that are bought, held, spent and given back.
--
-- Everything lives in one schema. A new schema is closed: until 0008 opens it, nobody but its
-- owner can reach what the files in between create, not even the execute right that
-- PostgreSQL gives to everyone on every new function.
--
-- LOCKS. Every mutation takes its row locks in this order, and takes none twice in another:
--
--     event  →  customer  →  payment  →  account  →  what hangs on the account
--
-- An event's row is locked by inserting it, the other three by `for no key update`. A mutation
-- skips the steps that it has no use for. Whoever locks several rows of one kind takes them in
-- the order of their ids. The unique key of a new hold or grant comes last: whoever waits for
-- that, waits for somebody who needs no more locks. So mutations wait, but never in a circle.
--
-- The account's row guards everything below it: its balance, its holds, its grants, its
-- entries. Read what was done before only *after* locking it: under READ COMMITTED each
-- statement sees what was committed when it began, so that a call which had to wait then
-- sees what the other one did.
create schema ledger;

-- The three roles of a Supabase project. Elsewhere they are made here; nobody logs in as one.
--   anon           a visitor: sees nothing
--   authenticated  a signed-in customer: reads its own rows
--   service_role   the backend: the only one that can move credits, and only by a function
do $$
declare
    wanted text;
begin
    foreach wanted in array array['anon', 'authenticated', 'service_role'] loop
        begin
            if not exists (select from pg_roles r where r.rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null; -- Roles belong to the whole server; another database's migration was first.
        end;
    end loop;

    -- Whoever migrates may act as the backend, so that one login can do both.
    begin
        execute format('grant service_role to %I', current_user);
    exception when insufficient_privilege then
        raise notice 'the backend''s login must be made a member of service_role';
    end;
end $$;
