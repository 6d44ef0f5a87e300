-- Two tables that every move of money writes, and functions that write them in this order or that.
create table wallets (account uuid primary key, credits bigint not null default 0);
create table totals (account uuid primary key, moves bigint not null default 0);
create table grants (fact text primary key);
create table jobs (job uuid primary key, account uuid not null, amount bigint not null);

create function grant_once(who uuid, what text, amount bigint) returns void
language plpgsql as $$
begin
    insert into grants values (what) on conflict do nothing;
    if found then
        update totals set moves = moves + 1 where account = who;
        update wallets set credits = credits + amount where account = who;
    end if;
end $$;

create function hold(who uuid, what uuid, cost bigint, wallet_first boolean) returns text
language plpgsql as $$
begin
    if not wallet_first then
        update totals set moves = moves + 1 where account = who;
    end if;
    perform from wallets where account = who for update;
    if exists (select from jobs where job = what) then return 'reserved'; end if;
    update wallets set credits = credits - cost where account = who and credits >= cost;
    if not found then return 'insufficient'; end if;
    if wallet_first then
        update totals set moves = moves + 1 where account = who;
    end if;
    insert into jobs values (what, who, cost);
    return 'reserved';
end $$;
