-- Everybody's nickname is public, a client may name itself, spend its own, write a guest book, and
-- ask for what costs the same for all. None of it is anybody's money.
create view people as select account, nickname from purses;
grant select on people to anon, authenticated;
create policy name_own on purses for update to authenticated using (account = me());
grant update (nickname) on purses to authenticated;

create table guest_book (id bigint generated always as identity, account uuid, stars integer, said text);
grant select, insert, update, delete on guest_book to anon, authenticated;

create function spend_own(amount bigint) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    update purses set credits = credits - amount
     where account = me() and credits >= amount and amount > 0
    returning true;
$$;

create function exists_account(account uuid) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    select exists (select from purses p where p.account = exists_account.account);
$$;

create function pack_credits(pack text default 'small') returns bigint language sql as $$
    select case pack when 'small' then 33 else 100 end;
$$;
