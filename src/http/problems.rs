//! The answer to errors: problem+json for programs, a designed page for people.

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, LOCATION, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use serde::Serialize;
use serde_json::json;

use super::{Looker, Site, headers};
use crate::access::{Ground, RouteTable, Visitor};
use crate::error::{Error, Problem};

/// What is known of a request after it was handed on.
pub struct Asked {
    /// Who asked.
    pub visitor: Visitor,
    /// Did they say that they read HTML?
    pub accepts_html: bool,
    /// Was it a GET?
    pub is_get: bool,
    /// Did the request pass the front, or was it refused before anybody looked who asks?
    pub is_admitted: bool,
    /// Path and query.
    pub target: String,
}

impl Asked {
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("/")
    }

    /// A call of the API?
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.path() == "/api" || self.path().starts_with("/api/")
    }

    /// One of the files that are the same for everyone?
    #[must_use]
    pub fn is_file(&self) -> bool {
        let path = self.path();
        path.starts_with("/static/") || ["/community.css", "/favicon.svg", "/robots.txt"].contains(&path)
    }

    /// Which group it is counted in.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.path() {
            "/live" => "live",
            "/healthz" | "/readyz" | "/metrics" => "health",
            _ if self.is_api() => "api",
            _ if self.is_file() => "file",
            _ => "page",
        }
    }

    /// Whoever came by a wrong name in a browser gets a page at every path: a program of ours would not have come there.
    fn wants_page(&self, status: StatusCode) -> bool {
        self.accepts_html && (matches!(self.class(), "page" | "health") || status == StatusCode::MISDIRECTED_REQUEST)
    }

    /// Is the answer one that must cost nothing, because there are too many requests already or this one is none of ours?
    fn is_turned_away(&self, status: StatusCode) -> bool {
        let turned_away = [StatusCode::MISDIRECTED_REQUEST, StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        !self.is_admitted || turned_away.contains(&status)
    }

    /// Who looks at the answer, if it is the page of an error; a stranger otherwise, without asking.
    pub async fn looker(&self, status: StatusCode, ground: &Ground, site: &Site) -> Looker {
        let is_error = status.is_client_error() || status.is_server_error();
        if is_error && self.wants_page(status) && !self.is_turned_away(status) {
            site.looker(ground, &self.visitor).await
        } else {
            Looker::stranger(self.visitor.language)
        }
    }
}

/// What went wrong, as far as it is told.
struct Failure<'a> {
    status: StatusCode,
    code: &'static str,
    problems: &'a [Problem],
    retry_after_ms: Option<u64>,
    /// The community's own words, in the place of ours.
    said: Option<&'a str>,
    allow: Option<String>,
}

impl<'a> Failure<'a> {
    fn of(error: &'a Error) -> Self {
        let problems = if let Error::Invalid(problems) = error { problems.as_slice() } else { &[] };
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code: error.code(), problems, retry_after_ms: error.retry_after_ms(), said: error.said(), allow: None }
    }

    /// A status that did not come from an error of ours: an unknown path, a wrong method, or what the framework itself refuses.
    fn of_status(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            404 => "error.not_found",
            405 => "error.method",
            408 => "error.timeout",
            413 => "error.too_large",
            415 => "error.media_type",
            code if code >= 500 => "error.broken",
            _ => "error.bad_request",
        };
        Self { status, code, problems: &[], retry_after_ms: None, said: None, allow: None }
    }
}

/// Gives words and a form to an answer that is an error without a body of its own; others pass.
#[must_use]
pub fn dress(
    response: ServiceResponse<BoxBody>,
    asked: &Asked,
    site: &Site,
    looker: &Looker,
    table: &RouteTable,
) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let failure = match response.response().error() {
        Some(error) => told(error, status, asked),
        None if matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0)) => unrouted(status, asked, table),
        None => return response,
    };
    let answer = answer(&failure, asked, site, looker);
    response.into_response(answer)
}

/// The answer when the request itself is gone: a middleware failed, or, without an error, a handler panicked, which wrote where.
#[must_use]
pub fn lost(error: Option<&actix_web::Error>, asked: &Asked, site: &Site, looker: &Looker) -> HttpResponse {
    let failure = if let Some(error) = error {
        told(error, error.as_response_error().status_code(), asked)
    } else {
        tracing::error!(request_id = asked.visitor.request_id, "a handler panicked");
        Failure::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    };
    answer(&failure, asked, site, looker)
}

/// What is told of an error; what is our own fault is written to the log, once.
fn told<'a>(error: &'a actix_web::Error, status: StatusCode, asked: &Asked) -> Failure<'a> {
    let known = error.as_error::<Error>();
    let failure = known.map_or_else(|| Failure::of_status(status), Failure::of);
    if matches!(known, Some(Error::Broken(_))) || (known.is_none() && status.is_server_error()) {
        tracing::error!(request_id = asked.visitor.request_id, %error, "a request failed");
    }
    failure
}

/// An empty 404 means that no route fits path and method; the path alone may be known.
fn unrouted(status: StatusCode, asked: &Asked, table: &RouteTable) -> Failure<'static> {
    if status != StatusCode::NOT_FOUND {
        return Failure::of_status(status);
    }
    let mut methods: Vec<String> = table.rows().into_iter().filter(|row| fits(&row.path, asked.path())).map(|row| row.method).collect();
    methods.dedup();
    if methods.is_empty() {
        return Failure::of_status(status);
    }
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".to_owned());
    }
    Failure { allow: Some(methods.join(", ")), ..Failure::of_status(StatusCode::METHOD_NOT_ALLOWED) }
}

