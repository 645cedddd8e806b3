//! The routes of this part: static files, the community's colours, health, and what the program is.

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use utoipa::OpenApi;

use super::door::lan;
use super::files::{HAS_PARTS, short_hash};
use super::{Site, about, health};
use crate::access::{Public, Routes};
use crate::config::TlsMode;
use crate::error::{Error, Found, Result};

/// Kept for a year: the address changes with the bytes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Kept, and asked for again each time.
const REVALIDATED: &str = "no-cache";
/// A drawing may bring its own colours, and nothing else.
const DRAWING_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const SVG: &str = "image/svg+xml";

/// The description of those routes that programs call.
#[derive(OpenApi)]
#[openapi(paths(health::healthz, health::readyz, health::numbers))]
struct Api;

/// The description of those routes that programs call.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/static/{version}/{path:.*}", file)
        .get("/community.css", community_style)
        .get("/favicon.svg", favicon)
        .get("/robots.txt", robots)
        .get("/lan/authority.pem", lan_authority)
        .get("/about", about::about)
        .get("/healthz", health::healthz)
        .get("/readyz", health::readyz)
        .get("/metrics", health::numbers);
    if HAS_PARTS {
        routes.get("/parts", about::parts).get("/parts/errors/{kind}", about::part_error);
    }
}

/// `GET /static/{version}/{path}`. An old version gives what is there now and is not kept, so that open pages go on working after an upgrade.
async fn file(_: Public, site: Site, request: HttpRequest) -> Result<HttpResponse> {
    let files = site.files();
    let file = files.get(request.match_info().query("path")).found()?;
    let is_current = files.is_immutable() && request.match_info().query("version") == files.version();
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CACHE_CONTROL, if is_current { FOR_EVER } else { REVALIDATED }))
        .insert_header((ETAG, file.etag.clone()))
        .insert_header((VARY, "Accept-Encoding"));
    if is_known(&request, &file.etag) {
        return Ok(answer.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    answer.insert_header((CONTENT_TYPE, file.content_type.clone()));
    if file.content_type == SVG {
        answer.insert_header((CONTENT_SECURITY_POLICY, DRAWING_POLICY));
    }
    if files.is_immutable()
        && takes_brotli(&request)
        && let Some(smaller) = file.brotli().await
    {
        return Ok(answer.insert_header((CONTENT_ENCODING, "br")).body(smaller));
    }
    Ok(answer.body(file.body.clone()))
}

/// `GET /community.css`: the hue that the administrators chose.
async fn community_style(_: Public, site: Site, request: HttpRequest) -> HttpResponse {
    let hue = site.settings().get().community_hue;
    revalidated(&request, "text/css; charset=utf-8", format!(":root{{--accent-hue:{hue}}}\n"))
}

/// `GET /favicon.svg`: our mark in the community's hue.
async fn favicon(_: Public, site: Site, request: HttpRequest) -> Result<HttpResponse> {
    let mark = site.files().text("icons/mark.svg").found()?;
    let path =
        mark.split_once("<path").and_then(|(_, rest)| rest.split_once(" d=\"")).and_then(|(_, rest)| rest.split('"').next()).found()?;
    let hue = site.settings().get().community_hue;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><style>path{{fill:oklch(.48 .075 {hue})}}\
         @media (prefers-color-scheme:dark){{path{{fill:oklch(.77 .09 {hue})}}}}</style><path fill-rule=\"evenodd\" d=\"{path}\"/></svg>\n"
    );
    let mut answer = revalidated(&request, SVG, svg);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, actix_web::http::header::HeaderValue::from_static(DRAWING_POLICY));
    Ok(answer)
}

/// `GET /lan/authority.pem`: the local authority that devices are to trust; there is none outside of a local network.
async fn lan_authority(gate: Public) -> Result<HttpResponse> {
    let ground = gate.ground();
    if ground.config.tls != TlsMode::Lan {
        return Err(Error::NotFound);
    }
    let (config, now) = (ground.config.clone(), ground.clock.now());
    let opened = actix_web::web::block(move || lan::open(&config, now)).await.map_err(Error::broken)?;
    let (authority, _) = opened.map_err(Error::broken)?;
    Ok(HttpResponse::Ok().content_type("application/x-pem-file").body(authority.pem().to_owned()))
}

/// `GET /robots.txt`: search engines may know the front page and nothing behind it.
async fn robots(_: Public) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body("User-agent: *\nAllow: /$\nDisallow: /\n")
}

/// A small text with its validator, or "not modified".
fn revalidated(request: &HttpRequest, content_type: &'static str, text: String) -> HttpResponse {
    let etag = format!("\"{}\"", short_hash(text.as_bytes()));
    let is_known = is_known(request, &etag);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((CACHE_CONTROL, REVALIDATED)).insert_header((ETAG, etag));
    if is_known { answer.finish() } else { answer.content_type(content_type).body(text) }
}

/// Does the browser have these bytes already?
fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let wanted = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    wanted.split(',').any(|each| each.trim().trim_start_matches("W/") == etag)
}

fn takes_brotli(request: &HttpRequest) -> bool {
    let wanted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    wanted.split(',').any(|each| {
        let (name, weight) = each.split_once(';').unwrap_or((each, ""));
        name.trim().eq_ignore_ascii_case("br") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}
