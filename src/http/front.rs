//! The outermost middleware: who knocks, what is refused at once, what every answer carries, and one line in the log for each.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, HOST, HeaderName, HeaderValue, ORIGIN, UPGRADE, USER_AGENT};
use actix_web::http::uri::{Authority, PathAndQuery};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::FutureExt;

use super::door::host;
use super::origin::{self, FETCH_SITE, Knock};
use super::problems::{self, Asked};
use super::{BoundPort, Metrics, Site, headers};
use crate::access::{Credential, Ground, RouteTable, Visitor, hash_token};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::text::LANGUAGES;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Most characters of a program's name for itself.
const USER_AGENT_CHARS: usize = 200;
/// Most characters of an idempotency key.
const KEY_CHARS: usize = 200;

/// The name of the session cookie: bound to HTTPS and this host, or, on plain HTTP at loopback, to the port, which cookies do not know.
#[must_use]
pub fn session_cookie_name(is_secure: bool, bound_port: u16) -> String {
    if is_secure { "__Host-rialto".to_owned() } else { format!("rialto-{bound_port}") }
}

/// The port on which the connection of this request came in; what was configured may have been 0.
#[must_use]
pub fn bound_port(request: &HttpRequest) -> u16 {
    request.app_data::<BoundPort>().map_or_else(|| request.app_config().local_addr().port(), |bound| bound.0)
}

/// Was the request sent by a page of ours? For what is read with GET and then writes: the live socket.
#[must_use]
pub fn origin_is_ours(request: &HttpRequest, ground: &Ground) -> bool {
    let text = |name: &HeaderName| origin::joined(request.headers(), name.as_str());
    host::origin_is_ours(text(&ORIGIN).as_deref(), text(&HOST).as_deref(), &ground.config, bound_port(request))
}

/// Wraps everything: `App::new().wrap(from_fn(front))`, as the last `wrap`.
///
/// # Errors
/// When a handler panicked or another middleware failed: the error is the finished answer. Or when the program was put together without ground, site or metrics.
pub async fn front(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let (Some(ground), Some(site), Some(metrics)) =
        (request.app_data::<Data<Ground>>().cloned(), request.app_data::<Site>().cloned(), request.app_data::<Metrics>().cloned())
    else {
        return Err(Error::broken("the application's data is incomplete").into());
    };
    let config = ground.config.clone();
    let table = request.app_data::<RouteTable>().cloned().unwrap_or_default();
    let method = request.method().clone();
    if method == Method::HEAD && !request.headers().contains_key(UPGRADE) {
        // Whoever answers GET answers HEAD; the framework leaves out the body. A WebSocket without one is none.
        request.head_mut().method = Method::GET;
    }
    let (visitor, admitted) = knock(&request, &ground, &site);
    let asked = asked(&request, visitor.clone(), admitted.is_ok());
    request.extensions_mut().insert(visitor);
    let answered = match admitted {
        Err(error) => Ok(Ok(request.error_response(error))),
        Ok(()) => AssertUnwindSafe(next.call(request)).catch_unwind().await.map(|done| done.map(ServiceResponse::map_into_boxed_body)),
    };
    let finished = Finished { started, method, asked, metrics };
    match answered {
        Ok(Ok(response)) => {
            let looker = finished.asked.looker(response.status(), &ground, &site).await;
            let mut response = problems::dress(response, &finished.asked, &site, &looker, &table);
            let pattern = response.request().match_pattern().unwrap_or_else(|| "-".to_owned());
            finished.note(response.response_mut(), &config, &pattern);
            Ok(response)
        }
        lost => {
            // The request is gone with what failed, so the finished answer leaves as an error.
            let looker = finished.asked.looker(StatusCode::INTERNAL_SERVER_ERROR, &ground, &site).await;
            let mut response = problems::lost(lost.ok().and_then(Result::err).as_ref(), &finished.asked, &site, &looker);
            finished.note(&mut response, &config, "-");
            Err(InternalError::from_response("answered in full", response).into())
        }
    }
}

