//! pgbench through the proxy ÷ pgbench direct, taken in turn in one run.
//!
//! Criterion times one thing many times; here another program does the timing, so the ratios
//! are printed as they are: the median of five rounds. What they mean depends on where the
//! three processes run: on one core, woken without preempting each other
//! (`taskset -c 1 chrt --batch 0 …`), a hop through the proxy costs about half of what it costs
//! across two virtual cores. Most of it is the kernel's switching; reading units is a few percent.

use simulator::server::{LocalBinaries, Source};
use simulator::wire::{Arrival, Gate, Mode, Proxy, Release, Verdict};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Forwards everything at once.
struct Open;

impl Gate for Open {
    fn arrived(&self, _arrival: Arrival, release: Release) {
        release.give(Verdict::Forward);
    }
}

const ROUNDS: usize = 5;

fn main() {
    let server = LocalBinaries::find().start().expect("a server");
    let direct = server.address();
    let simulator::server::Address::Socket(socket) = &direct else {
        panic!("a local server listens on a socket");
    };
    let direct_folder = socket.parent().expect("a folder").to_owned();
    pgbench(&direct_folder, &["-i", "-q"]);

    let gated = || Mode::gated(Arc::new(Open));
    let ways = [
        ("pass-through", Mode::pass_through()),
        ("gated", gated()),
        ("gated, answering here", gated().answering_here()),
    ];
    let folders: Vec<_> = ways
        .iter()
        .map(|_| tempfile::tempdir().expect("a folder"))
        .collect();
    for ((_, mode), folder) in ways.iter().zip(&folders) {
        let (mode, folder, upstream) = (mode.clone(), folder.path().to_owned(), direct.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let proxy = Proxy::bind(&folder, upstream, mode).await.expect("a proxy");
                proxy.serve().await;
            });
        });
    }
    for (clients, transactions, protocol, script) in [
        ("1", "500", "simple", "tpcb-like"),
        ("1", "500", "extended", "tpcb-like"),
        ("1", "4000", "simple", "select-only"),
        ("1", "4000", "prepared", "select-only"),
        ("16", "500", "simple", "select-only"),
    ] {
        let flags = [
            "-n",
            "-t",
            transactions,
            "-c",
            clients,
            "-M",
            protocol,
            "-b",
            script,
        ];
        let mut ratios = vec![Vec::new(); ways.len()];
        for _ in 0..ROUNDS {
            let bare = pgbench(&direct_folder, &flags);
            for (folder, ratios) in folders.iter().zip(&mut ratios) {
                ratios.push(pgbench(folder.path(), &flags) / bare);
            }
        }
        for ((name, _), mut ratios) in ways.iter().zip(ratios) {
            ratios.sort_by(f64::total_cmp);
            let median = ratios[ROUNDS / 2];
            println!("{clients:>2} {protocol:<9} {script:<12} {name:<22} ÷ direct  {median:.2}");
        }
    }
}

/// Transactions a second; 0 where pgbench tells none.
fn pgbench(folder: &Path, flags: &[&str]) -> f64 {
    let mut pgbench = Command::new("pgbench");
    pgbench
        .arg("-h")
        .arg(folder)
        .args(["-U", "postgres"])
        .args(flags)
        .arg("postgres");
    let output = pgbench
        .output()
        .expect("pgbench, which comes with PostgreSQL's server");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told = String::from_utf8_lossy(&output.stdout);
    let line = told.lines().find_map(|line| line.strip_prefix("tps = "));
    let number = line.and_then(|line| line.split(' ').next()?.parse().ok());
    number.unwrap_or(0.0)
}
