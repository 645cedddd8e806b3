//! Where one request ends and the next begins is never in doubt: whatever can be read in two ways is refused, and a body is no request.

use crate::support::{Town, raw, tell};

/// The request that must not be answered; what it says when it is.
const HIDDEN: &str = "GET /robots.txt HTTP/1.1\r\nHost: @\r\n\r\n";
const HIDDEN_SAYS: &str = "Disallow";
/// The request behind all of it; what it says.
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: @\r\nConnection: close\r\n\r\n";
const LAST_SAYS: &str = "alive";

/// Head and body of requests that can be read in two ways; `#` is what is hidden, `%` its length, `@` our name.
const AMBIGUOUS: [(&str, &str); 30] = [
    ("CL.TE", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: %\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#"),
    ("TE.CL", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n#"),
    ("CL.TE of a read", "GET /healthz HTTP/1.1\r\nHost: @\r\nContent-Length: %\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#"),
    ("CL.0 and TE", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#"),
    ("two lengths", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: 0\r\nContent-Length: %\r\n\r\n#"),
    ("two lengths, turned", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: %\r\nContent-Length: 0\r\n\r\n#"),
    ("two equal lengths", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: %\r\nContent-Length: %\r\n\r\n#"),
    ("a list of lengths", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: 0, %\r\n\r\n#"),
    ("a length with a sign", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: +%\r\n\r\n#"),
    ("a length below nothing", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: -1\r\n\r\n#"),
    ("a length in hexadecimal", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: 0x0\r\n\r\n#"),
    ("a length with a space", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: 0 %\r\n\r\n#"),
    ("no length at all", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: \r\n\r\n#"),
    ("a length too long", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Length: 18446744073709551616\r\n\r\n#"),
    ("chunked and another", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n#"),
    ("another and chunked", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n#"),
    ("nearly chunked", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n#"),
    ("chunked in quotes", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n#"),
    (
        "chunked twice",
        "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#",
    ),
    (
        "chunked, then nothing",
        "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n#",
    ),
    ("identity", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: identity\r\n\r\n#"),
    ("chunked in HTTP/1.0", "POST /api/v1/sign-in HTTP/1.0\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n#"),
    ("a space before the colon", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n#"),
    ("a control before the value", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n#"),
    ("a folded line", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n#"),
    ("a folded encoding", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n#"),
    ("a line that begins with a space", "POST /api/v1/sign-in HTTP/1.1\r\n Host: @\r\nContent-Length: 0\r\n\r\n#"),
    ("a bare carriage return", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nX: a\rContent-Length: %\r\n\r\n#"),
    ("NUL in a value", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n#"),
    ("two names", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n#"),
];

/// Requests that can be read in one way only; their body looks like a request and is none.
const BODIES: [(&str, &str); 9] = [
    ("a body that is read", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nContent-Type: application/json\r\nContent-Length: %\r\n\r\n#"),
    ("a body that nobody reads", "GET /healthz HTTP/1.1\r\nHost: @\r\nContent-Length: %\r\n\r\n#"),
    ("a body for nobody", "POST /nowhere HTTP/1.1\r\nHost: @\r\nContent-Length: %\r\n\r\n#"),
    ("a body by another method", "DELETE / HTTP/1.1\r\nHost: @\r\nContent-Length: %\r\n\r\n#"),
    ("a body from elsewhere", "POST /api/v1/sign-in HTTP/1.1\r\nHost: @\r\nOrigin: https://evil.example\r\nContent-Length: %\r\n\r\n#"),
    ("a body by a foreign name", "POST /api/v1/sign-in HTTP/1.1\r\nHost: evil.example\r\nContent-Length: %\r\n\r\n#"),
    ("a body of HEAD", "HEAD /healthz HTTP/1.1\r\nHost: @\r\nContent-Length: %\r\n\r\n#"),
    ("a body in chunks", "POST /nowhere HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n&\r\n#\r\n0\r\n\r\n"),
    ("a body with a trailer", "POST /nowhere HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n"),
];

/// Chunks that are none: what comes behind them is in doubt.
const CHUNKS: [(&str, &str); 6] = [
    ("a chunk with a sign", "+0\r\n\r\n#"),
    ("a chunk in hexadecimal, twice", "0x0\r\n\r\n#"),
    ("a chunk too long", "10000000000000000\r\n#"),
    ("a chunk with a bare line feed", "0\n\n#"),
    ("a chunk that ends elsewhere", "1\r\nab\r\n0\r\n\r\n#"),
    ("a chunk with a space", " 0\r\n\r\n#"),
];

/// What the program says to a form and to the last request behind it.
async fn said(town: &Town, form: &str) -> String {
    let name = town.running.as_ref().expect("it runs").address.to_string();
    let hidden = HIDDEN.replace('@', &name);
    let form = form.replace('@', &name).replace('%', &hidden.len().to_string()).replace('&', &format!("{:x}", hidden.len()));
    raw(town, (form.replace('#', &hidden) + &LAST.replace('@', &name)).as_bytes()).await
}

fn answers(said: &str) -> usize {
    said.matches("HTTP/1.1 ").count()
}

#[actix_web::test]
async fn what_can_be_read_in_two_ways_is_refused_and_the_connection_ends() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let plain = said(&town, HIDDEN).await;
    assert!(plain.contains(HIDDEN_SAYS) && plain.contains(LAST_SAYS) && answers(&plain) == 2, "both are answered by themselves: {plain}");
    let chunked = "POST /nowhere HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n";
    let forms = AMBIGUOUS.iter().map(|(name, form)| (*name, (*form).to_owned()));
    let forms: Vec<_> = forms.chain(CHUNKS.iter().map(|(name, body)| (*name, format!("{chunked}{body}")))).collect();
    let (mut wrong, mut desyncs) = (Vec::new(), 0);
    for (name, form) in &forms {
        let said = said(&town, form).await;
        let is_refused = said.is_empty() || said.starts_with("HTTP/1.1 4");
        desyncs += usize::from(said.contains(HIDDEN_SAYS));
        if !is_refused || answers(&said) > 1 || said.contains(HIDDEN_SAYS) || said.contains(LAST_SAYS) {
            wrong.push(format!("{name}: {said}"));
        }
    }
    tell("requests that can be read in two ways", forms.len());
    tell("of them served", wrong.len());
    tell("hidden requests answered", desyncs);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    town.close().await;
}

#[actix_web::test]
async fn a_body_is_no_request() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let mut wrong = Vec::new();
    for (name, form) in BODIES {
        let said = said(&town, form).await;
        // Whoever is refused may be hung up on; whoever is not is answered twice.
        if said.is_empty() || answers(&said) > 2 || said.contains(HIDDEN_SAYS) {
            wrong.push(format!("{name}: {said}"));
        }
    }
    tell("bodies that look like a request", BODIES.len());
    tell("bodies answered as a request", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    town.close().await;
}

#[actix_web::test]
async fn what_is_no_request_at_all_is_refused() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let forms = [
        "GET  /healthz HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET /healthz HTTP/1.1 x\r\nHost: @\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nHost: @\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n: @\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHo st: @\r\n\r\n",
        "G\u{7f}T /healthz HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "TRACE /healthz HTTP/1.1\r\nHost: @\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: @\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let name = town.running.as_ref().expect("it runs").address.to_string();
    let mut wrong = Vec::new();
    for form in forms {
        let said = raw(&town, form.replace('@', &name).as_bytes()).await;
        if said.contains(LAST_SAYS) || said.starts_with("HTTP/1.1 2") || said.starts_with("HTTP/1.1 5") {
            wrong.push(format!("{form:?}: {said}"));
        }
    }
    tell("lines that are no request", forms.len());
    tell("of them served", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    town.close().await;
}
