//! The test provider: a hosted checkout and subscriptions inside this program, for trying out how members pay. No money moves.
//!
//! It is asked like a provider elsewhere, and what it remembers is its own: the rest of the slice never looks into it. It works only where
//! nobody but this machine can reach the program, and what was paid with it counts for nothing elsewhere.

mod recurring;
mod session;

use futures_util::future::BoxFuture;

use super::{
    Checkout, CheckoutState, CheckoutTruth, Opened, PaymentState, PaymentTruth, Provider, ProviderKind, SubscriptionTruth, Switch,
    SwitchTime, Switched,
};
use crate::billing::model::Method;
use crate::billing::store::test_objects;
use crate::clock::{Clock, Millis};
use crate::error::{Error, Found, Result};
use crate::money::Money;
use crate::storage::{Conn, Db, Tx};

pub use recurring::Recurring;
pub use session::{Session, Stage, TestAct};

/// How long a checkout can be paid: as long as elsewhere at the least.
const OPEN_FOR: Millis = 30 * 60_000;

fn charge(external_id: &str, amount: Money, refunded: i64, at: Millis) -> PaymentTruth {
    let (external_id, state) = (external_id.to_owned(), PaymentState::Succeeded);
    let (parts, is_difference) = (Vec::new(), false);
    PaymentTruth { external_id, amount, is_difference, refunded, parts, state, dispute: None, method: Method::Card, at }
}

/// The provider. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TestProvider {
    db: Db,
    clock: Clock,
    is_allowed: bool,
}

impl TestProvider {
    /// On this database; `is_allowed`: can nobody but this machine reach the program?
    #[must_use]
    pub const fn new(db: Db, clock: Clock, is_allowed: bool) -> Self {
        Self { db, clock, is_allowed }
    }

    /// Refuses where others could reach it.
    fn must_be_allowed(&self) -> Result<()> {
        if self.is_allowed { Ok(()) } else { Err(Error::conflict("billing.provider_off")) }
    }

    fn read<T: Send + 'static>(&self, f: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static) -> BoxFuture<'_, Result<T>> {
        let allowed = self.must_be_allowed();
        Box::pin(async move {
            allowed?;
            self.db.read(f).await
        })
    }

    fn write<T: Send + 'static>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static) -> BoxFuture<'_, Result<T>> {
        let allowed = self.must_be_allowed();
        Box::pin(async move {
            allowed?;
            self.db.write(f).await
        })
    }
}

/// The checkout of this name, as its page shows it.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn session(conn: &mut Conn, id: &str) -> Result<Session> {
    test_objects::get(conn, id)?.found()
}

/// Does something on the page of a checkout, and answers how it then stands.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn act(tx: &mut Tx<'_>, id: &str, act: TestAct) -> Result<Session> {
    let now = tx.now();
    let before = session(tx, id)?;
    let after = before.clone().after(act, now);
    if after != before {
        test_objects::put(tx, id, after.member, &after)?;
        if let Some(begun) = after.begins(act).filter(|_| before.stage != Stage::Complete) {
            test_objects::put(tx, &begun.id, begun.member, &begun)?;
        }
    }
    Ok(after)
}

/// The subscription of this name as it stands now.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn recurring(conn: &mut Conn, id: &str, now: Millis) -> Result<Recurring> {
    Ok(test_objects::get::<Recurring>(conn, id)?.found()?.by(now))
}

/// From now on the card works, or does not; what is owed is paid when it works.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn set_card(tx: &mut Tx<'_>, id: &str, works: bool) -> Result<Recurring> {
    change(tx, id, |one| one.card_fails = !works)
}

/// The period of the subscription of this name is over now, as if time had passed: what is due then is charged, or owed.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn skip(tx: &mut Tx<'_>, id: &str) -> Result<Recurring> {
    let now = tx.now();
    change(tx, id, |one| {
        if one.owed_since.is_none() {
            *one = one.clone().skipped(now);
        }
    })
}

fn change(tx: &mut Tx<'_>, id: &str, change: impl FnOnce(&mut Recurring)) -> Result<Recurring> {
    let now = tx.now();
    let mut one = recurring(tx, id, now)?;
    if one.ended_at.is_none() {
        change(&mut one);
    }
    let one = one.by(now);
    test_objects::put(tx, id, one.member, &one)?;
    Ok(one)
}

/// What it says of a checkout.
pub(in crate::billing) fn checkout_truth(conn: &mut Conn, id: &str, now: Millis) -> Result<CheckoutTruth> {
    let session = session(conn, id)?;
    let state = match session.stage(now) {
        Stage::Complete => CheckoutState::Complete,
        Stage::Expired => CheckoutState::Expired,
        Stage::Open | Stage::Refused | Stage::Bank => CheckoutState::Open,
    };
    let recurring = test_objects::get::<Recurring>(conn, &session.subscription_id())?.map(|one| one.by(now).truth(now));
    let payment = match (&recurring, session.paid_at) {
        (Some(truth), _) => truth.payments.first().cloned(),
        (None, Some(at)) => Some(charge(&format!("pay_{id}"), session.due(), session.refunded, at)),
        (None, None) => None,
    };
    Ok(CheckoutTruth { asked_at: now, session: id.to_owned(), order: Some(session.order), state, payment, subscription: recurring })
}

