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
use crate::billing::providers::{Switch, SwitchTime, Switched};
use crate::error::{Error, Found, Result};
use crate::money::Money;

impl Stripe {
    /// What a switch changes of a subscription, if that is still what the switch was weighed with.
    async fn as_seen(&self, to: &Connection, switch: &Switch) -> Result<Item> {
        let it = to.client.subscription(&switch.external_id).await?;
        let item = it.items.data.first().ok_or_else(|| Error::broken(format!("{} is a subscription to nothing", it.id)))?;
        let (now, then) = (truth::seen(&it, item), switch.seen);
        let is_so = now.period_end == then.period_end && (then.price.is_none() || now.price == then.price);
        if is_so { Ok(item.clone()) } else { Err(Error::conflict("billing.change_stale")) }
    }

    /// What a switch would cost at once. It makes nothing there.
    pub(super) async fn quote_switch(&self, switch: &Switch) -> Result<Money> {
        let SwitchTime::Now { as_of, .. } = switch.when else { return Ok(Money { amount: 0, ..switch.to.money }) };
        let to = self.connected()?;
        let item = self.as_seen(&to, switch).await?;
        let minor = minor::to_theirs(switch.to.money).ok_or_else(|| Error::conflict("billing.provider_amount"))?;
        let every = each(switch.to.every).ok_or_else(|| Error::broken("what is paid once does not go on"))?;
        let bill = to.client.preview(&switch.external_id, &item, (minor, every), as_of / 1_000).await?;
        minor::to_ours(bill.amount_due, &bill.currency).ok_or_else(|| Error::broken(format!("a preview in {}", bill.currency)))
    }

    /// Makes a switch, once under its key.
    pub(super) async fn make_switch(&self, switch: &Switch, key: &str) -> Result<Switched> {
        let to = self.connected()?;
        let key = to.scoped(key);
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
}
