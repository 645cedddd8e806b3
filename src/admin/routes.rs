//! The API of the dashboard: URL, gate, action, JSON. No decisions.

mod running;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::OpenApi;

use super::actions::{self, Wish};
use super::model::{AuditPage, LetterItem, LetterText, SetUp, SetUpDone, SetUpOwner, SettingChange, Summary, Undo};
use super::policy::{ManageSettings, OpenDashboard, ReadAudit, ReadLetter, ReadMail};
use crate::access::{Actor, Allow, Body, PAGE_MOST, Page, Public, Query, RateClass, Routes, address_key, page_limit};
use crate::billing::Billing;
use crate::chat::{self, WouldGoEverywhere};
use crate::error::{Error, Result};
use crate::http::Metrics;
use crate::ids::{AuditId, LetterId};
use crate::mail;
use crate::members::{self, Members, session_cookie, site_address};
use crate::settings::Settings;
use crate::storage::{Conn, Tx};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(settings, change_settings, history, undo, retention, audit, letters, letter, summary, check_set_up, set_up))]
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
        .get("/api/v1/admin/settings/history", history)
        .post("/api/v1/admin/settings/undo", undo)
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

/// Some settings, and what goes beside them.
#[derive(Deserialize, utoipa::ToSchema)]
#[expect(dead_code, reason = "the shape of a body whose settings are looked at one by one")]
struct SettingsChange {
    /// Those that are to change.
    #[serde(flatten)]
    settings: Settings,
    /// As one saw them before: what was left as it was seen is not touched, and what somebody else changed since is not overwritten.
    seen: Option<Settings>,
    /// The password of the member who asks, where messages would be deleted; who has none leaves it out.
    password: Option<String>,
}

/// Changes the settings that are named; the answer is all of them. With `seen`, an object of the values that one saw, only those that differ
/// from it are changed, and none that somebody else changed meanwhile. Keeping messages for a shorter time than before deletes some: that
/// wants the `password` of the member who asks beside them; who has none leaves it out.
#[utoipa::path(patch, path = "/api/v1/admin/settings", request_body = SettingsChange, responses((status = 200, body = Settings), (status = 422, description = "a value does not fit, or was changed since it was seen, or the password is wrong")))]
async fn change_settings(
    gate: Allow<ManageSettings>,
    first: Allow<ManageSettings>,
    body: Body<Map<String, Value>>,
    billing: Data<Billing>,
    members: Data<Members>,
) -> Result<HttpResponse> {
    let mut changes = body.value;
    let password = match changes.remove("password") {
        None => String::new(),
        Some(Value::String(password)) => password,
        Some(_) => return Err(Error::invalid("password", "error.body")),
    };
    let seen = match changes.remove("seen") {
        None | Some(Value::Null) => None,
        Some(Value::Object(seen)) => Some(seen),
        Some(_) => return Err(Error::invalid("seen", "error.body")),
    };
    let (named, saw) = (changes.clone(), seen.clone());
    let wish = move |conn: &mut Conn| actions::would_delete(conn, &Wish { changes: &named, seen: saw.as_ref(), asked_again: false });
    let asked_again = first.read(move |conn, _, _| wish(conn)).await?;
    if asked_again {
        members::ask_again(gate.ground(), gate.visitor(), &members, &password).await?;
    }
    put(gate, move |tx, may, actor| {
        actions::change_settings(tx, may, actor, &billing, &Wish { changes: &changes, seen: seen.as_ref(), asked_again })
    })
    .await
}

/// Changes settings in their turn; they are in force with the commit.
async fn put(
    gate: Allow<ManageSettings>,
    change: impl FnOnce(&mut Tx<'_>, &ManageSettings, &Actor) -> Result<Settings> + Send + 'static,
) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let turn = ground.settings.in_order().await;
    let cell = ground.settings.clone();
    let write = gate.write(move |tx, may, actor| {
        let settings = change(tx, may, actor)?;
        cell.put_with(tx, &settings, turn);
        Ok(settings)
    });
    Ok(HttpResponse::Ok().json(write.await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FindChanges {
    /// Only of this setting.
    name: Option<String>,
    /// Only changes before this one.
    before: Option<AuditId>,
    /// 1–200.
    limit: Option<i64>,
}

/// How settings were changed, newest first.
#[utoipa::path(get, path = "/api/v1/admin/settings/history", params(FindChanges), responses((status = 200, body = Page<SettingChange>)))]
async fn history(gate: Allow<ManageSettings>, query: Query<FindChanges>) -> Result<HttpResponse> {
    let FindChanges { name, before, limit: asked } = query.0;
    let limit = limit(asked)?;
    let page = gate.read(move |conn, may, actor| actions::setting_history(conn, may, name.as_deref(), (before, limit), actor.now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Sets a setting to what it was before a change; the answer is all of them. Where that deletes messages, it wants the `password` of the
/// member who asks; who has none leaves it out.
#[utoipa::path(post, path = "/api/v1/admin/settings/undo", request_body = Undo, responses((status = 200, body = Settings), (status = 409, description = "changed again since"), (status = 422, description = "what it was does not fit any more, or the password is wrong")))]
async fn undo(
    gate: Allow<ManageSettings>,
    first: Allow<ManageSettings>,
    body: Body<Undo>,
    billing: Data<Billing>,
    members: Data<Members>,
) -> Result<HttpResponse> {
    let Undo { change, name, password } = body.value;
    let named = name.clone();
    let asked_again = first.read(move |conn, _, _| actions::undo_deletes(conn, (change, &named))).await?;
    if asked_again {
        members::ask_again(gate.ground(), gate.visitor(), &members, &password.unwrap_or_default()).await?;
    }
    put(gate, move |tx, may, actor| actions::undo_setting(tx, may, actor, &billing, (change, &name), asked_again)).await
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
