//! Who a request comes from when proxies stand in between: only what trusted proxies say counts.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The visitor's address, and whether they came by https as a trusted proxy tells it.
///
/// `x_forwarded_for` is every header of that name, in order, joined by commas. It is read from the right: each entry was written by the
/// hop after it, so it counts as long as that hop is trusted, and the first that is not trusted is the visitor. What a visitor wrote
/// there stands further left and is never reached. An entry that is no address ends the walk at the hop that wrote it.
/// From a peer that is not trusted both headers are ignored.
#[must_use]
pub fn client(peer: IpAddr, trusted: &[IpNet], x_forwarded_for: Option<&str>, x_forwarded_proto: Option<&str>) -> (IpAddr, bool) {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip));
    let mut here = peer.to_canonical();
    if !is_trusted(here) {
        return (here, false);
    }
    for entry in x_forwarded_for.unwrap_or_default().rsplit(',') {
        let Some(before) = address(entry.trim()) else {
            break;
        };
        here = before;
        if !is_trusted(here) {
            break;
        }
    }
    // The right-most, for the same reason.
    let proto = x_forwarded_proto.unwrap_or_default().rsplit(',').next().unwrap_or_default().trim();
    (here, proto.eq_ignore_ascii_case("https"))
}

/// An address as proxies write it: bare, with a port, or version 6 in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(bracketed).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_most_untrusted_hop_is_the_visitor() {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"].map(|net| net.parse().unwrap()).to_vec();
        for (peer, forwarded, proto, visitor, secure) in [
            ("198.51.100.7", None, None, "198.51.100.7", false),
            ("198.51.100.7", Some("203.0.113.1"), Some("https"), "198.51.100.7", false),
            ("10.0.0.1", None, None, "10.0.0.1", false),
            ("10.0.0.1", Some("203.0.113.1"), Some("https"), "203.0.113.1", true),
            ("10.0.0.1", Some("203.0.113.1"), Some("http"), "203.0.113.1", false),
            ("10.0.0.1", Some("1.1.1.1, 203.0.113.1"), Some("HTTPS"), "203.0.113.1", true),
            ("10.0.0.1", Some("127.0.0.1, 203.0.113.1"), None, "203.0.113.1", false),
            ("10.0.0.1", Some("203.0.113.1,10.9.9.9 , 127.0.0.1"), None, "203.0.113.1", false),
            ("10.0.0.1", Some("10.0.0.3, 10.0.0.2"), None, "10.0.0.3", false),
            ("10.0.0.1", Some("203.0.113.1, unknown"), None, "10.0.0.1", false),
            ("10.0.0.1", Some("203.0.113.1, junk, 10.0.0.2"), None, "10.0.0.2", false),
            ("10.0.0.1", Some(""), Some(""), "10.0.0.1", false),
            ("10.0.0.1", Some(",,,"), Some("https,"), "10.0.0.1", false),
            ("10.0.0.1", Some("203.0.113.1"), Some("https, http"), "203.0.113.1", false),
            ("10.0.0.1", Some("203.0.113.1:4711"), None, "203.0.113.1", false),
            ("10.0.0.1", Some("[2001:db8::1]:4711"), None, "2001:db8::1", false),
            ("10.0.0.1", Some("[2001:db8::1]"), None, "2001:db8::1", false),
            ("10.0.0.1", Some("2001:db8::1"), None, "2001:db8::1", false),
            ("10.0.0.1", Some("::ffff:203.0.113.1"), None, "203.0.113.1", false),
            ("10.0.0.1", Some("203.0.113.1, ::ffff:10.0.0.2"), None, "203.0.113.1", false),
            ("::ffff:10.0.0.1", Some("203.0.113.1"), Some("https"), "203.0.113.1", true),
            ("::ffff:198.51.100.7", Some("203.0.113.1"), Some("https"), "198.51.100.7", false),
            ("fd00::1", Some("2001:db8::2"), Some("https"), "2001:db8::2", true),
            ("10.0.0.1", Some("203.0.113.1\u{0}"), None, "10.0.0.1", false),
            ("10.0.0.1", Some("0xcb.0.113.1"), None, "10.0.0.1", false),
        ] {
            assert_eq!(
                client(peer.parse().unwrap(), &trusted, forwarded, proto),
                (visitor.parse().unwrap(), secure),
                "{peer} {forwarded:?} {proto:?}"
            );
        }
    }

    #[test]
    fn without_trusted_proxies_nothing_is_believed() {
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(client(peer, &[], Some("203.0.113.1"), Some("https")), (peer, false));
    }
}
