//! What the slice keeps and shows: entitlements, plans with prices, grants, what they come to at an instant; orders, payments, subscriptions.

mod by_hand;
mod change;
mod dunning;
mod entitlements;
mod gift;
mod grant;
mod order;
mod payment;
mod plan;
mod price;
mod promotion;
mod refund;
mod resolve;
mod standing;
mod strange;
mod subscription;

pub use by_hand::Advance;
pub use change::{ChangeTime, Quote, Running, Tariff, quote, unused};
pub use dunning::{Dun, dunning, next_dunning};
pub use entitlements::{Entitlements, PlanBadge};
pub use gift::{Gift, GiftRow, GiftState, NewGift, gift_begins};
pub use grant::{EndChange, Grant, GrantEntry, GrantEvent, GrantRow, GrantSource, GrantState, NewGrant, Period};
pub use order::{Fact, LineKind, LineRow, Order, OrderRow, OrderState, Verdict, settle};
pub use payment::{Account, Back, Method, Payment, PaymentRow, entries, receipt};
pub use plan::{NewPlan, Plan, PlanChange, PlanName, PlanRow};
pub use price::{Every, NewPrice, Price, PriceRow};
pub use promotion::{Discount, Lasts, NewPromotion, Off, Promotion, PromotionRow, PromotionState, promotion_code};
pub use refund::{AfterRefund, DisputeState, RefundRow, RefundState, told_apart};
pub use resolve::{Held, Resolved, resolve};
pub use standing::{Rules, Standing, Verification};
pub use strange::{StrangeCheckout, StrangeRow};
#[cfg(test)]
pub use subscription::Terms;
pub use subscription::{NextTerms, Owed, Subscription, SubscriptionRow, SubscriptionStatus, Totals, access_until, totals};
