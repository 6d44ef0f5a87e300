//! The faults: what weather can do to an honest business, each with its story and its source.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The part of the world that a fault comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// How Stripe hands events over.
    Delivery,
    /// Whether a delivery is Stripe's at all.
    Authenticity,
    /// What an event says.
    Content,
    /// Where the ledger's process dies.
    Process,
    /// What PostgreSQL, or the way to it, does.
    Database,
    /// How jobs end.
    Jobs,
    /// How Stripe answers a ledger that asks it.
    StripeApi,
    /// What a client asks for.
    Client,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Group::Delivery => "delivery",
            Group::Authenticity => "authenticity",
            Group::Content => "content",
            Group::Process => "process",
            Group::Database => "database",
            Group::Jobs => "jobs",
            Group::StripeApi => "stripe-api",
            Group::Client => "client",
        })
    }
}

macro_rules! faults {
    ($($name:ident $id:literal $group:ident $weight:literal $story:literal $source:literal;)*) => {
        /// One thing that goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Fault {
            $(
                #[doc = $story]
                #[serde(rename = $id)]
                $name,
            )*
        }

        impl Fault {
            /// Every fault that this version can make.
            pub const ALL: &'static [Fault] = &[$(Fault::$name),*];

            /// The name that `--faults` takes.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Fault::$name => $id),* }
            }

            /// Where it comes from.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $(Fault::$name => Group::$group),* }
            }

            /// How often it is drawn, relative to the others.
            #[must_use]
            pub const fn weight(self) -> u32 {
                match self { $(Fault::$name => $weight),* }
            }

            /// What happens, in one line.
            #[must_use]
            pub const fn story(self) -> &'static str {
                match self { $(Fault::$name => $story),* }
            }

            /// Who says that it happens.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Fault::$name => $source),* }
            }
        }
    };
}

