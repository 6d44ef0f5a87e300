grant select, insert, update, delete on purses to anon, authenticated;
