//! The API of the call check: a member's own echo, the echo of a probe, and a look from outside for those who run the community.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::echoes::Whose;
use super::{Checked, EchoState, actions};
use crate::access::{Allow, Body, Ground, Public, RateClass, Routes, address_key};
use crate::calls::exchange::Calls;
use crate::calls::policy::{CheckCalls, OverseeCalls};
use crate::calls::probe;
use crate::clock::Millis;
use crate::error::Result;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(open, state, close, open_probe, probe_state, last, check))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them: before the routes of single calls, whose pattern would take them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .post("/api/v1/calls/echo", open)
        .get("/api/v1/calls/echo", state)
        .delete("/api/v1/calls/echo", close)
        .post("/api/v1/calls/probe", open_probe)
        .post("/api/v1/calls/probe/state", probe_state)
        .get("/api/v1/admin/calls/check", last)
        .post("/api/v1/admin/calls/check", check);
}

#[derive(Deserialize, utoipa::ToSchema)]
struct EchoOffer {
    /// A whole session description with its candidates: nothing is added later.
    sdp: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct EchoAnswer {
    /// For `setRemoteDescription`.
    sdp: String,
    /// Until when it lasts, milliseconds UTC.
    ends_at: Millis,
}

/// Opens my echo: what I send comes back to me. One before it ends.
#[utoipa::path(post, path = "/api/v1/calls/echo", request_body = EchoOffer, responses((status = 201, body = EchoAnswer)))]
async fn open(gate: Allow<CheckCalls>, body: Body<EchoOffer>, calls: Data<Calls>, ground: Data<Ground>) -> Result<HttpResponse> {
    let member = gate.read(|_, may, _| Ok(may.member())).await?;
    let (sdp, ends_at) = actions::open(&calls, &ground, Whose::Member(member), body.value.sdp).await?;
    Ok(HttpResponse::Created().json(EchoAnswer { sdp, ends_at }))
}

/// How my echo stands, as the server measured it.
#[utoipa::path(get, path = "/api/v1/calls/echo", responses((status = 200, body = EchoState), (status = 404, description = "there is none")))]
async fn state(gate: Allow<CheckCalls>, calls: Data<Calls>) -> Result<HttpResponse> {
    let member = gate.read(|_, may, _| Ok(may.member())).await?;
    Ok(HttpResponse::Ok().json(actions::state(&calls, Whose::Member(member)).await?))
}

/// Ends my echo.
#[utoipa::path(delete, path = "/api/v1/calls/echo", responses((status = 204)))]
async fn close(gate: Allow<CheckCalls>, calls: Data<Calls>) -> Result<HttpResponse> {
    let member = gate.read(|_, may, _| Ok(may.member())).await?;
    calls.echoes(|echoes, _, out| echoes.close(Whose::Member(member), out));
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ProbeOffer {
    /// Made from the data folder's key; good for a minute.
    ticket: String,
    /// A whole session description.
    sdp: String,
}

/// Opens the echo of a probe: of this program itself, or of `rialto doctor --call` beside it.
#[utoipa::path(post, path = "/api/v1/calls/probe", request_body = ProbeOffer, responses((status = 201, body = probe::Admitted), (status = 403, description = "not a ticket of ours, or over")))]
async fn open_probe(gate: Public, body: Body<ProbeOffer>, calls: Data<Calls>) -> Result<HttpResponse> {
    let ground = gate.ground();
    ground.rates.count(RateClass::Request, address_key(gate.visitor().address))?;
    let number = probe::admit(&ground.keys, &body.value.ticket, ground.clock.now())?;
    let (sdp, _) = actions::open(&calls, ground, Whose::Probe(number), body.value.sdp).await?;
    Ok(HttpResponse::Created().json(probe::Admitted { sdp, named: ground.config.public_ips.clone() }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ProbeAsks {
    /// As for its echo.
    ticket: String,
}

/// How the echo of a probe stands, as the server measured it.
#[utoipa::path(post, path = "/api/v1/calls/probe/state", request_body = ProbeAsks, responses((status = 200, body = EchoState), (status = 403, description = "not a ticket of ours, or over")))]
async fn probe_state(gate: Public, body: Body<ProbeAsks>, calls: Data<Calls>) -> Result<HttpResponse> {
    let ground = gate.ground();
    ground.rates.count(RateClass::Request, address_key(gate.visitor().address))?;
    let number = probe::admit(&ground.keys, &body.value.ticket, ground.clock.now())?;
    Ok(HttpResponse::Ok().json(actions::state(&calls, Whose::Probe(number)).await?))
}

/// What the last look from outside found; null before the first since the program started.
#[utoipa::path(get, path = "/api/v1/admin/calls/check", responses((status = 200, body = Option<Checked>)))]
async fn last(gate: Allow<OverseeCalls>, calls: Data<Calls>) -> Result<HttpResponse> {
    gate.read(|_, _, _| Ok(())).await?;
    Ok(HttpResponse::Ok().json(calls.checks().last()))
}

/// Places a real call through the community's public address and names the hop that fails. Takes up to half a minute.
#[utoipa::path(post, path = "/api/v1/admin/calls/check", responses((status = 200, body = Checked)))]
async fn check(gate: Allow<OverseeCalls>, calls: Data<Calls>, ground: Data<Ground>) -> Result<HttpResponse> {
    gate.read(|_, _, _| Ok(())).await?;
    Ok(HttpResponse::Ok().json(actions::check(&calls, &ground).await?))
}
