-- Meant for the backend. Everyone may execute a new function.
create function add_credits(account uuid, amount bigint) returns void
language sql security definer set search_path = public, pg_temp as $$
    update purses p set credits = p.credits + amount where p.account = add_credits.account;
$$;
