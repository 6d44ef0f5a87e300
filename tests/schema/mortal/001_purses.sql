-- A purse, its holds, and the facts that were told: what the ledgers that die are made of.
create table purses (account uuid primary key, credits bigint not null default 0);
create table facts (fact text primary key, account uuid not null, amount bigint not null);
create table holds (
    job uuid primary key,
    account uuid not null references purses,
    amount bigint not null,
    status text not null default 'held',
    cost bigint,
    created_at timestamptz not null default clock_timestamp()
);
