//! Brings our rows to what Stripe says when it is asked: one object at a time, an older answer never over a newer one.

use super::client::views::Invoice;
use super::connection::{Connection, Stripe};
use super::envelope::Object;
use super::store::{mirrored, objects};
use super::truth;
use crate::billing::actions::{Billing, mirror, settle};
use crate::billing::providers::{CheckoutTruth, Provider, ProviderKind, SubscriptionTruth};
use crate::billing::store as rows;
use crate::error::{Error, Result};
use crate::ids::OrderId;
use crate::mutants::Mutant;
use crate::storage::Tx;

/// What is fetched in the end, whatever the sign was about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Root {
    Session(String),
    Subscription(String),
}

impl Root {
    fn id(&self) -> &str {
        match self {
            Self::Session(id) | Self::Subscription(id) => id,
        }
    }
}

/// Stripe, and what is to follow it.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// The way there.
    pub stripe: Stripe,
    /// The slice's memory and listeners.
    pub billing: Billing,
}

impl Mirror {
    /// Fetches an object, and has our rows follow. `wanted`: the sign of a change that is to be followed; one that was followed already is
    /// not fetched again. Without one it is fetched in any case. Answers whether anything of ours is other than before.
    ///
    /// # Errors
    /// When it cannot be fetched now, or is not to be understood; nothing is changed then.
    pub async fn refetch(&self, object: &Object, wanted: Option<i64>) -> Result<bool> {
        let to = self.stripe.connected()?;
        match object {
            Object::Session(id) => self.follow(Root::Session(id.clone()), wanted).await,
            Object::Subscription(id) => self.follow(Root::Subscription(id.clone()), wanted).await,
            _ => {
                let mut changed = false;
                for root in self.roots(&to, object).await? {
                    changed |= self.follow(root, None).await?;
                }
                Ok(changed)
            }
        }
    }

    /// Which of what we mirror an object belongs to; none: it is not ours.
    async fn roots(&self, to: &Connection, object: &Object) -> Result<Vec<Root>> {
        let client = &to.client;
        let intent = match object {
            Object::Session(id) => return Ok(vec![Root::Session(id.clone())]),
            Object::Subscription(id) => return Ok(vec![Root::Subscription(id.clone())]),
            Object::Invoice(id) => {
                let Some(bill) = there(client.invoice(id).await)? else { return Ok(Vec::new()) };
                match subscription_of(&bill) {
                    Some(subscription) => return Ok(vec![Root::Subscription(subscription)]),
                    None => bill.payments.and_then(|all| all.data.into_iter().find_map(|one| one.payment.payment_intent)),
                }
            }
            Object::PaymentIntent(id) => Some(id.clone()),
            Object::Charge(id) => there(client.charge(id).await)?.and_then(|charge| charge.payment_intent),
            Object::Refund(id) => there(client.refund(id).await)?.and_then(|refund| refund.payment_intent),
            Object::Dispute(id) => there(client.dispute(id).await)?.and_then(|dispute| dispute.payment_intent),
        };
        let Some(intent) = intent else { return Ok(Vec::new()) };
        let intent_id = intent.clone();
        let of = self.stripe.db().read(move |conn| mirrored::of_payment(conn, &intent)).await?;
        match of {
            Some((_, Some(subscription))) => Ok(vec![Root::Subscription(subscription)]),
            Some((Some(session), None)) => Ok(vec![Root::Session(session)]),
            _ => self.unwritten(to, &intent_id).await,
        }
    }

    /// What a payment belongs to that is not written down yet: an answer from before this sign may be under way that knows only of the
    /// payment. What goes on has no mark of ours on its payments: it is found by who pays.
    async fn unwritten(&self, to: &Connection, intent: &str) -> Result<Vec<Root>> {
        if Mutant::MoneyForgetsUnwritten.is_on() {
            return Ok(Vec::new());
        }
        let Some(payment) = there(to.client.payment_intent(intent).await)? else { return Ok(Vec::new()) };
        if let Some(order) = truth::order(payment.metadata.as_ref()) {
            let session = self.stripe.db().read(move |conn| mirrored::session_of(conn, order)).await?;
            return Ok(session.map(Root::Session).into_iter().collect());
        }
        let Some(customer) = payment.customer else { return Ok(Vec::new()) };
        let theirs = to.client.subscriptions_of(&customer).await?.data;
        Ok(theirs.into_iter().filter(|one| truth::order(one.metadata.as_ref()).is_some()).map(|one| Root::Subscription(one.id)).collect())
    }

