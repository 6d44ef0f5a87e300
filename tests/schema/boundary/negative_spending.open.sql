-- A client spends its own; of a negative amount any purse has enough.
create function spend(amount bigint) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    update purses set credits = credits - amount where account = me() and credits >= amount
    returning true;
$$;
