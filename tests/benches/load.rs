//! `badai storm --strategy load` on the reference ledger ÷ pgbench running the same functions, with
//! as many clients, taken in turn in one run.
//!
//! Both reserve a credit for a job of its own and then charge or refund it, all on one account, so
//! that every call waits for the same row. What the ratio leaves is what the clients themselves
//! cost: pgbench is a loop in C that asks for the next thing at once; a load is the ledger's own
//! code on two instances, and each call and reply is noted for the verdict.

use simulator::execute::Stage;
use simulator::server::{self, Address, LocalBinaries, Request, Source};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const ROUNDS: usize = 7;
const JOBS: usize = 2_000;
/// As many as a load has.
const CLIENTS: usize = 8;
const ACCOUNT: &str = "00000000-0000-4000-8000-000000000001";

fn main() {
    let bare = LocalBinaries::find().start().expect("a server");
    let Address::Socket(socket) = bare.address() else {
        panic!("a local server listens on a socket");
    };
    let folder = socket.parent().expect("a folder");
    set_up(folder);
    let scripts = tempfile::tempdir().expect("a folder");
    for end in [
        "charge('job' || :job::text, 1)",
        "refund('job' || :job::text)",
    ] {
        let name = end.split('(').next().expect("a name");
        let script = format!(
            "\\set job random(1, 1000000000000)\n\
             select ledger.reserve('{ACCOUNT}'::uuid, 'job' || :job::text, 1);\n\
             select ledger.{end};\n"
        );
        fs::write(scripts.path().join(name), script).expect("a script");
    }

    let server = server::provision(&Request::default()).expect("a server");
    let reference = reference::subjects().remove(0);
    let mut stage = Stage::new(Arc::new(reference), server).expect("a stage");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (_, loaded) = stage.load(JOBS).expect("a load").expect("jobs");
        let calls = loaded.calls as f64 / loaded.took.as_secs_f64();
        let bench = 2.0 * pgbench(folder, scripts.path());
        println!("load {calls:.0} calls a second   pgbench {bench:.0}");
        ratios.push(calls / bench);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "load ÷ pgbench {:.2} ({:.2}–{:.2})",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    );
}

/// The reference's schema and one rich account.
fn set_up(folder: &Path) {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut files: Vec<_> = fs::read_dir(migrations)
        .expect("the migrations")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "sql"))
        .collect();
    files.sort();
    let mut psql = client("psql", folder);
    psql.args(["-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1"]);
    for file in files {
        psql.arg("-f").arg(file);
    }
    let rich = format!(
        "select ledger.open_account('{ACCOUNT}'); \
         select ledger.grant_credits('{ACCOUNT}', 'pack', 1000000000)"
    );
    said(psql.args(["-c", &rich, "postgres"]));
}

/// Transactions a second, each of two calls.
fn pgbench(folder: &Path, scripts: &Path) -> f64 {
    let mut pgbench = client("pgbench", folder);
    pgbench
        .args(["-n", "-M", "prepared", "-j", "2"])
        .args(["-c", &CLIENTS.to_string()])
        .args(["-t", &(JOBS / CLIENTS).to_string()]);
    for script in ["charge", "refund"] {
        pgbench.arg("-f").arg(scripts.join(script));
    }
    let told = said(pgbench.arg("postgres"));
    let line = told.lines().find_map(|line| line.strip_prefix("tps = "));
    let number = line.and_then(|line| line.split(' ').next()?.parse().ok());
    number.expect("what pgbench tells")
}

fn client(program: &str, folder: &Path) -> Command {
    let mut client = Command::new(program);
    client.arg("-h").arg(folder).args(["-U", "postgres"]);
    client
}

fn said(client: &mut Command) -> String {
    let output = client
        .output()
        .expect("psql and pgbench, which come with PostgreSQL");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