/// What is left to do with an answer.
struct Finished {
    started: Instant,
    method: Method,
    asked: Asked,
    metrics: Metrics,
}

impl Finished {
    /// Completes the headers, counts, and writes the line.
    fn note(&self, response: &mut HttpResponse, config: &Config, pattern: &str) {
        let visitor = &self.asked.visitor;
        let is_private = !self.asked.is_file() && (visitor.credential.is_some() || self.asked.is_api());
        headers::complete(response.headers_mut(), config, is_private);
        if let Ok(id) = HeaderValue::from_str(&visitor.request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let status = response.status().as_u16();
        let took = self.started.elapsed();
        self.metrics.count(self.asked.class(), status);
        self.metrics.time(self.asked.class(), took);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(target: "rialto::access", method = %self.method, route = pattern, status, ms, request_id = visitor.request_id, "answered");
    }
}

/// Who knocks, and whether the request may go on. The visitor is known even then, for the words of the refusal.
fn knock(request: &ServiceRequest, ground: &Ground, site: &Site) -> (Visitor, Result<()>) {
    let all = request.headers();
    let (config, port) = (&ground.config, bound_port(request.request()));
    let is_secure = config.is_https();
    let cookie = request.cookie(&session_cookie_name(is_secure, port)).filter(|cookie| !cookie.value().is_empty());
    let authorization = origin::joined(all, AUTHORIZATION.as_str());
    let bearer = authorization.as_deref().and_then(bearer_token);
    let key = origin::joined(all, IDEMPOTENCY_KEY.as_str());
    let fits = key.as_ref().is_none_or(|key| (1..=KEY_CHARS).contains(&key.chars().count()));
    let credential = match (bearer, &cookie) {
        (Some(token), _) => Some(Credential::Bearer(hash_token(token))),
        (None, Some(cookie)) => Some(Credential::Cookie(hash_token(cookie.value()))),
        (None, None) => None,
    };
    let has_cookie = bearer.is_none() && cookie.is_some();
    let (method, path) = (request.method(), request.path());
    let authority = request.uri().authority().map(Authority::as_str);
    let knock = Knock { headers: all, method, path, authority, peer: request.peer_addr(), port };
    let mut admitted = knock.check_host(config);
    if bearer.is_none() {
        admitted = admitted.and_then(|()| knock.check_cause(config, has_cookie));
    }
    if !fits {
        admitted = admitted.and(Err(Error::invalid("", "error.idempotency_key_length")));
    }
    let visitor = Visitor {
        credential,
        address: origin::address(all, request.peer_addr(), config),
        language: language(request, site),
        user_agent: user_agent(request),
        is_browser: all.contains_key(ORIGIN) || all.contains_key(FETCH_SITE),
        is_secure,
        route: format!("{method} {path}"),
        idempotency_key: key.filter(|_| fits),
        request_id: request_id(),
        signals: ground.hub.signalled(),
    };
    (visitor, admitted)
}

fn asked(request: &ServiceRequest, visitor: Visitor, is_admitted: bool) -> Asked {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Asked {
        accepts_html: accept.contains("text/html"),
        is_get: *request.method() == Method::GET,
        is_admitted,
        target: request.uri().path_and_query().map_or("/", PathAndQuery::as_str).to_owned(),
        visitor,
    }
}

/// The token of `Bearer …`.
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && (1..=512).contains(&token.len())).then_some(token)
}

/// The language that the browser asks for, or the community's when it asks for none.
fn language(request: &ServiceRequest, site: &Site) -> &'static str {
    match request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).filter(|value| !value.trim().is_empty()) {
        Some(wanted) => site.words().pick(wanted),
        None => {
            let chosen = site.settings().get();
            LANGUAGES.into_iter().find(|known| *known == chosen.default_language).unwrap_or(LANGUAGES[0])
        }
    }
}

fn user_agent(request: &ServiceRequest) -> String {
    let text = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS).collect()
}

/// Twelve hex digits: enough to find one request in a log.
fn request_id() -> String {
    let mut bytes = [0_u8; 6];
    // Without randomness the requests share an id; nothing rests on it being unique.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
