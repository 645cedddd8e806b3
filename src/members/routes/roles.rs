//! Roles and what they allow.

use actix_web::HttpResponse;
use utoipa::OpenApi;

use super::{Needs, no_content};
use crate::access::{Allow, Body, Page, Routes};
use crate::error::Result;
use crate::ids::RoleId;
use crate::members::actions;
use crate::members::model::{NewRole, Role, RoleChange};
use crate::members::policy::{ChangeRole, MakeRoles, SeeRoles};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list, make, change, delete))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/admin/roles", list)
        .post("/api/v1/admin/roles", make)
        .patch("/api/v1/admin/roles/{role}", change)
        .delete("/api/v1/admin/roles/{role}", delete);
}

/// Every role, highest first.
#[utoipa::path(get, path = "/api/v1/admin/roles", responses((status = 200, body = Page<Role>)))]
async fn list(gate: Allow<SeeRoles>) -> Result<HttpResponse> {
    let items = gate.read(|conn, _, _| actions::roles(conn)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(items)))
}

/// Makes a role.
#[utoipa::path(post, path = "/api/v1/admin/roles", request_body = NewRole, responses((status = 201, body = Role)))]
async fn make(gate: Allow<MakeRoles>, body: Body<NewRole>) -> Result<HttpResponse> {
    gate.create(body, |tx, may, actor, new| actions::make_role(tx, may, actor, &new)).await
}

/// Changes a role; what is missing stays.
#[utoipa::path(patch, path = "/api/v1/admin/roles/{role}", params(("role" = RoleId, Path)), request_body = RoleChange, responses((status = 200, body = Role)))]
async fn change(gate: Allow<ChangeRole>, body: Body<RoleChange>) -> Result<HttpResponse> {
    let role = gate.write(move |tx, may, actor| actions::change_role(tx, may, actor, body.value)).await?;
    Ok(HttpResponse::Ok().json(role))
}

/// Deletes a role of the community's own.
#[utoipa::path(delete, path = "/api/v1/admin/roles/{role}", params(("role" = RoleId, Path)), responses((status = 204)))]
async fn delete(gate: Allow<ChangeRole>, members: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::delete_role(tx, may, actor, &members.notices)).await?;
    Ok(no_content())
}
