//! Customers, and what is sold to them.

use super::super::error::StripeError;
use super::super::event::EventKind;
use super::super::object::{Customer, Deleted, Object, Price, Product, Recurring};
use super::super::shape::Metadata;
use super::super::world::Stripe;
use crate::{AccountId, Credits, CustomerId, Money};
use std::sync::Arc;

/// A test clock has at most so many customers (T5).
const CUSTOMERS_A_CLOCK: usize = 3;

/// What somebody says of a new customer.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewCustomer {
    pub(crate) account: Option<AccountId>,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) test_clock: Option<String>,
}

/// What somebody says of a new price.
#[derive(Clone, Debug)]
pub(crate) struct NewPrice {
    pub(crate) product: String,
    pub(crate) amount: Money,
    pub(crate) recurring: Option<Recurring>,
    pub(crate) metadata: Metadata,
}

impl Stripe {
    /// A new customer, who is this account's from now on. Linking it in the ledger is the
    /// workload's business.
    pub fn create_customer(&mut self, account: &AccountId) -> CustomerId {
        let customer = NewCustomer {
            account: Some(account.clone()),
            ..NewCustomer::default()
        };
        self.put_customer(customer).id.clone()
    }

    /// The same, with all that the API takes.
    pub(crate) fn new_customer(&mut self, new: NewCustomer) -> Result<Arc<Customer>, StripeError> {
        if let Some(clock) = &new.test_clock {
            let there = self.clocks.get(clock);
            there.ok_or_else(|| StripeError::NoSuchClock(clock.clone()))?;
            let on_it = |it: &&Arc<Customer>| it.test_clock.as_ref() == Some(clock);
            if self.customers.newest().filter(on_it).count() >= CUSTOMERS_A_CLOCK {
                return Err(StripeError::ClockIsFull(clock.clone()));
            }
        }
        Ok(self.put_customer(new))
    }

    fn put_customer(&mut self, new: NewCustomer) -> Arc<Customer> {
        let id = CustomerId::new(self.ids.short("cus_"));
        let clock = new.test_clock.as_deref();
        let clock = clock.and_then(|clock| self.clocks.get(clock));
        let customer = Customer {
            id: id.clone(),
            account: new.account.unwrap_or_else(|| AccountId::new(id.as_str())),
            email: new.email,
            name: new.name,
            description: new.description,
            metadata: new.metadata,
            balance: 0,
            created: clock.map_or(self.now, |clock| clock.frozen_time),
            test_clock: new.test_clock,
            declines: false,
        };
        let customer = self.customers.put(id.as_str(), customer);
        self.mention(
            EventKind::CustomerCreated,
            Object::Customer(Arc::clone(&customer)),
        );
        customer
    }

    /// The bank declines this customer's card from now on, or takes it again.
    ///
    /// # Errors
    /// No such customer.
    pub fn card_declines(
        &mut self,
        customer: &CustomerId,
        declines: bool,
    ) -> Result<(), StripeError> {
        self.customers
            .change(customer.as_str(), |it| it.declines = declines)
            .map(|_| ())
            .ok_or_else(|| StripeError::NoSuchCustomer(customer.clone()))
    }

    /// Forgets a customer and ends its subscriptions.
    pub(in crate::stripe) fn delete_customer(
        &mut self,
        id: &CustomerId,
    ) -> Result<Object, StripeError> {
        self.account_of(id)?;
        let theirs = self.subscriptions.newest();
        let theirs: Vec<String> = theirs
            .filter(|it| it.customer == *id && it.ended_at.is_none())
            .map(|it| it.id.clone())
            .collect();
        for subscription in theirs {
            self.cancel(&subscription)?;
        }
        if let Some(gone) = self.customers.remove(id.as_str()) {
            self.mention(EventKind::CustomerDeleted, Object::Customer(gone));
        }
        Ok(Object::Deleted(Deleted {
            id: id.as_str().to_owned(),
            object: "customer",
        }))
    }

    /// Something new for sale.
    pub(crate) fn new_product(
        &mut self,
        name: String,
        description: Option<String>,
        metadata: Metadata,
    ) -> Arc<Product> {
        let product = Product {
            id: self.ids.short("prod_"),
            name,
            description,
            metadata,
            created: self.now,
        };
        let product = self.products.put(&product.id.clone(), product);
        self.mention(
            EventKind::ProductCreated,
            Object::Product(Arc::clone(&product)),
        );
        product
    }

    /// A price for it. It gives no credits: the catalogue doesn't know it.
    pub(crate) fn new_price(&mut self, new: NewPrice) -> Result<Arc<Price>, StripeError> {
        if self.products.get(&new.product).is_none() {
            return Err(StripeError::NoSuchProduct(new.product));
        }
        let price = Price {
            id: self.ids.long("price_", '1'),
            product: new.product,
            amount: new.amount,
            credits: Credits::new(0),
            recurring: new.recurring,
            metadata: new.metadata,
            created: self.now,
        };
        let price = self.prices.put(&price.id.clone(), price);
        self.mention(EventKind::PriceCreated, Object::Price(Arc::clone(&price)));
        Ok(price)
    }
}
