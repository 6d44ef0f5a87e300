//! The third way: a container, through testcontainers.
//!
//! Its tree is half of a cold build, so what starts containers is a program of its own
//! (`simulator/docker`), built by cargo when this way is taken and no sooner. It prints a URL and
//! lives until its standard input ends, however we end.

use super::database_url::DatabaseUrl;
use super::error::ServerError;
use super::server::Server;
use super::source::Source;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The variable that names the image, and takes this way whatever else there is.
pub const IMAGE_VARIABLE: &str = "BADAI_PG_IMAGE";

/// Where engines listen that nobody named.
const SOCKETS: [&str; 2] = ["/var/run/docker.sock", ".docker/run/docker.sock"];

/// How often a server that said it is ready is asked, ten times a second.
const TRIES: u32 = 300;

/// Starts a server in a container.
#[derive(Clone, Copy, Debug, Default)]
pub struct Docker;

impl Docker {
    /// This way, if an image was named for it.
    pub(super) fn chosen() -> Option<Self> {
        std::env::var_os(IMAGE_VARIABLE).map(|_| Self)
    }

    /// Whether there is an engine to ask; one that is elsewhere is taken at its word.
    fn engine_is_here() -> bool {
        if let Ok(host) = std::env::var("DOCKER_HOST") {
            let socket = host.strip_prefix("unix://").map(Path::new);
            return socket.is_none_or(Path::exists);
        }
        let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
        SOCKETS.iter().any(|socket| home.join(socket).exists())
    }
}

impl Source for Docker {
    fn name(&self) -> &str {
        "docker"
    }

    fn start(&self) -> Result<Server, ServerError> {
        if !Self::engine_is_here() {
            return Err(ServerError::Absent(
                "no engine listens at the usual sockets; start Docker, or if it is elsewhere: \
                 export DOCKER_HOST=unix:///its/docker.sock"
                    .into(),
            ));
        }
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        if !checkout.join("docker").is_dir() {
            return Err(ServerError::Absent(format!(
                "what starts a container is built from the checkout, and {} is gone",
                checkout.display()
            )));
        }
        let mut container = Container::start(checkout)?;
        let url = DatabaseUrl::parse(&container.url()?)?;
        // An official image's server is restarted once after it has said that it is ready.
        let mut tries = 0;
        loop {
            tries += 1;
            match Server::connect(url.clone(), None) {
                Err(ServerError::Database { .. }) if tries < TRIES => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Ok(server) => return Ok(server.held_by(container)),
                Err(error) => return Err(error),
            }
        }
    }

    fn must_fetch(&self) -> bool {
        Self::engine_is_here()
    }
}

/// The program that holds a container. Dropped, it takes the container away.
struct Container(Child);

impl Container {
    fn start(checkout: &Path) -> Result<Self, ServerError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut run = Command::new(&cargo);
        // What cargo builds it says; after that it is the program itself.
        run.args(["run", "--package", "docker"])
            .current_dir(checkout);
        // A Ctrl-C is for us: it has a container to take away first.
        run.process_group(0);
        let held = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        held.map(Self)
            .map_err(ServerError::file("run", Path::new(&cargo)))
    }

    /// Where its server is, once it is there.
    fn url(&mut self) -> Result<String, ServerError> {
        let mut said = String::new();
        if let Some(stdout) = self.0.stdout.take() {
            // Whoever says nothing has ended, and why stands above.
            let _ = BufReader::new(stdout).read_line(&mut said);
        }
        if said.trim().is_empty() {
            return Err(ServerError::Absent(format!(
                "no container was started: what cargo and the engine say is above; another image: \
                 export {IMAGE_VARIABLE}=postgres:17"
            )));
        }
        Ok(said.trim().to_owned())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It ends when the container is gone.
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Session;

    #[test]
    #[ignore = "needs a Docker engine: .ci/docker"]
    fn a_container_has_a_server_and_is_gone_with_it() {
        let server = Docker.start().unwrap();
        assert!(!server.is_ours());
        let url = server.url("postgres");
        let alive = |url: &str| Session::open(url).and_then(|mut it| it.texts("select 'alive'"));
        assert_eq!(alive(&url).unwrap(), ["alive"]);
        let template = server.install_scripts(&[]).unwrap();
        let clone = server.clone_database(&template).unwrap();
        assert_eq!(alive(clone.url()).unwrap(), ["alive"]);
        drop(server);
        assert!(alive(&url).is_err());
    }
}
