create table accounts (id uuid primary key, credits bigint not null default 0 check (credits >= 0));
create table grants (fact text primary key, account uuid references accounts, amount bigint);
create table holds (job uuid primary key, account uuid references accounts, amount bigint,
                    status text not null default 'held', made_at timestamptz default now());

create function grant_credits(_account uuid, _fact text, _amount bigint) returns text
language plpgsql as $$ begin
    insert into grants values (_fact, _account, _amount) on conflict do nothing;
    if not found then
        return case when exists (select from grants
            where (fact, account, amount) = (_fact, _account, _amount))
            then 'granted' else 'conflict' end;
    end if;
    update accounts set credits = credits + _amount where id = _account;
    return 'granted';
end $$;

create function reserve(_account uuid, _job uuid, _amount bigint) returns text
language plpgsql as $$
declare prior holds; begin
    if _amount <= 0 then raise exception 'an amount of % makes no sense', _amount; end if;
    perform from accounts where id = _account for update;
    select * into prior from holds where job = _job;
    if found then
        return case when (prior.account, prior.amount) is distinct from (_account, _amount)
            then 'conflict' when prior.status = 'held' then 'reserved' else 'settled' end;
    end if;
    update accounts set credits = credits - _amount where id = _account and credits >= _amount;
    if not found then return 'insufficient'; end if;
    insert into holds (job, account, amount) values (_job, _account, _amount);
    return 'reserved';
end $$;

create function finish(_job uuid, _how text) returns text language plpgsql as $$
declare it holds; begin
    perform from accounts where id = (select account from holds where job = _job) for update;
    select * into it from holds where job = _job;
    if not found then return 'unknown'; end if;
    if it.status <> 'held' then return it.status; end if;
    update holds set status = _how where job = _job;
    if _how = 'refunded' then
        update accounts set credits = credits + it.amount where id = it.account;
    end if;
    return _how;
end $$;

create function sweep(_age interval) returns setof uuid language plpgsql as $$
declare old uuid; begin
    for old in select job from holds where status = 'held' and made_at <= now() - _age
               order by account, job loop
        if finish(old, 'refunded') = 'refunded' then return next old; end if;
    end loop;
end $$;
