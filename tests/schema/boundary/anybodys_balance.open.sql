-- Whose balance it is, the caller says.
create function balance_of(user_id uuid) returns jsonb
language sql security definer set search_path = public, pg_temp as $$
    select jsonb_build_object('credits', credits) from purses where account = user_id;
$$;
