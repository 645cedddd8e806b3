//! What we ask Stripe to do, as values: written down before it is asked, and asked again word for word under the same key.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use stripe::{RequestStrategy, StripeRequest};
use stripe_billing::subscription::{
    CancelSubscription, UpdateSubscription, UpdateSubscriptionItems, UpdateSubscriptionPaymentBehavior, UpdateSubscriptionProrationBehavior,
};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionDiscounts, CreateCheckoutSessionInvoiceCreation, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionPaymentIntentData, CreateCheckoutSessionSubscriptionData, ExpireCheckoutSession,
};
use stripe_core::customer::CreateCustomer;
use stripe_core::refund::CreateRefund;
use stripe_product::coupon::{CreateCoupon, CreateCouponAppliesTo};
use stripe_product::price::{CreatePrice, CreatePriceRecurring, CreatePriceRecurringInterval};
use stripe_product::product::{CreateProduct, UpdateProduct};
use stripe_shared::{CheckoutSessionLocale, CheckoutSessionMode, CouponDuration};
use stripe_types::Currency;

use super::views::{Answer, Named, Product, Session};
use super::{Client, Failure};

/// What we write to an object of theirs, to know it again: at most 50 names, values of at most 500 characters.
pub type Tags = BTreeMap<String, String>;

/// How often a price is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Each month.
    Month,
    /// Each year.
    Year,
}

/// For how long a coupon takes something off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    /// Of the first payment.
    Once,
    /// Of what is paid in so many months.
    Months(i64),
    /// Of every payment.
    Ever,
}

/// A visit to the hosted checkout, for one thing at one price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// Does it renew?
    pub renews: bool,
    /// Who pays, at Stripe.
    pub customer: String,
    /// At which price, at Stripe.
    pub price: String,
    /// Our order; what comes of the visit carries it.
    pub order: String,
    /// What takes something off, at Stripe.
    #[serde(default)]
    pub coupon: Option<String>,
    /// Days for nothing before the first payment; 0: none. Only for what renews.
    pub trial_days: u32,
    /// When it will be over, seconds UTC: between half an hour and a day from now.
    pub expires_at_s: i64,
    /// `en` or `fr`.
    pub language: String,
    /// Where the member comes back to.
    pub success_url: String,
    /// Where they come back to without having paid.
    pub cancel_url: String,
    /// What is written to it, and to the payment or subscription that comes of it.
    pub tags: Tags,
}

/// A call that changes something at Stripe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// Makes a customer, who is a member.
    MakeCustomer {
        /// Their name.
        name: String,
        /// Where receipts go, if it is known.
        email: Option<String>,
        /// `en` or `fr`.
        language: String,
        /// What is written to it.
        tags: Tags,
    },
    /// Makes a product, which is a plan.
    MakeProduct {
        /// The id that it is to have.
        id: String,
        /// Its name, as the plan's.
        name: String,
        /// What one gets, or empty.
        description: String,
        /// What is written to it.
        tags: Tags,
    },
    /// Changes one; the answer says what time it is at Stripe.
    ChangeProduct {
        /// Which.
        id: String,
        /// Its name.
        name: String,
        /// Is it sold?
        is_active: bool,
        /// What is written to it.
        tags: Tags,
    },
    /// Makes a price.
    MakePrice {
        /// Of which product.
        product: String,
        /// In which currency, lower case.
        currency: String,
        /// How much, in its minor units.
        minor: i64,
        /// How often; none: once.
        every: Option<Every>,
        /// A name of ours for it, unique in the account.
        lookup_key: String,
        /// What is written to it.
        tags: Tags,
    },
    /// Makes a coupon, which is what a promotion takes off.
    MakeCoupon {
        /// The id that it is to have.
        id: String,
        /// So many in a hundred; or the next.
        percent: Option<u8>,
        /// So much, in minor units of this currency, lower case.
        amount: Option<(i64, String)>,
        /// For how long.
        duration: Duration,
        /// The products of which it takes something off; empty: of all of them.
        #[serde(default)]
        products: Vec<String>,
        /// What is written to it.
        tags: Tags,
    },
    /// Opens a visit to the checkout.
    OpenCheckout(Checkout),
    /// Ends one that was not paid.
    ExpireCheckout {
        /// Which.
        session: String,
    },
    /// A subscription ends with what is paid, or goes on after all.
    EndWithPeriod {
        /// Which.
        subscription: String,
        /// Does it end?
        ends: bool,
    },
    /// A subscription is paid by another price.
    ChangePrice {
        /// Which.
        subscription: String,
        /// What of it.
        item: String,
        /// By which price, at Stripe.
        price: String,
        /// From which second on the difference is charged at once, or the call is refused; none: nothing is charged before its period ends.
        prorates_from_s: Option<i64>,
        /// Where the difference cannot be charged, does the change wait until it is paid, instead of being refused? Then nothing is written to it.
        #[serde(default)]
        waits: bool,
        /// What is written to it; what is empty is taken away.
        tags: Tags,
    },
    /// Money goes back.
    Refund {
        /// Of which payment.
        payment_intent: String,
        /// How much, in its minor units.
        minor: i64,
        /// What is written to it.
        tags: Tags,
    },
    /// A subscription ends now.
    EndNow {
        /// Which.
        subscription: String,
    },
}

