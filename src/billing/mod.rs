//! Billing: plans and what they entitle to, grants, and who is verified.
//!
//! What a member may do is a pure function of grant rows and the clock. Every source of grants owns its own rows; prices and payment
//! providers stand above this and give grants like everyone else. Where members stand is kept in memory, made right by commits and by
//! time; beginnings and ends in time are jobs that write `entitlements_changed` to the member's log.

mod actions;
mod events;
mod model;
mod notices;
mod pages;
mod policy;
mod providers;
mod routes;
mod store;
#[cfg(feature = "stripe")]
pub mod stripe;
#[cfg(test)]
mod tests;

#[cfg(feature = "stripe")]
pub use self::stripe::card_payments;
pub use actions::*;
pub use events::BillingEvent;
pub use model::{
    AfterRefund, ChangeTime, Discount, DisputeState, Entitlements, Every, Gift, Grant, GrantSource, GrantState, Held, Lasts, Method,
    NewGrant, NewPlan, NewPrice, NewPromotion, NextTerms, Off, Order, OrderState, Owed, Payment, Period, Plan, PlanBadge, PlanName, Price,
    Promotion, PromotionState, Resolved, Standing, StrangeCheckout, Subscription, SubscriptionStatus, resolve,
};
pub use notices::{Notice, Notices};
pub(crate) use pages::MembershipView;
pub use policy::{MakeGifts, SeeGrants, SeeOrders, SeePlans, SeePromotions};
pub use providers::test::TestProvider;
pub use providers::{
    Checkout, CheckoutState, CheckoutTruth, Opened, PartBack, PaymentState, PaymentTruth, Provider, ProviderKind, Providers, Sold,
    SubscriptionTruth, Switch, SwitchTime,
};

/// How paying by card stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardPayments {
    /// When the newest webhook came.
    pub last_webhook_at: Option<crate::clock::Millis>,
    /// Since when something waits that the provider is to be asked about.
    pub waiting_since: Option<crate::clock::Millis>,
    /// Webhooks and calls that came to no end, however often they were tried.
    pub lost: i64,
}

/// How paying by card stands; never at all in a build without a provider of it.
///
/// # Errors
/// None.
#[cfg(not(feature = "stripe"))]
pub fn card_payments(_: &mut crate::storage::Conn, _: &crate::config::Config) -> crate::error::Result<Option<CardPayments>> {
    Ok(None)
}

/// Registers every route of the slice.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    routes::mount(routes);
    pages::mount(routes);
    #[cfg(feature = "stripe")]
    self::stripe::mount(routes);
}

/// The description of the slice's API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let all = routes::openapi();
    #[cfg(feature = "stripe")]
    let all = all.merge_from(self::stripe::openapi());
    all
}

/// Adds what does this slice's jobs.
#[must_use]
pub fn work(runner: crate::jobs::Runner, turner: &Turner) -> crate::jobs::Runner {
    let kinds = [
        actions::MEMBER,
        actions::SUBSCRIPTION,
        actions::SETTLE,
        actions::END,
        actions::REFUND,
        actions::GIFT_BACK,
        actions::REMIND,
        actions::BACK,
    ];
    let runner = kinds.into_iter().fold(runner, |runner, kind| runner.register(kind, turner.clone()));
    // Everybody who holds a plan is told, one after the other.
    runner.register_long(actions::SPREAD, turner.clone())
}
