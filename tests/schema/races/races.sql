-- What the ledgers of the schoolbook share. Each of them is ten lines, and wrong in one way.
create table wallets (account uuid primary key, credits bigint not null default 0);
create table jobs (job uuid primary key, account uuid not null, amount bigint not null);
-- The same, and nobody sees to it that a job is there once.
create table jobs_twice (job uuid not null, account uuid not null, amount bigint not null);
create table grants (fact text primary key, account uuid not null, amount bigint not null);
create table totals (id integer primary key, moved bigint not null);
insert into totals values (1, 0);

create function grant_once(who uuid, what text, credits bigint) returns void
language plpgsql as $$
begin
    insert into grants values (what, who, credits) on conflict do nothing;
    if found then
        update wallets w set credits = w.credits + grant_once.credits where account = who;
    end if;
end $$;

-- Takes the total first, then the wallet.
create function grant_total_first(who uuid, what text, credits bigint) returns void
language plpgsql as $$
begin
    insert into grants values (what, who, credits) on conflict do nothing;
    if found then
        update totals set moved = moved + credits;
        update wallets w set credits = w.credits + grant_total_first.credits where account = who;
    end if;
end $$;

-- Takes the wallet first, then the total: each function is right, and the two are not.
create function hold_wallet_first(who uuid, what uuid, cost bigint) returns text
language plpgsql as $$
begin
    insert into jobs values (what, who, cost) on conflict do nothing;
    if not found then return 'reserved'; end if;
    update wallets set credits = credits - cost where account = who and credits >= cost;
    if not found then raise exception 'insufficient'; end if;
    update totals set moved = moved - cost;
    return 'reserved';
end $$;

-- Takes the total first, as the grant does.
create function hold_total_first(who uuid, what uuid, cost bigint) returns text
language plpgsql as $$
begin
    insert into jobs values (what, who, cost) on conflict do nothing;
    if not found then return 'reserved'; end if;
    update totals set moved = moved - cost;
    update wallets set credits = credits - cost where account = who and credits >= cost;
    if not found then raise exception 'insufficient'; end if;
    return 'reserved';
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
