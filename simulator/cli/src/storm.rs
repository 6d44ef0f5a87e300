//! `badai storm`: the main job.

use crate::args::{ServerArgs, Storm, Strategy};
use crate::failure::Failure;
use crate::progress::{INTERRUPTED, Progress, interrupted};
use crate::{ledgers, print};
use simulator::OneCore;
use simulator::execute::Stage;
use simulator::hunt::{self, Method, Order, Plan};
use simulator::invariant::Invariant;
use simulator::nearest::nearest;
use simulator::random;
use simulator::report::text;
use simulator::server::{self, Request, Server};
use simulator::storm::Fault;
use std::sync::Arc;

pub(crate) fn run(args: &Storm) -> Result<u8, Failure> {
    let subject = ledgers::find(&args.ledger)?;
    let order = Order {
        seed: args.seed.unwrap_or_else(random::fresh_seed),
        cases: args.cases,
        time: args.time,
        faults: faults(&args.faults)?,
        faults_named: !args.faults.is_empty(),
        only: invariants(&args.only)?,
        enough: Vec::new(),
        first: Vec::new(),
        tries: hunt::TRIES,
    };
    // A load is the one thing here that runs side by side.
    let alone = args.strategy != Some(Strategy::Load);
    let _core = alone.then(OneCore::take);
    let server = provision(&args.server)?;
    if !args.json {
        let settings = format!("{}  PostgreSQL {}", how(args), server.version());
        print::out(&text::heading("storm", &args.ledger, order.seed, &settings))?;
    }
    let stage = Stage::new(Arc::new(subject), server)?;
    let mut stage = match args.strategy {
        None | Some(Strategy::Sequential) => stage.with_wire_if_possible(),
        // Nothing stands between a load and its database.
        Some(Strategy::Load) => stage,
        Some(Strategy::Exhaustive | Strategy::Pct | Strategy::Random) => stage.with_wire()?,
    };
    let mut progress = Progress::new(order.cases);
    let mut report = match args.strategy {
        None => hunt::mix(&mut stage, &order, &mut progress)?,
        Some(Strategy::Sequential) => hunt::hunt(&mut stage, &order, &mut progress)?,
        Some(Strategy::Load) => hunt::load(&mut stage, &order, &mut progress)?,
        Some(strategy) => hunt::duel(&mut stage, &order, &plan(args, strategy), &mut progress)?,
    };
    progress.finish();
    if interrupted() {
        return Err(Failure {
            code: INTERRUPTED,
            said: format!(
                "interrupted after {} of {} cases",
                report.cases, order.cases
            ),
        });
    }
    // What ran free has no schedule to play again.
    if args.strategy != Some(Strategy::Load) {
        report.write(&args.report)?;
    }
    if args.json {
        print::json(&report)?;
    } else {
        print::out(&text::body(&report, print::through()))?;
    }
    Ok(report.exit_code())
}

/// How many orders of each duel are drawn, unless it is said.
const DRAWN: u32 = 100;

/// How the strategies that fight duels go about it.
fn plan(args: &Storm, strategy: Strategy) -> Plan {
    let plan = match strategy {
        Strategy::Pct => Plan {
            method: Method::Pct { depth: args.depth },
            orders: DRAWN,
            threes: DRAWN,
            ..Plan::brief()
        },
        Strategy::Random => Plan {
            method: Method::Random,
            orders: DRAWN,
            threes: DRAWN,
            ..Plan::brief()
        },
        Strategy::Sequential | Strategy::Exhaustive | Strategy::Load => Plan::exhaustive(),
    };
    Plan {
        orders: args.orders.unwrap_or(plan.orders),
        threes: args.orders.unwrap_or(plan.threes),
        ..plan
    }
}

/// The strategy in words.
fn how(args: &Storm) -> String {
    let cases = args.cases;
    match args.strategy {
        None => format!("{cases} storms, then every pair"),
        Some(Strategy::Sequential) => format!("{cases} storms"),
        Some(Strategy::Exhaustive) => "every order of pairs and threes".to_owned(),
        Some(Strategy::Pct) => format!("orders by PCT, depth {}", args.depth),
        Some(Strategy::Random) => "orders at random".to_owned(),
        Some(Strategy::Load) => "many clients at once".to_owned(),
    }
}

/// Brings up the server that the request names, or this machine's own.
pub(crate) fn provision(args: &ServerArgs) -> Result<Server, Failure> {
    let request = Request {
        database_url: args.database_url.clone(),
        disposable: args.disposable.clone(),
    };
    Ok(server::provision(&request)?)
}

fn faults(names: &[String]) -> Result<Vec<Fault>, Failure> {
    if names.is_empty() {
        return Ok(Fault::ALL.to_vec());
    }
    let find = |name: &String| {
        let found = Fault::ALL.iter().find(|fault| fault.id() == name);
        found.copied().ok_or_else(|| {
            let hint = nearest(name, Fault::ALL.iter().map(|fault| fault.id()));
            Failure::request(format!(
                "no fault `{name}`{hint} `badai list faults` shows all"
            ))
        })
    };
    names.iter().map(find).collect()
}

fn invariants(names: &[String]) -> Result<Vec<Invariant>, Failure> {
    if names.is_empty() {
        return Ok(Invariant::ALL.to_vec());
    }
    let find = |name: &String| {
        let found = Invariant::ALL.iter().find(|claim| claim.id() == name);
        found.copied().ok_or_else(|| {
            let hint = nearest(name, Invariant::ALL.iter().map(|claim| claim.id()));
            Failure::request(format!(
                "no invariant `{name}`{hint} `badai list invariants` shows all"
            ))
        })
    };
    names.iter().map(find).collect()
}
