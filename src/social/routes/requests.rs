//! The inbox of requests, and its answers.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::{Needs, limit, limits, no_content};
use crate::access::{Allow, Body, Page, Permit, Query, Routes};
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{ReportId, RequestId};
use crate::social::actions;
use crate::social::model::{NewReport, ReportReason, Request};
use crate::social::policy::{AnswerRequest, MakeReport, SeeMine};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list, accept, ignore, block, report))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/requests", list)
        .post("/api/v1/requests/{request}/accept", accept)
        .post("/api/v1/requests/{request}/ignore", ignore)
        .post("/api/v1/requests/{request}/block", block)
        .post("/api/v1/requests/{request}/report", report);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Only requests before this one.
    before: Option<RequestId>,
    /// 1–200.
    limit: Option<i64>,
}

/// What waits for my answer, newest first.
#[utoipa::path(get, path = "/api/v1/requests", params(Find), responses((status = 200, body = Page<Request>)))]
async fn list(gate: Allow<SeeMine>, query: Query<Find>) -> Result<HttpResponse> {
    let limit = limit(query.0.limit)?;
    let page = gate.read(move |conn, may, actor| actions::inbox(conn, may.member(), query.0.before, limit, actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Yes {
    /// From now on, not only this time; of no meaning for contacts and followers.
    #[serde(default)]
    always: bool,
}

/// Says yes.
#[utoipa::path(post, path = "/api/v1/requests/{request}/accept", params(("request" = RequestId, Path)), request_body = Yes, responses((status = 204), (status = 410, description = "answered otherwise, or taken back")))]
async fn accept(gate: Allow<AnswerRequest>, body: Body<Yes>, social: Needs) -> Result<HttpResponse> {
    let came = gate.write(move |tx, may, _| actions::accept(tx, may, &social, body.value.always)).await?;
    // That it has ended is kept, so the refusal comes after.
    if came { Ok(no_content()) } else { Err(Error::refused(RefusalKind::Gone, "social.request_over")) }
}

/// Leaves it unanswered for good; the sender is not told.
#[utoipa::path(post, path = "/api/v1/requests/{request}/ignore", params(("request" = RequestId, Path)), responses((status = 204), (status = 410, description = "answered otherwise, or taken back")))]
async fn ignore(gate: Allow<AnswerRequest>) -> Result<HttpResponse> {
    gate.write(|tx, may, _| actions::ignore(tx, may)).await?;
    Ok(no_content())
}

/// Blocks the sender; every request of theirs ends with it.
#[utoipa::path(post, path = "/api/v1/requests/{request}/block", params(("request" = RequestId, Path)), responses((status = 204)))]
async fn block(gate: Allow<AnswerRequest>, social: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, _| actions::block_sender(tx, may, &social)).await?;
    Ok(no_content())
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ReportRequest {
    /// Why.
    reason: ReportReason,
    /// In my words, at most 1,000 characters.
    #[serde(default)]
    text: String,
    /// Block them as well?
    #[serde(default)]
    block: bool,
}

/// A report that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Made {
    /// Its id.
    pub id: ReportId,
}

/// Reports the sender with the newest of the words that wait, and leaves the request unanswered for good, or blocks them.
#[utoipa::path(post, path = "/api/v1/requests/{request}/report", params(("request" = RequestId, Path)), request_body = ReportRequest, responses((status = 201, body = Made)))]
async fn report(gate: Allow<AnswerRequest>, body: Body<ReportRequest>, social: Needs) -> Result<HttpResponse> {
    let most = limits(gate.ground()).reports_per_day;
    gate.create(body, move |tx, may, actor, ReportRequest { reason, text, block }| {
        let reporter = MakeReport::check(tx, actor, ())?;
        let report = NewReport { member: None, message: None, reason, text };
        actions::report_sender(tx, may, &reporter, (report, block), &social, most).map(|id| Made { id })
    })
    .await
}