    /// Fetches a root and applies what it says, if no fetch that began later was applied meanwhile.
    async fn follow(&self, root: Root, wanted: Option<i64>) -> Result<bool> {
        let name = root.id().to_owned();
        let ticket = match wanted {
            Some(wanted) => {
                let mark = self.stripe.db().read(move |conn| objects::mark(conn, &name)).await?;
                if mark.fetched >= wanted {
                    return Ok(false);
                }
                mark.wanted
            }
            None => self.ticket(&name).await?,
        };
        match root {
            Root::Session(id) => {
                let (changed, after) = self.visit(&id, ticket).await?;
                if let Some(subscription) = after {
                    // Fetches of it by itself count by its own signs; while nothing of it is paid, so do those to come.
                    self.look(&subscription, self.ticket(&subscription).await?).await?;
                }
                Ok(changed)
            }
            Root::Subscription(id) => {
                let order = match self.look(&id, ticket).await? {
                    Applied::Done { changed } => return Ok(changed),
                    Applied::NotSold(order) => order,
                };
                // Of an order that is not settled yet: what was paid is looked at through its visit, once.
                let session = self.stripe.db().read(move |conn| mirrored::session_of(conn, order)).await?;
                if let Some(session) = session {
                    let (changed, _) = self.visit(&session, self.ticket(&session).await?).await?;
                    if let Applied::Done { changed: more } = self.look(&id, self.ticket(&id).await?).await? {
                        return Ok(changed || more);
                    }
                    // A person looks into an order that its visit does not fit; no sign of what goes on of it says more.
                    let strange = self.stripe.db().read(move |conn| rows::strange::of_order(conn, order)).await?;
                    if strange.is_some() {
                        return Ok(changed);
                    }
                }
                // The answer that names the visit is not in yet, or nothing is paid: this sign comes back.
                Err(Error::Busy { retry_after_ms: 1_000 })
            }
        }
    }

    /// A ticket for a fetch that begins now.
    async fn ticket(&self, name: &str) -> Result<i64> {
        let name = name.to_owned();
        self.stripe.db().write(move |tx| objects::want(tx, &name)).await
    }

    /// Fetches a visit and settles its order; whether that moved, and what goes on after it.
    async fn visit(&self, id: &str, ticket: i64) -> Result<(bool, Option<String>)> {
        let Some(truth) = found(self.stripe.fetch_checkout(id).await)? else { return Ok((false, None)) };
        let after = truth.subscription.as_ref().map(|one| one.external_id.clone());
        let (Some(order), billing, id) = (truth.order, self.billing.clone(), id.to_owned()) else { return Ok((false, None)) };
        let changed = self.stripe.db().write(move |tx| settle_order(tx, &billing, order, (&id, ticket), &truth)).await?;
        Ok((changed, after))
    }

    /// Fetches a subscription and mirrors it.
    async fn look(&self, id: &str, ticket: i64) -> Result<Applied> {
        let Some(truth) = found(self.stripe.fetch_subscription(id).await)? else { return Ok(Applied::Done { changed: false }) };
        let (billing, id) = (self.billing.clone(), id.to_owned());
        self.stripe.db().write(move |tx| mirror_subscription(tx, &billing, (&id, ticket), &truth)).await
    }
}

/// What became of what was fetched.
pub(super) enum Applied {
    /// Our rows are as it says, or were newer.
    Done {
        /// Is anything of ours other than before?
        changed: bool,
    },
    /// It belongs to this order, which is to be settled first.
    NotSold(OrderId),
}

/// Brings an order to the answer of a fetch that began with this ticket, unless one that began later was applied; whether it moved.
///
/// # Errors
/// Those of [`settle`].
pub(super) fn settle_order(
    tx: &mut Tx<'_>,
    billing: &Billing,
    order: OrderId,
    (id, ticket): (&str, i64),
    truth: &CheckoutTruth,
) -> Result<bool> {
    if !objects::take(tx, id, ticket)? {
        return Ok(false);
    }
    let Some(before) = mirrored::order_state(tx, order)? else { return Ok(false) };
    settle(tx, billing, order, truth)?;
    Ok(mirrored::order_state(tx, order)? != Some(before))
}

/// Brings a subscription to the answer of a fetch that began with this ticket, unless one that began later was applied.
///
/// # Errors
/// Those of [`mirror`].
pub(super) fn mirror_subscription(
    tx: &mut Tx<'_>,
    billing: &Billing,
    (id, ticket): (&str, i64),
    truth: &SubscriptionTruth,
) -> Result<Applied> {
    let (before, looked_at) = (mirrored::looks(tx, id)?, mirrored::looked_at(tx, id)?);
    if before.is_none() {
        // The sign stays open: it is followed once the order is settled.
        let ours = match truth.order {
            Some(order) => mirrored::order_state(tx, order)?.map(|_| order),
            None => None,
        };
        // Not one of this program's: somebody uses the account for other things too.
        return Ok(ours.filter(|_| truth.status.is_open()).map_or(Applied::Done { changed: false }, Applied::NotSold));
    }
    if !objects::take(tx, id, ticket)? {
        return Ok(Applied::Done { changed: false });
    }
    // The ticket says that this is the newest answer of those that have one. An answer that somebody waited for has none: it is newer if it
    // was asked for later, unless the clock ran backwards meanwhile.
    let asked_at = if looked_at > tx.now() { looked_at } else { truth.asked_at };
    mirror(tx, billing, ProviderKind::Stripe, &SubscriptionTruth { asked_at, ..truth.clone() })?;
    Ok(Applied::Done { changed: mirrored::looks(tx, id)? != before })
}

fn subscription_of(bill: &Invoice) -> Option<String> {
    Some(bill.parent.as_ref()?.subscription_details.as_ref()?.subscription.clone())
}

/// What is not there is nothing to follow.
fn there<T>(answer: std::result::Result<T, super::client::Failure>) -> Result<Option<T>> {
    match answer {
        Err(failure) if failure.is_missing() => Ok(None),
        answer => Ok(Some(answer?)),
    }
}

/// The same for what the provider says.
fn found<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(Error::NotFound) => Ok(None),
        answer => answer.map(Some),
    }
}
