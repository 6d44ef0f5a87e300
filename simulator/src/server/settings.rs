//! How a throw-away server is set up: fast where nothing is lost by it, honest where a ledger
//! would be judged by it.

use super::version::Version;

/// The options of `initdb` that are the same everywhere.
///
/// Anyone who reaches the socket is trusted: only we and root reach its folder.
pub(super) const INITDB: [&str; 7] = [
    "--no-sync",
    "--encoding=UTF8",
    "--auth=trust",
    "--username=postgres",
    // Segments of 1 MB instead of 16: less to unpack at every start.
    "--wal-segsize=1",
    "--no-instructions",
    "--lc-messages=C",
];

/// The server's whole `postgresql.conf`.
pub(super) fn configuration(version: Version) -> String {
    // 18 starts three more processes for reading ahead; nothing here is big enough to gain by it.
    let since_18 = if version.major >= 18 {
        "io_method = sync\n"
    } else {
        ""
    };
    format!("{SETTINGS}{since_18}")
}

const SETTINGS: &str = "\
# The folder is thrown away, so nothing in it need survive a power cut.
fsync = off
full_page_writes = off
# On all the same: with it off, an immediate stop loses commits that were acknowledged, and
# would accuse a ledger that did nothing wrong. With fsync off it costs nothing.
synchronous_commit = on
shared_buffers = 16MB
huge_pages = off
max_connections = 100
# No replicas, and so no need to log for them.
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
# Nothing moves by itself while a schedule runs.
autovacuum = off
jit = off
# Each new process has it from the start, instead of loading it for its first function.
shared_preload_libraries = 'plpgsql'
checkpoint_timeout = 1h
# Its Unix socket is the only way in; the folder is told at the start.
listen_addresses = ''
# Everything inside the folder, so that deleting it leaves nothing.
dynamic_shared_memory_type = mmap
log_checkpoints = off
timezone = UTC
log_timezone = UTC
";
