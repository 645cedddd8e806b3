//! What we ask Stripe to tell: the state of objects, pages of lists, previews. Each is tried three times.

use stripe::{RequestStrategy, StripeRequest};
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::invoice::{
    CreatePreviewInvoice, CreatePreviewInvoiceSubscriptionDetails, CreatePreviewInvoiceSubscriptionDetailsItems,
    CreatePreviewInvoiceSubscriptionDetailsItemsPriceData, CreatePreviewInvoiceSubscriptionDetailsItemsPriceDataRecurring,
    CreatePreviewInvoiceSubscriptionDetailsItemsPriceDataRecurringInterval, CreatePreviewInvoiceSubscriptionDetailsProrationBehavior,
    ListInvoice, RetrieveInvoice,
};
use stripe_billing::subscription::{ListSubscription, ListSubscriptionStatus, RetrieveSubscription};
use stripe_checkout::checkout_session::RetrieveCheckoutSession;
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_core::balance::RetrieveForMyAccountBalance;
use stripe_core::charge::{ListCharge, RetrieveCharge};
use stripe_core::dispute::{ListDispute, RetrieveDispute};
use stripe_core::event::ListEvent;
use stripe_core::payment_intent::RetrievePaymentIntent;
use stripe_core::refund::RetrieveRefund;
use stripe_misc::webhook_endpoint::{
    CreateWebhookEndpoint, CreateWebhookEndpointEnabledEvents, DeleteWebhookEndpoint, ListWebhookEndpoint,
};
use stripe_product::coupon::RetrieveCoupon;
use stripe_product::price::ListPrice;
use stripe_types::RangeQueryTs;

use super::call::{Every, currency};
use super::views::{
    Balance, Charge, Coupon, Dispute, Endpoint, Event, Invoice, Item, List, Named, PaymentIntent, Portal, Refund, Session, Subscription,
};
use super::{Client, Failure};

/// Items of one page.
const PAGE: i64 = 100;

/// What a list of attempts is asked to say of each as well.
fn with_refunds() -> Vec<String> {
    vec!["data.refunds".to_owned()]
}

impl Client {
    async fn ask<T: miniserde::Deserialize>(&self, request: &impl StripeRequest) -> Result<T, Failure> {
        self.send(request.build().customize::<T>()).await
    }

