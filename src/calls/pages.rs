//! The slice's pages: the place of calls, and the call check. What changes while one looks is drawn by its element from the API; the page says when calls ring.

use actix_web::HttpResponse;
use serde::Serialize;

use super::policy::SeeMyCalls;
use crate::access::{Allow, Routes};
use crate::error::Result;
use crate::http::Site;
use crate::members;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/calls", calls).get("/calls/check", check);
}

/// What they see beside the frame: nothing.
#[derive(Serialize)]
struct CallsPage {}

/// `GET /calls`.
async fn calls(gate: Allow<SeeMyCalls>, site: Site) -> Result<HttpResponse> {
    page(gate, site, "calls/calls.html").await
}

/// `GET /calls/check`.
async fn check(gate: Allow<SeeMyCalls>, site: Site) -> Result<HttpResponse> {
    page(gate, site, "calls/check.html").await
}

async fn page(gate: Allow<SeeMyCalls>, site: Site, template: &str) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let looker = gate.read(move |conn, _, actor| members::looker(conn, actor, &asked)).await?;
    site.page(&looker, &visitor, template, CallsPage {})
}
