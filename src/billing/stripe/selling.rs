//! What is sold is made at Stripe when it is first sold: customers, products, prices, coupons; and the visits in which it is paid.

use super::client::call::{Call, Checkout as Visit, Duration, Every as Each, Tags};
use super::client::views::{Answer, Session};
use super::connection::{Connection, Stripe};
use super::minor;
use super::truth::{ORDER, PRICE};
use crate::billing::model::{Every, Lasts, LineRow, Off, PlanRow};
use crate::billing::providers::{Checkout, Opened, Promotion, Sold};
use crate::billing::store as rows;
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, OrderId, PlanId, PriceId};
use crate::members;
use crate::money::Money;
use crate::storage::Conn;

/// For how long a checkout can be paid: the shortest that Stripe allows is half an hour, and its clock may be ahead of ours.
const OPEN_S: i64 = 40 * 60;
/// Longest name and description of what is sold, in characters.
const TEXT: usize = 500;
/// The name under which a promotion code of ours stands in the coupon that it is there.
const PROMOTION: &str = "rialto_promotion";

/// What an order is for, as far as Stripe is told.
struct Wanted {
    line: LineRow,
    plan: PlanRow,
    name: String,
    /// The plans that its promotion code is for; empty: all of them.
    reduced: Vec<PlanRow>,
}

