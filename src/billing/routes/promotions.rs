//! The API of promotion codes: URL, gate, action, JSON. No decisions.

use std::future::Future;

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::OpenApi;

use super::super::actions::{self, Promoted, TypedPromotion};
use super::super::model::{NewPromotion, Promotion};
use super::super::policy::{Buy, EditPlans, EndPromotion, SeePromotions};
use crate::access::{Allow, Body, PAGE_MOST, Page, Permit, Query, RateClass, Rates, Routes, address_key, page_limit};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, PromotionId};

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

/// Who guesses: one member is counted, wherever they come from, and one address, since many accounts may stand behind it. Codes of gifts and
/// of promotions are one sort of secret.
#[derive(Clone, Debug)]
pub struct Guesses {
    rates: Rates,
    from: u128,
    now: Millis,
    is_typed: bool,
}

impl Guesses {
    /// For a request that carries what somebody typed, if anything.
    pub fn of<P: Permit>(gate: &Allow<P>, typed: Option<&str>) -> Self {
        let ground = gate.ground();
        let is_typed = typed.is_some_and(|code| !code.trim().is_empty());
        Self { rates: ground.rates.clone(), from: address_key(gate.visitor().address), now: ground.clock.now(), is_typed }
    }

    /// Waits longer after each code that does not count.
    pub fn before(&self, member: MemberId) -> Result<()> {
        if self.is_typed { self.rates.try_secret(RateClass::GiftTry, key(member), self.now) } else { Ok(()) }
    }

    /// It counted.
    pub fn forgive(&self, member: MemberId) {
        if self.is_typed {
            self.rates.forgive(RateClass::GiftTry, key(member));
        }
    }

    /// What came of it; a code that never was is counted against its address.
    pub async fn counted<T>(&self, done: impl Future<Output = Result<T>>) -> Result<T> {
        let done = done.await;
        if let Err(error @ Error::Invalid(_)) = &done
            && error.code() == "billing.promotion_code"
        {
            self.rates.count(RateClass::GiftGuess, self.from)?;
        }
        done
    }
}

fn key(member: MemberId) -> u128 {
    u128::try_from(member.0).unwrap_or(0)
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
            within.forgive(may.member());
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
