//! Weighs our rows against the double's own books: what was charged, given, heard and written down.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use reqwest::Method;
use serde_json::Value;

use crate::load::program::Program;
use crate::load::town::Seat;
use crate::market::Market;
use crate::verdict::Line;

/// Sorts of faults, in the order of the table.
pub const SORTS: [&str; 8] = [
    "charged, opened or given back twice",
    "entitled without payment",
    "paid and locked out",
    "events lost",
    "books that do not balance",
    "payments that differ from Stripe's",
    "subscriptions that differ from Stripe's",
    "left open: calls, jobs, panics",
];

/// A fault: its place in [`SORTS`], and what it is.
pub type Fault = (usize, String);

/// Who is weighed.
pub struct Member<'a> {
    pub seat: &'a Seat,
    /// Was the account deleted?
    pub is_gone: bool,
    /// How much was wished back of each payment, by its name at Stripe.
    pub back: BTreeMap<String, i64>,
}

impl<'a> Member<'a> {
    /// Somebody who is there, of whose money nobody at our side wished anything back.
    pub fn of(seat: &'a Seat) -> Self {
        Self { seat, is_gone: false, back: BTreeMap::new() }
    }
}

#[derive(QueryableByName)]
struct Paid {
    #[diesel(sql_type = Text)]
    external_id: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = BigInt)]
    returned: i64,
}

#[derive(QueryableByName)]
struct Mirrored {
    #[diesel(sql_type = Text)]
    external_id: String,
    #[diesel(sql_type = BigInt)]
    status: i64,
    #[diesel(sql_type = BigInt)]
    period_end: i64,
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Nullable<BigInt>)]
    sum: Option<i64>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// How much of each payment is back at its payer, and how much it was.
fn charged(market: &Market) -> BTreeMap<String, (i64, i64)> {
    let (charges, disputes) = market.stripe.with(|world| (world.all("charge"), world.all("dispute")));
    let lost = |intent: &Value| {
        let own = disputes.iter().filter(|one| one["payment_intent"] == *intent && one["status"] == "lost");
        own.filter_map(|one| one["amount"].as_i64()).sum::<i64>()
    };
    charges
        .iter()
        .map(|one| {
            let (amount, back) = (one["amount"].as_i64().unwrap_or(0), one["amount_refunded"].as_i64().unwrap_or(0));
            (text(&one["payment_intent"]), (amount, (back + lost(&one["payment_intent"])).min(amount)))
        })
        .collect()
}

/// Should this customer have what was bought, by what Stripe holds?
fn is_paid(market: &Market, customer: &str, charged: &BTreeMap<String, (i64, i64)>) -> bool {
    let holds = |intent: &str| charged.get(intent).is_some_and(|(amount, back)| back < amount);
    market.stripe.with(|world| {
        let own = |kind: &str| world.all(kind).into_iter().filter(|one| one["customer"] == customer).collect::<Vec<_>>();
        let once = own("checkout.session").iter().any(|one| one["payment_intent"].as_str().is_some_and(holds));
        let renews = own("subscription").iter().any(|one| {
            let bills = own("invoice").into_iter().filter(|bill| bill["parent"]["subscription_details"]["subscription"] == one["id"]);
            let newest = bills.rev().find_map(|bill| bill["payments"]["data"][0]["payment"]["payment_intent"].as_str().map(str::to_owned));
            let is_open = ["active", "trialing", "past_due"].iter().any(|status| one["status"] == *status);
            is_open && newest.is_some_and(|intent| holds(&intent))
        });
        once || renews
    })
}

fn number_of(status: &Value) -> i64 {
    let all = ["trialing", "active", "past_due", "unpaid", "paused", "incomplete", "incomplete_expired", "canceled"];
    all.iter().position(|one| status == *one).map_or(8, |at| i64::try_from(at).unwrap_or(8))
}

