//! A storm as data: the business that should happen, and the weather over it.

use super::{Fault, Strike};
use serde::{Deserialize, Serialize};

/// A run of business with its weather; everything in a schedule follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// Each on a lane of its own. Without weather and leads they run one after another.
    pub affairs: Vec<Affair>,
}

/// One piece of business of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affair {
    /// Which of the storm's accounts, counted from 0.
    pub account: usize,
    /// By how many seconds it starts before its turn, and so cuts into earlier affairs.
    pub lead: u32,
    /// What should happen.
    pub business: Business,
    /// What goes wrong.
    pub weather: Vec<Gust>,
}

/// What should happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Business {
    /// A pack is bought in Checkout, and perhaps refunded in parts.
    Purchase {
        /// Which of the catalogue's packs.
        pack: usize,
        /// Paid by bank debit: Checkout completes unpaid, the money comes two days later.
        debit: bool,
        /// Percent of the price given back, one refund each.
        refunds: Vec<u8>,
    },
    /// A plan is subscribed to in Checkout.
    Subscription {
        /// Which of the catalogue's plans.
        plan: usize,
    },
    /// A plan's next period is paid.
    Renewal {
        /// Which of the catalogue's plans.
        plan: usize,
    },
    /// A job is reserved and ends.
    Job {
        /// Credits to hold.
        amount: i64,
        /// Whether it succeeds (and costs all that it held) or fails.
        succeeds: bool,
    },
    /// The sweep runs, as a cron job would.
    Sweep {
        /// Only for holds older than a day: there are none yet.
        old_only: bool,
    },
}

/// The kinds of business, to say which faults fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A pack is paid.
    Pack,
    /// A plan is paid.
    Plan,
    /// Credits are used.
    Job,
    /// Holds are cleaned up.
    Sweep,
}

impl Business {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Business::Purchase { .. } => Kind::Pack,
            Business::Subscription { .. } | Business::Renewal { .. } => Kind::Plan,
            Business::Job { .. } => Kind::Job,
            Business::Sweep { .. } => Kind::Sweep,
        }
    }
}

/// One fault, and where in the affair it strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gust {
    /// What goes wrong.
    pub fault: Fault,
    /// Which delivery or call of the affair, counted from 0, taken modulo their number.
    pub nth: usize,
    /// Seconds that it waits, where the fault has something to wait for.
    pub wait: u32,
}

impl Gust {
    /// Where the fault strikes, if it is one that strikes inside an operation: mostly at the
    /// first statements, since many operations have no more.
    pub(super) fn strike(&self) -> Strike {
        let statement = [0, 0, 0, 0, 1, 1, 2, 3][self.wait as usize / 2 % 8];
        let moments = self.fault.moments(statement);
        let moment = moments[self.wait as usize % moments.len()];
        Strike::new(self.fault, moment)
    }
}

impl Fault {
    /// Whether this fault means something to a ledger that is told of sales by calls: nobody
    /// signs those, but a sale may be told again with another amount.
    #[must_use]
    pub fn reaches_grants(self) -> bool {
        !self.is_about_deliveries()
            && !matches!(self, Fault::ForgedSignature | Fault::StaleTimestamp)
    }

    /// Whether this fault is about what only deliveries have: signatures, bodies, and business
    /// that no grant tells.
    fn is_about_deliveries(self) -> bool {
        matches!(
            self,
            Fault::ReserializedBody
                | Fault::RotatedSecret
                | Fault::MissingHeader
                | Fault::LivemodeMismatch
                | Fault::UnknownType
                | Fault::UnknownCustomer
                | Fault::OtherApiVersion
                | Fault::UnpaidSession
                | Fault::ZeroAmount
                | Fault::ZeroDecimalCurrency
                | Fault::CumulativeRefund
                | Fault::DisputeLifecycle
                | Fault::OversizedBody
                | Fault::TruncatedBody
        )
    }

    /// Whether this fault is about how a job's ends are reported.
    #[must_use]
    pub fn needs_ends(self) -> bool {
        matches!(
            self,
            Fault::LateSuccess
                | Fault::LateFailure
                | Fault::SuccessAndFailure
                | Fault::PartialOutput
                | Fault::UnknownJob
        )
    }

    /// Whether this fault can strike that kind of business.
    #[must_use]
    pub fn fits(self, kind: Kind) -> bool {
        use Fault::{
            AlteredBody, Api429, Api500, ApiTimeout, Burst, CommitAckLost, ConnectionDrop,
            CrashAfterCommit, CrashBefore, CrashBetween, CrashLoop, CumulativeRefund, Deadlock,
            Delay, DirectWrite, DisputeLifecycle, DoubleClick, DropThenRetry, Duplicate,
            ForeignRead, ForgedSignature, FunctionCall, IdempotencyConflict, LateFailure,
            LateRetry, LateSuccess, LivemodeMismatch, LostReply, MissingHeader, NeverEnds,
            NonsenseAmount, OtherApiVersion, OversizedBody, PartialOutput, Reorder,
            ReserializedBody, RotatedSecret, SerializationFailure, ServerCrash, StaleTimestamp,
            StatementTimeout, SuccessAndFailure, TempShadow, TimeTravel, TruncatedBody, TwinEvent,
            UnknownCustomer, UnknownJob, UnknownType, UnpaidSession, ZeroAmount,
            ZeroDecimalCurrency,
        };
        match self {
            Duplicate | LostReply | CrashBefore | CrashAfterCommit => kind != Kind::Sweep,
            CrashBetween | CrashLoop | ConnectionDrop | CommitAckLost | SerializationFailure
            | Deadlock | StatementTimeout | ServerCrash | Api429 | Api500 | ApiTimeout
            | IdempotencyConflict => true,
            // Laid on purpose: in the middle of other business it would be other rules' turn, such
            // as a hold's own end.
            TimeTravel => false,
            TwinEvent | Reorder | Delay | DropThenRetry | Burst | LateRetry | ForgedSignature
            | StaleTimestamp | AlteredBody | ReserializedBody | RotatedSecret | MissingHeader
            | LivemodeMismatch | UnknownType | OtherApiVersion | OversizedBody | TruncatedBody => {
                matches!(kind, Kind::Pack | Kind::Plan)
            }
            UnpaidSession | ZeroDecimalCurrency | CumulativeRefund | DisputeLifecycle => {
                kind == Kind::Pack
            }
            UnknownCustomer | ZeroAmount => kind == Kind::Plan,
            DoubleClick | LateSuccess | LateFailure | SuccessAndFailure | NeverEnds
            | PartialOutput | UnknownJob | NonsenseAmount => kind == Kind::Job,
            DirectWrite | FunctionCall | TempShadow | ForeignRead => false,
        }
    }
}
