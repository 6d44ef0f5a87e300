create extension if not exists "uuid-ossp";
create extension if not exists pg_cron;
create extension if not exists pg_net with schema extensions;

create table public.profiles (
    id      uuid primary key references auth.users on delete cascade,
    email   text,
    credits integer not null default 20 check (credits >= 0)
);
alter table public.profiles enable row level security;
create policy "own profile" on public.profiles for select using (auth.uid() = id);

create function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = '' as $$ begin
    insert into public.profiles (id, email) values (new.id, new.email);
    return new;
end $$;
create trigger on_auth_user_created after insert on auth.users
    for each row execute function public.handle_new_user();

insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true);
alter publication supabase_realtime add table public.profiles;
