create table visits (plan text not null);
create function note_visit(plan text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into visits values (plan);
end $$;
