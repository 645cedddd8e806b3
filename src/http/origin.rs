//! What the headers of a request say of where it comes from, put to the rules of the front door.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN, UPGRADE};

use super::door::{host, proxy};
use crate::config::{Config, TlsMode};
use crate::error::{Error, RefusalKind, Result};

/// By which a browser tells whether a page of ours caused the request.
pub const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Headers by which a proxy shows itself.
const OF_PROXIES: [&str; 6] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/// What the machine asks itself, beside the public address.
const OF_THE_MACHINE: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// All values of a header, joined by commas: one that is there twice is equal to nothing that is expected.
#[must_use]
pub fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let all: Vec<&str> = headers.get_all(name).map(|value| value.to_str().unwrap_or("\u{fffd}")).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// The visitor's own address: the peer's, or what proxies of ours tell.
#[must_use]
pub fn address(headers: &HeaderMap, peer: Option<SocketAddr>, config: &Config) -> Option<IpAddr> {
    let (chain, proto) = (joined(headers, "x-forwarded-for"), joined(headers, "x-forwarded-proto"));
    peer.map(|peer| proxy::client(peer.ip(), &config.trusted_proxies, chain.as_deref(), proto.as_deref()).0)
}

/// Does a program on this machine speak to us directly, by a name that the machine has for itself?
#[must_use]
pub fn is_from_this_machine(headers: &HeaderMap, peer: Option<SocketAddr>, config: &Config, port: u16) -> bool {
    let is_loopback = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let names_itself = host::host_is_loopback(joined(headers, HOST.as_str()).as_deref(), config.tls != TlsMode::Off, port);
    is_loopback && names_itself && !OF_PROXIES.iter().any(|name| headers.contains_key(*name))
}

/// A request, as far as these rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Knock<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its method.
    pub method: &'a Method,
    /// Its path.
    pub path: &'a str,
    /// The host in the request line, which browsers leave out.
    pub authority: Option<&'a str>,
    /// The other end of the connection.
    pub peer: Option<SocketAddr>,
    /// The port on which it came in.
    pub port: u16,
}

impl Knock<'_> {
    /// Does the request name this server, once?
    ///
    /// # Errors
    /// 421 `error.wrong_host`.
    pub fn check_host(&self, config: &Config) -> Result<()> {
        let host = joined(self.headers, HOST.as_str());
        let agrees = self.authority.is_none_or(|authority| host.as_deref().is_some_and(|host| host.eq_ignore_ascii_case(authority)));
        let is_ours = host::host_is_ours(host.as_deref(), config, self.port)
            || (OF_THE_MACHINE.contains(&self.path) && is_from_this_machine(self.headers, self.peer, config, self.port));
        if agrees && is_ours { Ok(()) } else { Err(Error::refused(RefusalKind::WrongHost, "error.wrong_host")) }
    }

    /// Refuses what another site caused. A request that carries our cookie must show that a page of ours sent it, unless it only reads;
    /// one without may be silent, but not come from elsewhere.
    ///
    /// # Errors
    /// 403 `access.foreign_origin`.
    pub fn check_cause(&self, config: &Config, has_cookie: bool) -> Result<()> {
        let text = |name: &str| joined(self.headers, name);
        let (site, origin, host) = (text(FETCH_SITE.as_str()), text(ORIGIN.as_str()), text(HOST.as_str()));
        let may = if self.headers.contains_key(UPGRADE) {
            // A socket is opened with GET and then writes. Browsers always say which page opened it.
            let is_silent = origin.is_none() && !has_cookie;
            is_silent || host::origin_is_ours(origin.as_deref(), host.as_deref(), config, self.port)
        } else if matches!(*self.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            true
        } else {
            let is_silent = site.is_none() && origin.is_none() && !has_cookie;
            is_silent || host::allows_unsafe(site.as_deref(), origin.as_deref(), host.as_deref(), config, self.port)
        };
        if may { Ok(()) } else { Err(Error::forbidden("access.foreign_origin")) }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;
    use crate::http::tests::config;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.append(HOST, HeaderValue::from_static("localhost:8080"));
        for (name, value) in all {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    fn knock<'a>(headers: &'a HeaderMap, method: &'a Method, path: &'a str) -> Knock<'a> {
        let peer = Some("127.0.0.1:4000".parse().expect("address"));
        Knock { headers, method, path, authority: None, peer, port: 8080 }
    }

    #[test]
    fn a_host_stands_there_once_and_agrees_with_the_request_line() {
        let (config, plain) = (config(), headers(&[]));
        let get = knock(&plain, &Method::GET, "/");
        assert!(get.check_host(&config).is_ok());
        assert!(Knock { authority: Some("evil.example"), ..get }.check_host(&config).is_err());
        assert!(Knock { port: 81, ..get }.check_host(&config).is_err());
        let twice = headers(&[("host", "evil.example")]);
        assert!(knock(&twice, &Method::GET, "/").check_host(&config).is_err());
    }

    #[test]
    fn beside_a_public_address_the_machine_asks_only_for_its_health() {
        let config = Config { public_url: Some("https://talk.example.org".to_owned()), ..config() };
        let (plain, proxied) = (headers(&[]), headers(&[("x-forwarded-for", "192.0.2.1")]));
        assert!(knock(&plain, &Method::GET, "/metrics").check_host(&config).is_ok());
        assert!(knock(&plain, &Method::GET, "/").check_host(&config).is_err());
        assert!(knock(&proxied, &Method::GET, "/metrics").check_host(&config).is_err());
        let from_afar = Knock { peer: Some("192.0.2.1:9".parse().expect("address")), ..knock(&plain, &Method::GET, "/metrics") };
        assert!(from_afar.check_host(&config).is_err());
    }

    #[test]
    fn what_another_site_caused_is_refused() {
        let (config, own) = (config(), "http://localhost:8080");
        let check = |method: Method, cookie: bool, all: &[_]| knock(&headers(all), &method, "/").check_cause(&config, cookie).is_ok();
        assert!(check(Method::POST, true, &[("sec-fetch-site", "same-origin")]));
        assert!(check(Method::POST, true, &[("origin", own)]));
        assert!(check(Method::POST, false, &[]));
        assert!(check(Method::GET, true, &[("sec-fetch-site", "cross-site")]));
        for bad in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "http://evil.example")],
            &[("origin", "http://localhost:81")],
            &[("origin", "http://x.localhost:8080")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("origin", own), ("origin", "http://evil.example")],
        ] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert!(!check(method, true, bad), "{bad:?}");
            }
            assert!(bad.is_empty() || !check(Method::POST, false, bad), "a foreign page may not sign anybody in: {bad:?}");
        }
        let socket = |cookie: bool, origin: Option<&'static str>| {
            let all: Vec<_> = [("upgrade", "websocket")].into_iter().chain(origin.map(|origin| ("origin", origin))).collect();
            check(Method::GET, cookie, &all)
        };
        assert!(socket(true, Some(own)) && socket(false, None));
        assert!(!socket(true, None) && !socket(true, Some("http://evil.example")) && !socket(false, Some("http://evil.example")));
    }
}
