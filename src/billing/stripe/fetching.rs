//! Where a visit, a payment or a subscription stands: everything that is asked to know it.

use std::collections::BTreeSet;

use super::client::views::{Charge, Dispute, Invoice};
use super::client::{Client, Failure};
use super::connection::{Connection, Stripe};
use super::truth::{self, Paid};
use crate::billing::providers::{CheckoutTruth, PaymentTruth, SubscriptionTruth};
use crate::clock::Millis;
use crate::error::Result;

/// Pages of a customer's attempts that are gone through before single payments are asked for.
const PAGES: usize = 20;

impl Stripe {
    /// Where a visit stands, with what was paid in it and what goes on after it.
    pub(super) async fn checkout_truth(&self, to: &Connection, session: &str) -> Result<CheckoutTruth> {
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
pub(super) async fn subscription_truth(
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
