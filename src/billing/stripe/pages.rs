//! The dashboard's page of the account: connect, check, and what it told.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::connection::Stripe;
use super::manage::{self, StripeEvent, StripeStatus};
use super::policy::ManageStripe;
use super::store::events::EventState;
use crate::access::{Allow, Page, Query, Routes};
use crate::error::Result;
use crate::http::Site;
use crate::ids::StripeEventId;
use crate::members;

/// Events of one page.
const ROWS: i64 = 50;

/// Registers it.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/admin/stripe", account);
}

#[derive(Deserialize)]
struct Find {
    before: Option<StripeEventId>,
    state: Option<EventState>,
}

/// What `billing/stripe.html` sees.
#[derive(Serialize)]
struct AccountPage {
    status: StripeStatus,
    events: Vec<StripeEvent>,
    is_first: bool,
    /// Where the list goes on.
    next: Option<String>,
    /// Which events are shown; none: all.
    state: Option<EventState>,
    /// Can webhooks be sent to this site?
    reachable: bool,
}

/// `GET /admin/stripe`.
async fn account(gate: Allow<ManageStripe>, query: Query<Find>, site: Site, stripe: Data<Stripe>) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let (asked, Find { before, state }) = (visitor.clone(), query.0);
    let (looker, page) = gate
        .read(move |conn, may, actor| {
            let status = stripe.status(conn)?;
            let reachable = status.webhook_url.starts_with("https://");
            let Page { items: events, next } = manage::events_page(conn, may, state, before, ROWS)?;
            let only = state.map(serde_json::to_value).transpose()?;
            let only = only.as_ref().and_then(|state| state.as_str()).map(|state| format!("state={state}&")).unwrap_or_default();
            let next = next.map(|before| format!("/admin/stripe?{only}before={before}"));
            Ok((members::looker(conn, actor, &asked)?, AccountPage { status, events, is_first: before.is_none(), next, state, reachable }))
        })
        .await?;
    site.page(&looker, &visitor, "billing/stripe.html", page)
}
