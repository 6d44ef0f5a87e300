//! The reference ledger as a service: one instance, told by its environment.
//!
//! ```text
//! DATABASE_URL            a migrated database (migrations/, in the order of its numbers)
//! STRIPE_WEBHOOK_SECRET   whsec_…
//! STRIPE_MODE             test or live; test if unset
//! LEDGER_TOKEN            what our own servers say to be let in
//! LEDGER_PRICES           price_pack=100,price_plan=50
//! LEDGER_LOW_BALANCES     100,20 (none if unset)
//! LEDGER_DRAIN_SECONDS    5 if unset
//! PORT                    8080 if unset
//! ```
//!
//! On SIGTERM and Ctrl-C it first says at `/readyz` that it isn't ready, and goes on for so many
//! seconds, or until it is told again: whoever balances the load has seen it then. After that it
//! takes nothing new, answers what is under way, and ends.

use reference::{Draining, Mode, Settings, service};
use simulator::{Catalogue, Credits, Currency, Money, Offer, OfferKind, StripeAccess, World};
use std::error::Error;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let stripe = StripeAccess::deaf(variable("STRIPE_WEBHOOK_SECRET")?);
    let catalogue = catalogue(&variable("LEDGER_PRICES")?)?;
    let settings = Settings {
        world: World::new(variable("DATABASE_URL")?, stripe, catalogue),
        mode: mode()?,
        token: variable("LEDGER_TOKEN")?,
        low_balances: numbers(&std::env::var("LEDGER_LOW_BALANCES").unwrap_or_default())?,
        draining: Draining::default(),
    };
    let grace = Duration::from_secs(number("LEDGER_DRAIN_SECONDS", 5)?);
    let port = u16::try_from(number("PORT", 8080)?)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);

    let (tell, mut told) = mpsc::unbounded_channel();
    ctrlc::set_handler(move || {
        // A server that is gone needn't be told.
        let _ = tell.send(());
    })?;
    let draining = settings.draining.clone();
    let router = service(settings).await?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            told.recv().await;
            draining.begin();
            // Told again or not, it is time.
            let _ = timeout(grace, told.recv()).await;
        })
        .await?;
    Ok(())
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set"))
}

fn number(name: &str, unset: u64) -> Result<u64, String> {
    let Ok(text) = std::env::var(name) else {
        return Ok(unset);
    };
    let wrong = |_| format!("{name} is `{text}`, expected a whole number");
    text.parse().map_err(wrong)
}

/// Which mode's events are believed.
fn mode() -> Result<Mode, String> {
    let told = std::env::var_os("STRIPE_MODE");
    match told.as_ref().map(|told| told.to_string_lossy()).as_deref() {
        None | Some("test") => Ok(Mode::Test),
        Some("live") => Ok(Mode::Live),
        Some(other) => Err(format!("STRIPE_MODE is `{other}`, expected test or live")),
    }
}

/// Reads `price_pack=100,price_plan=50`.
fn catalogue(text: &str) -> Result<Catalogue, String> {
    let offers = text.split(',').map(|pair| {
        let wrong = || format!("`{pair}` in LEDGER_PRICES is not like price_pack=100");
        let (price, credits) = pair.trim().split_once('=').ok_or_else(wrong)?;
        Ok(Offer {
            price: price.to_owned(),
            // The ledger grants by price, never by amount.
            amount: Money::new(0, Currency::USD),
            credits: Credits::new(credits.parse().map_err(|_| wrong())?),
            kind: OfferKind::Pack,
        })
    });
    let offers = offers.collect::<Result<_, String>>()?;
    Ok(Catalogue { offers })
}

fn numbers(text: &str) -> Result<Vec<i64>, std::num::ParseIntError> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(str::parse).collect()
}
