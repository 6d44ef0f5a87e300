-- The schema of every specimen that differs from the right one in how it reads its webhooks.

create table accounts (
    id       uuid primary key,
    customer text unique,
    -- May go below zero: what is clawed back is clawed back.
    credits  bigint not null default 0,
    -- When the latest event that moved something was made, for whoever looks at it.
    told_at  bigint not null default 0
);

create table movements (
    id      bigint generated always as identity primary key,
    account uuid   not null references accounts,
    delta   bigint not null,
    kind    text   not null
);

create table events (
    id     text primary key,
    number bigint generated always as identity
);

-- What was paid for, once each.
create table grants (
    fact    text   primary key,
    -- Null while its customer is unknown.
    account uuid   references accounts,
    customer text,
    credits bigint not null,
    -- Stripe's PaymentIntent, by which money that went back names it.
    payment text,
    taken   bigint not null default 0,
    number  bigint generated always as identity
);

create index grants_by_payment on grants (payment);

-- What is known of a payment, before or after its grant.
create table payments (
    id        text   primary key,
    paid      bigint not null,
    refunded  bigint not null default 0,
    withdrawn bigint not null default 0,
    given_back boolean not null default false
);
