//! The API of promotion codes: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::OpenApi;

use super::super::actions::{self, Promoted, TypedPromotion};
use super::super::model::{NewPromotion, Promotion};
use super::super::policy::{Buy, EditPlans, EndPromotion, SeePromotions};
use super::guessing::Guesses;
use crate::access::{Allow, Body, PAGE_MOST, Page, Query, Routes, page_limit};
use crate::error::Result;
use crate::ids::PromotionId;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(promoted, promotions, make, end))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .post("/api/v1/me/promotions/check", promoted)
        .get("/api/v1/admin/promotions", promotions)
        .post("/api/v1/admin/promotions", make)
        .post("/api/v1/admin/promotions/{promotion}/end", end);
}

/// What a promotion code makes of a price for the member who asks. It uses nothing; who tries many waits longer each time.
#[utoipa::path(post, path = "/api/v1/me/promotions/check", request_body = TypedPromotion, responses((status = 200, body = Promoted)))]
async fn promoted(gate: Allow<Buy>, body: Body<TypedPromotion>) -> Result<HttpResponse> {
    let guesses = Guesses::of(&gate, Some(&body.value.code));
    let within = guesses.clone();
    let found = guesses
        .counted(gate.write(move |tx, may, _| {
            within.before(may.member())?;
            let found = actions::promoted(tx, may, &body.value)?;
            within.right(may.member());
            Ok(found)
        }))
        .await?;
    Ok(HttpResponse::Ok().json(found))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Older {
    /// Only those before this one.
    before: Option<PromotionId>,
    /// 1–200.
    limit: Option<i64>,
}

/// Every promotion code, newest first.
#[utoipa::path(get, path = "/api/v1/admin/promotions", params(Older), responses((status = 200, body = Page<Promotion>)))]
async fn promotions(gate: Allow<SeePromotions>, query: Query<Older>) -> Result<HttpResponse> {
    let (before, limit) = (query.0.before, page_limit(query.0.limit, PAGE_MOST)?);
    let page = gate.read(move |conn, may, actor| actions::promotions(conn, may, before, limit, actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Makes a promotion code.
#[utoipa::path(post, path = "/api/v1/admin/promotions", request_body = NewPromotion, responses((status = 201, body = Promotion)))]
async fn make(gate: Allow<EditPlans>, body: Body<NewPromotion>) -> Result<HttpResponse> {
    gate.create(body, |tx, may, actor, new| actions::make_promotion(tx, may, actor, &new)).await
}

/// Ends a promotion code: nobody uses it any more.
#[utoipa::path(post, path = "/api/v1/admin/promotions/{promotion}/end", params(("promotion" = PromotionId, Path)), responses((status = 200, body = Promotion)))]
async fn end(gate: Allow<EndPromotion>) -> Result<HttpResponse> {
    let ended = gate.write(actions::end_promotion).await?;
    Ok(HttpResponse::Ok().json(ended))
}