fn metadata(tags: &Tags) -> HashMap<String, String> {
    tags.clone().into_iter().collect()
}

pub(super) fn currency(code: &str) -> Currency {
    // It takes any text: what it does not know goes out as it is, and Stripe refuses it.
    let Ok(currency) = code.parse();
    currency
}

/// Asks under this key for something of which `T` is read.
async fn ask<T: miniserde::Deserialize>(client: &Client, request: &impl StripeRequest, key: &str) -> Result<T, Failure> {
    let strategy = RequestStrategy::Idempotent(stripe::IdempotencyKey::new(key).map_err(|error| Failure::Refused {
        status: 0,
        code: None,
        message: error.to_string(),
    })?);
    client.send(request.build().customize::<T>().request_strategy(strategy)).await
}

impl Call {
    /// The subscription that it changes while that goes on. Its end is no such change: nothing undoes it.
    #[must_use]
    pub fn changes(&self) -> Option<&str> {
        match self {
            Self::EndWithPeriod { subscription, .. } | Self::ChangePrice { subscription, .. } => Some(subscription),
            _ => None,
        }
    }

    /// Makes the call, once. Under a key that was used for it before, Stripe gives the same answer and does nothing again.
    ///
    /// # Errors
    /// [`Failure`]; after [`Failure::Unknown`] it may have been done.
    pub async fn make(&self, client: &Client, key: &str) -> Result<Answer, Failure> {
        match self {
            Self::MakeCustomer { name, email, language, tags } => {
                let mut customer = CreateCustomer::new().name(name).preferred_locales(vec![language.clone()]).metadata(metadata(tags));
                if let Some(email) = email {
                    customer = customer.email(email);
                }
                ask::<Named>(client, &customer, key).await.map(Answer::Named)
            }
            Self::MakeProduct { id, name, description, tags } => {
                let mut product = CreateProduct::new(name).id(id).metadata(metadata(tags));
                if !description.is_empty() {
                    product = product.description(description);
                }
                ask::<Product>(client, &product, key).await.map(Answer::Product)
            }
            Self::ChangeProduct { id, name, is_active, tags } => {
                let product = UpdateProduct::new(id.as_str()).name(name).active(*is_active).metadata(metadata(tags));
                ask::<Product>(client, &product, key).await.map(Answer::Product)
            }
            Self::MakePrice { product, currency: code, minor, every, lookup_key, tags } => {
                let mut price =
                    CreatePrice::new(currency(code)).product(product).unit_amount(*minor).lookup_key(lookup_key).metadata(metadata(tags));
                if let Some(every) = every {
                    price = price.recurring(CreatePriceRecurring::new(match every {
                        Every::Month => CreatePriceRecurringInterval::Month,
                        Every::Year => CreatePriceRecurringInterval::Year,
                    }));
                }
                ask::<Named>(client, &price, key).await.map(Answer::Named)
            }
            Self::MakeCoupon { id, percent, amount, duration, products, tags } => {
                let mut coupon = CreateCoupon::new().id(id).metadata(metadata(tags));
                if !products.is_empty() {
                    let mut only = CreateCouponAppliesTo::new();
                    only.products = Some(products.clone());
                    coupon = coupon.applies_to(only);
                }
                coupon = match (percent, amount) {
                    (Some(percent), _) => coupon.percent_off(f64::from(*percent)),
                    (None, Some((minor, code))) => coupon.amount_off(*minor).currency(currency(code)),
                    (None, None) => coupon,
                };
                coupon = match duration {
                    Duration::Once => coupon.duration(CouponDuration::Once),
                    Duration::Months(months) => coupon.duration(CouponDuration::Repeating).duration_in_months(*months),
                    Duration::Ever => coupon.duration(CouponDuration::Forever),
                };
                ask::<Named>(client, &coupon, key).await.map(Answer::Named)
            }
            Self::OpenCheckout(checkout) => ask::<Session>(client, &checkout.request(), key).await.map(Answer::Session),
            Self::ExpireCheckout { session } => {
                ask::<Session>(client, &ExpireCheckoutSession::new(session.as_str()), key).await.map(Answer::Session)
            }
            Self::EndWithPeriod { subscription, ends } => {
                let change = UpdateSubscription::new(subscription.as_str()).cancel_at_period_end(*ends);
                ask::<Named>(client, &change, key).await.map(Answer::Named)
            }
            Self::ChangePrice { subscription, item, price, prorates_from_s, waits, tags } => {
                let mut one = UpdateSubscriptionItems::new();
                (one.id, one.price) = (Some(item.clone()), Some(price.clone()));
                let change = UpdateSubscription::new(subscription.as_str()).items(vec![one]);
                let change = match prorates_from_s {
                    Some(at) => change
                        .proration_behavior(UpdateSubscriptionProrationBehavior::AlwaysInvoice)
                        .payment_behavior(if *waits {
                            UpdateSubscriptionPaymentBehavior::PendingIfIncomplete
                        } else {
                            UpdateSubscriptionPaymentBehavior::ErrorIfIncomplete
                        })
                        .proration_date(*at),
                    None => change.proration_behavior(UpdateSubscriptionProrationBehavior::None),
                };
                let change = if *waits { change } else { change.metadata(metadata(tags)) };
                ask::<Named>(client, &change, key).await.map(Answer::Named)
            }
            Self::Refund { payment_intent, minor, tags } => {
                let refund = CreateRefund::new().payment_intent(payment_intent).amount(*minor).metadata(metadata(tags));
                ask::<Named>(client, &refund, key).await.map(Answer::Named)
            }
            Self::EndNow { subscription } => {
                ask::<Named>(client, &CancelSubscription::new(subscription.as_str()), key).await.map(Answer::Named)
            }
        }
    }
}

