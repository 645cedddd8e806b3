//! Another price for a subscription at Stripe: asked about, done, or made to wait until its owner has told their bank that it is they.

use super::client::call::{Call, Tags};
use super::client::views::{Item, Subscription};
use super::connection::{Connection, Stripe};
use super::fetching::subscription_truth;
use super::minor;
use super::outbox::BANK;
use super::selling::each;
use super::store::calls;
use super::truth::{self, BEFORE, UNTIL};
use crate::billing::providers::{SubscriptionTruth, Switch, SwitchTime, Switched};
use crate::error::{Error, Found, Result};
use crate::money::Money;

/// How often what is to be done is made up, where others do something to its subscription meanwhile.
const TURNS: usize = 3;
/// Until somebody else is done with it.
const TURN_MS: u64 = 1_000;

/// What is to be done to a subscription that goes on.
enum Deed<'a> {
    /// This, whatever is so there.
    Call(Call),
    /// A switch, if that is still what it was weighed with.
    Switch(&'a Switch),
}

impl Stripe {
    /// A subscription and what a switch changes of it, if that is still what the switch was weighed with.
    async fn as_seen(&self, to: &Connection, switch: &Switch) -> Result<(Subscription, Item)> {
        let it = to.client.subscription(&switch.external_id).await?;
        if it.schedule.is_some() {
            // What was chosen there for later would undo what is chosen here.
            return Err(Error::conflict("billing.change_elsewhere"));
        }
        let item = it.items.data.first().cloned().ok_or_else(|| Error::broken(format!("{} is a subscription to nothing", it.id)))?;
        if switch.seen.is_still(truth::seen(&it, &item)) { Ok((it, item)) } else { Err(Error::conflict("billing.change_stale")) }
    }

    /// What a switch would cost at once. It makes nothing there but, where a code takes something off, the product: a code may be for one alone.
    pub(super) async fn quote_switch(&self, switch: &Switch) -> Result<Money> {
        let SwitchTime::Now { as_of, .. } = switch.when else { return Ok(Money { amount: 0, ..switch.to.money }) };
        let to = self.connected()?;
        let (it, item) = self.as_seen(&to, switch).await?;
        let minor = minor::to_theirs(switch.to.money).ok_or_else(|| Error::conflict("billing.provider_amount"))?;
        let every = each(switch.to.every).ok_or_else(|| Error::broken("what is paid once does not go on"))?;
        let product = match it.discounts {
            Some(all) if !all.is_empty() => self.product(&to, switch.to.plan, &switch.to.name, &switch.to.description).await?,
            _ => item.price.product.clone(),
        };
        let bill = to.client.preview(&switch.external_id, &item, (&product, minor, every), as_of / 1_000).await?;
        minor::to_ours(bill.amount_due, &bill.currency).ok_or_else(|| Error::broken(format!("a preview in {}", bill.currency)))
    }

    /// Does something to a subscription, once under its key and in its turn: what was begun before comes to its end first, and what others do
    /// meanwhile is weighed.
    async fn in_turn(&self, to: &Connection, key: &str, external_id: &str, deed: Deed<'_>) -> Result<()> {
        for _ in 0..TURNS {
            let so_far = self.end_earlier(to, key, external_id).await?;
            let call = match &deed {
                Deed::Call(call) => call.clone(),
                Deed::Switch(switch) => self.switch_call(to, switch).await?,
            };
            if self.once_since(to, key, call, (external_id, so_far)).await?.is_some() {
                return Ok(());
            }
        }
        Err(Error::Busy { retry_after_ms: TURN_MS })
    }

    /// Has a subscription end with its period, or go on after all, and says where it then stands.
    pub(super) async fn end_with_period(&self, external_id: &str, ends: bool, key: &str) -> Result<SubscriptionTruth> {
        let to = self.connected()?;
        let call = Call::EndWithPeriod { subscription: external_id.to_owned(), ends };
        self.in_turn(&to, &to.scoped(key), external_id, Deed::Call(call)).await?;
        Ok(subscription_truth(&to.client, self.now(), external_id, None).await?.0)
    }

    /// Makes a switch, once under its key.
    pub(super) async fn make_switch(&self, switch: &Switch, key: &str) -> Result<Switched> {
        let to = self.connected()?;
        let key = to.scoped(key);
        // What was written down is done as it was weighed then; whether it was done already says its own answer.
        let done = match self.again(&to, &key).await {
            Ok(None) => self.in_turn(&to, &key, &switch.external_id, Deed::Switch(switch)).await,
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
        self.in_turn(to, &format!("{key}/waits"), &subscription, Deed::Call(call)).await?;
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
        let item = self.as_seen(to, switch).await?.1.id;
        let (prorates_from_s, before, until) = match switch.when {
            SwitchTime::Now { as_of, .. } => (Some(as_of / 1_000), String::new(), String::new()),
            SwitchTime::AtPeriodEnd { before, until } => (None, before.to_string(), until.to_string()),
            SwitchTime::Back => (None, String::new(), String::new()),
        };
        let tags = [(BEFORE.to_owned(), before), (UNTIL.to_owned(), until)].into();
        Ok(Call::ChangePrice { subscription: switch.external_id.clone(), item, price, prorates_from_s, waits: false, tags })
    }
}
