//! What a schedule's events cost beside their signatures: a world made, its events emitted and
//! signed, all of it dropped, against the HMAC alone over the same bodies. The goal is half the
//! HMAC's rate. It allocates as `badai` does.

#![allow(
    missing_docs,
    reason = "criterion's macro makes an undocumented function"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use mimalloc::MiMalloc;
use sha2::Sha256;
use simulator::stripe::{BillingReason, Event, PaymentMethod, Stripe, StripeError};
use simulator::{AccountId, Catalogue, Credits, Currency, Delivery, Money, Offer, OfferKind};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SECRET: &str = "whsec_0123456789abcdefghijABCDEFGHIJ01";
const NOW: i64 = 1_790_000_000;

fn catalogue() -> Catalogue {
    let offer = |price: &str, kind| Offer {
        price: price.to_owned(),
        amount: Money::new(1000, Currency::USD),
        credits: Credits::new(100),
        kind,
    };
    Catalogue {
        offers: vec![
            offer("price_pack", OfferKind::Pack),
            offer("price_plan", OfferKind::Plan),
        ],
    }
}

/// A world in which a few sales, renewals and refunds happened, with all that is told of them.
fn business(run: u64) -> Result<Stripe, StripeError> {
    let mut stripe = Stripe::new(run, catalogue(), NOW);
    let account = AccountId::new("6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f");
    let customer = stripe.create_customer(&account);
    for _ in 0..2 {
        let card = stripe.checkout(&account, None, "price_pack", PaymentMethod::Card)?;
        let bank = stripe.checkout(&account, None, "price_pack", PaymentMethod::BankDebit)?;
        stripe.bank_debit_clears(&bank.fact)?;
        stripe.renew(&customer, "price_plan", BillingReason::SubscriptionCycle)?;
        stripe.refund(&card.fact, 400)?;
        stripe.refund(&card.fact, 600)?;
    }
    Ok(stripe)
}

fn deliveries(stripe: &Stripe) -> Vec<Delivery> {
    let events = stripe.events().iter();
    events.map(|event| event.delivery(SECRET, NOW)).collect()
}

fn signing(criterion: &mut Criterion) {
    let sample = business(1).expect("the catalogue has both prices");
    let bodies: Vec<_> = sample.events().iter().map(Event::body).collect();
    let bytes: usize = bodies.iter().map(|body| body.len()).sum();

    let mut group = criterion.benchmark_group("a business");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("hmac alone", |bencher| {
        bencher.iter(|| {
            for body in &bodies {
                let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())
                    .expect("HMAC takes keys of any length");
                mac.update(black_box(body));
                black_box(mac.finalize().into_bytes());
            }
        });
    });
    let mut run = 0;
    group.bench_function("built and signed", |bencher| {
        bencher.iter(|| {
            run += 1;
            deliveries(&business(run).expect("the catalogue has both prices"))
        });
    });
    group.finish();
}

criterion_group!(benches, signing);
criterion_main!(benches);