impl Checkout {
    fn request(&self) -> CreateCheckoutSession {
        let mut line = CreateCheckoutSessionLineItems::new();
        (line.price, line.quantity) = (Some(self.price.clone()), Some(1));
        let session = CreateCheckoutSession::new()
            .customer(&self.customer)
            .client_reference_id(&self.order)
            .line_items(vec![line])
            .expires_at(self.expires_at_s)
            .locale(if self.language == "fr" { CheckoutSessionLocale::Fr } else { CheckoutSessionLocale::En })
            .success_url(&self.success_url)
            .cancel_url(&self.cancel_url)
            .metadata(metadata(&self.tags));
        let session = match &self.coupon {
            Some(coupon) => {
                let mut off = CreateCheckoutSessionDiscounts::new();
                off.coupon = Some(coupon.clone());
                session.discounts(vec![off])
            }
            None => session,
        };
        if self.renews {
            let mut data = CreateCheckoutSessionSubscriptionData::new();
            data.metadata = Some(metadata(&self.tags));
            data.trial_period_days = (self.trial_days > 0).then_some(self.trial_days);
            session.mode(CheckoutSessionMode::Subscription).subscription_data(data)
        } else {
            let mut data = CreateCheckoutSessionPaymentIntentData::new();
            data.metadata = Some(metadata(&self.tags));
            session
                .mode(CheckoutSessionMode::Payment)
                .payment_intent_data(data)
                .invoice_creation(CreateCheckoutSessionInvoiceCreation::new(true))
        }
    }
}
