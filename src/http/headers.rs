//! Security headers: the content policy of pages and of everything else, and what every answer carries.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use crate::config::{Config, TlsMode};

/// The policy of answers that are not pages: they may do nothing, should a browser show them.
const BARE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What every answer carries.
const ALWAYS: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()",
    ),
];

/// A year.
const HSTS: &str = "max-age=31536000";

/// Never kept, neither by the browser nor on the way.
pub const PRIVATE: &str = "no-store, private";

/// The content policy of one page. `socket` is the address of the live socket's origin, when it is not simply our own.
#[must_use]
pub fn page_policy(nonce: &str, socket: Option<&str>) -> String {
    let socket = socket.map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self' 'nonce-{nonce}'; img-src 'self' blob:; \
         media-src 'self' blob:; font-src 'self'; connect-src 'self'{socket}; worker-src 'self'; manifest-src 'self'; frame-src 'none'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'; require-trusted-types-for 'script'; \
         trusted-types rialto-template rialto-body"
    )
}

/// The origin of the live socket under a public address: `wss://talk.example.org`.
#[must_use]
pub fn socket_origin(config: &Config) -> Option<String> {
    let url = config.public_url.as_deref()?;
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next().unwrap_or(rest);
    Some(format!("{}://{host}", if scheme == "https" { "wss" } else { "ws" }))
}

/// Puts in what is missing. A handler's own policy and caching stay, except that nothing of a known visitor or of the API is kept.
pub fn complete(headers: &mut HeaderMap, config: &Config, is_private: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(BARE_POLICY));
    }
    if is_private {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(PRIVATE));
    } else if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    // A local authority's certificate is trusted by hand and may go away: only names that stay are pinned to HTTPS.
    if matches!(config.tls, TlsMode::Domain(_) | TlsMode::Files { .. }) {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
}
