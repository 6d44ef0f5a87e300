-- The purse can't be written, but its history can.
create policy forget_own on movements for delete to authenticated using (account = me());
grant delete on movements to authenticated;
