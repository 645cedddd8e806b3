//! Where a request comes from: the host it names, the proxy it came through, and the page that caused it.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN, UPGRADE};
use ipnet::IpNet;

use crate::config::{Config, TlsMode};
use crate::error::{Error, RefusalKind, Result};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Headers by which a proxy shows itself.
const OF_PROXIES: [&str; 6] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/// The header as text, when it is there once.
#[must_use]
pub fn single(headers: &HeaderMap, name: impl actix_web::http::header::AsHeaderName) -> Option<&str> {
    let mut all = headers.get_all(name);
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

/// The visitor's own address and whether they came over TLS. Proxies are believed only when they are ours.
#[must_use]
pub fn hop(headers: &HeaderMap, peer: Option<SocketAddr>, config: &Config) -> (Option<IpAddr>, bool) {
    let is_tls = config.tls != TlsMode::Off;
    let Some(peer) = peer.map(|peer| peer.ip().to_canonical()) else { return (None, is_tls) };
    let trusted = |ip: IpAddr| config.trusted_proxies.iter().any(|net: &IpNet| net.contains(&ip));
    if !trusted(peer) {
        return (Some(peer), is_tls);
    }
    // The nearest proxy writes last: the right-most address that is not a proxy of ours is the visitor.
    let chain = headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
    let mut address = peer;
    for part in chain.rsplit(',') {
        let Some(ip) = address_of(part.trim()) else { break };
        address = ip;
        if !trusted(ip) {
            break;
        }
    }
    let proto = headers.get_all(FORWARDED_PROTO).last().and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(',').next());
    (Some(address), is_tls || proto.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https")))
}

/// `1.2.3.4`, `1.2.3.4:5`, `2001:db8::1` or `[2001:db8::1]:5`.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip())).map(|ip| ip.to_canonical()).ok()
}

/// Does any proxy show itself?
#[must_use]
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    OF_PROXIES.iter().any(|name| headers.contains_key(*name))
}

/// The name in a host, without its port: `[::1]:80` is `[::1]`.
#[must_use]
pub fn host_name(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host.ends_with(']') => &host[..colon],
        _ => host,
    }
}

/// Is it a name of this machine for itself?
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host_name(host).eq_ignore_ascii_case(name))
}

/// The origin of the pages under this host: `http://localhost:8080`.
#[must_use]
pub fn of_host(host: &str, is_secure: bool) -> String {
    format!("{}://{host}", if is_secure { "https" } else { "http" })
}

/// The one host of a request, when this server answers for it.
///
/// # Errors
/// 421 `error.wrong_host`.
pub fn checked_host<'a>(headers: &'a HeaderMap, authority: Option<&str>, config: &Config, port: u16) -> Result<&'a str> {
    let wrong = || Error::refused(RefusalKind::WrongHost, "error.wrong_host");
    let host = single(headers, HOST).ok_or_else(wrong)?;
    let agrees = authority.is_none_or(|authority| authority.eq_ignore_ascii_case(host));
    if agrees && is_ours(host, config, port) { Ok(host) } else { Err(wrong()) }
}

fn is_ours(host: &str, config: &Config, port: u16) -> bool {
    let at_our_port = |host: &str| host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(80, |(_, written)| written.parse().unwrap_or(0_u16)) == port;
    if is_loopback_host(host) && at_our_port(host) {
        return true;
    }
    let public = config.public_url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    let is_named = matches!(&config.tls, TlsMode::Domain(name) if name.eq_ignore_ascii_case(host_name(host)));
    is_named || public.is_some_and(|public| public.eq_ignore_ascii_case(host))
}

/// Refuses what another site caused. A request that carries our cookie must show that it comes from our own pages, unless it only reads.
///
/// # Errors
/// 403 `access.foreign_origin`.
pub fn check_cause(method: &Method, headers: &HeaderMap, own: &str, has_cookie: bool) -> Result<()> {
    let refused = || Err(Error::forbidden("access.foreign_origin"));
    let is_ours = headers.contains_key(ORIGIN).then(|| single(headers, ORIGIN).is_some_and(|origin| origin.eq_ignore_ascii_case(own)));
    if headers.contains_key(UPGRADE) {
        // A socket is opened with GET and then writes. Browsers always say where it was opened.
        return if is_ours == Some(true) || (is_ours.is_none() && !has_cookie) { Ok(()) } else { refused() };
    }
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let site = headers.contains_key(FETCH_SITE).then(|| single(headers, FETCH_SITE) == Some("same-origin"));
    match (site, is_ours) {
        (Some(false), _) | (_, Some(false)) => refused(),
        (Some(true), _) | (_, Some(true)) => Ok(()),
        (None, None) if has_cookie => refused(),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;
    use crate::http::tests::config;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn only_our_own_proxies_are_believed() {
        let mut config = config();
        config.trusted_proxies = vec!["10.0.0.0/8".parse().expect("net")];
        let hop = |peer: &str, all: &[_]| hop(&headers(all), Some(format!("{peer}:9").parse().expect("address")), &config);
        let ip = |text: &str| Some(text.parse::<IpAddr>().expect("address"));
        let forged = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https")];
        assert_eq!(hop("192.0.2.7", &forged), (ip("192.0.2.7"), false));
        assert_eq!(hop("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 192.0.2.9, 10.0.0.2"), ("x-forwarded-proto", "https")]), (ip("192.0.2.9"), true));
        assert_eq!(hop("10.0.0.1", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.9")]), (ip("192.0.2.9"), false));
        assert_eq!(hop("10.0.0.1", &[("x-forwarded-for", "nonsense")]), (ip("10.0.0.1"), false));
        assert_eq!(hop("10.0.0.1", &[("x-forwarded-for", "[2001:db8::1]:44")]), (ip("2001:db8::1"), false));
    }

    #[test]
    fn a_host_is_ours_by_name_and_port() {
        let mut config = config();
        let host = |config: &Config, host: &'static str| checked_host(&headers(&[("host", host)]), None, config, 8080).is_ok();
        for good in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:8080"] {
            assert!(host(&config, good), "{good}");
        }
        for bad in ["localhost", "localhost:81", "example.org:8080", "localhost.example.org:8080", "127.0.0.1.nip.io:8080", "", "localhost:8080:8080"] {
            assert!(!host(&config, bad), "{bad}");
        }
        config.public_url = Some("https://talk.example.org".to_owned());
        assert!(host(&config, "talk.example.org") && !host(&config, "talk.example.org:444"));
        let twice = headers(&[("host", "localhost:8080"), ("host", "evil.example")]);
        assert!(checked_host(&twice, None, &config, 8080).is_err());
        assert!(checked_host(&headers(&[("host", "localhost:8080")]), Some("evil.example"), &config, 8080).is_err());
    }

    #[test]
    fn what_another_site_caused_is_refused() {
        let own = "http://localhost:8080";
        let check = |method: Method, cookie: bool, all: &[_]| check_cause(&method, &headers(all), own, cookie).is_ok();
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
            &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        ] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert!(!check(method, true, bad), "{bad:?}");
            }
        }
        assert!(!check(Method::POST, false, &[("origin", "http://evil.example")]), "a foreign page may not sign anybody in");
        assert!(!check(Method::GET, true, &[("upgrade", "websocket")]));
        assert!(!check(Method::GET, true, &[("upgrade", "websocket"), ("origin", "http://evil.example")]));
        assert!(check(Method::GET, true, &[("upgrade", "websocket"), ("origin", own)]));
    }
}
