//! What an event costs beside its signature: sold, printed, signed and wrapped, against the HMAC
//! alone over the same bytes. The goal is at least half the HMAC's rate.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use simulator::stripe::{BillingReason, EventKind, PaymentMethod, Stripe};
use simulator::{AccountId, Catalogue, Credits, Currency, CustomerId, Money, Offer, OfferKind};
use std::hint::black_box;

const SECRET: &str = "whsec_0123456789abcdefghijABCDEFGHIJ01";
const NOW: i64 = 1_790_000_000;

fn world() -> (Stripe, AccountId, CustomerId) {
    let offer = |price: &str, kind| Offer {
        price: price.to_owned(),
        amount: Money::new(1000, Currency::USD),
        credits: Credits::new(100),
        kind,
    };
    let offers = vec![
        offer("price_pack", OfferKind::Pack),
        offer("price_plan", OfferKind::Plan),
    ];
    let account = AccountId::new("6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f");
    let mut stripe = Stripe::new(1, Catalogue { offers }, NOW);
    let customer = stripe.create_customer(&account);
    (stripe, account, customer)
}

/// Makes one event of the kind, and returns the world that has it as its latest.
fn emit(kind: EventKind, stripe: &mut Stripe, account: &AccountId, customer: &CustomerId) {
    let emitted = match kind {
        EventKind::InvoicePaid => {
            stripe.renew(customer, "price_plan", BillingReason::SubscriptionCycle)
        }
        _ => stripe.checkout(account, None, "price_pack", PaymentMethod::Card),
    };
    emitted.expect("the catalogue has both prices");
}

fn signing(criterion: &mut Criterion) {
    for kind in [EventKind::CheckoutCompleted, EventKind::InvoicePaid] {
        let (mut stripe, account, customer) = world();
        emit(kind, &mut stripe, &account, &customer);
        let body = stripe.events()[0].body.clone();

        let mut group = criterion.benchmark_group(kind.as_str());
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("hmac alone", |bencher| {
            bencher.iter(|| {
                let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())
                    .expect("HMAC takes keys of any length");
                mac.update(black_box(&body));
                mac.finalize().into_bytes()
            });
        });
        group.bench_function("event built and signed", |bencher| {
            bencher.iter_batched_ref(
                world,
                |(stripe, account, customer)| {
                    emit(kind, stripe, account, customer);
                    stripe.events()[0].delivery(SECRET, NOW)
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, signing);
criterion_main!(benches);
