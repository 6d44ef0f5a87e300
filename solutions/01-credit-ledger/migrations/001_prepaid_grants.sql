-- Step 01.1: immutable rows and prepaid grants.

create table accounts (
    id uuid primary key
);

-- ANCHOR: entries
-- --- your turn: begin 01.1
-- The history is the ledger. There is no balance beside it that could disagree.
create table entries (
    id      bigint generated always as identity primary key,
    account uuid   not null references accounts (id),
    -- What was paid for, once in the whole table: not once an account, or the same
    -- purchase could be granted to two of them.
    fact    text   unique,
    kind    text   not null,
    delta   bigint not null check (delta <> 0)
);

-- A balance is the sum of an account's rows; this makes reading them one index scan.
create index entries_by_account on entries (account, id) include (delta);

-- ANCHOR: append_only
-- A mistake is mended by another row, never by an eraser.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'entries are only ever added: % refused', tg_op;
end $$;

create trigger entries_are_only_ever_added
    before update or delete or truncate on entries
    for each statement execute function refuse_change();
-- ANCHOR_END: append_only
-- --- your turn: end 01.1
-- ANCHOR_END: entries
