//! Which names we answer for, and which pages may make a signed-in browser write.

use crate::config::Config;
use crate::config::origin::{Origin, split_authority};

/// Does the `Host` header name us? With a public URL only that one does; without, `localhost`, `127.0.0.1` and `[::1]` at the port that
/// we listen on. Otherwise the answer is 421, so that a foreign name resolving to this machine gets nothing (DNS rebinding).
#[must_use]
pub fn host_is_ours(host: Option<&str>, config: &Config, bound_port: u16) -> bool {
    host.is_some_and(|host| own_origin(host, config, bound_port).is_some())
}

/// Does the `Host` header name this machine by definition, at the port that we listen on? For what the machine asks itself
/// (health, metrics) beside the public URL.
#[must_use]
pub fn host_is_loopback(host: Option<&str>, is_secure: bool, bound_port: u16) -> bool {
    host.and_then(split_authority)
        .is_some_and(|(host, port)| host.is_loopback() && port.unwrap_or(if is_secure { 443 } else { 80 }) == bound_port)
}

/// Is `Origin` the very site that the request was sent to? `null`, and any other scheme, host or port, is not.
#[must_use]
pub fn origin_is_ours(origin: Option<&str>, host: Option<&str>, config: &Config, bound_port: u16) -> bool {
    let ours = host.and_then(|host| own_origin(host, config, bound_port));
    match (origin.and_then(Origin::parse), ours) {
        (Some(origin), Some(ours)) => origin == ours,
        _ => false,
    }
}

/// May a request with a session cookie change something? A browser that tells where it comes from must say `same-origin`; for one that
/// does not, `Origin` must be ours. Requests with a token need not ask: no browser adds one by itself.
#[must_use]
pub fn allows_unsafe(sec_fetch_site: Option<&str>, origin: Option<&str>, host: Option<&str>, config: &Config, bound_port: u16) -> bool {
    match sec_fetch_site {
        Some(site) => site == "same-origin" && host_is_ours(host, config, bound_port),
        None => origin_is_ours(origin, host, config, bound_port),
    }
}

