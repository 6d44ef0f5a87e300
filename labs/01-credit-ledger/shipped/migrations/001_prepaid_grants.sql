-- Step 01.1: immutable rows and prepaid grants.

create table accounts (
    id uuid primary key
);

-- ANCHOR: entries
-- --- your turn: begin 01.1
alter table accounts add column credits bigint not null default 0;

create table entries (
    id      bigint generated always as identity primary key,
    account uuid   not null references accounts (id),
    fact    text   not null,
    kind    text   not null,
    delta   bigint not null,
    unique (account, fact)
);
-- --- your turn: end 01.1
-- ANCHOR_END: entries
