//! Orders in the dashboard: who waits for an answer, what is due, what was paid; payments are recorded and taken back here.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{CurrencyChoice, ROWS, given, href, show};
use crate::access::{Allow, Page, Query};
use crate::billing::{self, FindOrders, OrderLines, OrderState, SeeOrders};
use crate::error::{Error, Result};
use crate::http::Site;
use crate::ids::{MemberId, OrderId};
use crate::members::{self, Profile};

#[derive(Deserialize)]
pub struct Find {
    show: Option<String>,
    reference: Option<String>,
    before: Option<String>,
}

/// An order with the one who buys.
#[derive(Serialize)]
struct OrderLine {
    #[serde(flatten)]
    lines: OrderLines,
    person: Option<Profile>,
}

/// What `admin/orders.html` sees.
#[derive(Serialize)]
struct OrdersPage {
    orders: Vec<OrderLine>,
    /// Only what waits?
    is_waiting: bool,
    /// The reference that was looked for.
    reference: String,
    /// What is wrong with it: the key of our own words.
    reference_problem: Option<&'static str>,
    /// The currency of money for a plan without a price.
    currency: CurrencyChoice,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/orders`.
pub async fn orders(gate: Allow<SeeOrders>, query: Query<Find>, site: Site) -> Result<HttpResponse> {
    let currency = gate.ground().settings.get().currency;
    show(gate, site, "admin/orders.html", move |conn, may, actor| {
        let Find { show, reference, before } = query.0;
        let reference = reference.unwrap_or_default().trim().chars().take(40).collect::<String>();
        let (is_waiting, before) = (show.as_deref() != Some("all") && reference.is_empty(), given::<OrderId>(before.as_deref()));
        let (member, reference_problem) = if reference.is_empty() {
            (None, None)
        } else {
            match billing::payer(conn, may, &reference) {
                Ok(Some(member)) => (Some(member), None),
                Ok(None) => (None, Some("billing.found_nobody")),
                Err(Error::Invalid(problems)) => (None, problems.first().map(|problem| problem.code)),
                Err(error) => return Err(error),
            }
        };
        let find = FindOrders { state: is_waiting.then_some(OrderState::Awaiting), member, by_hand: is_waiting, before, limit: ROWS };
        // A reference that is nobody's finds nothing.
        let page = if reference_problem.is_some() { Page::whole(Vec::new()) } else { billing::find_orders(conn, may, &find)? };
        let buyers: Vec<MemberId> = page.items.iter().map(|one| one.order.buyer).collect();
        let people = members::profiles(conn, &buyers, actor.now)?;
        let person = |id: MemberId| people.iter().find(|one| one.id == id).cloned();
        let link = |id: &str| href("/admin/orders", &[("show", show.as_deref().unwrap_or("")), ("reference", &reference), ("before", id)]);
        Ok(OrdersPage {
            orders: page.items.into_iter().map(|lines| OrderLine { person: person(lines.order.buyer), lines }).collect(),
            is_waiting,
            reference_problem,
            currency: CurrencyChoice { code: currency, exponent: currency.exponent() },
            is_first: before.is_none(),
            first: link(""),
            next: page.next.as_deref().map(link),
            reference,
        })
    })
    .await
}
