//! What `badai doctor` says about servers: each way tried for real, and what was swept up.

use super::binaries::{self, FOLDER_VARIABLE};
use super::request::{Choice, Request, URL_VARIABLE, own};
use super::server::Server;
use super::source::Source;
use super::{Foreign, ServerError, baked, foreign, scratch};
use crate::clock::Stopwatch;
use serde::Serialize;

/// One line of the doctor's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `local binaries`.
    pub about: String,
    /// How it is.
    pub health: Health,
    /// What there is, or what is missing and what to type.
    pub says: String,
}

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It works.
    Works,
    /// It does not.
    Fails,
    /// Neither good nor bad.
    Note,
}

/// All that concerns servers on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// The ways to a server in the order of their choice; the first that works is taken.
    pub ways: Vec<Finding>,
    /// The machine's parts, and the orphans that were swept up.
    pub parts: Vec<Finding>,
}

impl Examination {
    /// The way that a run would take.
    #[must_use]
    pub fn taken(&self) -> Option<&Finding> {
        self.ways.iter().find(|way| way.health == Health::Works)
    }
}

/// Looks at everything; each way's server is really started, and stopped again. What dead runs
/// left behind is deleted on the way.
#[must_use]
pub fn examine(request: &Request) -> Examination {
    let mut parts = vec![orphans(scratch::sweep().iter().map(|path| path.display()))];
    let mut ways = vec![lent(request, &mut parts)];
    for way in own() {
        let found = ways.iter().any(|way| way.health == Health::Works);
        ways.push(if found && way.must_fetch() {
            let says = "not tried: a run that finds no better way fetches what it needs";
            finding(way.name(), Health::Note, says)
        } else {
            tried(way.as_ref())
        });
    }
    parts.extend(programs());
    parts.push(place());
    parts.push(cache());
    Examination { ways, parts }
}

fn finding(about: &str, health: Health, says: impl Into<String>) -> Finding {
    Finding {
        about: about.to_owned(),
        health,
        says: says.into(),
    }
}

fn tried(way: &dyn Source) -> Finding {
    let watch = Stopwatch::start();
    match way.start().map(|server| server.version()) {
        Ok(version) => finding(
            way.name(),
            Health::Works,
            format!(
                "postgresql {version}, started and stopped in {} ms",
                watch.elapsed().as_millis()
            ),
        ),
        Err(error) => finding(way.name(), Health::Fails, error.to_string()),
    }
}

fn lent(request: &Request, parts: &mut Vec<Finding>) -> Finding {
    let about = "database url";
    match request.choice() {
        Err(error) => finding(about, Health::Fails, error.to_string()),
        Ok(Choice::Own(None)) => finding(about, Health::Note, "none given"),
        Ok(Choice::Own(Some(url))) => finding(
            about,
            Health::Note,
            format!(
                "{URL_VARIABLE} is {url}, which badai leaves alone; to let it make and drop its \
                 own databases there: --disposable {}",
                url.database()
            ),
        ),
        Ok(Choice::Foreign(url)) => {
            if let Ok(dropped) = foreign::sweep(&url) {
                parts.push(orphans(dropped.iter()));
            }
            let server: Result<Server, ServerError> = Foreign::new(url.clone()).start();
            match server.map(|server| server.version()) {
                Ok(version) => finding(
                    about,
                    Health::Works,
                    format!("postgresql {version} at {url}"),
                ),
                Err(error) => finding(about, Health::Fails, error.to_string()),
            }
        }
    }
}

fn orphans(swept: impl Iterator<Item = impl ToString>) -> Finding {
    let names: Vec<String> = swept.map(|name| name.to_string()).collect();
    let says = if names.is_empty() {
        "none left by dead runs".to_owned()
    } else {
        format!("deleted what dead runs left: {}", names.join(", "))
    };
    finding("orphans", Health::Note, says)
}

fn programs() -> Vec<Finding> {
    let about = "programs";
    let mut findings: Vec<Finding> = binaries::find()
        .iter()
        .map(|binaries| {
            let (version, folder) = (binaries.version, binaries.folder.display());
            if version.is_supported() {
                finding(about, Health::Works, format!("{version} in {folder}"))
            } else {
                finding(
                    about,
                    Health::Fails,
                    format!("{version} in {folder} is too old"),
                )
            }
        })
        .collect();
    if let Some(folder) = binaries::barren_folder() {
        let says = format!(
            "{FOLDER_VARIABLE}={} holds no postgres and initdb",
            folder.display()
        );
        findings.push(finding(about, Health::Fails, says));
    }
    if findings.is_empty() {
        let says = format!("none found; if they are somewhere: export {FOLDER_VARIABLE}=/its/bin");
        findings.push(finding(about, Health::Note, says));
    }
    findings
}

fn place() -> Finding {
    match scratch::folder() {
        Ok(folder) => {
            let base = folder.path().parent().unwrap_or(folder.path()).display();
            let kind = if scratch::is_in_memory() {
                "in memory"
            } else {
                "on disk, which is slower"
            };
            finding(
                "throw-away folder",
                Health::Works,
                format!("{base}, {kind}"),
            )
        }
        Err(error) => finding("throw-away folder", Health::Fails, error.to_string()),
    }
}

fn cache() -> Finding {
    match baked::cache_folder() {
        Ok(folder) => finding("cache", Health::Works, folder.display().to_string()),
        Err(error) => finding("cache", Health::Fails, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_doctor_names_the_way_that_a_run_would_take() {
        let examination = examine(&Request::default());
        let taken = examination.taken().unwrap();
        let own: Vec<_> = own().iter().map(|way| way.name().to_owned()).collect();
        assert!(own.contains(&taken.about), "{}", taken.about);
        assert!(taken.says.contains("started and stopped"), "{}", taken.says);
        let abouts: Vec<&str> = examination.parts.iter().map(|part| &*part.about).collect();
        for part in ["orphans", "programs", "throw-away folder", "cache"] {
            assert!(abouts.contains(&part), "{abouts:?}");
        }
    }

    #[test]
    fn a_url_without_consent_is_reported_not_used() {
        let request = Request {
            database_url: Some("postgres://me@127.0.0.1:1/mine".into()),
            disposable: None,
        };
        let examination = examine(&request);
        assert_eq!(examination.ways[0].health, Health::Fails);
        assert!(examination.ways[0].says.contains("--disposable mine"));
    }
}
