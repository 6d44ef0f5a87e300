//! From nothing to a migrated clone, and the parts of that way.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use simulator::server::{LocalBinaries, Script, Server, Source};

/// A schema as small as a ledger's: two tables, an index, a function.
const SCHEMA: &str = "
    create table accounts (id uuid primary key, spendable bigint not null check (spendable >= 0));
    create table entries (
        id bigint generated always as identity primary key,
        account uuid not null references accounts,
        delta bigint not null,
        fact text unique
    );
    create index on entries (account);
    create function grant_credits(who uuid, amount bigint, why text) returns boolean
    language plpgsql as $$
    begin
        insert into entries (account, delta, fact) values (who, amount, why) on conflict do nothing;
        if not found then return false; end if;
        update accounts set spendable = spendable + amount where id = who;
        return true;
    end $$;
";

fn start() -> Server {
    LocalBinaries::find()
        .start()
        .expect("postgresql is installed")
}

fn benchmark(criterion: &mut Criterion) {
    let scripts = [Script {
        name: "schema.sql".into(),
        sql: SCHEMA.into(),
        ..Script::default()
    }];
    let mut group = criterion.benchmark_group("server");
    group.sample_size(20);
    group.bench_function("nothing to first query", |bencher| {
        bencher.iter_batched(|| (), |()| start(), BatchSize::PerIteration);
    });
    group.bench_function("nothing to migrated clone", |bencher| {
        let from_nothing = |()| {
            let server = start();
            let template = server
                .install_scripts(&scripts)
                .expect("the schema applies");
            let clone = server.clone_database(&template).expect("it has space");
            (server, clone)
        };
        // One server at a time: what a batch returns is stopped outside the measured time.
        bencher.iter_batched(|| (), from_nothing, BatchSize::PerIteration);
    });
    let server = start();
    let template = server
        .install_scripts(&scripts)
        .expect("the schema applies");
    group.bench_function("clone and drop", |bencher| {
        bencher.iter(|| {
            let clone = server.clone_database(&template).expect("it has space");
            server.drop_database(clone).expect("it is there");
        });
    });
    group.bench_function("start and stop", |bencher| {
        bencher.iter(|| drop(start()));
    });
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
