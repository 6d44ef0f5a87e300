-- What a hosted Supabase project has before its first migration, as far as a ledger can tell:
-- roles, schemas, claims, and stand-ins for what reaches out of the database. Sources: Supabase's
-- documentation (Postgres roles; Row Level Security; auth.users; Database Webhooks; Cron), and the
-- initial scripts that its own Postgres image publishes.

-- Roles belong to the whole server, so another run may be making them at this moment.
do $$
declare
    wanted text;
begin
    foreach wanted in array array[
        'postgres', 'anon', 'authenticated', 'service_role', 'authenticator', 'dashboard_user',
        'supabase_admin', 'supabase_auth_admin', 'supabase_storage_admin',
        'supabase_realtime_admin', 'supabase_functions_admin'
    ] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end $$;

do $$
begin
    -- Row level security doesn't bind these two.
    if not (select rolbypassrls from pg_roles where rolname = 'service_role') then
        alter role service_role bypassrls;
    end if;
    if not (select rolbypassrls or rolsuper from pg_roles where rolname = 'postgres') then
        alter role postgres createrole createdb bypassrls;
    end if;
end $$;

grant anon, authenticated, service_role to postgres, authenticator;
do $$
begin
    if current_user <> 'postgres' then
        grant postgres to current_user;
    end if;
end $$;

-- Setup runs as `postgres`, which owns what the migrations make.
do $$
begin
    execute format('grant all on database %I to postgres', current_database());
end $$;
grant all on schema public to postgres;
grant usage on schema public to anon, authenticated, service_role;

-- Who is asking: the claims of a verified token, in both styles that the API has set them in.
create schema auth;
grant usage on schema auth to anon, authenticated, service_role, postgres;

create function auth.jwt() returns jsonb language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;

create function auth.uid() returns uuid language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    )::uuid
$$;

create function auth.role() returns text language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
    )::text
$$;

create function auth.email() returns text language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.email', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
    )::text
$$;

create table auth.users (
    instance_id                 uuid,
    id                          uuid primary key default gen_random_uuid(),
    aud                         text default 'authenticated',
    role                        text default 'authenticated',
    email                       text,
    encrypted_password          text,
    email_confirmed_at          timestamptz,
    invited_at                  timestamptz,
    confirmation_token          text,
    confirmation_sent_at        timestamptz,
    recovery_token              text,
    recovery_sent_at            timestamptz,
    email_change_token_new      text,
    email_change                text,
    email_change_sent_at        timestamptz,
    last_sign_in_at             timestamptz,
    raw_app_meta_data           jsonb default '{}',
    raw_user_meta_data          jsonb default '{}',
    is_super_admin              boolean,
    created_at                  timestamptz default now(),
    updated_at                  timestamptz default now(),
    phone                       text unique,
    phone_confirmed_at          timestamptz,
    phone_change                text default '',
    phone_change_token          text default '',
    phone_change_sent_at        timestamptz,
    confirmed_at                timestamptz generated always as
                                (least(email_confirmed_at, phone_confirmed_at)) stored,
    email_change_token_current  text default '',
    email_change_confirm_status smallint default 0,
    banned_until                timestamptz,
    reauthentication_token      text default '',
    reauthentication_sent_at    timestamptz,
    is_sso_user                 boolean not null default false,
    deleted_at                  timestamptz,
    is_anonymous                boolean not null default false
);

create table auth.identities (
    id              uuid primary key default gen_random_uuid(),
    provider_id     text,
    user_id         uuid not null references auth.users on delete cascade,
    identity_data   jsonb not null default '{}',
    provider        text not null default 'email',
    last_sign_in_at timestamptz,
    created_at      timestamptz default now(),
    updated_at      timestamptz default now(),
    email           text generated always as (lower(identity_data ->> 'email')) stored
);

create table auth.sessions (
    id         uuid primary key default gen_random_uuid(),
    user_id    uuid not null references auth.users on delete cascade,
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);

-- Extensions live apart, and two are always there.
create schema extensions;
grant usage on schema extensions to anon, authenticated, service_role;
grant all on schema extensions to postgres;
do $$
begin
    if exists (select from pg_available_extensions where name = 'pgcrypto') then
        create extension pgcrypto with schema extensions;
    end if;
    if exists (select from pg_available_extensions where name = 'uuid-ossp') then
        create extension "uuid-ossp" with schema extensions;
    else
        create function extensions.uuid_generate_v4() returns uuid language sql as
            'select gen_random_uuid()';
    end if;
end $$;

create schema storage;
grant usage on schema storage to anon, authenticated, service_role, postgres;
create table storage.buckets (
    id                 text primary key,
    name               text not null unique,
    owner              uuid,
    owner_id           text,
    public             boolean default false,
    avif_autodetection boolean default false,
    file_size_limit    bigint,
    allowed_mime_types text[],
    created_at         timestamptz default now(),
    updated_at         timestamptz default now()
);
create table storage.objects (
    id               uuid primary key default gen_random_uuid(),
    bucket_id        text references storage.buckets,
    name             text,
    owner            uuid,
    owner_id         text,
    path_tokens      text[] generated always as (string_to_array(name, '/')) stored,
    metadata         jsonb,
    user_metadata    jsonb,
    version          text,
    created_at       timestamptz default now(),
    updated_at       timestamptz default now(),
    last_accessed_at timestamptz default now()
);
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant all on all tables in schema storage to anon, authenticated, service_role;
create function storage.foldername(name text) returns text[] language sql immutable as $$
    select parts[1:cardinality(parts) - 1] from (select string_to_array(name, '/')) as it (parts)
