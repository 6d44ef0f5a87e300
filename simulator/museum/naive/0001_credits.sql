-- The schema of a first weekend: the balance is a column of the profile.

create table profiles (
    id                 uuid   primary key,
    credits            bigint not null default 0,
    stripe_customer_id text   unique
);

-- For the customer's history page.
create table credit_transactions (
    id         bigint      generated always as identity primary key,
    profile_id uuid        not null references profiles,
    amount     bigint      not null,
    kind       text        not null,
    job_id     text,
    created_at timestamptz not null default now()
);

create index credit_transactions_by_profile on credit_transactions (profile_id, id);
