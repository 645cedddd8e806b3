//! One's own account, sessions and tokens.

use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::OpenApi;

use super::{Needs, no_content, no_session_cookie, secret, session_cookie};
use crate::access::{Allow, Body, Page, Routes};
use crate::error::Result;
use crate::ids::SessionId;
use crate::members::actions::{self, MadeToken};
use crate::members::model::{Account, AccountChange, ApiToken, NewToken, Session, Status};
use crate::members::policy::{ChangeMe, EndMine, SeeMe};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(change, set_status, clear_status, delete, password, sessions, end_session, end_others, tokens, make_token, end_token))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .patch("/api/v1/me", change)
        .delete("/api/v1/me", delete)
        .put("/api/v1/me/status", set_status)
        .delete("/api/v1/me/status", clear_status)
        .post("/api/v1/me/password", password)
        .get("/api/v1/me/sessions", sessions)
        .post("/api/v1/me/sessions/end-others", end_others)
        .delete("/api/v1/me/sessions/{session}", end_session)
        .get("/api/v1/me/tokens", tokens)
        .post("/api/v1/me/tokens", make_token)
        .delete("/api/v1/me/tokens/{session}", end_token);
}

/// Changes profile, status, language, look or mail address; what is missing stays.
#[utoipa::path(patch, path = "/api/v1/me", request_body = AccountChange, responses((status = 200, body = Account)))]
async fn change(gate: Allow<ChangeMe>, body: Body<AccountChange>, members: Needs) -> Result<HttpResponse> {
    let account = actions::change_account(gate.ground(), gate.visitor(), &members, body.value).await?;
    Ok(HttpResponse::Ok().json(account))
}

async fn change_status(gate: Allow<ChangeMe>, members: Needs, status: Option<Status>) -> Result<HttpResponse> {
    let change = AccountChange { status: Some(status), ..AccountChange::default() };
    let account = gate.write(move |tx, may, _| actions::store_account(tx, may, &members.notices, change)).await?;
    Ok(HttpResponse::Ok().json(account))
}

/// Says something about now.
#[utoipa::path(put, path = "/api/v1/me/status", request_body = Status, responses((status = 200, body = Account)))]
async fn set_status(gate: Allow<ChangeMe>, body: Body<Status>, members: Needs) -> Result<HttpResponse> {
    change_status(gate, members, Some(body.value)).await
}

/// Takes the status away.
#[utoipa::path(delete, path = "/api/v1/me/status", responses((status = 200, body = Account)))]
async fn clear_status(gate: Allow<ChangeMe>, members: Needs) -> Result<HttpResponse> {
    change_status(gate, members, None).await
}

/// The password, to show that it is really them.
#[derive(Deserialize, utoipa::ToSchema)]
struct Goodbye {
    /// Password.
    #[serde(default)]
    password: String,
}

/// Deletes the account: a tombstone stays where the member wrote.
#[utoipa::path(delete, path = "/api/v1/me", request_body = Goodbye, responses((status = 204)))]
async fn delete(gate: Allow<ChangeMe>, body: Body<Goodbye>, members: Needs, request: HttpRequest) -> Result<HttpResponse> {
    actions::delete_account(gate.ground(), gate.visitor(), &members, &body.value.password).await?;
    Ok(HttpResponse::NoContent().cookie(no_session_cookie(&request, gate.visitor())).finish())
}

/// A change of password.
#[derive(Deserialize, utoipa::ToSchema)]
struct PasswordChange {
    /// The password until now.
    #[serde(default)]
    current: String,
    /// 10–256 characters.
    new: String,
}

/// Changes the password; other browsers and programs are signed out, and a browser that asks gets another cookie.
#[utoipa::path(post, path = "/api/v1/me/password", request_body = PasswordChange, responses((status = 204)))]
async fn password(gate: Allow<ChangeMe>, body: Body<PasswordChange>, members: Needs, request: HttpRequest) -> Result<HttpResponse> {
    let PasswordChange { current, new } = body.value;
    let token = actions::change_password(gate.ground(), gate.visitor(), &members, &current, &new).await?;
    let mut answer = HttpResponse::NoContent();
    if let Some(token) = token {
        answer.cookie(session_cookie(&request, gate.visitor(), &token));
    }
    Ok(answer.finish())
}

/// Browsers and programs that are signed in.
#[utoipa::path(get, path = "/api/v1/me/sessions", responses((status = 200, body = Page<Session>)))]
async fn sessions(gate: Allow<SeeMe>) -> Result<HttpResponse> {
    let items = gate.read(actions::sessions_of).await?;
    Ok(HttpResponse::Ok().json(Page::whole(items)))
}

/// Signs one of them out.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", params(("session" = SessionId, Path)), responses((status = 204)))]
async fn end_session(gate: Allow<EndMine>) -> Result<HttpResponse> {
    gate.write(|tx, may, _| actions::end_session(tx, may)).await?;
    Ok(no_content())
}

/// Signs all of them out but the one that asks.
#[utoipa::path(post, path = "/api/v1/me/sessions/end-others", responses((status = 204)))]
async fn end_others(gate: Allow<ChangeMe>) -> Result<HttpResponse> {
    gate.write(actions::end_other_sessions).await?;
    Ok(no_content())
}

/// API tokens.
#[utoipa::path(get, path = "/api/v1/me/tokens", responses((status = 200, body = Page<ApiToken>)))]
async fn tokens(gate: Allow<SeeMe>) -> Result<HttpResponse> {
    let items = gate.read(|conn, may, actor| actions::api_tokens(conn, may, actor.now)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(items)))
}

/// Makes an API token; its secret is shown only here. A repeated request makes another: an answer with a secret is not kept.
#[utoipa::path(post, path = "/api/v1/me/tokens", request_body = NewToken, responses((status = 201, body = MadeToken)))]
async fn make_token(gate: Allow<ChangeMe>, body: Body<NewToken>) -> Result<HttpResponse> {
    let made = gate.write(move |tx, may, actor| actions::make_api_token(tx, may, actor, &body.value)).await?;
    Ok(secret(HttpResponse::Created(), made))
}

/// Ends an API token.
#[utoipa::path(delete, path = "/api/v1/me/tokens/{session}", params(("session" = SessionId, Path)), responses((status = 204)))]
async fn end_token(gate: Allow<EndMine>) -> Result<HttpResponse> {
    gate.write(|tx, may, _| actions::end_session(tx, may)).await?;
    Ok(no_content())
}