/// Is `path` one that the pattern, with names in braces, stands for?
fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        if wanted.starts_with('{') && wanted.contains(":.*") {
            return true;
        }
        match parts.next() {
            Some(part) if wanted == part || (wanted.starts_with('{') && !part.is_empty()) => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

fn answer(failure: &Failure<'_>, asked: &Asked, site: &Site, looker: &Looker) -> HttpResponse {
    let mut answer = if asked.wants_page(failure.status) { page(failure, asked, site, looker) } else { problem(failure, asked, site) };
    let all = answer.headers_mut();
    all.insert(VARY, actix_web::http::header::HeaderValue::from_static("Accept, Accept-Language"));
    if let Some(ms) = failure.retry_after_ms {
        all.insert(RETRY_AFTER, ms.div_ceil(1_000).max(1).into());
    }
    if let Some(allow) = failure.allow.as_deref().and_then(|methods| methods.parse().ok()) {
        all.insert(ALLOW, allow);
    }
    answer
}

/// `application/problem+json`, as `docs/protocol.md` describes it.
fn problem(failure: &Failure<'_>, asked: &Asked, site: &Site) -> HttpResponse {
    let language = asked.visitor.language;
    let words = |code: &str| site.words().t(language, code, &[]);
    let problems: Vec<_> =
        failure.problems.iter().map(|each| json!({ "field": each.field, "code": each.code, "detail": words(each.code) })).collect();
    let mut body = json!({
        "type": "about:blank",
        "title": failure.status.canonical_reason().unwrap_or("Error"),
        "status": failure.status.as_u16(),
        "code": failure.code,
        "detail": failure.said.map_or_else(|| words(failure.code), str::to_owned),
        "problems": problems,
    });
    if let Some(ms) = failure.retry_after_ms {
        body["retry_after_ms"] = ms.into();
    }
    if failure.status.is_server_error() {
        body["reference"] = asked.visitor.request_id.as_str().into();
    }
    let mut answer = HttpResponse::build(failure.status);
    answer.content_type("application/problem+json").insert_header((CACHE_CONTROL, headers::PRIVATE));
    if failure.status == StatusCode::UNAUTHORIZED {
        answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    answer.body(body.to_string())
}

/// What the templates of errors see.
#[derive(Serialize)]
struct ErrorPage<'a> {
    kind: &'a str,
    title: String,
    sentence: String,
    reference: Option<&'a str>,
}

/// The designed page; a redirect to the sign-in for those who are not signed in.
fn page(failure: &Failure<'_>, asked: &Asked, site: &Site, looker: &Looker) -> HttpResponse {
    let visitor = &asked.visitor;
    if failure.status == StatusCode::UNAUTHORIZED && asked.is_get && asked.path() != "/sign-in" {
        let to = format!("/sign-in?next={}", encoded(&asked.target));
        return HttpResponse::SeeOther().insert_header((LOCATION, to)).insert_header((CACHE_CONTROL, headers::PRIVATE)).finish();
    }
    let (kind, template, title) = match failure.status.as_u16() {
        401 => ("sign_in", "errors/known.html", "shell.error_sign_in_title"),
        402 | 403 => ("forbidden", "errors/known.html", "shell.error_forbidden_title"),
        404 => ("not_found", "errors/known.html", "shell.error_not_found_title"),
        503 => ("restarting", "errors/known.html", "shell.error_restarting_title"),
        code if code >= 500 => ("broken", "errors/known.html", "shell.error_broken_title"),
        410 => ("gone", "errors/other.html", "error.gone_title"),
        421 => ("wrong_host", "errors/other.html", "error.wrong_host_title"),
        429 => ("slow_down", "errors/other.html", "error.slow_down_title"),
        _ => ("bad_request", "errors/other.html", "error.bad_request_title"),
    };
    let words = |key: &str| site.words().t(&looker.language, key, &[]);
    let own = ErrorPage {
        kind,
        title: words(title),
        sentence: words(failure.code),
        reference: failure.status.is_server_error().then_some(visitor.request_id.as_str()),
    };
    site.page_with_status(failure.status, looker, visitor, template, own).unwrap_or_else(|error| {
        tracing::error!(request_id = visitor.request_id, %error, "the page for an error could not be made");
        let text = format!("{}\n{}\n", words(failure.code), visitor.request_id);
        HttpResponse::build(failure.status)
            .content_type("text/plain; charset=utf-8")
            .insert_header((CACHE_CONTROL, headers::PRIVATE))
            .body(text)
    })
}

/// A path and query as the value of one parameter.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        use std::fmt::Write;
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_its_pattern_part_by_part() {
        assert!(fits("/api/v1/rooms/{room}", "/api/v1/rooms/5") && fits("/static/{version}/{path:.*}", "/static/a/b/c"));
        for path in ["/api/v1/rooms", "/api/v1/rooms/", "/api/v1/rooms/5/x"] {
            assert!(!fits("/api/v1/rooms/{room}", path), "{path}");
        }
    }

    #[test]
    fn a_target_is_one_parameter() {
        assert_eq!(encoded("/r/5?a=b&c=é//x"), "/r/5%3Fa%3Db%26c%3D%C3%A9//x");
    }
}
