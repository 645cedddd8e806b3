//! Orders: what somebody wants to pay for, and what became of it; pure, with one table of what may follow what.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::price::money;
use super::{Every, PlanName};
use crate::billing::providers::{CheckoutState, CheckoutTruth, PaymentState, ProviderKind};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, OrderId, OrderLineId, PlanId, PriceId, PromotionId, SubscriptionId};
use crate::money::Money;
use crate::mutants::Mutant;

/// Where an order stands. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// It waits for money, or for an administrator.
    Awaiting,
    /// It was paid, and what was bought is there.
    Fulfilled,
    /// An administrator turned it down.
    Declined,
    /// Its buyer gave it up, or another order took its place.
    Cancelled,
    /// Its time was over.
    Expired,
    /// The money went back, and what was bought with it.
    Refunded,
}

/// What happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The money is there, or it costs nothing.
    Paid,
    /// An administrator says no.
    Declined,
    /// Its buyer does not want it any more.
    Cancelled,
    /// Nobody paid in time.
    Expired,
    /// All of the money went back.
    Refunded,
}

impl OrderState {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Awaiting, Self::Fulfilled, Self::Declined, Self::Cancelled, Self::Expired, Self::Refunded];

    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Fulfilled,
            2 => Self::Declined,
            3 => Self::Cancelled,
            4 => Self::Expired,
            5 => Self::Refunded,
            _ => Self::Awaiting,
        }
    }

    /// Where it stands after this; none: that cannot happen to it. The same state: it has happened before, and nothing is to be done.
    #[must_use]
    pub const fn after(self, fact: Fact) -> Option<Self> {
        match (self, fact) {
            // Money that comes late buys what it was meant for.
            (Self::Awaiting | Self::Fulfilled | Self::Declined | Self::Cancelled | Self::Expired, Fact::Paid) => Some(Self::Fulfilled),
            (Self::Awaiting | Self::Declined, Fact::Declined) => Some(Self::Declined),
            (Self::Awaiting | Self::Cancelled, Fact::Cancelled) => Some(Self::Cancelled),
            (Self::Awaiting | Self::Expired, Fact::Expired) => Some(Self::Expired),
            // What was given back stays given back, however often its payment is told again.
            (Self::Fulfilled | Self::Refunded, Fact::Refunded) | (Self::Refunded, Fact::Paid) => Some(Self::Refunded),
            _ => None,
        }
    }
}

/// What a line is. Each service that sells adds its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A plan, for the buyer.
    Membership,
    /// A code that gives a plan to somebody else, for as long as one period of its price.
    Gift,
    /// The rest of a period in a dearer plan, for what its buyer pays already.
    Change,
}

impl LineKind {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Which of the first two somebody buys.
    #[must_use]
    pub const fn of(is_gift: bool) -> Self {
        if is_gift { Self::Gift } else { Self::Membership }
    }
}

/// A row of `orders`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct OrderRow {
    /// Id.
    pub id: OrderId,
    /// Who buys.
    pub buyer: MemberId,
    /// The buyer's own key: under it there is one order.
    pub client_key: Option<String>,
    /// Number of a [`ProviderKind`].
    pub provider: i16,
    /// Number of an [`OrderState`].
    pub state: i16,
    /// What all of it costs, in minor units; 0 while its price is still to be said.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// How many checkouts were opened for it.
    pub attempt: i32,
    /// The one that is open, by its name at the provider.
    pub session: Option<String>,
    /// Where it is paid.
    pub url: Option<String>,
    /// The subscription that it goes on with, or began.
    pub subscription: Option<SubscriptionId>,
    /// What the buyer says.
    pub note: String,
    /// What the administrator answers.
    pub answer: String,
    /// When it was placed.
    pub placed_at: Millis,
    /// From when on it cannot be paid.
    pub expires_at: Option<Millis>,
    /// When it was paid.
    pub paid_at: Option<Millis>,
    /// When it ended otherwise.
    pub closed_at: Option<Millis>,
    /// Who ended it.
    pub closed_by: Option<MemberId>,
    /// The promotion code that it uses.
    pub promotion: Option<PromotionId>,
    /// What takes something off of it, as it was written.
    pub promotion_code: Option<String>,
}

impl OrderRow {
    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> OrderState {
        OrderState::from_number(self.state)
    }

    /// By which way it is to be paid.
    #[must_use]
    pub const fn provider(&self) -> ProviderKind {
        ProviderKind::from_number(self.provider)
    }

