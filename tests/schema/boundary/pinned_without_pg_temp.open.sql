-- Pinned, but temporary tables come first wherever they aren't said to come last.
create table visits (plan text not null);
create function note_visit(plan text) returns void
language plpgsql security definer set search_path = public as $$
begin
    insert into visits values (plan);
end $$;