$$;
create function storage.filename(name text) returns text language sql immutable as $$
    select parts[cardinality(parts)] from (select string_to_array(name, '/')) as it (parts)
$$;
create function storage.extension(name text) returns text language sql immutable as $$
    select reverse(split_part(reverse(storage.filename(name)), '.', 1))
$$;

-- Nothing below does anything: no job is run, no request leaves, nobody listens.
create schema cron;
create table cron.job (
    jobid    bigint generated by default as identity primary key,
    schedule text not null,
    command  text not null,
    nodename text default 'localhost',
    nodeport integer default 5432,
    database text default current_database(),
    username text default current_user,
    active   boolean default true,
    jobname  text unique
);
create table cron.job_run_details (
    jobid bigint, runid bigint, job_pid integer, database text, username text, command text,
    status text, return_message text, start_time timestamptz, end_time timestamptz
);
create function cron.schedule(job_name text, schedule text, command text) returns bigint
language sql as $$
    insert into cron.job (jobname, schedule, command) values (job_name, schedule, command)
    on conflict (jobname) do update set schedule = excluded.schedule, command = excluded.command
    returning jobid
$$;
create function cron.schedule(schedule text, command text) returns bigint language sql as $$
    insert into cron.job (schedule, command) values (schedule, command) returning jobid
$$;
create function cron.unschedule(job_name text) returns boolean language sql as $$
    with gone as (delete from cron.job where jobname = job_name returning 1)
    select exists (select from gone)
$$;
create function cron.unschedule(job_id bigint) returns boolean language sql as $$
    with gone as (delete from cron.job where jobid = job_id returning 1)
    select exists (select from gone)
$$;
grant all on schema cron to postgres;
grant all on all tables in schema cron to postgres;

create schema net;
grant usage on schema net to anon, authenticated, service_role, postgres;
create sequence net.requests;
create function net.http_get(
    url text, params jsonb default '{}', headers jsonb default '{}',
    timeout_milliseconds integer default 5000
) returns bigint language sql security definer as $$ select nextval('net.requests') $$;
create function net.http_post(
    url text, body jsonb default '{}', params jsonb default '{}',
    headers jsonb default '{}', timeout_milliseconds integer default 5000
) returns bigint language sql security definer as $$ select nextval('net.requests') $$;
create function net.http_delete(
    url text, params jsonb default '{}', headers jsonb default '{}',
    timeout_milliseconds integer default 5000, body jsonb default null
) returns bigint language sql security definer as $$ select nextval('net.requests') $$;

create schema supabase_functions;
grant usage on schema supabase_functions to anon, authenticated, service_role, postgres;
create function supabase_functions.http_request() returns trigger language plpgsql as $$
begin
    return coalesce(new, old);
end $$;

create schema vault;
grant usage on schema vault to postgres, service_role;
create table vault.secrets (
    id          uuid primary key default gen_random_uuid(),
    name        text unique,
    description text default '',
    secret      text not null,
    created_at  timestamptz default now(),
    updated_at  timestamptz default now()
);
create view vault.decrypted_secrets as
    select s.*, s.secret as decrypted_secret from vault.secrets s;
create function vault.create_secret(new_secret text, new_name text default null,
    new_description text default '') returns uuid language sql as $$
    insert into vault.secrets (secret, name, description)
    values (new_secret, new_name, new_description) returning id
$$;
grant all on all tables in schema vault to postgres, service_role;

create schema realtime;
grant usage on schema realtime to anon, authenticated, service_role, postgres;
create table realtime.messages (
    id uuid primary key default gen_random_uuid(), topic text, extension text, payload jsonb,
    event text, private boolean default false,
    inserted_at timestamp default now(), updated_at timestamp default now()
);
alter table realtime.messages enable row level security;
create function realtime.topic() returns text language sql stable as $$
    select nullif(current_setting('realtime.topic', true), '')
$$;
create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void language sql as $$ select $$;
create function realtime.broadcast_changes(
    topic_name text, event_name text, operation text, table_name text, table_schema text,
    new record, old record, level text default 'ROW'
) returns void language plpgsql as $$ begin end $$;
create publication supabase_realtime;

-- Migrations alter these as if they owned them.
do $$
declare
    it record;
begin
    for it in
        select format('alter %s %I.%I owner to postgres',
                      case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
                      n.nspname, c.relname) as sql
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('auth', 'storage', 'cron', 'net', 'vault', 'realtime')
           and c.relkind in ('r', 'v')
    loop
        execute it.sql;
    end loop;
end $$;
alter publication supabase_realtime owner to postgres;