    /// What all of it costs.
    ///
    /// # Errors
    /// When the stored currency is none.
    pub fn total(&self) -> Result<Money> {
        money(self.amount, &self.currency)
    }
}

/// A row of `order_lines`: a membership, or one as a gift.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LineRow {
    /// Id.
    pub id: OrderLineId,
    /// Of which order.
    pub order: OrderId,
    /// Number of a [`LineKind`].
    pub kind: i16,
    /// By which price; none: it is still to be said.
    pub price: Option<PriceId>,
    /// Which plan.
    pub plan: Option<PlanId>,
    /// Number of an [`Every`]; none while the price is to be said.
    pub every: Option<i16>,
    /// How many.
    pub quantity: i32,
    /// What one costs, in minor units.
    pub amount: i64,
    /// What it was called when it was ordered.
    pub text: String,
}

impl LineRow {
    /// Is it for somebody else?
    #[must_use]
    pub const fn is_gift(&self) -> bool {
        self.kind == LineKind::Gift.number()
    }

    /// Is it the difference of a dearer plan?
    #[must_use]
    pub const fn is_change(&self) -> bool {
        self.kind == LineKind::Change.number()
    }

    /// How often it is paid; none: to be said.
    #[must_use]
    pub fn every(&self) -> Option<Every> {
        self.every.map(Every::from_number)
    }
}

/// An order, as its buyer and administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Order {
    /// Id.
    pub id: OrderId,
    /// Who buys.
    pub buyer: MemberId,
    /// Which plan, by the name that it had.
    pub plan: Option<PlanName>,
    /// How often it is paid, or for how long a gift is; null: still to be said.
    pub every: Option<Every>,
    /// Is it for somebody else? Then it is paid once.
    pub gift: bool,
    /// Is it the difference that a dearer plan costs for the rest of a period? Then it is paid once.
    pub change: bool,
    /// What it costs; null: still to be said.
    pub total: Option<Money>,
    /// The promotion code that takes something off.
    pub promotion: Option<String>,
    /// What it costs without the code; null: there is none.
    pub full: Option<Money>,
    /// By which way it is to be paid.
    pub provider: ProviderKind,
    /// Where it stands.
    pub state: OrderState,
    /// Does it go on with something that the buyer has?
    pub renews: bool,
    /// What the buyer says.
    pub note: String,
    /// What the administrator answered.
    pub answer: String,
    /// When it was placed, milliseconds UTC.
    pub placed_at: Millis,
    /// Until when it can be paid by hand, while it waits; null: without end.
    pub pay_until: Option<Millis>,
    /// When it was paid.
    pub paid_at: Option<Millis>,
    /// When it ended otherwise.
    pub closed_at: Option<Millis>,
}

/// What is to be done with an order, by what its provider says of its checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is open, or everything has been done.
    Wait,
    /// It was paid, or its trial began: give what was bought, once, with the payment and the subscription that were told.
    Fulfil,
    /// Nobody can pay it any more.
    Expire,
    /// What the provider says does not belong to this order: nothing is given, and a person must look.
    Foreign,
}

/// What follows for an order from what the provider says: pure. Only a payment of the whole amount, in the order's currency, of a checkout
/// that was opened for this very order, gives anything.
#[must_use]
pub fn settle(order: OrderId, state: OrderState, total: Money, truth: &CheckoutTruth) -> Verdict {
    if truth.order != Some(order) {
        return Verdict::Foreign;
    }
    match truth.state {
        CheckoutState::Open if Mutant::MoneyFulfilUnpaid.is_on() => Verdict::Fulfil,
        CheckoutState::Open => Verdict::Wait,
        CheckoutState::Expired if matches!(state, OrderState::Awaiting) => Verdict::Expire,
        CheckoutState::Expired => Verdict::Wait,
        CheckoutState::Complete => complete(total, truth),
    }
}

fn complete(total: Money, truth: &CheckoutTruth) -> Verdict {
    match &truth.payment {
        Some(payment) if payment.state == PaymentState::Succeeded => {
            if payment.amount == total {
                Verdict::Fulfil
            } else {
                Verdict::Foreign
            }
        }
        Some(_) => Verdict::Wait,
        // Nothing to pay yet: only in a trial.
        None if truth.subscription.as_ref().is_some_and(|one| one.trial_end.is_some() && one.price == total) => Verdict::Fulfil,
        None => Verdict::Wait,
    }
}