/// The origin that a request to `host` has, if that is us.
fn own_origin(host: &str, config: &Config, bound_port: u16) -> Option<Origin> {
    let (name, port) = split_authority(host)?;
    let asked = Origin::new(config.is_https(), &name, port);
    let is_ours = match config.public_url.as_deref().map(Origin::parse) {
        Some(public) => public? == asked,
        None => name.is_loopback() && asked.port == bound_port,
    };
    is_ours.then_some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Given, Machine};

    fn config(settings: &str) -> Config {
        let given = Given::from_file(settings, std::path::Path::new("rialto.toml")).unwrap();
        Config::from(given, &Machine { address: None, processors: 1 }).unwrap()
    }

    fn local() -> Config {
        config("")
    }

    fn public() -> Config {
        config("domain = 'chat.example.org'")
    }

    fn odd_port() -> Config {
        config("lan = true\npublic_url = 'https://10.0.0.5:8443'")
    }

    #[test]
    fn our_names_and_hostile_ones() {
        for (host, at_home, in_public, on_lan) in [
            ("localhost:8080", true, false, false),
            ("LOCALHOST:8080", true, false, false),
            ("127.0.0.1:8080", true, false, false),
            ("[::1]:8080", true, false, false),
            ("[0:0:0:0:0:0:0:1]:8080", true, false, false),
            ("chat.example.org", false, true, false),
            ("Chat.EXAMPLE.org", false, true, false),
            ("chat.example.org:443", false, true, false),
            ("10.0.0.5:8443", false, false, true),
            // None of these is anybody's.
            ("", false, false, false),
            ("localhost", false, false, false),
            ("localhost:", false, false, false),
            ("localhost:80", false, false, false),
            ("localhost:08080", false, false, false),
            ("localhost:+8080", false, false, false),
            ("localhost:8080:8080", false, false, false),
            ("localhost.:8080", false, false, false),
            ("localhost:8080/", false, false, false),
            ("http://localhost:8080", false, false, false),
            ("me@localhost:8080", false, false, false),
            ("localhost:8080@evil.example", false, false, false),
            ("localhost:8080, evil.example", false, false, false),
            (" localhost:8080", false, false, false),
            ("localhost:8080\t", false, false, false),
            ("localhost%00:8080", false, false, false),
            ("a.localhost:8080", false, false, false),
            ("localhost.evil.example:8080", false, false, false),
            ("127.0.0.1.evil.example:8080", false, false, false),
            ("127.1:8080", false, false, false),
            ("127.0.0.2:8080", false, false, false),
            ("2130706433:8080", false, false, false),
            ("0x7f000001:8080", false, false, false),
            ("0.0.0.0:8080", false, false, false),
            ("[::ffff:127.0.0.1]:8080", false, false, false),
            ("[::1%lo]:8080", false, false, false),
            ("::1:8080", false, false, false),
            ("[::1", false, false, false),
            ("[::1]8080", false, false, false),
            ("chat.example.org.", false, false, false),
            ("chat.example.org:80", false, false, false),
            ("chat.example.org:8443", false, false, false),
            ("https://chat.example.org", false, false, false),
            ("me:secret@chat.example.org", false, false, false),
            ("chat.example.org#", false, false, false),
            ("chat.example.org\\.evil.example", false, false, false),
            ("evil.example", false, false, false),
            ("chаt.example.org", false, false, false),
            ("10.0.0.5", false, false, false),
            ("10.0.0.5:8444", false, false, false),
            ("010.0.0.5:8443", false, false, false),
        ] {
            let found = (
                host_is_ours(Some(host), &local(), 8080),
                host_is_ours(Some(host), &public(), 443),
                host_is_ours(Some(host), &odd_port(), 8443),
            );
            assert_eq!(found, (at_home, in_public, on_lan), "{host:?}");
        }
        assert!(!host_is_ours(None, &local(), 8080));
    }

    #[test]
    fn the_port_that_was_opened_counts_not_the_one_asked_for() {
        assert!(host_is_ours(Some("localhost:40123"), &local(), 40123));
        assert!(!host_is_ours(Some("localhost:8080"), &local(), 40123));
        assert!(host_is_ours(Some("localhost"), &local(), 80));
    }

    #[test]
    fn the_machine_itself_may_ask_beside_the_public_url() {
        assert!(host_is_loopback(Some("127.0.0.1:8080"), false, 8080));
        assert!(host_is_loopback(Some("[::1]"), true, 443));
        for host in [None, Some("127.0.0.1"), Some("chat.example.org"), Some("localhost.:8080")] {
            assert!(!host_is_loopback(host, false, 8080), "{host:?}");
        }
    }

    #[test]
    fn only_the_very_site_is_our_origin() {
        let local = local();
        for (origin, host, ours) in [
            (Some("http://localhost:8080"), "localhost:8080", true),
            (Some("http://127.0.0.1:8080"), "127.0.0.1:8080", true),
            (Some("http://[::1]:8080"), "[::1]:8080", true),
            (Some("HTTP://LocalHost:8080"), "localhost:8080", true),
            // Both are ours, and yet they are two sites.
            (Some("http://localhost:8080"), "127.0.0.1:8080", false),
            (Some("https://localhost:8080"), "localhost:8080", false),
            (Some("http://localhost:3000"), "localhost:8080", false),
            (Some("http://localhost"), "localhost:8080", false),
            (Some("http://evil.example"), "evil.example", false),
            (Some("http://localhost:8080/"), "localhost:8080", false),
            (Some("http://localhost:8080."), "localhost:8080", false),
            (Some("http://me@localhost:8080"), "localhost:8080", false),
            (Some("localhost:8080"), "localhost:8080", false),
            (Some("ws://localhost:8080"), "localhost:8080", false),
            (Some("null"), "localhost:8080", false),
            (Some(""), "localhost:8080", false),
            (None, "localhost:8080", false),
        ] {
            assert_eq!(origin_is_ours(origin, Some(host), &local, 8080), ours, "{origin:?} to {host}");
        }
        assert!(!origin_is_ours(Some("http://localhost:8080"), None, &local, 8080));
    }

    #[test]
    fn the_public_origin_is_https() {
        let public = public();
        for (origin, ours) in [
            ("https://chat.example.org", true),
            ("https://chat.example.org:443", true),
            ("http://chat.example.org", false),
            ("https://chat.example.org.", false),
            ("https://www.chat.example.org", false),
            ("https://chat.example.org:8443", false),
            ("https://example.org", false),
        ] {
            assert_eq!(origin_is_ours(Some(origin), Some("chat.example.org"), &public, 443), ours, "{origin}");
        }
    }

    #[test]
    fn a_cookie_alone_writes_nothing() {
        let public = public();
        let (ours, foreign) = (Some("https://chat.example.org"), Some("https://evil.example"));
        for (site, origin, host, allowed) in [
            (Some("same-origin"), ours, "chat.example.org", true),
            (Some("same-origin"), None, "chat.example.org", true),
            // A page whose policy hides where requests come from: the browser vouches for it.
            (Some("same-origin"), Some("null"), "chat.example.org", true),
            (None, ours, "chat.example.org", true),
            (Some("same-origin"), ours, "evil.example", false),
            (Some("same-site"), ours, "chat.example.org", false),
            (Some("cross-site"), ours, "chat.example.org", false),
            (Some("none"), ours, "chat.example.org", false),
            (Some("none"), None, "chat.example.org", false),
            (Some(""), ours, "chat.example.org", false),
            (Some("Same-Origin"), ours, "chat.example.org", false),
            (Some("same-origin, cross-site"), ours, "chat.example.org", false),
            (Some("cross-site"), foreign, "chat.example.org", false),
            (None, foreign, "chat.example.org", false),
            (None, Some("null"), "chat.example.org", false),
            (None, None, "chat.example.org", false),
            (None, foreign, "evil.example", false),
        ] {
            assert_eq!(allows_unsafe(site, origin, Some(host), &public, 443), allowed, "{site:?} {origin:?} {host}");
        }
    }
}
