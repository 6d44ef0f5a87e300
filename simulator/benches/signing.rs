//! What events cost beside their signatures: what happens in a world, told in events, printed and
//! signed, against the HMAC alone over the same bodies. The goal is half the HMAC's rate. And the
//! same as a schedule has it, with a world made for it, and all of it dropped. It allocates as
//! `badai` does.

#![allow(
    missing_docs,
    reason = "criterion's macro makes an undocumented function"
)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use mimalloc::MiMalloc;
use sha2::Sha256;
use simulator::stripe::{BillingReason, Event, PaymentMethod, Stripe, StripeError};
use simulator::{
    AccountId, Catalogue, Credits, Currency, CustomerId, Delivery, Money, Offer, OfferKind,
};
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

/// A world with a customer, before anything happens.
fn world(run: u64) -> (Stripe, CustomerId) {
    let mut stripe = Stripe::new(run, catalogue(), NOW);
    let account = AccountId::new("6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f");
    let customer = stripe.create_customer(&account);
    (stripe, customer)
}

/// A few sales, renewals and refunds, with all that is told of them.
fn business(stripe: &mut Stripe, customer: &CustomerId) -> Result<Vec<Delivery>, StripeError> {
    let account = AccountId::new("6f2c1d34-8a5b-4c7e-9f10-2b3a4c5d6e7f");
    for _ in 0..2 {
        let card = stripe.checkout(&account, None, "price_pack", PaymentMethod::Card)?;
        let bank = stripe.checkout(&account, None, "price_pack", PaymentMethod::BankDebit)?;
        stripe.bank_debit_clears(&bank.fact)?;
        stripe.renew(customer, "price_plan", BillingReason::SubscriptionCycle)?;
        stripe.refund(&card.fact, 400)?;
        stripe.refund(&card.fact, 600)?;
    }
    let events = stripe.events().iter();
    Ok(events.map(|event| event.delivery(SECRET, NOW)).collect())
}

fn signing(criterion: &mut Criterion) {
    let (mut sample, customer) = world(1);
    business(&mut sample, &customer).expect("the catalogue has both prices");
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
    let mut another = || {
        run += 1;
        world(run)
    };
    group.bench_function("built and signed", |bencher| {
        bencher.iter_batched_ref(
            &mut another,
            |(stripe, customer)| business(stripe, customer),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("with a world of its own", |bencher| {
        bencher.iter(|| {
            let (mut stripe, customer) = another();
            business(&mut stripe, &customer)
        });
    });
    group.finish();
}

criterion_group!(benches, signing);
criterion_main!(benches);
