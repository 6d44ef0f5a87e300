//! `badai`: the storm for payment ledgers, from the command line.
//!
//! Each verb has a file; each returns its exit code or the [`Failure`] that ends it.

mod args;
mod doctor;
mod failure;
mod grade;
mod labs;
mod ledgers;
mod list;
mod print;
mod progress;
mod replay;
mod storm;
mod stripe;

use args::{Cli, Verb};
use clap::Parser;
use clap::error::ErrorKind;
use failure::{Failure, WRONG_REQUEST};
use mimalloc::MiMalloc;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(usage(&error)),
    };
    let done = match &cli.verb {
        Verb::Storm(args) => storm::run(args),
        Verb::Replay(args) => replay::run(args),
        Verb::Grade(args) => grade::run(args),
        Verb::Hint(args) => labs::hint::run(args),
        Verb::Reset(args) => labs::reset::run(args),
        Verb::Solution(args) => labs::solution::run(args),
        Verb::Stripe(args) => stripe::run(args),
        Verb::List(what) => list::run(what),
        Verb::Doctor(args) => doctor::run(args),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(Failure { code, said }) => {
            anstream::eprintln!("badai: {said}");
            ExitCode::from(code)
        }
    }
}

/// Help goes out whole; a slip gets one line.
fn usage(error: &clap::Error) -> u8 {
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if help {
        // A reader that went away has seen enough.
        let _ = error.print();
        return if error.use_stderr() { WRONG_REQUEST } else { 0 };
    }
    let whole = error.to_string();
    let lines: Vec<&str> = whole
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .filter(|line| !line.is_empty())
        .collect();
    let said = lines.join(" ");
    anstream::eprintln!("badai: {}; see --help", said.trim_start_matches("error: "));
    WRONG_REQUEST
}
