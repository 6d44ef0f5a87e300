//! Starts a PostgreSQL in a container, prints its URL, and takes it away when standard input ends:
//! by exit, by panic, by Ctrl-C, or by kill -9 of whoever holds it.
//!
//! ```text
//! DOCKER_HOST       the engine, if it isn't at the usual socket
//! BADAI_PG_IMAGE    postgres:17-alpine if unset; any that takes the official image's variables
//! ```

use std::error::Error;
use std::io::{Read, Write};
use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::runners::SyncRunner;
use testcontainers::{GenericImage, ImageExt};

fn main() -> Result<(), Box<dyn Error>> {
    let image = std::env::var("BADAI_PG_IMAGE").unwrap_or_else(|_| "postgres:17-alpine".to_owned());
    let (name, tag) = image.rsplit_once(':').unwrap_or((&image, "latest"));
    let ready = "database system is ready to accept connections";
    // The official image starts its server twice; the first one listens to nobody outside.
    let container = GenericImage::new(name, tag)
        .with_exposed_port(5432.tcp())
        .with_wait_for(WaitFor::message_on_stderr(ready))
        .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
        .start()?;
    let port = container.get_host_port_ipv4(5432.tcp())?;
    let mut stdout = std::io::stdout();
    // Who is gone by now has closed our standard input too.
    let _ = writeln!(stdout, "postgres://postgres@127.0.0.1:{port}/postgres");
    let _ = stdout.flush();
    let mut nothing = Vec::new();
    std::io::stdin().read_to_end(&mut nothing)?;
    container.rm()?;
    Ok(())
}
