create policy update_own on purses for update to authenticated using (account = me());
grant update (nickname) on purses to authenticated;
