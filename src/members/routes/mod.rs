//! The API of members: URL, gate, action, JSON. No decisions.

mod account;
mod admin_members;
mod invites;
mod me;
mod members;
mod roles;

pub(super) use account::Code;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::OpenApi;

use crate::access::{PAGE_MOST, Routes, Token, Visitor, page_limit};
use crate::error::Result;
use crate::http::{bound_port, session_cookie_name};
use crate::members::Members;

/// Registers every route of the API.
pub fn mount(routes: &mut Routes<'_>) {
    account::mount(routes);
    me::mount(routes);
    members::mount(routes);
    admin_members::mount(routes);
    invites::mount(routes);
    roles::mount(routes);
}

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut all = account::Api::openapi();
    for more in [me::Api::openapi(), members::Api::openapi(), admin_members::Api::openapi(), invites::Api::openapi(), roles::Api::openapi()]
    {
        all.merge(more);
    }
    all
}

fn limit(asked: Option<i64>) -> Result<i64> {
    page_limit(asked, PAGE_MOST)
}

/// What handlers need beside the ground.
type Needs = Data<Members>;

fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The session cookie with this secret: for this host and HTTPS alone, or, on plain HTTP at loopback, for this port.
#[must_use]
pub fn session_cookie(request: &HttpRequest, visitor: &Visitor, token: &Token) -> Cookie<'static> {
    cookie(request, visitor, token.reveal().to_owned(), Duration::days(90))
}

/// A cookie that takes the session cookie away.
fn no_session_cookie(request: &HttpRequest, visitor: &Visitor) -> Cookie<'static> {
    cookie(request, visitor, String::new(), Duration::ZERO)
}

fn cookie(request: &HttpRequest, visitor: &Visitor, value: String, age: Duration) -> Cookie<'static> {
    let name = session_cookie_name(visitor.is_secure, bound_port(request));
    Cookie::build(name, value).path("/").http_only(true).secure(visitor.is_secure).same_site(SameSite::Lax).max_age(age).finish()
}

/// An answer that nothing on the way may keep.
fn secret(mut response: actix_web::HttpResponseBuilder, body: impl Serialize) -> HttpResponse {
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