    /// A visit to the checkout, as it is now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn session(&self, id: &str) -> Result<Session, Failure> {
        self.ask(&RetrieveCheckoutSession::new(id)).await
    }

    /// What renews, as it is now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn subscription(&self, id: &str) -> Result<Subscription, Failure> {
        self.ask(&RetrieveSubscription::new(id)).await
    }

    /// A page of all subscriptions of the account, also those that are over, the newest first.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn subscriptions(&self, after: Option<&str>) -> Result<List<Subscription>, Failure> {
        let mut list = ListSubscription::new().status(ListSubscriptionStatus::All).limit(PAGE);
        if let Some(after) = after {
            list = list.starting_after(after);
        }
        self.ask(&list).await
    }

    /// The newest subscriptions of one customer, also those that are over.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn subscriptions_of(&self, customer: &str) -> Result<List<Subscription>, Failure> {
        self.ask(&ListSubscription::new().customer(customer).status(ListSubscriptionStatus::All).limit(PAGE)).await
    }

    /// A bill with what was paid for it, as it is now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn invoice(&self, id: &str) -> Result<Invoice, Failure> {
        self.ask(&RetrieveInvoice::new(id).expand(vec!["payments".to_owned()])).await
    }

    /// The newest bills of a subscription with what was paid for them, the newest first.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn invoices(&self, subscription: &str) -> Result<List<Invoice>, Failure> {
        let expand = vec!["data.payments".to_owned()];
        self.ask(&ListInvoice::new().subscription(subscription).expand(expand).limit(PAGE)).await
    }

    /// The bill that a subscription would be sent if it were one to this product and cost so much, in minor units, each month or year from this
    /// second on. It makes nothing, no price either.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn preview(
        &self,
        subscription: &str,
        item: &Item,
        (product, minor, every): (&str, i64, Every),
        from_s: i64,
    ) -> Result<Invoice, Failure> {
        let interval = match every {
            Every::Month => CreatePreviewInvoiceSubscriptionDetailsItemsPriceDataRecurringInterval::Month,
            Every::Year => CreatePreviewInvoiceSubscriptionDetailsItemsPriceDataRecurringInterval::Year,
        };
        let recurring = CreatePreviewInvoiceSubscriptionDetailsItemsPriceDataRecurring::new(interval);
        let mut price = CreatePreviewInvoiceSubscriptionDetailsItemsPriceData::new(currency(&item.price.currency), product, recurring);
        price.unit_amount = Some(minor);
        let mut one = CreatePreviewInvoiceSubscriptionDetailsItems::new();
        (one.id, one.price_data) = (Some(item.id.clone()), Some(price));
        let mut details = CreatePreviewInvoiceSubscriptionDetails::new();
        details.items = Some(vec![one]);
        details.proration_behavior = Some(CreatePreviewInvoiceSubscriptionDetailsProrationBehavior::AlwaysInvoice);
        details.proration_date = Some(from_s);
        self.ask(&CreatePreviewInvoice::new().subscription(subscription).subscription_details(details)).await
    }

    /// A page of the attempts at payments of a customer with what went back of them, the newest first.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn charges(&self, customer: &str, after: Option<&str>) -> Result<List<Charge>, Failure> {
        let mut list = ListCharge::new().customer(customer).expand(with_refunds()).limit(PAGE);
        if let Some(after) = after {
            list = list.starting_after(after);
        }
        self.ask(&list).await
    }

    /// The newest attempts at one payment with what went back of them.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn charges_of(&self, payment_intent: &str) -> Result<List<Charge>, Failure> {
        self.ask(&ListCharge::new().payment_intent(payment_intent).expand(with_refunds()).limit(PAGE)).await
    }

    /// What the payer's bank takes back of one payment.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn disputes_of(&self, payment_intent: &str) -> Result<List<Dispute>, Failure> {
        self.ask(&ListDispute::new().payment_intent(payment_intent).limit(PAGE)).await
    }

    /// A payment, as it is now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn payment_intent(&self, id: &str) -> Result<PaymentIntent, Failure> {
        self.ask(&RetrievePaymentIntent::new(id)).await
    }

    /// One attempt at a payment, as it is now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn charge(&self, id: &str) -> Result<Charge, Failure> {
        self.ask(&RetrieveCharge::new(id)).await
    }

    /// Money that goes back, as it is now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn refund(&self, id: &str) -> Result<Refund, Failure> {
        self.ask(&RetrieveRefund::new(id)).await
    }

    /// A dispute, as it is now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn dispute(&self, id: &str) -> Result<Dispute, Failure> {
        self.ask(&RetrieveDispute::new(id)).await
    }

    /// A page of what happened from this second on, the newest first. Stripe keeps about thirty days.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn events(&self, since_s: i64, after: Option<&str>) -> Result<List<Event>, Failure> {
        let mut list = ListEvent::new().created(RangeQueryTs::gte(since_s)).limit(PAGE);
        if let Some(after) = after {
            list = list.starting_after(after);
        }
        self.ask(&list).await
    }

    /// A way into the hosted page where a customer changes cards and sees bills. Making one more does no harm.
    ///
    /// # Errors
    /// [`Failure`]; refused while the account has no settings for the page.
    pub async fn portal(&self, customer: &str, return_url: &str) -> Result<Portal, Failure> {
        self.ask(&CreateBillingPortalSession::new().customer(customer).return_url(return_url)).await
    }

    /// Does the key work, and whose mode is it of?
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn balance(&self) -> Result<Balance, Failure> {
        self.ask(&RetrieveForMyAccountBalance::new()).await
    }

    /// The account that the key belongs to.
    ///
    /// # Errors
    /// [`Failure`]; a restricted key may not be allowed to ask.
    pub async fn account(&self) -> Result<Named, Failure> {
        self.send(RequestBuilder::new(StripeMethod::Get, "/account").customize()).await
    }

    /// The price that we gave this name, if it was made.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn price_by_key(&self, lookup_key: &str) -> Result<Option<Named>, Failure> {
        let list: List<Named> = self.ask(&ListPrice::new().lookup_keys(vec![lookup_key.to_owned()]).limit(1)).await?;
        Ok(list.data.into_iter().next())
    }

    /// What takes something off, as it is now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn coupon(&self, id: &str) -> Result<Coupon, Failure> {
        self.ask(&RetrieveCoupon::new(id)).await
    }

    /// Where the account sends events, the first page of it: there may be sixteen.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, Failure> {
        let list: List<Endpoint> = self.ask(&ListWebhookEndpoint::new().limit(PAGE)).await?;
        Ok(list.data)
    }

    /// Has events of these kinds sent to an address, written in the version that this client speaks. The answer holds the secret that
    /// they are signed with, which is told only now: when the answer is lost, the endpoint is removed and made again.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn make_endpoint(&self, url: &str, kinds: &[&str], tags: &super::call::Tags) -> Result<Endpoint, Failure> {
        let kinds: Vec<CreateWebhookEndpointEnabledEvents> = kinds
            .iter()
            .map(|kind| {
                let Ok(kind) = kind.parse();
                kind
            })
            .collect();
        let request = CreateWebhookEndpoint::new(kinds, url)
            .api_version(stripe_client_core::VERSION)
            .description("Rialto")
            .metadata(tags.clone().into_iter().collect::<std::collections::HashMap<_, _>>());
        self.send(request.build().customize().request_strategy(RequestStrategy::Once)).await
    }

    /// Has no more events sent there.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn remove_endpoint(&self, id: &str) -> Result<Named, Failure> {
        self.ask(&DeleteWebhookEndpoint::new(id)).await
    }
}
