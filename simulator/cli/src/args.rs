//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// The storm for payment ledgers: finds out whether yours loses money.
#[derive(Debug, Parser)]
#[command(name = "badai", version, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 held, 1 broken, 2 wrong request, 3 the machine lacks \
something, 4 inconclusive."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Attack a ledger and say which invariants broke
    Storm(Storm),
    /// Play one saved schedule again
    Replay(Replay),
    /// Grade the labs
    Grade(Grade),
    /// Show the next hint for a step
    Hint(Hint),
    /// Put a step, or a whole lab, back as it was shipped; yours is kept
    Reset(Reset),
    /// Show what the cure would change, once the step holds
    Solution(Solution),
    /// Be Stripe: its API and its deliveries, with no account and no network
    Stripe(Stripe),
    /// Show what there is: ledgers, faults, invariants
    #[command(subcommand)]
    List(List),
    /// Say what this machine has, what is missing, and what to type
    Doctor(Doctor),
}

/// `badai storm`
#[derive(Debug, Args)]
pub(crate) struct Storm {
    /// Which ledger: a name from `badai list ledgers`, or the path of a contract file, such as
    /// `./ledger.toml`
    #[arg(long, value_name = "NAME or FILE", default_value = "reference")]
    pub(crate) ledger: String,
    /// Everything follows from it [default: a new one, printed first]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How many storms to draw
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cases: u32,
    /// Only these faults, and each must be met: names from `badai list faults`, by comma
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) faults: Vec<String>,
    /// Judge only these invariants: names from `badai list invariants`
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// How the next step is chosen [default: `sequential` storms, and then the pairs as far as a
    /// few dozen orders each]
    #[arg(long, value_name = "S", value_enum)]
    pub(crate) strategy: Option<Strategy>,
    /// How many orders of each duel are tried at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) orders: Option<u32>,
    /// How many steps must come in a certain order for the bugs that `pct` looks for
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(crate) depth: u32,
    /// Stop drawing storms after so many seconds; the same code then needn't get the same verdict
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub(crate) time: Option<Duration>,
    /// Where the report is written: report.html, report.json, junit.xml, and found schedules
    #[arg(long, value_name = "DIR", default_value = ".badai")]
    pub(crate) report: PathBuf,
    /// Print one JSON document instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// How steps are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strategy {
    /// One request after another, in the orders that the weather makes
    Sequential,
    /// Pairs and threes of operations inside one another, in every order; where those are too
    /// many with at most 2 preemptions, then by `pct`
    Exhaustive,
    /// The same, in orders drawn so that a bug of `--depth` is found with a stated probability
    Pct,
    /// The same, every step drawn
    Random,
    /// Calls of many clients at once that nobody holds back, judged when they have ended
    Load,
}

/// `badai replay`
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// A schedule that a storm has saved, `….badai.json`
    pub(crate) file: PathBuf,
    /// Show it a step at a time; in a terminal each waits for Enter
    #[arg(long, conflicts_with = "json")]
    pub(crate) slow: bool,
    /// Print one JSON document instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `badai grade`
#[derive(Debug, Args)]
pub(crate) struct Grade {
    /// Which lab or step, such as `01` or `01.1` [default: all]
    #[arg(value_name = "LAB[.STEP]")]
    pub(crate) step: Option<String>,
    /// Grade the ledger of this contract file, in whatever language it is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["watch", "timings"])]
    pub(crate) ledger: Option<PathBuf>,
    /// Grade again whatever changes, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
    /// Grade each step twice, the second time as after an edit, and show where the time goes
    #[arg(long)]
    pub(crate) timings: bool,
    /// Write a JUnit file too, for a classroom's CI
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Print one JSON document instead
    #[arg(long)]
    pub(crate) json: bool,
}

/// `badai hint`
#[derive(Debug, Args)]
pub(crate) struct Hint {
    /// Which step, such as `01.2`
    #[arg(value_name = "LAB.STEP")]
    pub(crate) step: String,
    /// Which of the four [default: the next one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4))]
    pub(crate) level: Option<u64>,
}

/// `badai reset`
#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// Which lab or step, such as `01` or `01.2`
    #[arg(value_name = "LAB[.STEP]")]
    pub(crate) step: String,
}

/// `badai solution`
#[derive(Debug, Args)]
pub(crate) struct Solution {
    /// Which step, such as `01.2`
    #[arg(value_name = "LAB.STEP")]
    pub(crate) step: String,
    /// Show it although the step doesn't hold yet
    #[arg(long)]
    pub(crate) give_up: bool,
}

/// `badai stripe`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Stripe {
    #[command(subcommand)]
    pub(crate) doing: Option<Trigger>,
    /// The port on this machine; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = STRIPE_PORT)]
    pub(crate) port: u16,
    /// An endpoint that hears of everything
    #[arg(long, value_name = "URL")]
    pub(crate) forward_to: Option<String>,
}

/// Where the mocked Stripe is, unless somebody says otherwise.
const STRIPE_PORT: u16 = 12111;

/// What can be asked of a mocked Stripe that runs.
#[derive(Debug, Subcommand)]
pub(crate) enum Trigger {
    /// Let it do whatever leads to an event of this type
    Trigger {
        /// Such as `invoice.paid`
        event: String,
        /// Where it listens
        #[arg(long, value_name = "N", default_value_t = STRIPE_PORT)]
        port: u16,
    },
}

/// `badai list`
#[derive(Debug, Subcommand)]
pub(crate) enum List {
    /// The ledgers that `--ledger` takes
    Ledgers(Format),
    /// The faults that `--faults` takes
    Faults(Format),
    /// The invariants that `--only` takes
    Invariants(Format),
}

/// How to print.
#[derive(Debug, Args)]
pub(crate) struct Format {
    /// Print one JSON document instead
    #[arg(long)]
    pub(crate) json: bool,
}

/// `badai doctor`
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print one JSON document instead
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Which PostgreSQL.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// A server that you lend: badai makes its own databases there and drops them
    #[arg(long, value_name = "URL", help_heading = "PostgreSQL")]
    pub(crate) database_url: Option<String>,
    /// The name of that URL's database, as your consent
    #[arg(long, value_name = "NAME", help_heading = "PostgreSQL")]
    pub(crate) disposable: Option<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0) => Err("at least one second".to_owned()),
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(error) => Err(format!("{error}")),
    }
}
