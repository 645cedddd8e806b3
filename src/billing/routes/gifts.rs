//! The API of gifts, and the address at which one is redeemed: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::OpenApi;

use super::super::actions::{self, Billing};
use super::super::model::{Gift, Grant, NewGift};
use super::super::policy::{MakeGifts, RedeemGift, WithdrawGift};
use super::guessing::Guesses;
use crate::access::{Allow, Body, PAGE_MOST, Page, Public, Query, Routes, page_limit, typed_code};
use crate::error::Result;
use crate::ids::GiftId;
use crate::members::SeeMe;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(my_gifts, redeem, gifts, make, withdraw))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/me/gifts", my_gifts)
        .post("/api/v1/me/gifts/redeem", redeem)
        .get("/api/v1/admin/gifts", gifts)
        .post("/api/v1/admin/gifts", make)
        .post("/api/v1/admin/gifts/{gift}/withdraw", withdraw)
        .get("/redeem/{code}", arrive);
}

/// What handlers need beside the ground.
type Needs = Data<Billing>;

/// The gifts that the member who asks has bought, newest first, with the codes of those that nobody has redeemed.
#[utoipa::path(get, path = "/api/v1/me/gifts", responses((status = 200, body = Page<Gift>)))]
async fn my_gifts(gate: Allow<SeeMe>, billing: Needs) -> Result<HttpResponse> {
    let items = gate.read(move |conn, may, actor| actions::my_gifts(conn, may, &billing, actor.now)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(items)))
}

/// What somebody typed.
#[derive(Deserialize, utoipa::ToSchema)]
struct Code {
    /// The code of a gift; capitals, dashes and spaces do not matter.
    code: String,
}

/// Redeems a gift for the member who asks; in open browsers it works at once. Codes that never were and codes that were used answer alike,
/// and who tries many waits longer each time.
#[utoipa::path(post, path = "/api/v1/me/gifts/redeem", request_body = Code, responses((status = 200, body = Grant)))]
async fn redeem(gate: Allow<RedeemGift>, body: Body<Code>, billing: Needs) -> Result<HttpResponse> {
    let guesses = Guesses::at(&gate);
    let tries = guesses.clone();
    let redeemed = gate.write(move |tx, may, actor| {
        tries.before(may.member())?;
        let grant = actions::redeem(tx, may, actor, &billing, &body.value.code)?;
        tries.forgive(may.member());
        Ok(grant)
    });
    Ok(HttpResponse::Ok().json(guesses.counted(redeemed).await?))
}

/// `GET /redeem/{code}`: the address of a gift leads to where it is redeemed, with the code filled in. It says nothing about the code.
async fn arrive(gate: Public, code: actix_web::web::Path<String>) -> Result<HttpResponse> {
    let _ = gate;
    let typed = typed_code(&code);
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, format!("/settings/membership?code={typed}#redeem"))).finish())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Older {
    /// Only those before this one.
    before: Option<GiftId>,
    /// 1–200.
    limit: Option<i64>,
}

/// Every gift, newest first, with the codes of those that nobody has redeemed.
#[utoipa::path(get, path = "/api/v1/admin/gifts", params(Older), responses((status = 200, body = Page<Gift>)))]
async fn gifts(gate: Allow<MakeGifts>, query: Query<Older>, billing: Needs) -> Result<HttpResponse> {
    let (before, limit) = (query.0.before, page_limit(query.0.limit, PAGE_MOST)?);
    let page = gate.read(move |conn, may, actor| actions::gifts(conn, may, &billing, before, limit, actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Makes a gift: a code that gives a plan for a time to whoever redeems it first.
#[utoipa::path(post, path = "/api/v1/admin/gifts", request_body = NewGift, responses((status = 201, body = Gift)))]
async fn make(gate: Allow<MakeGifts>, body: Body<NewGift>, billing: Needs) -> Result<HttpResponse> {
    gate.create(body, move |tx, may, actor, new| actions::make_gift(tx, may, actor, &billing, &new)).await
}

/// Takes a gift back that nobody has redeemed.
#[utoipa::path(post, path = "/api/v1/admin/gifts/{gift}/withdraw", params(("gift" = GiftId, Path)), responses((status = 200, body = Gift)))]
async fn withdraw(gate: Allow<WithdrawGift>, billing: Needs) -> Result<HttpResponse> {
    let gift = gate.write(move |tx, may, actor| actions::withdraw_gift(tx, may, actor, &billing)).await?;
    Ok(HttpResponse::Ok().json(gift))
}
