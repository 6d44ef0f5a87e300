//! What the user asked for, and the ways to a server that it leaves.
//!
//! A database that Badai did not make is only used when its name is said twice: in the URL and
//! with `--disposable`. A `DATABASE_URL` that merely stands in the environment is most likely
//! the developer's own, so it is passed over in silence; a URL that was typed is not.

use super::database_url::DatabaseUrl;
use super::docker::Docker;
use super::error::ServerError;
use super::foreign::Foreign;
use super::local::LocalBinaries;
use super::package::Package;
use super::server::Server;
use super::source::{self, Source};

/// The variable that many tools read a database's URL from.
pub const URL_VARIABLE: &str = "DATABASE_URL";

/// What the command line says about the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `--database-url`.
    pub database_url: Option<String>,
    /// `--disposable`: the name of the URL's database, as a consent.
    pub disposable: Option<String>,
}

/// Which server to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// One that somebody lent us.
    Foreign(DatabaseUrl),
    /// One that we start; the URL of the environment, if any, was passed over.
    Own(Option<DatabaseUrl>),
}

/// Brings a server up as the request says: the lent one if there is one, else the first of our
/// own ways that works.
///
/// # Errors
/// [`ServerError::Request`] if the request is unsafe or contradicts itself,
/// [`ServerError::Nothing`] if no way works.
pub fn provision(request: &Request) -> Result<Server, ServerError> {
    match request.choice()? {
        Choice::Foreign(url) => Foreign::new(url).start(),
        Choice::Own(_) => source::first_of(&own()),
    }
}

/// The ways that need nothing from the user, the best one first.
pub(super) fn own() -> Vec<Box<dyn Source>> {
    if let Some(package) = Package::chosen() {
        return vec![Box::new(package)];
    }
    if let Some(docker) = Docker::chosen() {
        return vec![Box::new(docker)];
    }
    vec![
        Box::new(LocalBinaries::find()),
        Box::new(Docker),
        Box::new(Package::newest()),
    ]
}

impl Request {
    /// What the request comes to, together with the environment.
    pub(super) fn choice(&self) -> Result<Choice, ServerError> {
        self.choice_with(std::env::var(URL_VARIABLE).ok().as_deref())
    }

    fn choice_with(&self, environment: Option<&str>) -> Result<Choice, ServerError> {
        let typed = self.database_url.as_deref();
        match (typed.or(environment), &self.disposable) {
            (Some(url), Some(disposable)) => {
                let url = DatabaseUrl::parse(url)?;
                if url.database() != *disposable {
                    return Err(ServerError::Request(format!(
                        "--disposable {disposable} is not the database of {url}; if badai may \
                         make and drop its own databases beside it: --disposable {}",
                        url.database()
                    )));
                }
                Ok(Choice::Foreign(url))
            }
            (Some(url), None) if typed.is_some() => {
                let url = DatabaseUrl::parse(url)?;
                Err(ServerError::Request(format!(
                    "badai makes and drops its own databases on the server of {url}, and wants \
                     to hear that this is no server to be careful with; add: --disposable {}",
                    url.database()
                )))
            }
            (None, Some(disposable)) => Err(ServerError::Request(format!(
                "--disposable {disposable} names a database, but not where it is; add: \
                 --database-url postgres://user@host/{disposable}"
            ))),
            (environment, None) => Ok(Choice::Own(
                environment.and_then(|url| DatabaseUrl::parse(url).ok()),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://me:secret@host/scratch";

    fn choose(
        typed: Option<&str>,
        environment: Option<&str>,
        disposable: Option<&str>,
    ) -> Result<Choice, String> {
        let request = Request {
            database_url: typed.map(str::to_owned),
            disposable: disposable.map(str::to_owned),
        };
        let choice = request.choice_with(environment);
        choice.map_err(|error| {
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        })
    }

    #[test]
    fn a_typed_url_needs_its_databases_name_as_consent() {
        let error = choose(Some(URL), None, None).unwrap_err();
        assert!(error.ends_with("add: --disposable scratch"), "{error}");
        assert!(!error.contains("secret"), "{error}");
        let error = choose(Some(URL), None, Some("other")).unwrap_err();
        assert!(error.ends_with(": --disposable scratch"), "{error}");
        let url = DatabaseUrl::parse(URL).unwrap();
        assert_eq!(
            choose(Some(URL), None, Some("scratch")),
            Ok(Choice::Foreign(url))
        );
    }

    #[test]
    fn a_url_that_merely_stands_in_the_environment_is_passed_over() {
        let url = DatabaseUrl::parse(URL).unwrap();
        assert_eq!(choose(None, Some(URL), None), Ok(Choice::Own(Some(url))));
        assert_eq!(choose(None, Some("mysql://x"), None), Ok(Choice::Own(None)));
    }

    #[test]
    fn the_environments_url_is_taken_with_consent_only() {
        let url = DatabaseUrl::parse(URL).unwrap();
        assert_eq!(
            choose(None, Some(URL), Some("scratch")),
            Ok(Choice::Foreign(url))
        );
        assert!(choose(None, Some(URL), Some("other")).is_err());
    }

    #[test]
    fn consent_without_a_url_says_what_to_add() {
        let error = choose(None, None, Some("scratch")).unwrap_err();
        assert!(error.ends_with("--database-url postgres://user@host/scratch"));
    }

    #[test]
    fn a_typed_url_goes_before_the_environments() {
        let typed = "postgres://host/typed";
        let url = DatabaseUrl::parse(typed).unwrap();
        assert_eq!(
            choose(Some(typed), Some(URL), Some("typed")),
            Ok(Choice::Foreign(url))
        );
    }
}
