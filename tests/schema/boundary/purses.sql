-- A shut ledger. Each door beside this file is applied on top of it, open or shut.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['anon', 'authenticated'] loop
        begin
            execute format('create role %I nologin', wanted);
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end $$;

create table purses (
    account  uuid   primary key,
    nickname text   not null default 'somebody',
    credits  bigint not null default 0 check (credits >= 0)
);

create table movements (
    id      bigint generated always as identity primary key,
    account uuid   not null references purses,
    delta   bigint not null,
    fact    text   unique,
    job     uuid   unique
);

create function me() returns uuid language sql stable set search_path = pg_catalog, pg_temp as $$
    select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
$$;

alter table purses enable row level security;
alter table movements enable row level security;
create policy own on purses for select to authenticated using (account = me());
create policy own on movements for select to authenticated using (account = me());
grant select on purses, movements to authenticated;
