//! Tables for spreadsheets: URL, gate, and part after part as the reader takes them. No decisions.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::Bytes;
use futures_util::stream::{StreamExt, once, try_unfold};
use utoipa::OpenApi;

use crate::access::{Allow, Routes};
use crate::billing::actions::{self, Part};
use crate::billing::policy::SeeOrders;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::storage::Conn;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(payments_table, subscriptions_table))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/api/v1/admin/payments.csv", payments_table).get("/api/v1/admin/subscriptions.csv", subscriptions_table);
}

/// Reads the part behind a row.
type Read<I> = fn(&mut Conn, &SeeOrders, Option<I>, Millis) -> Result<Part<I>>;

/// Every payment as a table for a spreadsheet, newest first.
#[utoipa::path(get, path = "/api/v1/admin/payments.csv", responses((status = 200, body = String, content_type = "text/csv")))]
async fn payments_table(gate: Allow<SeeOrders>) -> Result<HttpResponse> {
    table(gate, "payments", actions::payments_part).await
}

/// Every subscription as a table for a spreadsheet, newest first.
#[utoipa::path(get, path = "/api/v1/admin/subscriptions.csv", responses((status = 200, body = String, content_type = "text/csv")))]
async fn subscriptions_table(gate: Allow<SeeOrders>) -> Result<HttpResponse> {
    table(gate, "subscriptions", actions::subscriptions_part).await
}

/// The first part is read with the permit, the others while it is on its way: rows that come meanwhile are newer than all of them.
async fn table<I: Copy + Send + 'static>(gate: Allow<SeeOrders>, name: &str, read: Read<I>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let first = gate.read(move |conn, may, actor| Ok((read(conn, may, None, actor.now)?, *may, actor.now)));
    let (Part { text, next }, may, now) = first.await?;
    let others = try_unfold(next, move |next| {
        let db = ground.db.clone();
        async move {
            let Some(behind) = next else { return Ok(None) };
            let Part { text, next } = db.read(move |conn| read(conn, &may, Some(behind), now)).await?;
            Ok::<_, Error>(Some((Bytes::from(text), next)))
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(once(async move { Ok(Bytes::from(text)) }).chain(others)))
}
