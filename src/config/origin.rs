//! Addresses of sites, taken apart strictly: scheme, host and port, in one spelling each.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host as it stands in a URL: a lower-case name, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name in ASCII, lower case, without a trailing dot.
    Name(String),
    /// An address; version 6 is written in brackets.
    Ip(IpAddr),
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

impl Host {
    /// Is it this machine by definition: `localhost`, `127.0.0.1` or `[::1]`?
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Ip(ip) => *ip == IpAddr::from([127, 0, 0, 1]) || *ip == IpAddr::V6(Ipv6Addr::LOCALHOST),
        }
    }
}

/// Takes `host` or `host:port` apart, as in a `Host` header. Anything more (a scheme, a user, a path, a trailing dot, a zone, blanks) is
/// refused, so that two readers can never understand it differently.
#[must_use]
pub fn split_authority(text: &str) -> Option<(Host, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (ip, rest) = rest.split_once(']')?;
        let ip: Ipv6Addr = ip.parse().ok()?;
        let port = if rest.is_empty() { None } else { Some(port(rest.strip_prefix(':')?)?) };
        return Some((Host::Ip(ip.into()), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) => (host, Some(port(digits)?)),
        None => (text, None),
    };
    if let Ok(ip) = host.parse::<IpAddr>() {
        return ip.is_ipv4().then_some((Host::Ip(ip), port));
    }
    let name = host.to_ascii_lowercase();
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    // A last label of digits would be read as an address by browsers (127.1, 2130706433, 0x7f000001).
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    (name.len() <= 253 && !is_number && name.split('.').all(is_label)).then_some((Host::Name(name), port))
}

/// A port in its only spelling: digits, no sign, no leading zero.
fn port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The scheme, host and port that a browser calls an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// https rather than http?
    pub is_https: bool,
    /// The host as written in a URL, lower case.
    pub host: String,
    /// The port, also when it is the scheme's own.
    pub port: u16,
}

impl Origin {
    /// Reads an `Origin` header or an address without path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (is_https, rest) = match text.split_once("://")? {
            (scheme, rest) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            (scheme, rest) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            _ => return None,
        };
        let (host, port) = split_authority(rest)?;
        Some(Self::new(is_https, &host, port))
    }

    /// An origin from its parts; without a port it is the scheme's own.
    #[must_use]
    pub fn new(is_https: bool, host: &Host, port: Option<u16>) -> Self {
        Self { is_https, host: host.to_string(), port: port.unwrap_or(if is_https { 443 } else { 80 }) }
    }

    /// Reads the public URL that an operator wrote; one trailing slash is forgiven.
    ///
    /// # Errors
    /// One sentence that says how to write it.
    pub fn parse_url(text: &str) -> Result<Self, String> {
        Self::parse(text.strip_suffix('/').unwrap_or(text)).ok_or_else(|| {
            format!("\"{text}\" is not the address of a site; write it like https://chat.example.org, without a path, a name of a user or a trailing dot (a name with accents in its xn-- form).")
        })
    }

    /// Is the host this machine by definition?
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        split_authority(&self.host).is_some_and(|(host, _)| host.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.is_https { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}
