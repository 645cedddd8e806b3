//! Reports, and the queue of those who keep the peace.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::OpenApi;

use super::requests::Made;
use super::{Needs, limit, limits, no_content};
use crate::access::{Allow, Body, Page, Query, Routes};
use crate::error::Result;
use crate::ids::{MemberId, ReportId};
use crate::social::actions;
use crate::social::model::{Closing, NewReport, Report, SoughtReports};
use crate::social::policy::{HandleReport, MakeReport, SeeReports};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(make, list, close))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes.post("/api/v1/reports", make).get("/api/v1/admin/reports", list).post("/api/v1/admin/reports/{report}/close", close);
}

/// Reports a member or a message.
#[utoipa::path(post, path = "/api/v1/reports", request_body = NewReport, responses((status = 201, body = Made)))]
async fn make(gate: Allow<MakeReport>, body: Body<NewReport>, social: Needs) -> Result<HttpResponse> {
    let most = limits(gate.ground()).reports_per_day;
    gate.create(body, move |tx, may, _, new| actions::make_report(tx, may, &new, &social, most).map(|id| Made { id })).await
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Closed ones instead of open ones.
    closed: Option<bool>,
    /// Only reports of this member.
    member: Option<MemberId>,
    /// Only reports before this one.
    before: Option<ReportId>,
    /// 1–200.
    limit: Option<i64>,
}

/// The queue, newest first.
#[utoipa::path(get, path = "/api/v1/admin/reports", params(Find), responses((status = 200, body = Page<Report>)))]
async fn list(gate: Allow<SeeReports>, query: Query<Find>) -> Result<HttpResponse> {
    let Find { closed, member, before, limit: asked } = query.0;
    let (sought, limit) = (SoughtReports { closed: closed.unwrap_or(false), member, before }, limit(asked)?);
    let page = gate.read(move |conn, may, actor| actions::reports(conn, may.viewer(), &sought, limit, actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Closes a report, where nothing is done or something was done elsewhere. Whoever reported is told that it was looked at.
#[utoipa::path(post, path = "/api/v1/admin/reports/{report}/close", params(("report" = ReportId, Path)), request_body = Closing, responses((status = 204)))]
async fn close(gate: Allow<HandleReport>, body: Body<Closing>, social: Needs) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::close_report(tx, may, actor, &social, &body.value)).await?;
    Ok(no_content())
}
