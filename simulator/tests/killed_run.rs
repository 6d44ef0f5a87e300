//! However a run dies, its server and its folder go with it.
//!
//! A run that dies must be another process than the test: each test starts this test binary
//! again, asks it for the one ignored test that holds a server, and kills it.

use simulator::server::{Address, LocalBinaries, Source};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Says where its server is, and holds it until standard input ends.
#[test]
#[ignore = "the other tests start it as a process of its own"]
fn holds_a_server() {
    let server = LocalBinaries::find().start().unwrap();
    let Address::Socket(socket) = server.address() else {
        panic!("a local server listens on a socket");
    };
    println!("\nfolder {}", socket.parent().unwrap().display());
    let mut told = String::new();
    std::io::stdin().read_to_string(&mut told).unwrap();
    assert_ne!(told, "panic", "as it was told");
}

#[test]
fn a_killed_run_leaves_nothing() {
    let (mut run, folder) = running();
    run.kill().unwrap();
    run.wait().unwrap();
    wait_until_gone(&folder);
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let (mut run, folder) = running();
    signal("INT", &[run.id().to_string()]);
    run.wait().unwrap();
    wait_until_gone(&folder);
}

#[test]
fn a_run_that_panics_leaves_nothing() {
    use std::io::Write;
    let (mut run, folder) = running();
    run.stdin.take().unwrap().write_all(b"panic").unwrap();
    assert!(!run.wait().unwrap().success());
    assert!(!folder.exists(), "a drop waits until the folder is gone");
}

#[test]
fn what_a_run_left_whose_keeper_died_as_well_goes_with_the_next_start() {
    let (mut run, folder) = running();
    // Two: the script, and its watcher of our pipe.
    let keepers = processes(&["badai-keeper", folder.to_str().unwrap()]);
    assert_eq!(keepers.len(), 2);
    signal("KILL", &keepers);
    run.kill().unwrap();
    run.wait().unwrap();
    drop(LocalBinaries::find().start().unwrap());
    wait_until_gone(&folder);
}

#[test]
fn a_living_run_is_not_swept_by_another() {
    let (mut run, folder) = running();
    drop(LocalBinaries::find().start().unwrap());
    assert!(folder.join("data/postmaster.pid").exists());
    drop(run.stdin.take());
    assert!(run.wait().unwrap().success());
    assert!(!folder.exists());
}

/// Another process that holds a server, and the server's folder.
fn running() -> (Child, PathBuf) {
    let mut run = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "holds_a_server", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(run.stdout.as_mut().unwrap());
    let folder = said
        .lines()
        .find_map(|line| line.unwrap().strip_prefix("folder ").map(PathBuf::from))
        .expect("it says where its server is");
    assert!(folder.exists());
    (run, folder)
}

fn wait_until_gone(folder: &Path) {
    for _ in 0..2_000 {
        if !folder.exists() && processes(&[folder.to_str().unwrap()]).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{} or its server is still there", folder.display());
}

/// The ids of the processes whose command lines have all these words.
fn processes(words: &[&str]) -> Vec<String> {
    let listed = Command::new("ps").args(["-axo", "pid=,command="]).output();
    String::from_utf8(listed.unwrap().stdout)
        .unwrap()
        .lines()
        .filter(|line| words.iter().all(|word| line.contains(word)))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

fn signal(name: &str, processes: &[String]) {
    let status = Command::new("/bin/sh")
        .args(["-c", "kill -s \"$@\"", "sh", name])
        .args(processes)
        .status();
    assert!(status.unwrap().success());
}
