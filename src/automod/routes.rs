//! The API of automod: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::web::Data;
use utoipa::OpenApi;

use super::actions::{self, Automod, Tried};
use super::model::{Kept, NewRule, Rule};
use super::policy::{KeepRule, ManageRules};
use crate::access::{Allow, Body, Page, Routes};
use crate::error::Result;
use crate::ids::RuleId;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list, make, change, delete, dry_run))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/admin/automod", list)
        .post("/api/v1/admin/automod", make)
        // Before the rule's own address: "dry-run" is no id.
        .post("/api/v1/admin/automod/dry-run", dry_run)
        .put("/api/v1/admin/automod/{rule}", change)
        .delete("/api/v1/admin/automod/{rule}", delete);
}

/// The rules, in the order in which they were made.
#[utoipa::path(get, path = "/api/v1/admin/automod", responses((status = 200, body = Page<Rule>)))]
async fn list(gate: Allow<ManageRules>) -> Result<HttpResponse> {
    let items = gate.read(|conn, may, _| actions::rules(conn, may)).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

/// Makes a rule, which holds from then on.
#[utoipa::path(post, path = "/api/v1/admin/automod", request_body = NewRule, responses((status = 201, body = Kept), (status = 409, description = "there are 50 rules already")))]
async fn make(gate: Allow<ManageRules>, body: Body<NewRule>, automod: Data<Automod>) -> Result<HttpResponse> {
    let turn = automod.in_order().await;
    gate.create(body, move |tx, may, actor, new| actions::make(tx, may, actor, &new, &automod, turn)).await
}

/// Makes another rule of it.
#[utoipa::path(put, path = "/api/v1/admin/automod/{rule}", params(("rule" = RuleId, Path)), request_body = NewRule, responses((status = 200, body = Kept)))]
async fn change(gate: Allow<KeepRule>, body: Body<NewRule>, automod: Data<Automod>) -> Result<HttpResponse> {
    let turn = automod.in_order().await;
    let rule = gate.write(move |tx, may, actor| actions::change(tx, may, actor, &body.value, &automod, turn)).await?;
    Ok(HttpResponse::Ok().json(rule))
}

/// Deletes a rule.
#[utoipa::path(delete, path = "/api/v1/admin/automod/{rule}", params(("rule" = RuleId, Path)), responses((status = 204)))]
async fn delete(gate: Allow<KeepRule>, automod: Data<Automod>) -> Result<HttpResponse> {
    let turn = automod.in_order().await;
    gate.write(move |tx, may, actor| actions::delete(tx, may, actor, &automod, turn)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a rule would have found in the last seven days; it need not be stored, and nothing follows.
#[utoipa::path(post, path = "/api/v1/admin/automod/dry-run", request_body = NewRule, responses((status = 200, body = Tried)))]
async fn dry_run(gate: Allow<ManageRules>, body: Body<NewRule>, automod: Data<Automod>) -> Result<HttpResponse> {
    let turn = automod.alone().await;
    let tried = gate.read(move |conn, may, actor| {
        let _turn = turn;
        actions::dry_run(conn, may, &body.value, actor.now)
    });
    let tried = tried.await?;
    Ok(HttpResponse::Ok().json(tried))
}
