-- Pinned, `pg_temp` last, and yet first comes a schema in which clients may make things.
create schema playground;
grant create, usage on schema playground to anon, authenticated;
create table prices (plan text primary key, credits bigint not null);
insert into prices values ('pro', 50);
create function price_of(plan text) returns bigint
language plpgsql security definer set search_path = playground, public, pg_temp as $$
begin
    return (select p.credits from prices p where p.plan = price_of.plan);
end $$;
