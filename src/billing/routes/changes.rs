//! The API of changes of plan: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::web::Data;
use utoipa::OpenApi;

use super::super::actions::{self, Billing, ChangeChoice, ChangePreview, Changed, Changing, NewChange};
use super::super::model::Subscription;
use super::super::policy::OwnSubscription;
use crate::access::{Allow, Body, Page, Routes};
use crate::error::Result;
use crate::ids::SubscriptionId;
use crate::storage::Db;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(choices, preview, change, keep))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/me/subscriptions/{subscription}/changes", choices)
        .post("/api/v1/me/subscriptions/{subscription}/change/preview", preview)
        .post("/api/v1/me/subscriptions/{subscription}/change", change)
        .post("/api/v1/me/subscriptions/{subscription}/change/cancel", keep);
}

/// What handlers need beside the ground.
type Needs = Data<Billing>;

/// The prices to which an own subscription can change now.
#[utoipa::path(get, path = "/api/v1/me/subscriptions/{subscription}/changes", params(("subscription" = SubscriptionId, Path)), responses((status = 200, body = Page<ChangeChoice>)))]
async fn choices(gate: Allow<OwnSubscription>) -> Result<HttpResponse> {
    let items = gate.read(|conn, may, actor| actions::change_choices(conn, may, actor.now)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(items)))
}

/// What a change would come to: what is paid at once, as its provider counts, and what holds from when on. It changes nothing.
#[utoipa::path(post, path = "/api/v1/me/subscriptions/{subscription}/change/preview", params(("subscription" = SubscriptionId, Path)), request_body = NewChange, responses((status = 200, body = ChangePreview)))]
async fn preview(gate: Allow<OwnSubscription>, body: Body<NewChange>, billing: Needs) -> Result<HttpResponse> {
    let (new, db) = (body.value, gate.ground().db.clone());
    let asked = gate.read(move |conn, may, actor| Ok((may.subscription(), actions::preview_change(conn, may, new, actor.now)?)));
    let (id, (mut preview, ask)) = asked.await?;
    if let Some((kind, switch)) = ask {
        preview.due = actions::quote_elsewhere(&db, &billing, id, (kind, &switch)).await?;
    }
    Ok(HttpResponse::Ok().json(preview))
}

/// Changes the plan of an own subscription, as it was shown: a dearer plan now, a cheaper one where the period ends. By hand the difference
/// is asked for first.
#[utoipa::path(post, path = "/api/v1/me/subscriptions/{subscription}/change", params(("subscription" = SubscriptionId, Path)), request_body = NewChange, responses((status = 200, body = Changed)))]
async fn change(gate: Allow<OwnSubscription>, body: Body<NewChange>, billing: Needs) -> Result<HttpResponse> {
    let (db, within) = (gate.ground().db.clone(), billing.clone());
    let done = gate.write(move |tx, may, _| Ok((may.subscription(), actions::change(tx, may, &within, body.value)?))).await?;
    Ok(HttpResponse::Ok().json(finished(&db, &billing, done).await?))
}

/// Gives up what was planned for the end of the period, and the difference that was asked for.
#[utoipa::path(post, path = "/api/v1/me/subscriptions/{subscription}/change/cancel", params(("subscription" = SubscriptionId, Path)), responses((status = 200, body = Subscription)))]
async fn keep(gate: Allow<OwnSubscription>, billing: Needs) -> Result<HttpResponse> {
    let (db, within) = (gate.ground().db.clone(), billing.clone());
    let done = gate.write(move |tx, may, _| Ok((may.subscription(), actions::keep_plan(tx, may, &within)?))).await?;
    Ok(HttpResponse::Ok().json(finished(&db, &billing, done).await?.subscription))
}

/// What is to be done at a provider is done.
async fn finished(db: &Db, billing: &Billing, (id, changing): (SubscriptionId, Changing)) -> Result<Changed> {
    match changing {
        Changing::Done(done) => Ok(*done),
        Changing::At(kind, switch, key) => actions::change_elsewhere(db, billing, id, (kind, &switch), &key).await,
    }
}
