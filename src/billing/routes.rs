//! The API of plans and memberships: URL, gate, action, JSON. No decisions.

mod changes;
mod gifts;
mod guessing;
mod orders;
mod pay;
mod promotions;
mod tables;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::OpenApi;

use super::actions::{self, Billing, Membership};
use super::model::{EndChange, Grant, NewGrant, NewPlan, Plan, PlanChange};
use super::policy::{ChangeGrant, EditPlan, EditPlans, GiveGrants, SeeGrants, SeePlans};
use crate::access::{Allow, Body, PAGE_MOST, Page, Query, Routes, page_limit};
use crate::error::Result;
use crate::ids::{GrantEntryId, GrantId, MemberId, PlanId};
use crate::members::SeeMe;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(my_membership, offered, plans, make_plan, change_plan, grants, give, change_grant, revoke, verify, unverify))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
        .merge_from(changes::openapi())
        .merge_from(gifts::openapi())
        .merge_from(orders::openapi())
        .merge_from(pay::openapi())
        .merge_from(promotions::openapi())
        .merge_from(tables::openapi())
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/me/membership", my_membership)
        .get("/api/v1/plans", offered)
        .get("/api/v1/admin/plans", plans)
        .post("/api/v1/admin/plans", make_plan)
        .patch("/api/v1/admin/plans/{plan}", change_plan)
        .get("/api/v1/admin/members/{member}/grants", grants)
        .post("/api/v1/admin/members/{member}/grants", give)
        .patch("/api/v1/admin/grants/{grant}", change_grant)
        .post("/api/v1/admin/grants/{grant}/revoke", revoke)
        .put("/api/v1/admin/members/{member}/verification", verify)
        .delete("/api/v1/admin/members/{member}/verification", unverify);
    changes::mount(routes);
    gifts::mount(routes);
    orders::mount(routes);
    pay::mount(routes);
    promotions::mount(routes);
    tables::mount(routes);
}

/// What handlers need beside the ground.
type Needs = Data<Billing>;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Only entries of the log before this one.
    before: Option<GrantEntryId>,
    /// Entries of the log, 1–200.
    limit: Option<i64>,
}

/// What the member who asks has: plans, entitlements with where each comes from, ends, and the log.
#[utoipa::path(get, path = "/api/v1/me/membership", params(Find), responses((status = 200, body = Membership)))]
async fn my_membership(gate: Allow<SeeMe>, query: Query<Find>, billing: Needs) -> Result<HttpResponse> {
    let (before, limit) = (query.0.before, page_limit(query.0.limit, PAGE_MOST)?);
    let found = gate.read(move |conn, may, actor| actions::membership(conn, may, &billing, before, limit, actor.now)).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// The plans that there are.
#[utoipa::path(get, path = "/api/v1/plans", responses((status = 200, body = Page<Plan>)))]
async fn offered(gate: Allow<SeeMe>) -> Result<HttpResponse> {
    let items = gate.read(|conn, _, _| Ok(actions::plans(conn, false)?.into_iter().filter(actions::is_offered).collect())).await?;
    Ok(HttpResponse::Ok().json(Page::whole(items)))
}

/// Every plan, also those that are not given any more.
#[utoipa::path(get, path = "/api/v1/admin/plans", responses((status = 200, body = Page<Plan>)))]
async fn plans(gate: Allow<SeePlans>) -> Result<HttpResponse> {
    let items = gate.read(|conn, _, _| actions::plans(conn, true)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(items)))
}

/// Makes a plan.
#[utoipa::path(post, path = "/api/v1/admin/plans", request_body = NewPlan, responses((status = 201, body = Plan)))]
async fn make_plan(gate: Allow<EditPlans>, body: Body<NewPlan>) -> Result<HttpResponse> {
    gate.create(body, actions::make_plan).await
}

/// Changes a plan; what is missing stays. Whoever has it hears at once what it is worth now.
#[utoipa::path(patch, path = "/api/v1/admin/plans/{plan}", params(("plan" = PlanId, Path)), request_body = PlanChange, responses((status = 200, body = Plan)))]
async fn change_plan(gate: Allow<EditPlan>, body: Body<PlanChange>, billing: Needs) -> Result<HttpResponse> {
    let plan = gate.write(move |tx, may, actor| actions::change_plan(tx, may, actor, &billing, body.value)).await?;
    Ok(HttpResponse::Ok().json(plan))
}

/// What a member has, for support.
#[utoipa::path(get, path = "/api/v1/admin/members/{member}/grants", params(("member" = MemberId, Path), Find), responses((status = 200, body = Membership)))]
async fn grants(gate: Allow<SeeGrants>, query: Query<Find>, billing: Needs) -> Result<HttpResponse> {
    let (before, limit) = (query.0.before, page_limit(query.0.limit, PAGE_MOST)?);
    let found = gate.read(move |conn, may, actor| actions::grants_of(conn, may, &billing, before, limit, actor.now)).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// Gives a member a plan; in open browsers it works at once.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/grants", params(("member" = MemberId, Path)), request_body = NewGrant, responses((status = 201, body = Grant)))]
async fn give(gate: Allow<GiveGrants>, body: Body<NewGrant>, billing: Needs) -> Result<HttpResponse> {
    gate.create(body, move |tx, may, actor, new| actions::give(tx, may, actor, &billing, new)).await
}

/// Changes when a grant ends, or only comments it.
#[utoipa::path(patch, path = "/api/v1/admin/grants/{grant}", params(("grant" = GrantId, Path)), request_body = EndChange, responses((status = 200, body = Grant)))]
async fn change_grant(gate: Allow<ChangeGrant>, body: Body<EndChange>, billing: Needs) -> Result<HttpResponse> {
    let grant = gate.write(move |tx, may, actor| actions::change_end(tx, may, actor, &billing, body.value)).await?;
    Ok(HttpResponse::Ok().json(grant))
}

/// Why, in the actor's words.
#[derive(Deserialize, utoipa::ToSchema)]
struct ActNote {
    /// At most 500 characters; the member reads it.
    #[serde(default)]
    note: String,
}

/// Takes a grant back, from now on.
#[utoipa::path(post, path = "/api/v1/admin/grants/{grant}/revoke", params(("grant" = GrantId, Path)), request_body = ActNote, responses((status = 200, body = Grant)))]
async fn revoke(gate: Allow<ChangeGrant>, body: Body<ActNote>, billing: Needs) -> Result<HttpResponse> {
    let grant = gate.write(move |tx, may, actor| actions::revoke(tx, may, actor, &billing, &body.value.note)).await?;
    Ok(HttpResponse::Ok().json(grant))
}

/// Verifies a member.
#[utoipa::path(put, path = "/api/v1/admin/members/{member}/verification", params(("member" = MemberId, Path)), request_body = ActNote, responses((status = 204)))]
async fn verify(gate: Allow<GiveGrants>, body: Body<ActNote>, billing: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::verify(tx, may, actor, &billing, &body.value.note)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a verification back.
#[utoipa::path(delete, path = "/api/v1/admin/members/{member}/verification", params(("member" = MemberId, Path)), request_body = ActNote, responses((status = 204)))]
async fn unverify(gate: Allow<GiveGrants>, body: Body<ActNote>, billing: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::unverify(tx, may, actor, &billing, &body.value.note)).await?;
    Ok(HttpResponse::NoContent().finish())
}
