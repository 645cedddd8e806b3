//! Stripe as one of the ways to take payment.

use futures_util::future::BoxFuture;

use super::client::call::Call;
use super::connection::Stripe;
use super::fetching::subscription_truth;
use super::minor;
use super::selling::one;
use super::truth;
use crate::billing::providers::{Checkout, CheckoutTruth, Opened, Provider, ProviderKind, SubscriptionTruth, Switch, Switched};
use crate::error::{Error, Result};
use crate::money::Money;

impl Provider for Stripe {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Stripe
    }

    fn is_ready(&self) -> bool {
        self.connection().is_some()
    }

    fn open<'a>(&'a self, checkout: &'a Checkout, key: &'a str) -> BoxFuture<'a, Result<Opened>> {
        Box::pin(self.open_checkout(checkout, key))
    }

    fn fetch_checkout<'a>(&'a self, session: &'a str) -> BoxFuture<'a, Result<CheckoutTruth>> {
        Box::pin(async move { self.checkout_truth(&*self.connected()?, session).await })
    }

    fn expire<'a>(&'a self, session: &'a str, key: &'a str) -> BoxFuture<'a, Result<CheckoutTruth>> {
        Box::pin(async move {
            let to = self.connected()?;
            match self.once(&to, &to.scoped(key), Call::ExpireCheckout { session: session.to_owned() }).await {
                // Paid meanwhile, or over already: what is so says the visit itself.
                Err(error) if error.code() != "billing.provider_refused" => Err(error),
                _ => self.checkout_truth(&to, session).await,
            }
        })
    }

    fn fetch_subscription<'a>(&'a self, external_id: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>> {
        Box::pin(async move { Ok(subscription_truth(&self.connected()?.client, self.now(), external_id, None).await?.0) })
    }

    fn cancel_at_end<'a>(&'a self, external_id: &'a str, cancels: bool, key: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>> {
        Box::pin(self.end_with_period(external_id, cancels, key))
    }

    fn quote<'a>(&'a self, switch: &'a Switch) -> BoxFuture<'a, Result<Money>> {
        Box::pin(self.quote_switch(switch))
    }

    fn switch<'a>(&'a self, switch: &'a Switch, key: &'a str) -> BoxFuture<'a, Result<Switched>> {
        Box::pin(self.make_switch(switch, key))
    }

    fn end<'a>(&'a self, external_id: &'a str, key: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>> {
        Box::pin(async move {
            let to = self.connected()?;
            match self.once(&to, &to.scoped(key), Call::EndNow { subscription: external_id.to_owned() }).await {
                // It was over already.
                Err(error) if error.code() != "billing.provider_refused" => Err(error),
                _ => Ok(subscription_truth(&to.client, self.now(), external_id, None).await?.0),
            }
        })
    }

    fn refund<'a>(&'a self, payment: &'a str, money: Money, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let to = self.connected()?;
            let minor = minor::to_theirs(money).ok_or_else(|| Error::conflict("billing.provider_amount"))?;
            let call = Call::Refund { payment_intent: payment.to_owned(), minor, tags: one(truth::REFUND, key) };
            self.once(&to, &to.scoped(key), call).await.map(|_| ())
        })
    }

    fn portal<'a>(&'a self, external_id: &'a str, return_to: &'a str, _: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let to = self.connected()?;
            // The page speaks the language that the customer was made with.
            let customer = to.client.subscription(external_id).await?.customer;
            Ok(to.client.portal(&customer, return_to).await?.url)
        })
    }
}
