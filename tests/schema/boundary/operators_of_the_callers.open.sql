-- It names no table, and yet its `>=` is looked for where the caller says.
create schema playground;
grant create, usage on schema playground to anon, authenticated;
create function is_big(amount bigint) returns boolean
language plpgsql security definer as $$
begin
    return amount >= 1000::bigint;
end $$;
