//! `badai storm`: the main job.

use crate::args::{ServerArgs, Storm, Strategy};
use crate::failure::Failure;
use crate::progress::{INTERRUPTED, Progress, interrupted};
use crate::{ledgers, print};
use simulator::execute::Stage;
use simulator::hunt::{self, Order};
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
        first: Vec::new(),
    };
    let server = provision(&args.server)?;
    if !args.json {
        let how = match args.strategy {
            Strategy::Sequential => format!("{} cases", order.cases),
            Strategy::Exhaustive => "every order of every pair".to_owned(),
        };
        let settings = format!("{how}  PostgreSQL {}", server.version());
        print::out(&text::heading("storm", &args.ledger, order.seed, &settings))?;
    }
    let stage = Stage::new(Arc::new(subject), server)?;
    let needs_wire = args.strategy == Strategy::Exhaustive;
    let mut stage = if needs_wire {
        stage.with_wire()?
    } else {
        stage.with_wire_if_possible()
    };
    let mut progress = Progress::new(order.cases);
    let mut report = match args.strategy {
        Strategy::Sequential => hunt::hunt(&mut stage, &order, &mut progress)?,
        Strategy::Exhaustive => hunt::exhaust(&mut stage, &order, &mut progress)?,
    };
    progress.finish();
    drop(stage);
    if interrupted() {
        return Err(Failure {
            code: INTERRUPTED,
            said: format!(
                "interrupted after {} of {} cases",
                report.cases, order.cases
            ),
        });
    }
    report.write(&args.report)?;
    if args.json {
        print::json(&report)?;
    } else {
        print::out(&text::body(&report, print::through()))?;
    }
    Ok(report.exit_code())
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
