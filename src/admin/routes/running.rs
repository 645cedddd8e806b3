//! The API of the program as it runs: health, work, log, figures. URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use crate::access::{Allow, Body, PAGE_MOST, Page, Query, Routes, page_limit};
use crate::admin::actions::{self, Diagnostics};
use crate::admin::figures::{self, Chart, SPANS, Seen};
use crate::admin::health::{self, HealthReport};
use crate::admin::policy::{KeepJob, ReadHealth, ReadLog, SeeFigures, SeeJobs};
use crate::calls::Calls;
use crate::error::{Error, Result};
use crate::http::{LogLevel, LogLine, LogSought, Metrics, Recent};
use crate::ids::JobId;
use crate::jobs::{JobItem, Shown, Sought};
use crate::members::{self, Members};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(lights, work, replay, drop_job, lines, diagnostics, charts))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/admin/health", lights)
        .get("/api/v1/admin/jobs", work)
        .post("/api/v1/admin/jobs/{job}/replay", replay)
        .delete("/api/v1/admin/jobs/{job}", drop_job)
        .get("/api/v1/admin/logs", lines)
        .get("/api/v1/admin/diagnostics", diagnostics)
        .get("/api/v1/admin/charts", charts);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct WithTicket {
    /// Made from the data folder's key by `rialto doctor`; good for a minute, in the place of a token.
    #[serde(rename = "ticket")]
    _ticket: Option<String>,
}

/// The health lights: whether all that must work does. For monitors too, with a token of somebody who may read metrics: the answer is 200
/// whatever the lights are, and `light` is the worst of them.
#[utoipa::path(get, path = "/api/v1/admin/health", params(WithTicket), responses((status = 200, body = HealthReport)))]
async fn lights(gate: Allow<ReadHealth>, _: Query<WithTicket>, exchange: Data<Calls>) -> Result<HttpResponse> {
    let (ground, language) = (gate.ground().clone(), gate.visitor().language);
    let report = gate.read(move |conn, _, actor| health::look(conn, &ground, &exchange, language, actor.now)).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(report))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FindJobs {
    /// `waiting` when nothing is said.
    show: Option<Shown>,
    /// Of one kind alone.
    kind: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1–200.
    limit: Option<i64>,
}

/// Jobs: those that wait, the soonest first, or those that were set aside, the newest first. Without what they are about.
#[utoipa::path(get, path = "/api/v1/admin/jobs", params(FindJobs), responses((status = 200, body = Page<JobItem>)))]
async fn work(gate: Allow<SeeJobs>, query: Query<FindJobs>) -> Result<HttpResponse> {
    let FindJobs { show, kind, after, limit } = query.0;
    let after = after.map(|place| actions::job_place(&place).ok_or_else(|| Error::invalid("after", "error.query"))).transpose()?;
    let sought = Sought { shown: show.unwrap_or_default(), kind, after, limit: page_limit(limit, PAGE_MOST)? };
    Ok(HttpResponse::Ok().json(gate.read(move |conn, may, actor| actions::jobs_page(conn, may, &sought, actor.now)).await?))
}

/// The password once more.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = JobAct)]
struct Again {
    /// Of the member who asks; who has none leaves it out.
    #[serde(default)]
    password: String,
}

/// Lets a job that was set aside run again, with all its attempts.
#[utoipa::path(post, path = "/api/v1/admin/jobs/{job}/replay", params(("job" = JobId, Path)), request_body = Again, responses((status = 204), (status = 409, description = "it was not set aside"), (status = 422, description = "the password is wrong")))]
async fn replay(gate: Allow<KeepJob>, first: Allow<KeepJob>, body: Body<Again>, members: Data<Members>) -> Result<HttpResponse> {
    first.read(|_, may, _| actions::expect_dead(may.job())).await?;
    members::ask_again(gate.ground(), gate.visitor(), &members, &body.value.password).await?;
    gate.write(actions::replay_job).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives up a job that was set aside, for good.
#[utoipa::path(delete, path = "/api/v1/admin/jobs/{job}", params(("job" = JobId, Path)), request_body = Again, responses((status = 204), (status = 409, description = "it was not set aside"), (status = 422, description = "the password is wrong")))]
async fn drop_job(gate: Allow<KeepJob>, first: Allow<KeepJob>, body: Body<Again>, members: Data<Members>) -> Result<HttpResponse> {
    first.read(|_, may, _| actions::expect_dead(may.job())).await?;
    members::ask_again(gate.ground(), gate.visitor(), &members, &body.value.password).await?;
    gate.write(actions::drop_job).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FindLines {
    /// Only those of this level.
    level: Option<LogLevel>,
    /// Only those in which this stands, whatever its case.
    q: Option<String>,
    /// `next` of the page before.
    before: Option<u64>,
    /// 1–200.
    limit: Option<i64>,
}

/// The last lines of the log from warnings up, the newest first: as many as the program keeps since its start. Addresses, keys and codes
/// are taken out.
#[utoipa::path(get, path = "/api/v1/admin/logs", params(FindLines), responses((status = 200, body = Page<LogLine>)))]
async fn lines(gate: Allow<ReadLog>, query: Query<FindLines>, recent: Data<Recent>) -> Result<HttpResponse> {
    let FindLines { level, q, before, limit } = query.0;
    let limit = page_limit(limit, PAGE_MOST)?;
    gate.read(|_, _, _| Ok(())).await?;
    let sought = LogSought { level, text: q.unwrap_or_default(), before, limit: usize::try_from(limit + 1).unwrap_or(0) };
    Ok(HttpResponse::Ok().json(Page::of(recent.find(&sought), limit, |line| line.n.to_string())))
}

/// What the program says of itself, to be shown to whoever helps: no secret, no name, nothing that people wrote.
#[utoipa::path(get, path = "/api/v1/admin/diagnostics", responses((status = 200, body = Diagnostics)))]
async fn diagnostics(gate: Allow<ReadLog>, exchange: Data<Calls>, metrics: Metrics, recent: Data<Recent>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let told = gate.read(move |conn, _, actor| {
        let report = health::look(conn, &ground, &exchange, "en", actor.now)?;
        actions::diagnostics(conn, &ground, &report, &metrics, &recent)
    });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(told.await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Over {
    /// 30 or 90; 30 when nothing is said.
    days: Option<i64>,
}

/// Charts over the last days.
#[derive(Serialize, utoipa::ToSchema)]
struct Charts {
    /// Over so many days.
    days: i64,
    /// Each, as far as one may see it.
    charts: Vec<Chart>,
}

/// Figures by day: members, messages, minutes in calls, storage and how long answers took, for who may change settings; money, for who
/// records it.
#[utoipa::path(get, path = "/api/v1/admin/charts", params(Over), responses((status = 200, body = Charts)))]
async fn charts(gate: Allow<SeeFigures>, query: Query<Over>) -> Result<HttpResponse> {
    let days = query.0.days.unwrap_or(SPANS[0]);
    if !SPANS.contains(&days) {
        return Err(Error::invalid("days", "figures.days"));
    }
    let settings = gate.ground().settings.clone();
    let charts = gate.read(move |conn, may, actor| {
        let seen = Seen { community: may.sees_community(), money: may.sees_money() };
        figures::charts(conn, seen, days, settings.get().currency, actor.now)
    });
    Ok(HttpResponse::Ok().json(Charts { days, charts: charts.await? }))
}
