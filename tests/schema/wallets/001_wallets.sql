-- Two functions that hold credits for a job, as people call them through an API: one call, one
-- transaction. They differ in two words.
create table wallets (account uuid primary key, credits bigint not null default 0);
create table jobs (job uuid primary key, account uuid not null, amount bigint not null);
create table grants (fact text primary key);

create function grant_once(who uuid, what text, amount bigint) returns void
language plpgsql as $$
begin
    insert into grants values (what) on conflict do nothing;
    if found then
        update wallets set credits = credits + amount where account = who;
    end if;
end $$;

-- Reads without a lock, then writes what it has read.
create function hold_unlocked(who uuid, what uuid, cost bigint) returns text
language plpgsql as $$
declare
    had bigint;
begin
    select credits into had from wallets where account = who;
    if exists (select from jobs where job = what) then return 'reserved'; end if;
    if had < cost then return 'insufficient'; end if;
    update wallets set credits = had - cost where account = who;
    insert into jobs values (what, who, cost);
    return 'reserved';
end $$;

-- The same, and waits its turn.
create function hold_locked(who uuid, what uuid, cost bigint) returns text
language plpgsql as $$
declare
    had bigint;
begin
    select credits into had from wallets where account = who for update;
    if exists (select from jobs where job = what) then return 'reserved'; end if;
    if had < cost then return 'insufficient'; end if;
    update wallets set credits = had - cost where account = who;
    insert into jobs values (what, who, cost);
    return 'reserved';
end $$;
