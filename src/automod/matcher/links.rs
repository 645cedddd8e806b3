//! The hosts to which the links of a message lead.

/// The hosts of all links of this HTML that lead somewhere, lower-cased, without port. The HTML is that of the renderer.
pub(super) fn hosts(html: &str) -> impl Iterator<Item = String> + '_ {
    html.split("<a href=\"").skip(1).filter_map(|rest| host_of(rest.split('"').next()?))
}

/// The host of an address as a browser reads it; none for what leads to no host.
fn host_of(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let authority = rest.trim_start_matches('/').split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    Some(host.trim_end_matches('.').to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_that_a_browser_would_ask() {
        for (address, host) in [
            ("https://Example.org/a?b#c", Some("example.org")),
            ("http://example.org:8080", Some("example.org")),
            ("https://good.example@evil.example/", Some("evil.example")),
            ("https://good.example%5C@evil.example", Some("evil.example")),
            ("https://evil.example?good.example/", Some("evil.example")),
            ("https:///evil.example/", Some("evil.example")),
            ("https://evil.example./", Some("evil.example")),
            ("https://[::1]:80/x", Some("[::1]:80")),
            ("mailto:ann@example.org", None),
            ("/r/12", None),
        ] {
            assert_eq!(host_of(address).as_deref(), host, "{address}");
        }
        let html =
            "<p><a href=\"https://a.example\" rel=\"x\">a</a> href=\"https://text.example\" <a href=\"https://b.example/\">b</a></p>";
        assert_eq!(hosts(html).collect::<Vec<_>>(), ["a.example", "b.example"]);
    }
}
