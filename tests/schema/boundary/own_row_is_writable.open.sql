-- “Users can update their own profile”: the credits in it too.
create policy update_own on purses for update to authenticated using (account = me());
grant update on purses to authenticated;
