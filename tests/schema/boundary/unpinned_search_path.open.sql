-- Which `prices` is meant, the caller's search path says.
create table prices (plan text primary key, credits bigint not null);
insert into prices values ('pro', 50);
create function price_of(plan text) returns bigint
language plpgsql security definer as $$
begin
    return (select p.credits from prices p where p.plan = price_of.plan);
end $$;
