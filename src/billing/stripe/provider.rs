//! Stripe as one of the ways to take payment: what is sold is made there when it is first sold, and what happened is fetched.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;

use super::client::call::{Call, Checkout as Visit, Duration, Every as Each, Tags};
use super::client::views::{Answer, Charge, Dispute, Invoice, Item, Session, Subscription};
use super::client::{Client, Failure};
use super::connection::{Connection, Stripe};
use super::minor;
use super::outbox::BANK;
use super::store::calls;
use super::truth::{self, BEFORE, ORDER, PRICE, Paid, UNTIL};
use crate::billing::model::{Every, Lasts, LineRow, Off, PlanRow};
use crate::billing::providers::{
    Checkout, CheckoutTruth, Opened, PaymentTruth, Promotion, Provider, ProviderKind, Sold, SubscriptionTruth, Switch, SwitchTime, Switched,
};
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
/// Pages of a customer's attempts that are gone through before single payments are asked for.
const PAGES: usize = 20;

/// What an order is for, as far as Stripe is told.
struct Wanted {
    line: LineRow,
    plan: PlanRow,
    name: String,
}

fn wanted(conn: &mut Conn, order: OrderId, member: MemberId, now: Millis) -> Result<Wanted> {
    let line = rows::orders::line(conn, order)?;
    let plan = rows::plans::by_id(conn, line.plan.found()?)?.found()?;
    let name = members::profiles(conn, &[member], now)?.pop().map(|profile| profile.display_name).unwrap_or_default();
    Ok(Wanted { line, plan, name })
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

fn one(name: &str, id: impl std::fmt::Display) -> Tags {
    [(name.to_owned(), id.to_string())].into()
}

/// The id that a plan has there: known without asking, and the same after a backup was put back.
pub(super) fn product_id(plan: PlanId) -> String {
    format!("rialto_{plan}")
}

/// How often something is paid there; none: once.
const fn each(every: Every) -> Option<Each> {
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

    /// The coupon that a promotion code of ours is there; made when it is first used. Nobody can type it on any page of theirs.
    async fn coupon(&self, to: &Connection, promotion: &Promotion) -> Result<String> {
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
        let tags = one(PROMOTION, promotion.id);
        let coupon = Call::MakeCoupon { id: id.clone(), percent, amount, duration, tags: tags.clone() };
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

    async fn open_checkout(&self, checkout: &Checkout, key: &str) -> Result<Opened> {
        let to = self.connected()?;
        if minor::is_too_little(checkout.total) {
            return Err(Error::conflict("billing.provider_amount"));
        }
        let (order, member, now) = (checkout.order, checkout.member, self.now());
        let Wanted { line, plan, name } = self.db().read(move |conn| wanted(conn, order, member, now)).await?;
        let customer = self.customer(&to, checkout, &name).await?;
        let product = self.product(&to, plan.id, &plan.name, &plan.description).await?;
        let price = self.price(&to, product, (line.price.found()?, line.is_gift()), checkout.price, checkout.every).await?;
        let visit = Visit {
            renews: checkout.every != Every::Once,
            customer,
            price,
            order: order.to_string(),
            coupon: match &checkout.promotion {
                Some(promotion) => Some(self.coupon(&to, promotion).await?),
                None => None,
            },
            trial_days: checkout.trial_days,
            expires_at_s: now / 1_000 + OPEN_S,
            language: checkout.language.clone(),
            success_url: checkout.return_to.clone(),
            cancel_url: checkout.back_to.clone(),
            tags: one(ORDER, order),
        };
        match self.once(&to, &scoped(&to, key), Call::OpenCheckout(visit)).await? {
            Answer::Session(Session { id, url: Some(url), expires_at, amount_total, currency, .. }) => {
                // Of what begins with days for nothing, the first sum is none.
                let first = amount_total.zip(currency).filter(|_| checkout.trial_days == 0);
                let total = first.and_then(|(amount, currency)| minor::to_ours(amount, &currency));
                Ok(Opened { session: id, url, expires_at: expires_at.saturating_mul(1_000), total })
            }
            other => Err(Error::broken(format!("{} cannot be paid", other.id()))),
        }
    }

    async fn checkout_truth(&self, to: &Connection, session: &str) -> Result<CheckoutTruth> {
        let asked_at = self.now();
        let it = to.client.session(session).await?;
        let (mut payment, mut subscription) = (None, None);
        if let Some(intent) = &it.payment_intent {
            payment = Some(payment_truth(&to.client, intent).await?);
        }
        if let Some(id) = &it.subscription {
            let (truth, first) = subscription_truth(&to.client, asked_at, id, it.invoice.as_deref()).await?;
            (payment, subscription) = (first.or(payment), Some(truth));
        }
        Ok(truth::checkout(asked_at, &it, payment, subscription))
    }

    /// What a switch changes of a subscription, if that is still what the switch was weighed with.
    async fn as_seen(&self, to: &Connection, switch: &Switch) -> Result<Item> {
        let it = to.client.subscription(&switch.external_id).await?;
        let item = it.items.data.first().ok_or_else(|| Error::broken(format!("{} is a subscription to nothing", it.id)))?;
        let (now, then) = (truth::seen(&it, item), switch.seen);
        let is_so = now.period_end == then.period_end && (then.price.is_none() || now.price == then.price);
        if is_so { Ok(item.clone()) } else { Err(Error::conflict("billing.change_stale")) }
    }

    /// The price that something is to be paid by, as it is called there.
    async fn price_of(&self, to: &Connection, sold: &Sold) -> Result<String> {
        let product = self.product(to, sold.plan, &sold.name, &sold.description).await?;
        self.price(to, product, (sold.price, false), sold.money, sold.every).await
    }

    async fn quote_switch(&self, switch: &Switch) -> Result<Money> {
        let SwitchTime::Now { as_of, .. } = switch.when else { return Ok(Money { amount: 0, ..switch.to.money }) };
        let to = self.connected()?;
        let item = self.as_seen(&to, switch).await?;
        let minor = minor::to_theirs(switch.to.money).ok_or_else(|| Error::conflict("billing.provider_amount"))?;
        let every = each(switch.to.every).ok_or_else(|| Error::broken("what is paid once does not go on"))?;
        let bill = to.client.preview(&switch.external_id, &item, (minor, every), as_of / 1_000).await?;
        minor::to_ours(bill.amount_due, &bill.currency).ok_or_else(|| Error::broken(format!("a preview in {}", bill.currency)))
    }

    async fn make_switch(&self, switch: &Switch, key: &str) -> Result<Switched> {
        let to = self.connected()?;
        let key = scoped(&to, key);
        // What was written down is done as it was weighed then; whether it was done already says its own answer.
        let done = match self.again(&to, &key).await {
            Ok(None) => {
                let call = self.switch_call(&to, switch).await?;
                self.once(&to, &key, call).await.map(|_| ())
            }
            known => known.map(|_| ()),
        };
        let confirm_at = match done {
            Err(error) if error.code() == BANK => self.confirm(&to, &key).await?,
            done => done.map(|()| None)?,
        };
        let truth = subscription_truth(&to.client, self.now(), &switch.external_id, None).await?.0;
        Ok(Switched { truth, confirm_at })
    }

    /// The bank of the card wants to ask its owner: the change that is written down under this key is made to wait for them, and they are asked
    /// on the page of its bill. None: it is done meanwhile, or does not wait any more.
    async fn confirm(&self, to: &Connection, key: &str) -> Result<Option<String>> {
        let name = key.to_owned();
        let row = self.db().read(move |conn| calls::by_key(conn, &name)).await?.found()?;
        let Call::ChangePrice { subscription, item, price, prorates_from_s, .. } = serde_json::from_str(&row.call)? else {
            return Err(Error::broken(format!("{key} changes no price")));
        };
        let call = Call::ChangePrice { subscription: subscription.clone(), item, price, prorates_from_s, waits: true, tags: Tags::new() };
        self.once(to, &format!("{key}/waits"), call).await?;
        match to.client.subscription(&subscription).await? {
            Subscription { pending_update: Some(_), latest_invoice: Some(bill), .. } => {
                let page = to.client.invoice(&bill).await?.hosted_invoice_url;
                page.map(Some).ok_or_else(|| Error::broken(format!("{bill} has no page")))
            }
            _ => Ok(None),
        }
    }

    /// The call that a switch is.
    async fn switch_call(&self, to: &Connection, switch: &Switch) -> Result<Call> {
        let price = self.price_of(to, &switch.to).await?;
        // As late as can be: between this and the call nothing else is asked.
        let item = self.as_seen(to, switch).await?.id;
        let (prorates_from_s, before, until) = match switch.when {
            SwitchTime::Now { as_of, .. } => (Some(as_of / 1_000), String::new(), String::new()),
            SwitchTime::AtPeriodEnd { before, until } => (None, before.to_string(), until.to_string()),
            SwitchTime::Back => (None, String::new(), String::new()),
        };
        let tags = [(BEFORE.to_owned(), before), (UNTIL.to_owned(), until)].into();
        Ok(Call::ChangePrice { subscription: switch.external_id.clone(), item, price, prorates_from_s, waits: false, tags })
    }

    /// A call about a subscription, and where it stands then.
    async fn change(&self, call: Call, external_id: &str, key: &str) -> Result<SubscriptionTruth> {
        let to = self.connected()?;
        self.once(&to, &scoped(&to, key), call).await?;
        Ok(subscription_truth(&to.client, self.now(), external_id, None).await?.0)
    }
}

fn scoped(to: &Connection, key: &str) -> String {
    format!("{}/{key}", to.scope())
}

/// What the payers' banks take back, of those attempts that are disputed at all.
async fn disputes(client: &Client, charges: &[Charge]) -> Result<Vec<Dispute>, Failure> {
    let mut found = Vec::new();
    for charge in charges.iter().filter(|charge| charge.disputed == Some(true)) {
        if let Some(intent) = &charge.payment_intent {
            found.extend(client.disputes_of(intent).await?.data);
        }
    }
    Ok(found)
}

/// The attempts by which these bills were paid: page by page of the customer, and one by one as soon as that takes no more questions than were
/// asked. What was found nowhere would look as if nothing of it had gone back. Of several attempts at one payment the newest comes first,
/// and that is the one that went through.
async fn charges_of_bills(client: &Client, customer: &str, bills: &[Invoice]) -> Result<Vec<Charge>, Failure> {
    let mut missing: BTreeSet<&str> = bills.iter().filter_map(truth::paid_by).collect();
    let (mut found, mut after) = (Vec::new(), None);
    for asked in 0..PAGES {
        if missing.len() <= asked + 1 {
            break;
        }
        let page = client.charges(customer, after.as_deref()).await?;
        after = page.data.last().map(|charge| charge.id.clone());
        for charge in page.data {
            if let Some(intent) = &charge.payment_intent {
                missing.remove(intent.as_str());
            }
            found.push(charge);
        }
        if !page.has_more {
            break;
        }
    }
    // The first period, somebody who pays for very many other things, or with another customer's card.
    for intent in missing {
        found.extend(client.charges_of(intent).await?.data);
    }
    Ok(found)
}

async fn payment_truth(client: &Client, intent: &str) -> Result<PaymentTruth> {
    let it = client.payment_intent(intent).await?;
    let charges = client.charges_of(intent).await?.data;
    let disputes = disputes(client, &charges).await?;
    truth::payment(&it, &Paid { charges, disputes })
}

/// Where a subscription stands, and what was paid of its bill `first`.
async fn subscription_truth(
    client: &Client,
    asked_at: Millis,
    id: &str,
    first: Option<&str>,
) -> Result<(SubscriptionTruth, Option<PaymentTruth>)> {
    let it = client.subscription(id).await?;
    let bills = client.invoices(id).await?.data;
    let charges = charges_of_bills(client, &it.customer, &bills).await?;
    let disputes = disputes(client, &charges).await?;
    let paid = Paid { charges, disputes };
    let bill = bills.iter().find(|bill| first.is_some() && bill.id.as_deref() == first);
    let first = bill.map(|bill| truth::paid_bill(bill, &paid)).transpose()?.flatten();
    Ok((truth::subscription(asked_at, &it, &bills, &paid)?, first))
}

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
            match self.once(&to, &scoped(&to, key), Call::ExpireCheckout { session: session.to_owned() }).await {
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
        let call = Call::EndWithPeriod { subscription: external_id.to_owned(), ends: cancels };
        Box::pin(self.change(call, external_id, key))
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
            match self.once(&to, &scoped(&to, key), Call::EndNow { subscription: external_id.to_owned() }).await {
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
            self.once(&to, &scoped(&to, key), call).await.map(|_| ())
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
