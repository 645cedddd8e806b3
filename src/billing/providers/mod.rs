//! Ways to take payment: what a provider must do for orders and subscriptions, and what it may say of them.
//!
//! A provider is asked, and never believed unasked: a webhook, a browser that comes back and a timer all do the same, they have the
//! object fetched here and hand what was found to [`settle`](crate::billing::settle) or [`mirror`](crate::billing::mirror), which alone
//! write rows. `manual` is no such provider: its truth is what an administrator records.

pub mod test;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::model::{Discount, DisputeState, Every, Method, SubscriptionStatus};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, OrderId, PlanId, PriceId, PromotionId, RefundId};
use crate::money::Money;

/// Which way to take payment. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// People: cash, bank, whatever the community's words say.
    Manual,
    /// A page inside this program, for trying out; no money moves.
    Test,
    /// Stripe.
    Stripe,
}

impl ProviderKind {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Test,
            2 => Self::Stripe,
            _ => Self::Manual,
        }
    }
}

/// A promotion code that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Which.
    pub id: PromotionId,
    /// What was typed.
    pub code: String,
    /// What it takes off.
    pub discount: Discount,
    /// Of which plans; empty: of all of them.
    pub plans: Vec<PlanId>,
}

/// What is to be paid at a provider's own page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// For which order; it comes back in everything that the provider says of it.
    pub order: OrderId,
    /// Who buys.
    pub member: MemberId,
    /// Their mail address, where they gave one.
    pub email: Option<String>,
    /// What, in the member's words: the plan's name.
    pub text: String,
    /// Of which plan.
    pub plan: PlanId,
    /// By which of our prices.
    pub price_id: PriceId,
    /// How much, each period, before anything is taken off.
    pub price: Money,
    /// What is paid first, where there are no days without payment.
    pub total: Money,
    /// What takes something off.
    pub promotion: Option<Promotion>,
    /// How often. [`Every::Once`] is paid at once, the others make a subscription.
    pub every: Every,
    /// Days before the first payment; 0: none.
    pub trial_days: u32,
    /// Language of the page: `en` or `fr`.
    pub language: String,
    /// Where the browser goes afterwards, paid or not; whole addresses. It says nothing about what happened.
    pub return_to: String,
    /// Where it goes when the buyer turns back.
    pub back_to: String,
}

/// A checkout that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its name at the provider.
    pub session: String,
    /// Where the browser pays.
    pub url: String,
    /// From when on nobody can pay there.
    pub expires_at: Millis,
    /// What it comes to as the provider counts, where it says so.
    pub total: Option<Money>,
}

/// Where a checkout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutState {
    /// It can still be paid.
    Open,
    /// Nobody can pay there any more, and nobody has.
    Expired,
    /// Its buyer went all the way. Whether money came says the payment.
    Complete,
}

/// What a provider says of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutTruth {
    /// When we began to ask, milliseconds UTC.
    pub asked_at: Millis,
    /// Its name there.
    pub session: String,
    /// The order that it was opened for, by the provider's own record.
    pub order: Option<OrderId>,
    /// Where it stands.
    pub state: CheckoutState,
    /// What was paid in it; none in a trial, and while nothing was.
    pub payment: Option<PaymentTruth>,
    /// What goes on after it.
    pub subscription: Option<SubscriptionTruth>,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// It is under way: a bank takes days.
    Pending,
    /// The money is there.
    Succeeded,
    /// It is not coming.
    Failed,
    /// The payer's bank asks for it back; nothing is decided.
    Disputed,
}

/// A part of a payment that went back at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartBack {
    /// Its name there; unique at that provider.
    pub external_id: String,
    /// How much, in minor units, above zero.
    pub amount: i64,
    /// The wish of ours that it fulfils; none: it was given there without us.
    pub wish: Option<RefundId>,
}

/// What a provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentTruth {
    /// Its name there; unique at that provider.
    pub external_id: String,
    /// How much.
    pub amount: Money,
    /// Is it the difference of a dearer plan for the rest of a period, and not a whole one?
    pub is_difference: bool,
    /// Of it given back so far, in minor units.
    pub refunded: i64,
    /// The times at which that went, the newest first, as far as the provider tells them apart.
    pub parts: Vec<PartBack>,
    /// Where it stands.
    pub state: PaymentState,
    /// Does its payer's bank ask it back, or did it? What was lost counts as given back.
    pub dispute: Option<DisputeState>,
    /// How it was paid.
    pub method: Method,
    /// When, milliseconds UTC.
    pub at: Millis,
}

/// What a provider says of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionTruth {
    /// When we began to ask: an older answer never replaces a newer one.
    pub asked_at: Millis,
    /// Its name there; unique at that provider.
    pub external_id: String,
    /// The order that began it, by the provider's own record.
    pub order: Option<OrderId>,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// How much each period.
    pub price: Money,
    /// How long a period is.
    pub every: Every,
    /// The period that is paid for, or is being paid.
    pub period_start: Millis,
    /// Its end.
    pub period_end: Millis,
    /// The end of its trial, if it had one.
    pub trial_end: Option<Millis>,
    /// Does it end with this period?
    pub cancels_at_end: bool,
    /// Since when a payment is owed.
    pub past_due_since: Option<Millis>,
    /// When the payments of its periods were due that failed at first, also of those that came after all.
    pub failures: Vec<Millis>,
    /// By which of our prices the period that goes on is paid; none: the provider does not say.
    pub sold: Option<PriceId>,
    /// By which one it goes on, and from when on; none: by the same.
    pub next: Option<(PriceId, Millis)>,
    /// The payments of its periods that are known, each once; the oldest first.
    pub payments: Vec<PaymentTruth>,
}

