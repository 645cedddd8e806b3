//! The API of moderation: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::actions;
use super::letters::APPEAL;
use super::model::{AppealCase, AppealDecision, AppealOutcome, Case, Decision, MyNotices, NewAppeal, NoticesSeen};
use crate::access::{Allow, Body, Ground, Named, PAGE_MOST, Page, Public, Query, RateClass, Routes, Target, address_key, page_limit};
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{ReportId, SanctionId};
use crate::members::{self, AppealMine, ChangeMe, DecideAppeal, Members, SeeMe, SignIn};
use crate::social::{HandleReport, SeeReports, Social};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(case, decide, appeals, decide_appeal, notices, see, appeal, open_appeal, appeal_by_code))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/admin/reports/{report}", case)
        .post("/api/v1/admin/reports/{report}/decide", decide)
        .get("/api/v1/admin/appeals", appeals)
        .post("/api/v1/admin/appeals/{sanction}/decide", decide_appeal)
        .get("/api/v1/me/notices", notices)
        .post("/api/v1/me/notices/seen", see)
        .post("/api/v1/me/sanctions/{sanction}/appeal", appeal)
        .post("/api/v1/appeals", open_appeal)
        .post("/api/v1/appeals/{code}", appeal_by_code);
}

fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// A report with what surrounds it: what was said around the message, as far as one sees the room, other reports of the member, what was done
/// to them before, and what one may do.
#[utoipa::path(get, path = "/api/v1/admin/reports/{report}", params(("report" = ReportId, Path)), responses((status = 200, body = Case)))]
async fn case(gate: Allow<HandleReport>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(gate.read(actions::case).await?))
}

/// Does one thing in answer to a report and closes it. Both sides are told: whoever reported, that it was looked at; whom it was done to, what,
/// why, until when and how to appeal.
#[utoipa::path(post, path = "/api/v1/admin/reports/{report}/decide", params(("report" = ReportId, Path)), request_body = Decision, responses((status = 204), (status = 409, description = "closed already, or there is nothing left to do it to")))]
async fn decide(gate: Allow<HandleReport>, body: Body<Decision>, members: Data<Members>, social: Data<Social>) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::decide(tx, may, actor, (&members, &social), &body.value)).await?;
    Ok(no_content())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FindAppeals {
    /// Decided ones instead of those that wait.
    decided: Option<bool>,
    /// Only appeals before this one.
    before: Option<SanctionId>,
    /// 1–200.
    limit: Option<i64>,
}

/// Appeals, newest first; nobody finds their own here.
#[utoipa::path(get, path = "/api/v1/admin/appeals", params(FindAppeals), responses((status = 200, body = Page<AppealCase>)))]
async fn appeals(gate: Allow<SeeReports>, query: Query<FindAppeals>) -> Result<HttpResponse> {
    let FindAppeals { decided, before, limit } = query.0;
    let limit = page_limit(limit, PAGE_MOST)?;
    let page = gate.read(move |conn, _, actor| actions::appeal_cases(conn, actor, decided.unwrap_or(false), before, limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Decides an appeal. Who did what it is against may not, while there is another who may.
#[utoipa::path(post, path = "/api/v1/admin/appeals/{sanction}/decide", params(("sanction" = SanctionId, Path)), request_body = AppealDecision, responses((status = 204), (status = 403, description = "for another"), (status = 409, description = "decided already")))]
async fn decide_appeal(gate: Allow<DecideAppeal>, body: Body<AppealDecision>, members: Data<Members>) -> Result<HttpResponse> {
    let AppealDecision { outcome, answer } = body.value;
    let lifts = outcome == AppealOutcome::Lift;
    gate.write(move |tx, may, actor| members::decide_appeal(tx, may, actor, &members, lifts, &answer)).await?;
    Ok(no_content())
}

/// What those who keep the peace told me.
#[utoipa::path(get, path = "/api/v1/me/notices", responses((status = 200, body = MyNotices)))]
async fn notices(gate: Allow<SeeMe>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(gate.read(|conn, may, actor| actions::notices(conn, may.member(), actor.now)).await?))
}

/// I have seen what I was told until then.
#[utoipa::path(post, path = "/api/v1/me/notices/seen", request_body = NoticesSeen, responses((status = 204)))]
async fn see(gate: Allow<ChangeMe>, body: Body<NoticesSeen>) -> Result<HttpResponse> {
    gate.write(move |tx, may, _| actions::see_notices(tx, may.member(), body.value.until)).await?;
    Ok(no_content())
}

/// An appeal that was made.
#[derive(Serialize, utoipa::ToSchema)]
struct Appealed {
    /// Against what.
    sanction: SanctionId,
}

/// Appeals against what was done to me, once.
#[utoipa::path(post, path = "/api/v1/me/sanctions/{sanction}/appeal", params(("sanction" = SanctionId, Path)), request_body = NewAppeal, responses((status = 201, body = Appealed), (status = 409, description = "appealed already, or over")))]
async fn appeal(gate: Allow<AppealMine>, body: Body<NewAppeal>) -> Result<HttpResponse> {
    let made = gate.create(body, |tx, may, _, new| {
        members::appeal(tx, may.sanction(), &new.words)?;
        Ok(Appealed { sanction: may.sanction() })
    });
    made.await
}

/// The way to one's appeal.
#[derive(Serialize, utoipa::ToSchema)]
struct AppealCode {
    /// Behind `/appeal/` and `/api/v1/appeals/`.
    code: String,
}

/// Opens the page of the appeal to somebody who is banned, with their password. Tries count like those at a sign-in.
#[utoipa::path(post, path = "/api/v1/appeals", request_body = SignIn, responses((status = 201, body = AppealCode), (status = 403, description = "name or password is wrong"), (status = 409, description = "not banned")))]
async fn open_appeal(gate: Public, body: Body<SignIn>, members: Data<Members>) -> Result<HttpResponse> {
    let ban = members::banned_at_the_door(gate.ground(), gate.visitor(), &members, body.value).await?;
    let code = gate.ground().keys.code_for(APPEAL, ban.0);
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(AppealCode { code }))
}

/// The code in the path.
pub(super) struct Code(Named);

impl actix_web::FromRequest for Code {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Named::from_path(request).map(Self))
    }
}

impl Code {
    /// As it stands in the path.
    pub(super) fn into_text(self) -> String {
        self.0.0
    }

    /// Against what the appeal is for which it was made.
    ///
    /// # Errors
    /// 410 `moderation.code_over` when it is none of ours.
    pub(super) fn sanction(&self, ground: &Ground) -> Result<SanctionId> {
        let id = ground.keys.id_of_code(APPEAL, &self.0.0).map(SanctionId);
        id.ok_or(Error::refused(RefusalKind::Gone, "moderation.code_over"))
    }
}

/// Appeals with the code of a letter, or of the door, also while one is banned.
#[utoipa::path(post, path = "/api/v1/appeals/{code}", params(("code" = String, Path)), request_body = NewAppeal, responses((status = 204), (status = 409, description = "appealed already, or over"), (status = 410, description = "no such code")))]
async fn appeal_by_code(gate: Public, code: Code, body: Body<NewAppeal>) -> Result<HttpResponse> {
    gate.ground().rates.count(RateClass::Appeal, address_key(gate.visitor().address))?;
    let sanction = code.sanction(gate.ground())?;
    gate.write(move |tx, _| members::appeal(tx, sanction, &body.value.words)).await?;
    Ok(no_content())
}
