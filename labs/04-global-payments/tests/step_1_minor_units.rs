//! Step 04.1: minor units and currencies.

use lab_04_global_payments::minor_units::to_minor;
use simulator::Money;
use simulator::invariant::Invariant;
use simulator::lab::Step;

#[test]
fn what_the_window_shows_is_what_is_charged() {
    Step::new("04.1", "Minor units and currencies")
        .holds([Invariant::Reconciliation])
        .grade_prices(|shown, currency| to_minor(shown, currency).map(Money::minor));
}