faults! {
    Duplicate "duplicate" Delivery 4
        "Stripe delivers an event again although the first was answered with 2xx, or a client repeats a request."
        "Stripe docs, webhooks: endpoints might receive the same event more than once";
    TwinEvent "twin-event" Delivery 3
        "A second Event object, with another id, tells the same fact."
        "Stripe docs, webhooks: in some cases two separate Event objects are generated";
    Reorder "reorder" Delivery 3
        "A later event of the same payment arrives before an earlier one."
        "Stripe docs, webhooks: event ordering is not guaranteed";
    Delay "delay" Delivery 2
        "A delivery comes hours after the payment; other business overtakes it."
        "Stripe docs, webhooks: automatic retries for up to three days";
    DropThenRetry "drop-then-retry" Delivery 2
        "The first attempt never reaches the endpoint; Stripe tries again later."
        "Stripe docs, webhooks: automatic retries";
    LostReply "lost-reply" Delivery 4
        "The work is done, the answer is lost on its way; the sender tries again."
        "Stripe docs, webhooks: a late or lost 2xx counts as a failure";
    Burst "burst" Delivery 2
        "After an outage three copies of one event come within a second, to both instances."
        "Stripe docs, Checkout fulfillment: fulfillment may be called several times for one session";
    LateRetry "late-retry" Delivery 2
        "The same event comes once more three days later."
        "Stripe docs, process undelivered events: a manual resend doesn't stop automatic retries";
    ForgedSignature "forged-signature" Authenticity 2
        "Somebody who doesn't know the secret posts an event of their own making."
        "Stripe docs, webhooks: verify that events come from Stripe";
    StaleTimestamp "stale-timestamp" Authenticity 2
        "A genuine delivery, recorded and played back after the tolerance of five minutes."
        "Stripe docs, webhooks: preventing replay attacks";
    AlteredBody "altered-body" Authenticity 2
        "A genuine signature over a body that was changed on the way."
        "Stripe docs, webhooks: the signature covers the raw body";
    ReserializedBody "reserialized-body" Authenticity 2
        "A genuine signature over a body that was parsed and printed again on the way."
        "Stripe docs, webhooks: any manipulation of the raw body fails the verification";
    RotatedSecret "rotated-secret" Authenticity 2
        "The endpoint's secret is being rolled: each delivery carries two v1 signatures, in either order."
        "Stripe docs, webhooks: roll endpoint signing secrets";
    MissingHeader "missing-header" Authenticity 1
        "Somebody posts an event of their own making with no signature at all."
        "Stripe docs, webhooks: verify that events come from Stripe";
    LivemodeMismatch "livemode-mismatch" Authenticity 1
        "The other mode's endpoint has the same URL: its events come signed with its own secret."
        "Stripe docs, webhooks: each endpoint has a secret of its own, for test and live mode";
    UnknownType "unknown-type" Content 2
        "The endpoint hears of the same business by events that it needn't know."
        "Stripe docs, event types: an endpoint may listen to all of them";
    UnknownCustomer "unknown-customer" Content 3
        "An invoice of a customer arrives before the ledger knows whose it is."
        "Stripe docs, webhooks: event ordering is not guaranteed; customer.created may be late";
    OtherApiVersion "other-api-version" Content 2
        "While the endpoint is moved to another API version, an event comes once more in the older shape."
        "Stripe docs, webhook versioning: both endpoints get each event during an upgrade";
    UnpaidSession "unpaid-session" Content 3
        "Checkout is completed unpaid, and days later the bank refuses."
        "Stripe docs, Checkout fulfillment: delayed payment methods";
    ZeroAmount "zero-amount" Content 2
        "A plan begins with a trial: its first invoice is paid, with nothing."
        "Stripe docs, trials: an invoice of zero is made and paid at once";
    ZeroDecimalCurrency "zero-decimal-currency" Content 2
        "A pack is sold in a currency whose amounts have no decimals."
        "Stripe docs, currencies: zero-decimal currencies";
    CumulativeRefund "cumulative-refund" Content 3
        "A sale is refunded in two parts; each event tells the running total."
        "Stripe API, the Charge object: amount_refunded";
    DisputeLifecycle "dispute-lifecycle" Content 3
        "A bank asks about a sale, or takes its money, and perhaps gives it back."
        "Stripe docs, how disputes work: inquiries, funds_withdrawn, funds_reinstated";
    OversizedBody "oversized-body" Content 1
        "Somebody posts megabytes."
        "OWASP, denial of service: limit the size of requests";
    TruncatedBody "truncated-body" Content 2
        "The connection breaks in the middle of a delivery: half a body above the whole one's signature."
        "RFC 9112, section 8: handling incomplete messages";
    CrashBefore "crash-before" Process 2
        "The process dies before it has read the request."
        "Any deploy, out-of-memory kill, or lost machine";
    CrashAfterCommit "crash-after-commit" Process 4
        "The process dies after its work and before its answer."
        "Any deploy, out-of-memory kill, or lost machine";
    CrashBetween "crash-between" Process 4
        "The process dies inside an operation: before one of its statements, after its effect and before its answer, or while it waits for a lock."
        "Any deploy, out-of-memory kill, or lost machine";
    CrashLoop "crash-loop" Process 1
        "It dies again at the same statement, whichever process tries; the fourth lives."
        "Kubernetes docs, pod lifecycle: containers in CrashLoopBackOff";
    ConnectionDrop "connection-drop" Database 3
        "The connection is lost before a statement or after its effect; the operation lives and sees an error."
        "PostgreSQL manual, error codes: 57P01 admin_shutdown; any failover or restart of a pooler";
    CommitAckLost "commit-ack-lost" Database 4
        "The commit is applied, its answer is lost: the operation sees an error for what was done."
        "Jepsen, Call me maybe: Postgres: the acknowledgement of a commit can be lost";
    SerializationFailure "serialization-failure" Database 2
        "A statement or a commit fails with 40001, and the transaction is rolled back."
        "PostgreSQL manual, transaction isolation: be prepared to retry transactions";
    Deadlock "deadlock" Database 2
        "A statement is the victim of a deadlock, 40P01, and the transaction is rolled back."
        "PostgreSQL manual, explicit locking: retry transactions that abort due to deadlocks";
    StatementTimeout "statement-timeout" Database 2
        "A statement takes too long and is cancelled, 57014; the transaction is rolled back."
        "PostgreSQL manual, statement_timeout; Supabase docs, timeouts: each role has one";
    ServerCrash "server-crash" Database 1
        "PostgreSQL itself dies, inside an operation or between two, and comes back; the processes live."
        "PostgreSQL manual, shutting down the server: an immediate shutdown leads to recovery at the next start";
    TimeTravel "time-travel" Database 1
        "Minutes or hours pass by the database's clock: young holds stay, old ones are swept."
        "Any job that outlives its worker; PostgreSQL manual, current date and time";
    DoubleClick "double-click" Jobs 3
        "The user clicks twice: the same job is reserved again."
        "Stripe docs, idempotent requests: safely retrying requests";
    LateSuccess "late-success" Jobs 3
        "The job was given up and refunded, then it succeeds after all."
        "PostgreSQL manual, explicit locking; any worker queue with time-outs";
    LateFailure "late-failure" Jobs 3
        "The job succeeded and was charged, then a failure is reported."
        "Any at-least-once worker queue";
    SuccessAndFailure "success-and-failure" Jobs 3
        "Success and failure of one job are both reported, one right after the other."
        "Any at-least-once worker queue";
    NeverEnds "never-ends" Jobs 3
        "The worker is gone, perhaps with the process that took the job; nobody reports its end."
        "Any deploy, out-of-memory kill, or lost machine";
    PartialOutput "partial-output" Jobs 2
        "The job delivers less than was reserved and costs less."
        "Usage-based products: the cost is known only at the end";
    UnknownJob "unknown-job" Jobs 2
        "An end is reported for a job that was never reserved."
        "Any at-least-once worker queue";
    Api429 "api-429" StripeApi 2
        "Stripe answers one of the ledger's own calls with 429: nothing was done, and trying again is the caller's job."
        "Stripe docs, rate limits: handling limiting gracefully";
    Api500 "api-500" StripeApi 2
        "Stripe answers one of the ledger's own calls with 500, whether it did what was asked or not."
        "Stripe docs, advanced error handling: treat the result of a 500 as indeterminate";
    ApiTimeout "api-timeout" StripeApi 2
        "Stripe does what the ledger asks, and the connection ends before its answer."
        "Stripe docs, advanced error handling: network errors leave the client not knowing what the server did";
    IdempotencyConflict "idempotency-conflict" StripeApi 2
        "The idempotency key of the ledger's call is in use by another that is under way: 409, and nothing is done."
        "Stripe docs, error codes: idempotency_key_in_use";
    NonsenseAmount "nonsense-amount" Client 3
        "A request with a negative, a zero, or an overflowing amount."
        "OWASP, input validation; PostgreSQL manual, numeric types";
    DirectWrite "direct-write" Client 1
        "A client writes a table of the ledger's itself, past its operations."
        "Supabase docs, securing your API: without row level security anyone with the key can write a table";
    FunctionCall "function-call" Client 1
        "A client calls a function that was meant for the backend, or one of its own with somebody else's id."
        "PostgreSQL manual, privileges: everyone may execute a new function; OWASP API1, broken object level authorization";
    TempShadow "temp-shadow" Client 1
        "A client puts a table, function or operator of its own before the one that a definer's function means."
        "PostgreSQL manual, CREATE FUNCTION: writing security definer functions safely";
    ForeignRead "foreign-read" Client 1
        "A client reads what is another account's, from a table or by a view."
        "PostgreSQL manual, CREATE VIEW: a view reads with its owner's rights, past row level security";
}

impl Fault {
    /// Whether it is a client that passes the ledger by. No weather does that: a run sends them
    /// once, to see what stands open.
    #[must_use]
    pub fn is_trespass(self) -> bool {
        matches!(
            self,
            Fault::DirectWrite | Fault::FunctionCall | Fault::TempShadow | Fault::ForeignRead
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_saved_under_the_name_that_the_command_line_takes() {
        for fault in Fault::ALL {
            assert_eq!(
                serde_json::to_value(fault).unwrap(),
                serde_json::json!(fault.id())
            );
        }
    }
}
