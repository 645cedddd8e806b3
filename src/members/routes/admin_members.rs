//! Members in the dashboard: what administrators and moderators do.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::{Needs, limit, no_content, secret};
use crate::access::{Allow, Body, Page, Query, Routes};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, RoleId};
use crate::members::actions::{self, AdminMember, AdminMemberDetail, Bulk, BulkDone, MemberFilter};
use crate::members::model::{MemberState, Terms};
use crate::members::policy::{ActOnMany, BanMember, DecideSignUp, GiveRoles, ManageMember, MuteMember, SeeAccount, SeeAccounts};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list, bulk, show, set_roles, ban, unban, mute, unmute, sign_out, approve, turn_down, reset_link, delete))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/admin/members", list)
        .post("/api/v1/admin/members/bulk", bulk)
        .get("/api/v1/admin/members/{member}", show)
        .delete("/api/v1/admin/members/{member}", delete)
        .put("/api/v1/admin/members/{member}/roles", set_roles)
        .post("/api/v1/admin/members/{member}/ban", ban)
        .post("/api/v1/admin/members/{member}/unban", unban)
        .post("/api/v1/admin/members/{member}/mute", mute)
        .post("/api/v1/admin/members/{member}/unmute", unmute)
        .post("/api/v1/admin/members/{member}/sign-out", sign_out)
        .post("/api/v1/admin/members/{member}/approve", approve)
        .post("/api/v1/admin/members/{member}/turn-down", turn_down)
        .post("/api/v1/admin/members/{member}/reset-link", reset_link);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Part of a name or username.
    q: Option<String>,
    /// Only in this state; missing: in every state but deleted.
    #[param(inline)]
    state: Option<MemberState>,
    /// Only with this role.
    role: Option<RoleId>,
    /// Where the page begins.
    after: Option<MemberId>,
    /// 1–200.
    limit: Option<i64>,
}

/// Accounts, in order of name.
#[utoipa::path(get, path = "/api/v1/admin/members", params(Find), responses((status = 200, body = Page<AdminMember>)))]
async fn list(gate: Allow<SeeAccounts>, query: Query<Find>) -> Result<HttpResponse> {
    let Find { q, state, role, after, limit: asked } = query.0;
    let filter = MemberFilter { q: q.unwrap_or_default(), state, role, after, limit: limit(asked)?, ..MemberFilter::default() };
    let (items, next) = gate.read(move |conn, _, actor| actions::accounts(conn, filter, actor.now)).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: next.map(|id| id.to_string()) }))
}

/// Does one act on several members, with the password once more: each by itself, with a result of its own.
#[utoipa::path(post, path = "/api/v1/admin/members/bulk", request_body = Bulk, responses((status = 200, body = BulkDone), (status = 422, description = "the password is wrong")))]
async fn bulk(gate: Allow<ActOnMany>, body: Body<Bulk>, members: Needs) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    // Nobody tries a password here who may not act on others.
    gate.read(|_, _, _| Ok(())).await?;
    Ok(secret(HttpResponse::Ok(), actions::bulk(&ground, &visitor, &members, body.value).await?))
}

/// One account, with sessions and what was done to them.
#[utoipa::path(get, path = "/api/v1/admin/members/{member}", params(("member" = MemberId, Path)), responses((status = 200, body = AdminMemberDetail)))]
async fn show(gate: Allow<SeeAccount>) -> Result<HttpResponse> {
    let detail = gate.read(|conn, may, actor| actions::account_detail(conn, may, actor.now)).await?;
    Ok(HttpResponse::Ok().json(detail))
}

/// The roles that a member is to have.
#[derive(Deserialize, utoipa::ToSchema)]
struct Roles {
    /// All of them; the role of every member stays anyway.
    roles: Vec<RoleId>,
}

/// Says which roles a member has.
#[utoipa::path(put, path = "/api/v1/admin/members/{member}/roles", params(("member" = MemberId, Path)), request_body = Roles, responses((status = 204)))]
async fn set_roles(gate: Allow<GiveRoles>, body: Body<Roles>, members: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::set_roles(tx, may, actor, &members.notices, &body.value.roles)).await?;
    Ok(no_content())
}