/// So much of a payment goes back, once under each key; refused when less is left.
fn refund(tx: &mut Tx<'_>, payment: &str, amount: i64, key: &str) -> Result<()> {
    let refused = || Error::conflict("billing.provider_refused");
    if test_objects::get::<i64>(tx, key)?.is_some() {
        return Ok(());
    }
    let takes = |paid: i64, back: &mut i64| {
        *back += amount;
        if *back > paid { Err(refused()) } else { Ok(()) }
    };
    if let Some(id) = payment.strip_prefix("pay_") {
        let mut one = session(tx, id)?;
        takes(one.due().amount, &mut one.refunded)?;
        test_objects::put(tx, id, one.member, &one)?;
        return test_objects::put(tx, key, one.member, &amount);
    }
    let (id, now) = (payment.rsplit_once('.').map_or(payment, |(id, _)| id), tx.now());
    let mut one = recurring(tx, id, now)?;
    takes(one.paid_by(payment), one.refunds.entry(payment.to_owned()).or_default())?;
    test_objects::put(tx, id, one.member, &one)?;
    test_objects::put(tx, key, one.member, &amount)
}

impl Provider for TestProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Test
    }

    fn is_ready(&self) -> bool {
        self.is_allowed
    }

    fn open<'a>(&'a self, checkout: &'a Checkout, key: &'a str) -> BoxFuture<'a, Result<Opened>> {
        let (id, checkout) = (format!("test_{}", key.replace('/', "_")), checkout.clone());
        self.write(move |tx| {
            let session = match test_objects::get::<Session>(tx, &id)? {
                Some(known) => known,
                None => {
                    let (discount, reduced) = checkout.promotion.map(|promotion| (promotion.discount, promotion.plans)).unzip();
                    let made = Session {
                        id: id.clone(),
                        order: checkout.order,
                        member: checkout.member,
                        text: checkout.text,
                        plan: Some(checkout.plan),
                        price_id: Some(checkout.price_id),
                        price: checkout.price,
                        every: checkout.every,
                        trial_days: checkout.trial_days,
                        return_to: checkout.return_to,
                        back_to: checkout.back_to,
                        expires_at: tx.now() + OPEN_FOR,
                        stage: Stage::Open,
                        paid_at: None,
                        refunded: 0,
                        discount,
                        reduced: reduced.unwrap_or_default(),
                    };
                    test_objects::put(tx, &id, made.member, &made)?;
                    made
                }
            };
            Ok(Opened { url: format!("/pay/test/{id}"), total: None, session: session.id, expires_at: session.expires_at })
        })
    }

    fn fetch_checkout<'a>(&'a self, session: &'a str) -> BoxFuture<'a, Result<CheckoutTruth>> {
        let (id, now) = (session.to_owned(), self.clock.now());
        self.read(move |conn| checkout_truth(conn, &id, now))
    }

    fn expire<'a>(&'a self, session: &'a str, _: &'a str) -> BoxFuture<'a, Result<CheckoutTruth>> {
        let id = session.to_owned();
        self.write(move |tx| {
            act(tx, &id, TestAct::Expire)?;
            let now = tx.now();
            checkout_truth(tx, &id, now)
        })
    }

    fn fetch_subscription<'a>(&'a self, external_id: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>> {
        let (id, now) = (external_id.to_owned(), self.clock.now());
        self.read(move |conn| Ok(recurring(conn, &id, now)?.truth(now)))
    }

    fn cancel_at_end<'a>(&'a self, external_id: &'a str, cancels: bool, _: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>> {
        let id = external_id.to_owned();
        self.write(move |tx| {
            let one = change(tx, &id, |one| {
                one.cancels_at_end = cancels;
                // What is owed and not wanted any more is not asked for: it ended where it was paid up to.
                if cancels {
                    one.ended_at = one.owed_since;
                }
            })?;
            let now = tx.now();
            Ok(one.truth(now))
        })
    }

    fn quote<'a>(&'a self, switch: &'a Switch) -> BoxFuture<'a, Result<Money>> {
        let due = match switch.when {
            SwitchTime::Now { due, .. } => due,
            SwitchTime::AtPeriodEnd { .. } | SwitchTime::Back => Money { amount: 0, ..switch.to.money },
        };
        let due = self.must_be_allowed().map(|()| due);
        Box::pin(async move { due })
    }

    fn switch<'a>(&'a self, switch: &'a Switch, key: &'a str) -> BoxFuture<'a, Result<Switched>> {
        let (switch, key) = (switch.clone(), key.to_owned());
        self.write(move |tx| {
            let now = tx.now();
            let one = recurring(tx, &switch.external_id, now)?;
            if test_objects::get::<bool>(tx, &key)?.is_some() {
                return Ok(Switched { truth: one.truth(now), confirm_at: None });
            }
            if one.ended_at.is_some() {
                return Err(Error::conflict("billing.provider_refused"));
            }
            let one = one.switched(&switch, now)?;
            test_objects::put(tx, &one.id, one.member, &one)?;
            test_objects::put(tx, &key, one.member, &true)?;
            Ok(Switched { truth: one.truth(now), confirm_at: None })
        })
    }

    fn end<'a>(&'a self, external_id: &'a str, _: &'a str) -> BoxFuture<'a, Result<SubscriptionTruth>> {
        let id = external_id.to_owned();
        self.write(move |tx| {
            let now = tx.now();
            Ok(change(tx, &id, |one| one.ended_at = Some(now))?.truth(now))
        })
    }

    fn refund<'a>(&'a self, payment: &'a str, money: Money, key: &'a str) -> BoxFuture<'a, Result<()>> {
        let (payment, key) = (payment.to_owned(), key.to_owned());
        self.write(move |tx| refund(tx, &payment, money.amount, &key))
    }

    fn portal<'a>(&'a self, external_id: &'a str, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<String>> {
        let page = self.must_be_allowed().map(|()| format!("/pay/test/card/{external_id}"));
        Box::pin(async move { page })
    }
}
