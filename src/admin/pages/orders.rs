//! Orders in the dashboard: who waits for an answer, what is due, what was paid; payments are recorded and taken back here.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{CurrencyChoice, ROWS, given, href, show};
use crate::access::{Allow, Page, Query};
use crate::billing::{self, FindOrders, OrderLines, OrderState, SeeOrders, StrangeCheckout};
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

/// A checkout that somebody must look at, with the one who buys.
#[derive(Serialize)]
struct StrangeLine {
    #[serde(flatten)]
    checkout: StrangeCheckout,
    person: Option<Profile>,
    /// Does its provider name the order that it was opened for?
    names_order: bool,
}

/// What `admin/orders.html` sees.
#[derive(Serialize)]
struct OrdersPage {
    orders: Vec<OrderLine>,
    /// Checkouts of which their provider says what does not belong to their order, where these are shown.
    strange: Vec<StrangeLine>,
    /// How many of them somebody must look at.
    strange_count: i64,
    /// `waiting`, `strange` or `all`.
    show: &'static str,
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
        let before = given::<OrderId>(before.as_deref());
        let show = match show.as_deref() {
            _ if !reference.is_empty() => "all",
            Some("all") => "all",
            Some("strange") => "strange",
            _ => "waiting",
        };
        let is_waiting = show == "waiting";
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
        let none = reference_problem.is_some() || show == "strange";
        let page = if none { Page::whole(Vec::new()) } else { billing::find_orders(conn, may, &find)? };
        let strange = if show == "strange" { billing::strange_checkouts(conn, may, before, ROWS)? } else { Page::whole(Vec::new()) };
        let next = page.next.or(strange.next);
        let buyers: Vec<MemberId> =
            page.items.iter().map(|one| one.order.buyer).chain(strange.items.iter().map(|one| one.order.buyer)).collect();
        let people = members::profiles(conn, &buyers, actor.now)?;
        let person = |id: MemberId| people.iter().find(|one| one.id == id).cloned();
        let strange_line = |checkout: StrangeCheckout| StrangeLine {
            person: person(checkout.order.buyer),
            names_order: checkout.said_order == Some(checkout.order.id),
            checkout,
        };
        let link =
            |id: &str| href("/admin/orders", &[("show", if is_waiting { "" } else { show }), ("reference", &reference), ("before", id)]);
        Ok(OrdersPage {
            orders: page.items.into_iter().map(|lines| OrderLine { person: person(lines.order.buyer), lines }).collect(),
            strange: strange.items.into_iter().map(strange_line).collect(),
            strange_count: billing::count_strange(conn)?,
            show,
            reference_problem,
            currency: CurrencyChoice { code: currency, exponent: currency.exponent() },
            is_first: before.is_none(),
            first: link(""),
            next: next.as_deref().map(link),
            reference,
        })
    })
    .await
}
