-- A view reads with its owner's rights.
create view statement as
    select p.account, p.nickname, p.credits from purses p;
grant select on statement to authenticated;
