create function add_credits(account uuid, amount bigint) returns void
language sql security definer set search_path = public, pg_temp as $$
    update purses p set credits = p.credits + amount where p.account = add_credits.account;
$$;
revoke execute on function add_credits(uuid, bigint) from public, anon, authenticated;