/// A ban.
#[derive(Deserialize, utoipa::ToSchema)]
struct Ban {
    /// Why, for the member to read; at most 500 characters.
    #[serde(default)]
    reason: String,
    /// Until when, milliseconds UTC; missing: until it is lifted.
    #[serde(default)]
    until: Option<Millis>,
}

/// Shuts a member out; their connections close within a second.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/ban", params(("member" = MemberId, Path)), request_body = Ban, responses((status = 204)))]
async fn ban(gate: Allow<BanMember>, body: Body<Ban>, members: Needs) -> Result<HttpResponse> {
    let Ban { reason, until } = body.value;
    gate.write(move |tx, may, actor| actions::ban(tx, may, actor, &members, &Terms { reason: &reason, until, ..Terms::default() })).await?;
    Ok(no_content())
}

/// Lets a banned member in again.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/unban", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn unban(gate: Allow<BanMember>, members: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::unban(tx, may, actor, &members)).await?;
    Ok(no_content())
}

/// A mute.
#[derive(Deserialize, utoipa::ToSchema)]
struct Mute {
    /// Why, for the member to read; at most 500 characters.
    #[serde(default)]
    reason: String,
    /// Until when, milliseconds UTC; at most a year.
    until: Millis,
}

/// Keeps a member from writing for a time.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/mute", params(("member" = MemberId, Path)), request_body = Mute, responses((status = 204)))]
async fn mute(gate: Allow<MuteMember>, body: Body<Mute>, members: Needs) -> Result<HttpResponse> {
    let Mute { reason, until } = body.value;
    let until = Some(until);
    gate.write(move |tx, may, actor| actions::mute(tx, may, actor, &members, &Terms { reason: &reason, until, ..Terms::default() }))
        .await?;
    Ok(no_content())
}

/// Lets a muted member write again.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/unmute", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn unmute(gate: Allow<MuteMember>) -> Result<HttpResponse> {
    gate.write(actions::unmute).await?;
    Ok(no_content())
}

/// Ends every session and token of a member.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/sign-out", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn sign_out(gate: Allow<ManageMember>) -> Result<HttpResponse> {
    gate.write(actions::sign_out_everywhere).await?;
    Ok(no_content())
}

/// Says yes to somebody who waits.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/approve", params(("member" = MemberId, Path)), responses((status = 204)))]
async fn approve(gate: Allow<DecideSignUp>, members: Needs) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    gate.write(move |tx, may, actor| actions::approve(tx, may, actor, &members, &ground)).await?;
    Ok(no_content())
}

/// Why, in the actor's words.
#[derive(Deserialize, utoipa::ToSchema)]
struct ActReason {
    /// At most 500 characters.
    #[serde(default)]
    reason: String,
}

/// Says no to somebody who waits; the account is deleted.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/turn-down", params(("member" = MemberId, Path)), request_body = ActReason, responses((status = 204)))]
async fn turn_down(gate: Allow<DecideSignUp>, body: Body<ActReason>, members: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::turn_down(tx, may, actor, &members, &body.value.reason)).await?;
    Ok(no_content())
}

/// An address to hand over.
#[derive(Serialize, utoipa::ToSchema)]
struct ResetLink {
    /// Works once, for a day.
    url: String,
}

/// Makes a link by which a member sets another password.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/reset-link", params(("member" = MemberId, Path)), responses((status = 201, body = ResetLink)))]
async fn reset_link(gate: Allow<ManageMember>) -> Result<HttpResponse> {
    let site = actions::site_address(&gate.ground().config);
    let url = gate.write(move |tx, may, actor| actions::reset_link(tx, may, actor, &site)).await?;
    Ok(secret(HttpResponse::Created(), ResetLink { url }))
}

/// Deletes an account; a tombstone stays where the member wrote.
#[utoipa::path(delete, path = "/api/v1/admin/members/{member}", params(("member" = MemberId, Path)), request_body = ActReason, responses((status = 204)))]
async fn delete(gate: Allow<ManageMember>, body: Body<ActReason>, members: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::delete_member(tx, may, actor, &members, &body.value.reason)).await?;
    Ok(no_content())
}
