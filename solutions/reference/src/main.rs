//! The reference ledger as a service: one instance, told by its environment.
//!
//! ```text
//! DATABASE_URL            a migrated database (migrations/, in the order of its numbers)
//! STRIPE_WEBHOOK_SECRET   whsec_…
//! LEDGER_TOKEN            what our own servers say to be let in
//! LEDGER_PRICES           price_pack=100,price_plan=50
//! LEDGER_LOW_BALANCES     100,20 (none if unset)
//! PORT                    8080 if unset
//! ```

use reference::{Settings, service};
use simulator::{Catalogue, Credits, Currency, Money, Offer, OfferKind, StripeAccess, World};
use std::error::Error;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let stripe = StripeAccess {
        webhook_secret: variable("STRIPE_WEBHOOK_SECRET")?,
    };
    let catalogue = catalogue(&variable("LEDGER_PRICES")?)?;
    let settings = Settings {
        world: World::new(variable("DATABASE_URL")?, stripe, catalogue),
        token: variable("LEDGER_TOKEN")?,
        low_balances: numbers(&std::env::var("LEDGER_LOW_BALANCES").unwrap_or_default())?,
    };
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>()?)).await?;
    println!("listening on {}", listener.local_addr()?);

    // On SIGTERM and Ctrl-C nothing new is taken, and what is under way is answered.
    let (stop, stopped) = oneshot::channel();
    let mut stop = Some(stop);
    ctrlc::set_handler(move || {
        if let Some(stop) = stop.take() {
            // A server that is gone needn't be told.
            let _ = stop.send(());
        }
    })?;
    let router = service(settings).await?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async {
            let _ = stopped.await;
        })
        .await?;
    Ok(())
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set"))
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
