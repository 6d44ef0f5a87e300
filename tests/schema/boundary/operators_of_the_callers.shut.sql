create schema playground;
grant create, usage on schema playground to anon, authenticated;
create function is_big(amount bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return amount >= 1000::bigint;
end $$;
