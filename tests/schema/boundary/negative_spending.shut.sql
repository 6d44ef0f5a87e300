create function spend(amount bigint) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    update purses set credits = credits - amount
     where account = me() and credits >= amount and amount > 0
    returning true;
$$;
