create table public.credit_transactions (
    id         uuid primary key default uuid_generate_v4(),
    user_id    uuid not null references public.profiles on delete cascade,
    amount     integer not null,
    type       text not null,
    reference  text unique,
    created_at timestamptz not null default now()
);
alter table public.credit_transactions enable row level security;
create policy "own rows" on public.credit_transactions for select to authenticated
    using (user_id = (select auth.uid()));

create table public.reservations (
    id         uuid primary key default gen_random_uuid(),
    job_id     uuid not null unique,
    user_id    uuid not null references public.profiles,
    amount     integer not null,
    status     text not null default 'pending',
    expires_at timestamptz not null default now() + interval '15 minutes'
);
alter table public.reservations enable row level security;

create function public.purchase_credits(p_user_id uuid, p_amount integer, p_session text)
returns boolean language plpgsql security definer set search_path = public as $$ begin
    insert into credit_transactions (user_id, amount, type, reference)
    values (p_user_id, p_amount, 'purchase', p_session) on conflict (reference) do nothing;
    if not found then
        if not exists (select from credit_transactions
                        where reference = p_session and (user_id, amount) = (p_user_id, p_amount)) then
            raise exception 'session was applied differently';
        end if;
        return false;
    end if;
    update profiles set credits = credits + p_amount where id = p_user_id;
    return true;
end $$;
-- A hosted project grants to these by name, so `from public` alone would leave them in.
revoke execute on function public.purchase_credits(uuid, integer, text)
    from public, anon, authenticated;

-- A client reserves for itself.
create function public.reserve_credits(p_job_id uuid, p_amount integer)
returns jsonb language plpgsql security definer set search_path = public as $$
declare
    me    uuid := auth.uid();
    prior reservations;
begin
    if me is null then raise exception 'not signed in' using errcode = '42501'; end if;
    if p_amount is null or p_amount <= 0 then raise exception 'Invalid amount'; end if;
    perform from profiles where id = me for update;
    select * into prior from reservations where job_id = p_job_id;
    if found then
        return jsonb_build_object('success', prior.status = 'pending' and prior.user_id = me
            and prior.amount = p_amount, 'reason', case
                when prior.user_id <> me or prior.amount <> p_amount then 'conflict'
                when prior.status <> 'pending' then 'closed' end, 'reservation_id', prior.id);
    end if;
    update profiles set credits = credits - p_amount where id = me and credits >= p_amount;
    if not found then raise exception 'Insufficient credits'; end if;
    insert into credit_transactions (user_id, amount, type, reference)
    values (me, -p_amount, 'usage', 'reserve:' || p_job_id);
    insert into reservations (job_id, user_id, amount) values (p_job_id, me, p_amount)
    returning * into prior;
    return jsonb_build_object('success', true, 'reservation_id', prior.id);
end $$;

-- The backend closes it.
create function public.close_reservation(p_id uuid, p_ok boolean) returns text
language plpgsql security definer set search_path = public as $$
declare it reservations; begin
    if coalesce(auth.role(), '') <> 'service_role' then
        raise exception 'backend only' using errcode = '42501';
    end if;
    select * into it from reservations where id = p_id for update;
    if not found then return null; end if;
    if it.status <> 'pending' then return it.status; end if;
    update reservations set status = case when p_ok then 'done' else 'failed' end
     where id = p_id returning status into it.status;
    if not p_ok then
        insert into credit_transactions (user_id, amount, type, reference)
        values (it.user_id, it.amount, 'refund', 'refund:' || it.job_id);
        update profiles set credits = credits + it.amount where id = it.user_id;
    end if;
    return it.status;
end $$;
revoke execute on function public.close_reservation(uuid, boolean) from public, anon, authenticated;

create function public.expire_reservations() returns integer
language plpgsql security definer set search_path = public as $$
declare
    old   reservations;
    count integer := 0;
begin
    for old in select * from reservations where status = 'pending' and expires_at <= now()
               order by user_id, id for update skip locked loop
        update reservations set status = 'failed' where id = old.id;
        insert into credit_transactions (user_id, amount, type, reference)
        values (old.user_id, old.amount, 'refund', 'refund:' || old.job_id);
        update profiles set credits = credits + old.amount where id = old.user_id;
        count := count + 1;
    end loop;
    return count;
end $$;
revoke execute on function public.expire_reservations() from public, anon, authenticated;

select cron.schedule('expire', '* * * * *', 'select public.expire_reservations()');
select net.http_post(url := 'https://example.com/hook', body := '{"deployed": true}'::jsonb);
