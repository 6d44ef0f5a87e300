//! Statements of our own between the client's: BEGIN, COMMIT, ROLLBACK, and one that must fail.

use super::outcome::Status;
use super::unit::{Unit, Until};
use bytes::{Bytes, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

/// The name of our prepared statement on the server.
const NAME: &str = "badai";

/// Text that no PostgreSQL parses: it fails a transaction block for real, wherever it stands.
const POISON: &str = "badai puts this transaction into its failed state";

/// A statement of ours, in the protocol of the unit that it goes with: a simple query would
/// make the server forget the client's unnamed statement.
pub(super) fn statement(sql: &str, until: Until) -> Bytes {
    let mut bytes = BytesMut::new();
    // Our own texts hold no zero byte, the one thing that is refused.
    let _ = match until {
        Until::Ready => frontend::query(sql, &mut bytes),
        // An error may have left the name behind: closing what isn't there is none.
        Until::Sync | Until::Flush => frontend::close(b'S', NAME, &mut bytes)
            .and_then(|()| frontend::parse(NAME, sql, [], &mut bytes)),
    };
    if until != Until::Ready {
        let nothing = |(), _: &mut BytesMut| Ok(IsNull::Yes);
        let _ = frontend::bind("", NAME, [], [], nothing, [], &mut bytes);
        let _ = frontend::execute("", 0, &mut bytes);
        frontend::sync(&mut bytes);
    }
    bytes.freeze()
}

/// What is sent in the place of a unit that is answered with an error of ours: something that
/// the server refuses, so that the session stands where a real error would have left it.
pub(super) fn poisoned(unit: Unit, status: Status, ends: bool) -> Unit {
    let bytes = match unit.until {
        // A commit that fails has rolled back, and left the block.
        until @ (Until::Ready | Until::Sync) if ends && status != Status::Idle => {
            statement("ROLLBACK", until)
        }
        Until::Ready => statement(POISON, Until::Ready),
        Until::Sync | Until::Flush => {
            let mut bytes = BytesMut::new();
            let _ = frontend::parse(NAME, POISON, [], &mut bytes);
            if unit.until == Until::Sync {
                frontend::sync(&mut bytes);
            } else {
                frontend::flush(&mut bytes);
            }
            bytes.freeze()
        }
    };
    Unit { bytes, ..unit }
}
