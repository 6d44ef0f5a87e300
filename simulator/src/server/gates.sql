-- Write gates: a pause before each statement that writes, wherever it stands, a function's own
-- statements included. Nobody can hold the ledger's code; its database can.
--
-- A backend passes the gate by taking and giving back a shared advisory lock named after its own
-- process id. Nobody else holds that, so the gate is open, but while a watch of Badai's does.
--
-- Two locks in turn. The watch holds one of them; to let a backend through one gate it takes the
-- other and gives back the first, so that the next gate is shut before this one opens.
create schema badai_wire;

create function badai_wire.gate() returns trigger
-- Whoever writes passes: roles without rights here, and with any search path. The ledger's own
-- lock_timeout isn't for waiting here.
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = 0 as $$
declare
    first  constant integer := 1650549825; -- "badA"
    second constant integer := 1650549826; -- "badB"
    me     constant integer := pg_backend_pid();
    shut   integer := first;
    place  integer;
    verb   integer;
begin
    if pg_try_advisory_lock_shared(first, me) then
        perform pg_advisory_unlock_shared(first, me);
        if pg_try_advisory_lock_shared(second, me) then
            perform pg_advisory_unlock_shared(second, me);
            return null;
        end if;
        shut := second;
    end if;

    -- Says what it is about to write to, for whoever looks into pg_locks: the verb as a class,
    -- the table as a key. An object id is unsigned, a key is not.
    verb := case tg_op when 'INSERT' then 1650549833 when 'UPDATE' then 1650549845
                       when 'DELETE' then 1650549828 else 1650549844 end;
    place := case when tg_relid::bigint > 2147483647 then tg_relid::bigint - 4294967296
                  else tg_relid::bigint end;
    perform pg_advisory_lock_shared(verb, place);
    perform pg_advisory_lock_shared(shut, me);
    perform pg_advisory_unlock_shared(shut, me);
    perform pg_advisory_unlock_shared(verb, place);
    return null;
end $$;

-- Lays a gate before every table that has none. Badai calls it again when the ledger has opened,
-- which may be when it makes its tables. Returns how many are left without.
create function badai_wire.lay() returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    found record;
    without bigint := 0;
begin
    for found in
        select c.oid::regclass as name
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and c.relpersistence <> 't'
           and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
           and not exists (select from pg_trigger t
                            where t.tgrelid = c.oid and t.tgname = '!badai')
         order by c.oid
    loop
        begin
            -- Triggers fire in the order of their names: before the ledger's own.
            execute format(
                'create trigger "!badai" before insert or update or delete or truncate on %s '
                'for each statement execute function badai_wire.gate()', found.name);
            -- Not even a session that has switched triggers off slips past it.
            execute format('alter table %s enable always trigger "!badai"', found.name);
        exception when insufficient_privilege or wrong_object_type then
            without := without + 1; -- Somebody else's.
        end;
    end loop;
    return without;
end $$;

select badai_wire.lay();