/// What Stripe made twice of what was wished once.
fn twice(market: &Market, members: &[Member<'_>], faults: &mut Vec<Fault>) {
    let all = |kind: &str| market.stripe.with(|world| world.all(kind));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (kind, field) in [("checkout.session", "client_reference_id"), ("price", "lookup_key"), ("product", "id")] {
        for one in all(kind) {
            *counts.entry(format!("{kind} for {}", one[field])).or_default() += 1;
        }
    }
    for one in all("customer") {
        *counts.entry(format!("customer for {}", one["metadata"]["rialto_member"])).or_default() += 1;
    }
    for one in all("checkout.session").iter().filter(|one| one["status"] == "open") {
        *counts.entry(format!("open visit of {}", one["customer"])).or_default() += 1;
    }
    faults.extend(counts.into_iter().filter(|(_, count)| *count > 1).map(|(what, count)| (0, format!("{count} times {what}"))));
    for (intent, wished) in members.iter().flat_map(|one| &one.back) {
        let refunds =
            all("refund").into_iter().filter(|one| one["payment_intent"] == **intent && one["metadata"]["rialto_refund"].is_string());
        let given: i64 = refunds.filter_map(|one| one["amount"].as_i64()).sum();
        if given != *wished {
            faults.push((0, format!("{given} of {intent} went back, and {wished} were wished")));
        }
    }
}

/// Our payments, books and mirrors beside theirs.
fn rows(market: &Market, charged: &BTreeMap<String, (i64, i64)>, faults: &mut Vec<Fault>) -> Result<(), String> {
    let mut conn = market.rows()?;
    let failed = |error: diesel::result::Error| error.to_string();
    let ours = "SELECT external_id, amount, -COALESCE((SELECT SUM(r.amount) FROM payments r WHERE r.reverses = p.id), 0) AS returned
        FROM payments p WHERE provider = 2 AND reverses IS NULL";
    let ours: Vec<Paid> = diesel::sql_query(ours).load(&mut conn).map_err(failed)?;
    let ours: BTreeMap<String, (i64, i64)> = ours.into_iter().map(|row| (row.external_id, (row.amount, row.returned))).collect();
    for intent in charged.keys().chain(ours.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (ours, theirs) = (ours.get(intent), charged.get(intent));
        if ours != theirs {
            faults.push((5, format!("{intent}: paid and given back {ours:?}, at Stripe {theirs:?}")));
        }
    }
    let unbalanced = market.count("(SELECT 1 FROM ledger GROUP BY transfer, currency HAVING SUM(amount) <> 0)")?;
    if unbalanced > 0 {
        faults.push((4, format!("{unbalanced} transfers do not come to 0")));
    }
    let held: Sum = diesel::sql_query("SELECT SUM(amount) AS sum FROM ledger WHERE account = 4").get_result(&mut conn).map_err(failed)?;
    let net: i64 = charged.values().map(|(amount, back)| amount - back).sum();
    if held.sum.unwrap_or(0) != net {
        faults.push((4, format!("the books say that Stripe holds {:?}, and it holds {net}", held.sum)));
    }
    let mirrored = "SELECT external_id, CAST(status AS BIGINT) AS status, period_end FROM subscriptions WHERE provider = 2";
    let mirrored: Vec<Mirrored> = diesel::sql_query(mirrored).load(&mut conn).map_err(failed)?;
    let theirs = market.stripe.with(|world| world.all("subscription"));
    if mirrored.len() != theirs.len() {
        faults.push((6, format!("{} are here, and {} at Stripe", mirrored.len(), theirs.len())));
    }
    for row in mirrored {
        let it = market.stripe.with(|world| world.thing(&row.external_id));
        let end = it["items"]["data"][0]["current_period_end"].as_i64().unwrap_or(0) * 1_000;
        if (row.status, row.period_end) != (number_of(&it["status"]), end) {
            faults.push((
                6,
                format!("{} is {} until {} here, and {} until {end} there", row.external_id, row.status, row.period_end, it["status"]),
            ));
        }
    }
    Ok(())
}

/// Everything, once nothing more is under way. `taken`: ids of the events that were answered with 200.
pub async fn weigh(market: &Market, program: &Program, members: &[Member<'_>], taken: &[String]) -> Result<Vec<Fault>, String> {
    let mut faults = Vec::new();
    let charged = charged(market);
    twice(market, members, &mut faults);
    rows(market, &charged, &mut faults)?;
    let customers = market.stripe.with(|world| world.all("customer"));
    for member in members {
        let id = member.seat.member.to_string();
        let customer = customers.iter().find(|one| one["metadata"]["rialto_member"] == id.as_str()).map(|one| text(&one["id"]));
        if member.is_gone {
            let all = market.stripe.with(|world| world.all("subscription"));
            let open = all.iter().filter(|one| Some(text(&one["customer"])) == customer && one["status"] != "canceled").count();
            if open > 0 {
                faults.push((6, format!("{id} is gone, and {open} subscriptions go on")));
            }
            continue;
        }
        let me = market.must(program, member.seat, Method::GET, "/api/v1/me", None).await?;
        let has = me["entitlements"]["calls.start"] == true;
        let paid = customer.as_deref().is_some_and(|customer| is_paid(market, customer, &charged));
        match (has, paid) {
            (true, false) => faults.push((1, format!("{id} ({customer:?})"))),
            (false, true) => faults.push((2, format!("{id} ({customer:?})"))),
            _ => {}
        }
    }
    for event in taken {
        // As it was sent: one that only the list of events made up for was lost all the same.
        if market.count(&format!("stripe_events WHERE event = '{event}' AND source = 0 AND state IN (1, 4)"))? != 1 {
            faults.push((3, event.clone()));
        }
    }
    for (what, from) in [
        ("events that wait", "stripe_events WHERE state IN (0, 5, 6)"),
        ("calls without an answer", "stripe_calls WHERE state IN (0, 3)"),
        ("refunds without an outcome", "refunds WHERE state = 0"),
        // Others are made up for by the next round or the next look.
        (
            "jobs given up that nothing else makes up for",
            "jobs WHERE state <> 0 AND kind IN ('stripe.call', 'billing.end', 'billing.refund')",
        ),
    ] {
        let count = market.count(from)?;
        if count > 0 {
            faults.push((7, format!("{count} {what}")));
        }
    }
    if market.plan.log_text().contains("panicked") {
        faults.push((7, "the program's log holds a panic".to_owned()));
    }
    Ok(faults)
}

/// A line for each sort.
pub fn lines(proof: &str, faults: &[Fault]) -> Vec<Line> {
    let line = |(at, what): (usize, &&str)| {
        let own = faults.iter().filter(|(sort, _)| *sort == at).map(|(_, text)| text.clone()).collect::<Vec<_>>();
        Line::most(proof, what, own.len() as f64, 0.0, "").because(own)
    };
    SORTS.iter().enumerate().map(line).collect()
}
