//! The API of the dashboard: URL, gate, action, JSON. No decisions.

mod running;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::OpenApi;

use super::actions;
use super::model::{AuditPage, LetterItem, LetterText, SetUp, SetUpDone, SetUpOwner, Summary};
use super::policy::{ManageSettings, OpenDashboard, ReadAudit, ReadLetter, ReadMail};
use crate::access::{Allow, Body, PAGE_MOST, Page, Public, Query, RateClass, Routes, address_key, page_limit};
use crate::billing::Billing;
use crate::chat::{self, WouldGoEverywhere};
use crate::error::{Error, Result};
use crate::http::Metrics;
use crate::ids::{AuditId, LetterId};
use crate::mail;
use crate::members::{self, Members, session_cookie, site_address};
use crate::settings::Settings;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(settings, change_settings, retention, audit, letters, letter, summary, check_set_up, set_up))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi().merge_from(running::openapi())
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/admin/settings", settings)
        .patch("/api/v1/admin/settings", change_settings)
        .get("/api/v1/admin/retention", retention)
        .get("/api/v1/admin/audit", audit)
        .get("/api/v1/admin/mail", letters)
        .get("/api/v1/admin/mail/{letter}", letter)
        .get("/api/v1/admin/summary", summary)
        .post("/api/v1/setup/check", check_set_up)
        .post("/api/v1/setup", set_up);
    running::mount(routes);
}

fn limit(asked: Option<i64>) -> Result<i64> {
    page_limit(asked, PAGE_MOST)
}

/// Every setting, under its flat key.
#[utoipa::path(get, path = "/api/v1/admin/settings", responses((status = 200, body = Settings)))]
async fn settings(gate: Allow<ManageSettings>) -> Result<HttpResponse> {
    let settings = gate.read(|conn, _, _| Settings::load(conn)).await?;
    Ok(HttpResponse::Ok().json(settings))
}

