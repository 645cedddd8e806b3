//! The same requests as the provider's and the mirror's, answered by the double without a network.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::double::World;
use super::NOON;
use crate::billing::PaymentTruth;
use crate::billing::providers::{CheckoutTruth, SubscriptionTruth};
use crate::billing::stripe::client::views::{Charge, Dispute, Invoice, PaymentIntent, Refund, Session, Subscription};
use crate::billing::stripe::envelope::Object;
use crate::billing::stripe::store::mirrored;
use crate::billing::stripe::truth::{self, Paid};
use crate::error::{Error, Result};
use crate::mutants::Mutant;
use crate::storage::Conn;

/// What is fetched in the end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Root {
    Session(String),
    Subscription(String),
}

pub(super) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ask<T: DeserializeOwned>(world: &Mutex<World>, path: &str, params: &[(&str, &str)]) -> Result<T> {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let answer = lock(world).answer("GET", path, &params);
    let answer = answer.map_err(|(status, ..)| if status == 404 { Error::NotFound } else { Error::broken(format!("{path}: {status}")) })?;
    Ok(serde_json::from_value(answer)?)
}

fn list<T: DeserializeOwned>(world: &Mutex<World>, path: &str, of: (&str, &str)) -> Result<Vec<T>> {
    let expand = if path == "/v1/charges" { Some(("expand[]", "data.refunds")) } else { None };
    let params: Vec<(&str, &str)> = [of, ("limit", "100")].into_iter().chain(expand).collect();
    let mut page: Value = ask(world, path, &params)?;
    Ok(serde_json::from_value(page["data"].take())?)
}

/// What of these attempts went back, and what their payers' banks ask for.
fn paid(world: &Mutex<World>, charges: Vec<Charge>) -> Result<Paid> {
    let mut disputes = Vec::new();
    for charge in charges.iter().filter(|charge| charge.disputed == Some(true)) {
        let intent = charge.payment_intent.as_deref().unwrap_or_default();
        disputes.extend(list::<Dispute>(world, "/v1/disputes", ("payment_intent", intent))?);
    }
    Ok(Paid { charges, disputes })
}

pub(super) fn subscription(world: &Mutex<World>, id: &str, first: Option<&str>) -> Result<(SubscriptionTruth, Option<PaymentTruth>)> {
    let it: Subscription = ask(world, &format!("/v1/subscriptions/{id}"), &[])?;
    let bills: Vec<Invoice> = list(world, "/v1/invoices", ("subscription", id))?;
    let charges = list(world, "/v1/charges", ("customer", &it.customer))?;
    let paid = paid(world, charges)?;
    let bill = bills.iter().find(|bill| first.is_some() && bill.id.as_deref() == first);
    let first = bill.map(|bill| truth::paid_bill(bill, &paid)).transpose()?.flatten();
    Ok((truth::subscription(NOON, &it, &bills, &paid)?, first))
}

pub(super) fn checkout(world: &Mutex<World>, id: &str) -> Result<CheckoutTruth> {
    let it: Session = ask(world, &format!("/v1/checkout/sessions/{id}"), &[])?;
    let (mut payment, mut goes_on) = (None, None);
    if let Some(intent) = &it.payment_intent {
        let found: PaymentIntent = ask(world, &format!("/v1/payment_intents/{intent}"), &[])?;
        let charges = list(world, "/v1/charges", ("payment_intent", intent))?;
        payment = Some(truth::payment(&found, &paid(world, charges)?)?);
    }
    if let Some(id) = &it.subscription {
        let (truth, first) = subscription(world, id, it.invoice.as_deref())?;
        (payment, goes_on) = (first.or(payment), Some(truth));
    }
    Ok(truth::checkout(NOON, &it, payment, goes_on))
}

/// What an object belongs to, by the same questions as [`Mirror`](crate::billing::stripe::mirror::Mirror) asks.
pub(super) fn roots(conn: &mut Conn, world: &Mutex<World>, object: &Object) -> Result<Vec<Root>> {
    let intent = match object {
        Object::Session(id) => return Ok(vec![Root::Session(id.clone())]),
        Object::Subscription(id) => return Ok(vec![Root::Subscription(id.clone())]),
        Object::Invoice(id) => {
            let bill: Invoice = ask(world, &format!("/v1/invoices/{id}"), &[])?;
            let of = bill.parent.and_then(|parent| parent.subscription_details).map(|details| details.subscription);
            return Ok(of.map(Root::Subscription).into_iter().collect());
        }
        Object::PaymentIntent(id) => Some(id.clone()),
        Object::Charge(id) => ask::<Charge>(world, &format!("/v1/charges/{id}"), &[])?.payment_intent,
        Object::Refund(id) => ask::<Refund>(world, &format!("/v1/refunds/{id}"), &[])?.payment_intent,
        Object::Dispute(id) => ask::<Dispute>(world, &format!("/v1/disputes/{id}"), &[])?.payment_intent,
    };
    let intent = intent.expect("a payment");
    match mirrored::of_payment(conn, &intent)? {
        Some((_, Some(subscription))) => return Ok(vec![Root::Subscription(subscription)]),
        Some((Some(session), None)) => return Ok(vec![Root::Session(session)]),
        _ => {}
    }
    if Mutant::MoneyForgetsUnwritten.is_on() {
        return Ok(Vec::new());
    }
    let payment: PaymentIntent = ask(world, &format!("/v1/payment_intents/{intent}"), &[])?;
    if let Some(order) = truth::order(payment.metadata.as_ref()) {
        return Ok(mirrored::session_of(conn, order)?.map(Root::Session).into_iter().collect());
    }
    let theirs: Vec<Subscription> = list(world, "/v1/subscriptions", ("customer", payment.customer.as_deref().unwrap_or_default()))?;
    Ok(theirs.into_iter().filter(|one| truth::order(one.metadata.as_ref()).is_some()).map(|one| Root::Subscription(one.id)).collect())
}
