-- “Logged-in users can read purses”: all of them, all of it.
create policy read_purses on purses for select to authenticated using (true);
