-- The one table that a test's ledger locks a row of.
create table purses (
    account uuid primary key,
    credits bigint not null default 1000
);
