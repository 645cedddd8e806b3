//! The slice's page: the place of calls. What changes while one looks is drawn by its element from the API; the page says when calls ring.

use actix_web::HttpResponse;
use serde::Serialize;

use super::policy::SeeMyCalls;
use crate::access::{Allow, Routes};
use crate::error::Result;
use crate::http::Site;
use crate::members;

/// Registers it.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/calls", calls);
}

/// What `calls/calls.html` sees beside the frame: nothing.
#[derive(Serialize)]
struct CallsPage {}

/// `GET /calls`.
async fn calls(gate: Allow<SeeMyCalls>, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let looker = gate.read(move |conn, _, actor| members::looker(conn, actor, &asked)).await?;
    site.page(&looker, &visitor, "calls/calls.html", CallsPage {})
}
