//! Invites to the community.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::OpenApi;

use super::{limit, no_content};
use crate::access::{Allow, Body, Page, Query, Routes};
use crate::error::Result;
use crate::ids::InviteId;
use crate::members::actions;
use crate::members::model::{Invite, NewInvite};
use crate::members::policy::{EndInvite, MakeInvites};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list, make, end))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.get("/api/v1/admin/invites", list).post("/api/v1/admin/invites", make).delete("/api/v1/admin/invites/{invite}", end);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Where the page begins.
    after: Option<InviteId>,
    /// 1–200.
    limit: Option<i64>,
}

/// Invites that were not taken back, newest first.
#[utoipa::path(get, path = "/api/v1/admin/invites", params(Find), responses((status = 200, body = Page<Invite>)))]
async fn list(gate: Allow<MakeInvites>, query: Query<Find>) -> Result<HttpResponse> {
    let Find { after, limit: asked } = query.0;
    let limit = limit(asked)?;
    let (keys, site) = (gate.ground().keys.clone(), actions::site_address(&gate.ground().config));
    let found = gate.read(move |conn, _, actor| actions::invites(conn, &keys, &site, after, limit + 1, actor.now)).await?;
    Ok(HttpResponse::Ok().json(Page::of(found, limit, |invite| invite.id.to_string())))
}

/// Makes an invite.
#[utoipa::path(post, path = "/api/v1/admin/invites", request_body = NewInvite, responses((status = 201, body = Invite)))]
async fn make(gate: Allow<MakeInvites>, body: Body<NewInvite>) -> Result<HttpResponse> {
    let (keys, site) = (gate.ground().keys.clone(), actions::site_address(&gate.ground().config));
    gate.create(body, move |tx, may, actor, new| actions::make_invite(tx, may, actor, &keys, &site, new)).await
}

/// Takes an invite back.
#[utoipa::path(delete, path = "/api/v1/admin/invites/{invite}", params(("invite" = InviteId, Path)), responses((status = 204)))]
async fn end(gate: Allow<EndInvite>) -> Result<HttpResponse> {
    gate.write(actions::end_invite).await?;
    Ok(no_content())
}