fn wanted(conn: &mut Conn, (order, member): (OrderId, MemberId), reduced: &[PlanId], now: Millis) -> Result<Wanted> {
    let line = rows::orders::line(conn, order)?;
    let plan = rows::plans::by_id(conn, line.plan.found()?)?.found()?;
    let name = members::profiles(conn, &[member], now)?.pop().map(|profile| profile.display_name).unwrap_or_default();
    let reduced = reduced.iter().map(|plan| rows::plans::by_id(conn, *plan)?.found()).collect::<Result<_>>()?;
    Ok(Wanted { line, plan, name, reduced })
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

pub(super) fn one(name: &str, id: impl std::fmt::Display) -> Tags {
    [(name.to_owned(), id.to_string())].into()
}

/// The id that a plan has there: known without asking, and the same after a backup was put back.
fn product_id(plan: PlanId) -> String {
    format!("rialto_{plan}")
}

/// How often something is paid there; none: once.
pub(super) const fn each(every: Every) -> Option<Each> {
    match every {
        Every::Once => None,
        Every::Month => Some(Each::Month),
        Every::Year => Some(Each::Year),
    }
}

/// The name that a price has there; one that is paid each period has another one where a gift is paid by it once.
fn price_name(price: PriceId, is_gift: bool) -> String {
    if is_gift { format!("rialto_{price}_once") } else { format!("rialto_{price}") }
}

impl Stripe {
    /// The customer who a member is there; made when they first buy.
    async fn customer(&self, to: &Connection, checkout: &Checkout, name: &str) -> Result<String> {
        let call = Call::MakeCustomer {
            name: cut(name),
            email: checkout.email.clone(),
            language: checkout.language.clone(),
            tags: one("rialto_member", checkout.member),
        };
        let answer = self.once(to, &format!("{}/customer/{}", to.scope(), checkout.member), call).await?;
        Ok(answer.id().to_owned())
    }

    /// The product that a plan is there; made when it is first sold.
    pub(super) async fn product(&self, to: &Connection, plan: PlanId, name: &str, description: &str) -> Result<String> {
        let id = product_id(plan);
        let call = Call::MakeProduct { id: id.clone(), name: cut(name), description: cut(description), tags: one("rialto_plan", plan) };
        match self.once(to, &format!("{}/product/{plan}", to.scope()), call).await {
            Ok(_) => Ok(id),
            // It was made before our rows began, as when a backup was put back; otherwise what needs it is refused in its turn.
            Err(error) if error.code() == "billing.provider_refused" => Ok(id),
            Err(error) => Err(error),
        }
    }

    /// The price that one of ours is there; made when it is first sold.
    async fn price(
        &self,
        to: &Connection,
        product: String,
        (price, is_gift): (PriceId, bool),
        money: Money,
        every: Every,
    ) -> Result<String> {
        let name = price_name(price, is_gift);
        let minor = minor::to_theirs(money).ok_or_else(|| Error::conflict("billing.provider_amount"))?;
        let call = Call::MakePrice {
            product,
            currency: money.currency.code().to_ascii_lowercase(),
            minor,
            every: each(every),
            lookup_key: name.clone(),
            tags: one(PRICE, price),
        };
        match self.once(to, &format!("{}/price/{}", to.scope(), name.trim_start_matches("rialto_")), call).await {
            Ok(answer) => Ok(answer.id().to_owned()),
            Err(error) if error.code() == "billing.provider_refused" => {
                let found = to.client.price_by_key(&name).await?;
                found.map(|price| price.id).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The coupon that a promotion code of ours is there; made when it is first used. Nobody can type it on any page of theirs. It takes nothing
    /// off of other plans than those that the code is for, whatever a subscription becomes.
    async fn coupon(&self, to: &Connection, promotion: &Promotion, reduced: &[PlanRow]) -> Result<String> {
        let (id, discount) = (format!("rialto_{}", promotion.id), promotion.discount);
        let (percent, amount) = match discount.off {
            Off::Percent { percent } => (Some(percent), None),
            Off::Amount { money } => {
                let minor = minor::to_theirs(money).ok_or_else(|| Error::conflict("billing.provider_amount"))?;
                (None, Some((minor, money.currency.code().to_ascii_lowercase())))
            }
        };
        let duration = match discount.lasts {
            Lasts::Once => Duration::Once,
            Lasts::Months => Duration::Months(i64::from(discount.months.unwrap_or(1))),
            Lasts::Ever => Duration::Ever,
        };
        let (tags, mut products) = (one(PROMOTION, promotion.id), Vec::new());
        for plan in reduced {
            products.push(self.product(to, plan.id, &plan.name, &plan.description).await?);
        }
        let coupon = Call::MakeCoupon { id: id.clone(), percent, amount, duration, products, tags: tags.clone() };
        match self.once(to, &format!("{}/coupon/{}", to.scope(), promotion.id), coupon).await {
            Ok(_) => Ok(id),
            // It was made before our rows began, as when a backup was put back. One of somebody else takes off what they please.
            Err(error) if error.code() == "billing.provider_refused" => {
                let found = match to.client.coupon(&id).await {
                    Err(failure) if failure.is_missing() => return Err(error),
                    found => found?,
                };
                let is_ours = found.metadata.is_some_and(|metadata| metadata.get(PROMOTION) == tags.get(PROMOTION));
                if is_ours { Ok(found.id) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn open_checkout(&self, checkout: &Checkout, key: &str) -> Result<Opened> {
        let to = self.connected()?;
        if minor::is_too_little(checkout.total) {
            return Err(Error::conflict("billing.provider_amount"));
        }
        let (of, now) = ((checkout.order, checkout.member), self.now());
        let plans = checkout.promotion.as_ref().map_or_else(Vec::new, |promotion| promotion.plans.clone());
        let Wanted { line, plan, name, reduced } = self.db().read(move |conn| wanted(conn, of, &plans, now)).await?;
        let customer = self.customer(&to, checkout, &name).await?;
        let product = self.product(&to, plan.id, &plan.name, &plan.description).await?;
        let price = self.price(&to, product, (line.price.found()?, line.is_gift()), checkout.price, checkout.every).await?;
        let visit = Visit {
            renews: checkout.every != Every::Once,
            customer,
            price,
            order: checkout.order.to_string(),
            coupon: match &checkout.promotion {
                Some(promotion) => Some(self.coupon(&to, promotion, &reduced).await?),
                None => None,
            },
            trial_days: checkout.trial_days,
            expires_at_s: now / 1_000 + OPEN_S,
            language: checkout.language.clone(),
            success_url: checkout.return_to.clone(),
            cancel_url: checkout.back_to.clone(),
            tags: one(ORDER, checkout.order),
        };
        match self.once(&to, &to.scoped(key), Call::OpenCheckout(visit)).await? {
            Answer::Session(Session { id, url: Some(url), expires_at, amount_total, currency, .. }) => {
                // Of what begins with days for nothing, the first sum is none.
                let first = amount_total.zip(currency).filter(|_| checkout.trial_days == 0);
                let total = first.map(|(amount, currency)| minor::to_ours(amount, &currency));
                // A sum with a part of a unit that is none, as a code may leave it, could be paid and not be understood.
                let total = total.map(|money| money.ok_or_else(|| Error::conflict("billing.provider_amount"))).transpose()?;
                Ok(Opened { session: id, url, expires_at: expires_at.saturating_mul(1_000), total })
            }
            other => Err(Error::broken(format!("{} cannot be paid", other.id()))),
        }
    }

    /// The price that something is to be paid by, as it is called there.
    pub(super) async fn price_of(&self, to: &Connection, sold: &Sold) -> Result<String> {
        let product = self.product(to, sold.plan, &sold.name, &sold.description).await?;
        self.price(to, product, (sold.price, false), sold.money, sold.every).await
    }
}