/// Changes the settings that are named; the answer is all of them. Keeping messages for a shorter time than before deletes some: that wants the
/// `password` of the member who asks beside them; who has none leaves it out.
#[utoipa::path(patch, path = "/api/v1/admin/settings", request_body = Settings, responses((status = 200, body = Settings), (status = 422, description = "a setting does not fit, or the password is wrong")))]
async fn change_settings(
    gate: Allow<ManageSettings>,
    first: Allow<ManageSettings>,
    body: Body<Map<String, Value>>,
    billing: Data<Billing>,
    members: Data<Members>,
) -> Result<HttpResponse> {
    let (ground, mut changes) = (gate.ground().clone(), body.value);
    let password = match changes.remove("password") {
        None => String::new(),
        Some(Value::String(password)) => password,
        Some(_) => return Err(Error::invalid("password", "error.body")),
    };
    let wish = changes.clone();
    let asked_again = first.read(move |conn, _, _| actions::would_delete(conn, &wish)).await?;
    if asked_again {
        members::ask_again(&ground, gate.visitor(), &members, &password).await?;
    }
    let turn = ground.settings.in_order().await;
    let cell = ground.settings.clone();
    let write = gate.write(move |tx, may, actor| {
        let settings = actions::change_settings(tx, may, actor, &billing, (&changes, asked_again))?;
        cell.put_with(tx, &settings, turn);
        Ok(settings)
    });
    Ok(HttpResponse::Ok().json(write.await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AskRetention {
    /// For so many days, 1–3,650; 0: for ever. Without it, as the community keeps them now.
    days: Option<u16>,
}

/// What would be deleted now if the community kept the messages of its rooms for so many days.
#[utoipa::path(get, path = "/api/v1/admin/retention", params(AskRetention), responses((status = 200, body = WouldGoEverywhere)))]
async fn retention(gate: Allow<ManageSettings>, query: Query<AskRetention>) -> Result<HttpResponse> {
    let days = query.0.days.unwrap_or(gate.ground().settings.get().keep_messages_days);
    let going = gate.read(move |conn, _, actor| chat::would_go_everywhere(conn, days, actor.now)).await?;
    Ok(HttpResponse::Ok().json(going))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FindActs {
    /// Only rows before this one.
    before: Option<AuditId>,
    /// Only acts that begin like this: `members.` or `members.ban`.
    act: Option<String>,
    /// 1–200.
    limit: Option<i64>,
}

/// The audit log, newest first.
#[utoipa::path(get, path = "/api/v1/admin/audit", params(FindActs), responses((status = 200, body = AuditPage)))]
async fn audit(gate: Allow<ReadAudit>, query: Query<FindActs>) -> Result<HttpResponse> {
    let FindActs { before, act, limit: asked } = query.0;
    let limit = limit(asked)?;
    let page =
        gate.read(move |conn, may, actor| actions::audit_page(conn, may, actor.member, act.as_deref(), (before, limit), actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FindLetters {
    /// Only letters before this one.
    before: Option<LetterId>,
    /// 1–200.
    limit: Option<i64>,
}

/// The outbox, newest first.
#[utoipa::path(get, path = "/api/v1/admin/mail", params(FindLetters), responses((status = 200, body = Page<LetterItem>)))]
async fn letters(gate: Allow<ReadMail>, query: Query<FindLetters>) -> Result<HttpResponse> {
    let FindLetters { before, limit: asked } = query.0;
    let limit = limit(asked)?;
    let page = gate.read(move |conn, may, _| actions::mail_page(conn, may, before, limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One letter with its text.
#[utoipa::path(get, path = "/api/v1/admin/mail/{letter}", params(("letter" = LetterId, Path)), responses((status = 200, body = LetterText)))]
async fn letter(gate: Allow<ReadLetter>) -> Result<HttpResponse> {
    let letter = gate.read(|conn, may, _| mail::letter(conn, may.letter())).await?;
    Ok(HttpResponse::Ok().json(LetterText::from(letter)))
}

/// The community in numbers.
#[utoipa::path(get, path = "/api/v1/admin/summary", responses((status = 200, body = Summary)))]
async fn summary(gate: Allow<OpenDashboard>, metrics: Metrics) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let summary = gate.read(move |conn, may, actor| actions::summary(conn, may, &ground, metrics.uptime(), actor.now)).await?;
    Ok(HttpResponse::Ok().json(summary))
}

/// Checks the owner's part of the set-up by itself, as one leaves its step. Nothing is stored, and the link stays good.
#[utoipa::path(post, path = "/api/v1/setup/check", request_body = SetUpOwner, responses((status = 204), (status = 410, description = "set up already, or the link is over"), (status = 422, description = "the problems of the fields")))]
async fn check_set_up(gate: Public, body: Body<SetUpOwner>) -> Result<HttpResponse> {
    gate.ground().rates.count(RateClass::SignInAddress, address_key(gate.visitor().address))?;
    gate.read(move |conn, actor| actions::check_owner(conn, &body.value, actor.now)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes the owner, the community and its first rooms, by the link that was printed at the first start. Works once; sets the session
/// cookie.
#[utoipa::path(post, path = "/api/v1/setup", request_body = SetUp, responses((status = 201, body = SetUpDone), (status = 410, description = "set up already, or the link is over")))]
async fn set_up(gate: Public, body: Body<SetUp>, members: Data<Members>, request: HttpRequest) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    ground.rates.count(RateClass::SignInAddress, address_key(visitor.address))?;
    let (code, now) = (body.value.owner.code.clone(), ground.clock.now());
    gate.read(move |conn, _| actions::check(conn, &code, now)).await?;
    let founding = body.value.checked(visitor.language)?;
    let hash = members.hasher.make(founding.password.clone()).await?;
    let founding = founding.with_hash(hash);
    let (needs, asked) = (members.clone(), visitor.clone());
    let turn = ground.settings.in_order().await;
    let cell = ground.settings.clone();
    let write = ground.db.write(move |tx| {
        let founded = actions::found(tx, founding, &needs, &asked)?;
        cell.put_with(tx, &founded.settings, turn);
        Ok(founded)
    });
    let founded = write.await?;
    let token = (!visitor.is_browser).then(|| founded.token.reveal().to_owned());
    let answer = SetUpDone { member: founded.member, token, reachable: actions::is_reachable(&site_address(&ground.config)) };
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .cookie(session_cookie(&request, &visitor, &founded.token))
        .json(answer))
}
