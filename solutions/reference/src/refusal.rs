//! What an SQL error says about what moved.

use simulator::LedgerError;

/// Every operation is one statement in a transaction of its own, so an error that PostgreSQL
/// itself reports means that nothing moved. Where it says that the *data* was wrong (class 22)
/// or that a constraint said no (class 23), asking again is no use. A lost connection, on the
/// other hand, tells nothing: the statement may have been committed.
pub(crate) fn refusal(error: sqlx::Error) -> LedgerError {
    let says_no = error
        .as_database_error()
        .filter(|database| {
            database
                .code()
                .is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
        })
        .map(|database| database.message().to_owned());
    match says_no {
        Some(reason) => LedgerError::Refused(reason),
        None => error.into(),
    }
}
