//! `badai doctor`: what this machine has, what is missing, what to type.

use crate::args::Doctor;
use crate::failure::{Failure, MACHINE};
use crate::print;
use simulator::report::text;
use simulator::server::{self, Finding, Health, Request};

pub(crate) fn run(args: &Doctor) -> Result<u8, Failure> {
    let request = Request {
        database_url: args.server.database_url.clone(),
        disposable: args.server.disposable.clone(),
    };
    let examination = server::examine(&request);
    let taken = examination.taken().map(|way| way.about.clone());
    if args.json {
        print::json(&examination)?;
    } else {
        print::out(&format!(
            "{}\n",
            text::strong("ways to a PostgreSQL, in the order of choice")
        ))?;
        rows(&examination.ways)?;
        print::out(&format!("{}\n", text::strong("this machine")))?;
        rows(&examination.parts)?;
        match &taken {
            Some(way) => print::out(&format!("a storm would use: {}\n", text::strong(way)))?,
            None => print::out(&format!("{}\n", server::ADVICE))?,
        }
    }
    Ok(if taken.is_some() { 0 } else { MACHINE })
}

fn rows(findings: &[Finding]) -> Result<(), Failure> {
    for finding in findings {
        let word = match finding.health {
            Health::Works => text::good("works"),
            Health::Fails => text::bad("fails"),
            Health::Note => "  -  ".to_owned(),
        };
        let says = finding.says.replace('\n', "\n         ");
        print::out(&format!("  {word}  {}: {says}\n", finding.about))?;
    }
    Ok(())
}
