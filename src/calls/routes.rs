//! The API of calls: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::OpenApi;

use super::actions::{self, CallItems, Gate, Recents};
use super::exchange::Calls;
use super::model::{CallKind, CallSource, Cause, Entry};
use super::policy::{MarkMyCalls, ModerateAnyCall, OverseeCalls, SeeCall, SeeMyCalls};
use super::store::{Find, Sought};
use crate::access::{Allow, Body, Ground, PAGE_MOST, Query, Routes, page_limit};
use crate::billing::Billing;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{CallId, MemberId, RoomId};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(recents, joinable, one, see, overseen, end, mute))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/calls", recents)
        .get("/api/v1/calls/live", joinable)
        .post("/api/v1/calls/seen", see)
        .get("/api/v1/calls/{call}", one)
        .get("/api/v1/admin/calls", overseen)
        .post("/api/v1/admin/calls/{call}/end", end)
        .post("/api/v1/admin/calls/{call}/mute", mute);
}

/// What handlers need beside the ground.
type Needs = Data<Calls>;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only calls before this one.
    before: Option<CallId>,
    /// 1–200.
    limit: Option<i64>,
    /// Only those that I missed.
    missed: Option<bool>,
    /// Only those whose card stands in this room.
    room: Option<RoomId>,
}

/// My calls, newest first.
#[utoipa::path(get, path = "/api/v1/calls", params(Which), responses((status = 200, body = Recents)))]
async fn recents(gate: Allow<SeeMyCalls>, query: Query<Which>) -> Result<HttpResponse> {
    let Which { before, limit, missed, room } = query.0;
    let limit = page_limit(limit, PAGE_MOST)?;
    let find = Find { before, missed: missed.unwrap_or(false), room, with: None };
    let page = gate.read(move |conn, may, actor| actions::recents(conn, may.member(), find, limit, actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Calls that I may join, rooms with voice, and what I may begin.
#[utoipa::path(get, path = "/api/v1/calls/live", responses((status = 200, body = serde_json::Value, description = "docs/protocol.md, Calls over HTTP")))]
async fn joinable(gate: Allow<SeeMyCalls>, calls: Needs, billing: Data<Billing>, ground: Data<Ground>) -> Result<HttpResponse> {
    let asked = Gate::of(&ground, &billing, &calls);
    let found = gate
        .read(move |conn, may, actor| {
            let may_start = asked.may_start(conn, may.member(), actor.now)?;
            actions::joinable(conn, may.member(), &calls, may_start, actor.now)
        })
        .await?;
    Ok(HttpResponse::Ok().json(found))
}

/// One call in my list.
#[utoipa::path(get, path = "/api/v1/calls/{call}", params(("call" = CallId, Path)), responses((status = 200, body = Entry), (status = 404, description = "not in my list")))]
async fn one(gate: Allow<SeeCall>) -> Result<HttpResponse> {
    let entry = gate.read(|conn, may, _| actions::one(conn, may)).await?;
    Ok(HttpResponse::Ok().json(entry))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Seen {
    /// Calls that began up to then, milliseconds UTC.
    until: Millis,
}

/// I have seen what I missed.
#[utoipa::path(post, path = "/api/v1/calls/seen", request_body = Seen, responses((status = 204)))]
async fn see(gate: Allow<MarkMyCalls>, body: Body<Seen>) -> Result<HttpResponse> {
    gate.write(move |tx, may, _| actions::see(tx, may, body.value.until)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Overseen {
    /// Those that go on, rather than those that are over.
    live: Option<bool>,
    /// Only calls before this one.
    before: Option<CallId>,
    /// 1–200.
    limit: Option<i64>,
    /// Only calls of this sort.
    kind: Option<CallKind>,
    /// Only calls that ended so.
    cause: Option<Cause>,
    /// Only calls that concern this member.
    member: Option<MemberId>,
}

/// Calls of everybody, for operators: who, how long, how well; no addresses.
#[utoipa::path(get, path = "/api/v1/admin/calls", params(Overseen), responses((status = 200, body = CallItems)))]
async fn overseen(gate: Allow<OverseeCalls>, query: Query<Overseen>, calls: Needs) -> Result<HttpResponse> {
    let Overseen { live, before, limit, kind, cause, member } = query.0;
    let (limit, sought) = (page_limit(limit, PAGE_MOST)?, Sought { before, kind, cause, member });
    let live = live.unwrap_or(false);
    let page = gate.read(move |conn, may, actor| actions::overseen(conn, may, &calls, live, (&sought, limit), actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Ends a call for all.
#[utoipa::path(post, path = "/api/v1/admin/calls/{call}/end", params(("call" = CallId, Path)), responses((status = 204), (status = 410, description = "it is over")))]
async fn end(gate: Allow<ModerateAnyCall>, calls: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, _| actions::end_by_office(tx, may, &calls)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Muting {
    /// Whose.
    member: MemberId,
    /// What of theirs.
    source: CallSource,
}

/// Turns off what somebody sends into a call, as a host does.
#[utoipa::path(post, path = "/api/v1/admin/calls/{call}/mute", params(("call" = CallId, Path)), request_body = Muting, responses((status = 204), (status = 404, description = "they are not in it"), (status = 410, description = "it is over")))]
async fn mute(gate: Allow<ModerateAnyCall>, calls: Needs, body: Body<Muting>) -> Result<HttpResponse> {
    let Muting { member, source } = body.value;
    gate.write(move |tx, may, _| actions::mute_by_office(tx, may, (member, source), &calls)).await?;
    Ok(HttpResponse::NoContent().finish())
}
