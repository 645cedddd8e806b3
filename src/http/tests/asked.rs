//! What every request passes and every answer carries: headers, hosts, causes, limits.

use super::*;

#[actix_web::test]
async fn a_page_has_a_fresh_nonce_in_its_policy_and_is_not_kept() {
    let parts = plain();
    let (first, second) = (ask(&parts, browse("/page?a=b")).await, ask(&parts, browse("/page")).await);
    assert_eq!((first.status, first.header("content-type")), (200, "text/html; charset=utf-8"));
    let nonce = first.body.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
    let policy = first.header("content-security-policy");
    assert!(nonce.len() == 22 && policy.contains(&format!("script-src 'nonce-{nonce}' 'strict-dynamic';")), "{policy}");
    assert!(!second.body.contains(nonce));
    for part in [
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types rialto-template rialto-body",
    ] {
        assert!(policy.split("; ").any(|known| known == part), "{part}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(first.header("cache-control"), "no-store, private");
    assert!(first.body.ends_with("Rialto en &#x2f;page &lt;b&gt; Sign in first. {\"word\":\"\\u003cb\\u003e\"}"), "{}", first.body);
    assert!(first.headers.get("strict-transport-security").is_none());
}

#[actix_web::test]
async fn every_answer_carries_the_headers_and_a_reference() {
    let parts = plain();
    for path in
        ["/page", "/nowhere", "/healthz", "/static/dev/words/en/error.json", "/api/v1/fails/panic", "/fails/broken", "/community.css"]
    {
        let answer = ask(&parts, browse(path)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").starts_with("camera=(self), microphone=(self), display-capture=(self)"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 12, "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
}

#[actix_web::test]
async fn https_is_pinned_when_the_certificate_is_ours_and_the_socket_is_in_the_policy() {
    let config =
        Config { tls: TlsMode::Domain("talk.example.org".to_owned()), public_url: Some("https://talk.example.org".to_owned()), ..config() };
    let parts = parts(config, Files::live());
    let ours = TestRequest::get().uri("/page").insert_header(("Host", "talk.example.org"));
    let answer = ask(&parts, ours).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    assert!(answer.header("content-security-policy").contains("connect-src 'self' wss://talk.example.org;"));
}

#[actix_web::test]
async fn a_strange_host_is_misdirected() {
    let parts = plain();
    let answer = ask(&parts, TestRequest::get().uri("/api/v1/things").insert_header(("Host", "evil.example"))).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (421, Some("error.wrong_host")));
    let answer =
        ask(&parts, TestRequest::get().uri("/page").insert_header(("Host", "evil.example")).insert_header(("Accept", "text/html"))).await;
    assert!(answer.status == 421 && answer.body.starts_with("other wrong_host"), "{}", answer.body);
    for path in ["/api/v1/things", "/static/dev/start.js", "/live", "/favicon.svg"] {
        let browser = TestRequest::get().uri(path).insert_header(("Host", "evil.example")).insert_header(("Accept", "text/html,*/*;q=0.8"));
        let answer = ask(&parts, browser).await;
        assert!(answer.status == 421 && answer.body.starts_with("other wrong_host"), "{path}: {}", answer.body);
    }
    assert_eq!(ask(&parts, TestRequest::get().uri("/page")).await.status, 421, "without a host");
}

#[actix_web::test]
async fn writes_with_a_cookie_come_from_our_own_pages_only() {
    let parts = plain();
    let with_cookie = || post("/api/v1/things").insert_header(("Cookie", "rialto-8080=abc"));
    let answer = ask(&parts, with_cookie()).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("access.foreign_origin")));
    assert_eq!(ask(&parts, with_cookie().insert_header(("Origin", "http://evil.example"))).await.status, 403);
    assert_eq!(ask(&parts, with_cookie().insert_header(("Sec-Fetch-Site", "same-site"))).await.status, 403);
    assert_eq!(ask(&parts, with_cookie().insert_header(("Origin", "http://localhost:8080"))).await.status, 204);
    assert_eq!(ask(&parts, with_cookie().insert_header(("Sec-Fetch-Site", "same-origin"))).await.status, 204);
    assert_eq!(
        ask(&parts, with_cookie().insert_header(("Authorization", "Bearer member"))).await.status,
        204,
        "a bearer is no ambient authority"
    );
    assert_eq!(ask(&parts, post("/api/v1/things")).await.status, 204);
    assert_eq!(ask(&parts, get("/api/v1/things").insert_header(("Cookie", "rialto-8080=abc"))).await.status, 204);
}

#[actix_web::test]
async fn a_key_for_a_request_has_a_limit() {
    let parts = plain();
    let with_key = |length: usize| post("/api/v1/things").insert_header(("Idempotency-Key", "k".repeat(length)));
    assert_eq!(ask(&parts, with_key(200)).await.status, 204);
    let answer = ask(&parts, with_key(201)).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("error.idempotency_key_length")));
}