/// One of our prices, as a subscription is to be paid by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sold {
    /// Which.
    pub price: PriceId,
    /// Of which plan.
    pub plan: PlanId,
    /// What the plan is called, and what one gets.
    pub name: String,
    /// What one gets, or empty.
    pub description: String,
    /// How much each period.
    pub money: Money,
    /// How long a period is.
    pub every: Every,
}

/// When a subscription is to be paid by another price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchTime {
    /// Now: what the rest of the period costs more, counted from this instant, is charged at once, or nothing happens.
    Now {
        /// Counted from when.
        as_of: Millis,
        /// How much that is by our own count.
        due: Money,
    },
    /// From this instant on, where its period ends; until then this price counts.
    AtPeriodEnd {
        /// Which price counts until then.
        before: PriceId,
        /// Until when.
        until: Millis,
    },
    /// It stays with the price that it is paid by; nothing is charged.
    Back,
}

/// What was so of a subscription when a switch of its price was weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// By which of our prices its period is paid; none: nobody knows.
    pub price: Option<PriceId>,
    /// By which one it goes on after that; none: by the same. What is charged at once would be counted from it.
    pub next: Option<PriceId>,
    /// Where that period ends.
    pub period_end: Millis,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// Does it end with its period?
    pub cancels_at_end: bool,
}

impl Seen {
    /// Is it still so? A price that nobody knew may be any.
    #[must_use]
    pub fn is_still(self, now: Self) -> bool {
        self == Self { price: self.price.and(now.price), ..now }
    }
}

/// Another price for a subscription that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its name at the provider.
    pub external_id: String,
    /// What it was weighed with: of a subscription that is another by now nothing is switched.
    pub seen: Seen,
    /// By which price it is to be paid.
    pub to: Sold,
    /// When.
    pub when: SwitchTime,
}

/// What came of a switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switched {
    /// Where the subscription stands.
    pub truth: SubscriptionTruth,
    /// The provider's page where its member confirms the payment first, as their card's bank wants; none: it is done.
    pub confirm_at: Option<String>,
}

/// A way to take payment somewhere else than in people's hands.
///
/// A write is called with a key that was committed before: under the same key it happens once, and the same answer comes again. An error
/// that is not [`Error::Invalid`] or a refusal leaves open what happened: the caller asks again with the same key.
pub trait Provider: Send + Sync + std::fmt::Debug + 'static {
    /// Which one.
    fn kind(&self) -> ProviderKind;

    /// Can members pay here now? What was paid before is looked after in any case.
    fn is_ready(&self) -> bool;

    /// Opens a checkout.
    fn open<'a>(&'a self, checkout: &'a Checkout, key: &'a str) -> BoxFuture<'a, Result<Opened>>;

    /// What became of one.
    fn fetch_checkout<'a>(&'a self, session: &'a str) -> BoxFuture<'a, Result<CheckoutTruth>>;

    /// Closes one, so that nobody pays there any more; one that was paid meanwhile says so.
    fn expire<'a>(&'a self, session: &'a str, key: &'a str) -> BoxFuture<'a, Result<CheckoutTruth>>;

    /// Where a subscription stands.
    fn fetch_subscription<'a>(&'a self, external_id: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>>;

    /// Has a subscription end with its period, or go on after all.
    fn cancel_at_end<'a>(&'a self, external_id: &'a str, cancels: bool, key: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>>;

    /// What a subscription that is paid by another price at once costs at once, before anybody decides. It changes nothing there either;
    /// `billing.change_stale` where the subscription is not what it was weighed with.
    fn quote<'a>(&'a self, switch: &'a Switch) -> BoxFuture<'a, Result<Money>>;

    /// Has a subscription paid by another price. Nothing is other than before with `billing.card_refused`, when what is due cannot be charged,
    /// and with `billing.change_stale`, where the subscription is not what the switch was weighed with.
    fn switch<'a>(&'a self, switch: &'a Switch, key: &'a str) -> BoxFuture<'a, Result<Switched>>;

    /// Ends a subscription now: its member was deleted, or the operator shuts down.
    fn end<'a>(&'a self, external_id: &'a str, key: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>>;

    /// Gives so much of a payment back, by its name there.
    fn refund<'a>(&'a self, payment: &'a str, money: Money, key: &'a str) -> BoxFuture<'a, Result<()>>;

    /// The address of the provider's own page where the member of a subscription changes their card, pays what is owed and reads invoices.
    fn portal<'a>(&'a self, external_id: &'a str, return_to: &'a str, language: &'a str) -> BoxFuture<'a, Result<String>>;
}

/// The providers that there are beside people's hands. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Providers(Arc<[Arc<dyn Provider>]>);

impl Providers {
    /// These.
    #[must_use]
    pub fn new(all: Vec<Arc<dyn Provider>>) -> Self {
        Self(all.into())
    }

    /// The one of this kind.
    ///
    /// # Errors
    /// `billing.provider_off` where there is none.
    pub fn of(&self, kind: ProviderKind) -> Result<&dyn Provider> {
        let found = self.0.iter().find(|one| one.kind() == kind);
        found.map(AsRef::as_ref).ok_or_else(|| Error::conflict("billing.provider_off"))
    }

    /// By which ones members can pay now.
    #[must_use]
    pub fn ready(&self) -> Vec<ProviderKind> {
        self.0.iter().filter(|one| one.is_ready()).map(|one| one.kind()).collect()
    }
}
