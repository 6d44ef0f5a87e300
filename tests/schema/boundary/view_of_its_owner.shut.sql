create view statement with (security_invoker = true) as
    select p.account, p.nickname, p.credits from purses p;
grant select on statement to authenticated;
