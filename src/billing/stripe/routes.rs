//! The way in for webhooks, and the API of the account: URL, gate, action, JSON. No decisions.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use serde::Deserialize;
use utoipa::OpenApi;

use super::connection::Stripe;
use super::manage::{self, NewKey, StripeEvent, StripeStatus};
use super::policy::{ManageStripe, ReplayEvent};
use super::store::events::EventState;
use crate::access::{Allow, Body, PAGE_MOST, Page, Public, Query, Routes, page_limit};
use crate::error::{Error, RefusalKind, Result};
use crate::ids::StripeEventId;

/// Most bytes of a webhook: theirs are a few dozen kilobytes at most.
const WEBHOOK_BYTES: usize = 256 * 1024;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(hook, status, connect, disconnect, check, events, replay))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .post("/hooks/stripe", hook)
        .get("/api/v1/admin/stripe", status)
        .put("/api/v1/admin/stripe", connect)
        .delete("/api/v1/admin/stripe", disconnect)
        .post("/api/v1/admin/stripe/check", check)
        .get("/api/v1/admin/stripe/events", events)
        .post("/api/v1/admin/stripe/events/{event}/replay", replay);
}

/// Takes what Stripe tells, signed. It is kept and answered at once; what follows comes later.
#[utoipa::path(post, path = "/hooks/stripe", request_body = String, responses((status = 200, description = "kept, or known already"), (status = 422, description = "not signed by Stripe, or not now"), (status = 503, description = "no account is connected, or it could not be kept")))]
async fn hook(_: Public, request: HttpRequest, mut payload: Payload, stripe: Data<Stripe>) -> Result<HttpResponse> {
    let header = request.headers().get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::invalid("", "error.body"))?;
        if body.len() + chunk.len() > WEBHOOK_BYTES {
            return Err(Error::refused(RefusalKind::TooLarge, "error.too_large"));
        }
        body.extend_from_slice(&chunk);
    }
    stripe.take_in(&header, body).await?;
    Ok(HttpResponse::Ok().finish())
}

/// How things stand with the account.
#[utoipa::path(get, path = "/api/v1/admin/stripe", responses((status = 200, body = StripeStatus)))]
async fn status(gate: Allow<ManageStripe>, stripe: Data<Stripe>) -> Result<HttpResponse> {
    let status = gate.read(move |conn, _, _| stripe.status(conn)).await?;
    Ok(HttpResponse::Ok().json(status))
}

/// Connects an account: the key is tried, webhooks are arranged, and both are kept closed. A key that is there is replaced.
#[utoipa::path(put, path = "/api/v1/admin/stripe", request_body = NewKey, responses((status = 200, body = StripeStatus), (status = 409, description = "a key was given at the start")))]
async fn connect(gate: Allow<ManageStripe>, first: Allow<ManageStripe>, body: Body<NewKey>, stripe: Data<Stripe>) -> Result<HttpResponse> {
    // Nobody has a key tried who may not connect one.
    first.read(|_, _, _| Ok(())).await?;
    let tried = stripe.try_key(&body.value).await?;
    let ground = gate.ground().clone();
    let (to, shown) = (stripe.clone(), stripe.clone());
    gate.write(move |tx, may, actor| to.connect(tx, may, actor, &tried)).await?;
    let status = ground.db.read(move |conn| shown.status(conn)).await?;
    Ok(HttpResponse::Ok().json(status))
}

/// Lets the account go. What was paid stays until its end; what renews at Stripe goes on there until it is ended.
#[utoipa::path(delete, path = "/api/v1/admin/stripe", responses((status = 204)))]
async fn disconnect(gate: Allow<ManageStripe>, stripe: Data<Stripe>) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| stripe.disconnect(tx, may, actor)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a round trip, and compares clocks.
#[utoipa::path(post, path = "/api/v1/admin/stripe/check", responses((status = 200, body = StripeStatus), (status = 409, description = "no account is connected")))]
async fn check(gate: Allow<ManageStripe>, stripe: Data<Stripe>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    gate.read(|_, _, _| Ok(())).await?;
    stripe.check().await?;
    let status = ground.db.read(move |conn| stripe.status(conn)).await?;
    Ok(HttpResponse::Ok().json(status))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Only those that stand here.
    state: Option<EventState>,
    /// Only those before this one.
    before: Option<StripeEventId>,
    /// 1–200.
    limit: Option<i64>,
}

/// What Stripe told, the newest first.
#[utoipa::path(get, path = "/api/v1/admin/stripe/events", params(Find), responses((status = 200, body = Page<StripeEvent>)))]
async fn events(gate: Allow<ManageStripe>, query: Query<Find>) -> Result<HttpResponse> {
    let Find { state, before, limit } = query.0;
    let limit = page_limit(limit, PAGE_MOST)?;
    let page = gate.read(move |conn, may, _| manage::events_page(conn, may, state, before, limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Has an event looked at again that could not be read, or whose object could not be fetched.
#[utoipa::path(post, path = "/api/v1/admin/stripe/events/{event}/replay", params(("event" = StripeEventId, Path)), responses((status = 202)))]
async fn replay(gate: Allow<ReplayEvent>, stripe: Data<Stripe>) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| stripe.replay(tx, may, actor)).await?;
    Ok(HttpResponse::Accepted().finish())
}
