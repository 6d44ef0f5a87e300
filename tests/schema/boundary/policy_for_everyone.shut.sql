create policy read_purses on purses for select to authenticated using (account = (select me()));
