//! Postgres, provisioned: a real server for each run, and nothing of it left afterwards.
//!
//! ```text
//! provision(request) → Server ── install(migrations) → Template ── clone_database → Database
//!    │ Source: a database url | this machine's programs | a container |
//!    │         a package's programs
//!    └ drop, panic, Ctrl-C, kill -9: our own server stops and its folder goes
//! ```
//!
//! - [`source`](Source) are the ways to a server; the first that works is taken.
//! - `local` starts this machine's own programs (`binaries`) on a data folder `baked` once, in a
//!   throw-away `folder` in memory (`scratch`), watched over by a `keeper`.
//! - `docker` has a program of its own start a container.
//! - `package` fetches such programs where there are none.
//! - [`Server`] makes databases: a [`Template`] from a ledger's [`Script`]s, clones of it.
//! - `foreign` borrows a server and gives it back as it was; what a killed run could not give
//!   back, the next run or `doctor` does.
//! - [`Watch`] is Badai's own session beside the ledger's: it holds the write gates that `gates`
//!   lays before every table, and asks who waits for whom. [`Paused`] stops backends that wait.
//! - [`examine`] is what `doctor` tells: every way tried for real.
//!
//! Left out: replicas, TLS, and servers older than 14.

mod account;
mod baked;
mod binaries;
mod clock_library;
mod database_url;
mod docker;
mod error;
mod examination;
mod folder;
mod foreign;
mod gates;
mod keeper;
mod local;
mod ours;
mod package;
mod pause;
mod postmaster;
mod request;
mod run_id;
mod schema;
mod scratch;
#[expect(
    clippy::module_inception,
    reason = "the server is what the module is about"
)]
mod server;
mod session;
mod settings;
mod source;
mod statement;
mod version;
mod watch;

pub use binaries::{Binaries, FOLDER_VARIABLE, find as find_binaries};
pub use database_url::{Address, DatabaseUrl};
pub use docker::{Docker, IMAGE_VARIABLE};
pub use error::{ADVICE, Refusal, ServerError};
pub use examination::{Examination, Finding, Health, examine};
pub use foreign::Foreign;
pub use local::LocalBinaries;
pub use package::{PACKAGE_VARIABLE, Package};
pub use pause::Paused;
pub use request::{Request, URL_VARIABLE, provision};
pub use schema::{SchemaError, Script};
pub use server::{Database, Server, Template};
pub(crate) use session::Session;
pub use source::{Source, first_of};
pub use version::{OLDEST_MAJOR, Version};
pub use watch::{Reach, Seen, Standing, Touched, Watch};
