//! Errors as people and programs get them: pages, problems, references.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[actix_web::test]
async fn programs_get_problems_in_their_language() {
    let parts = plain();
    let cases = [
        ("missing", 404, "error.not_found"),
        ("sign-in", 401, "error.sign_in"),
        ("forbidden", 403, "access.not_allowed"),
        ("slow", 429, "error.slow_down"),
        ("busy", 503, "error.busy"),
        ("fields", 422, "error.body"),
    ];
    for (how, status, code) in cases {
        // The API answers in JSON whatever is accepted.
        let answer = ask(&parts, browse(&format!("/api/v1/fails/{how}")).insert_header(("Accept-Language", "fr"))).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"), "{how}");
        let body = answer.json();
        assert_eq!(
            (body["status"].as_u64(), body["code"].as_str(), body["type"].as_str()),
            (Some(u64::from(status)), Some(code), Some("about:blank"))
        );
        assert_ne!(body["detail"], code, "{code} has no words");
        assert_eq!(answer.header("cache-control"), "no-store, private");
    }
    let slow = ask(&parts, get("/api/v1/fails/slow")).await;
    assert_eq!((slow.header("retry-after"), slow.json()["retry_after_ms"].as_u64()), ("2", Some(1_500)));
    let fields = ask(&parts, get("/api/v1/fails/fields")).await.json();
    assert_eq!((fields["problems"][0]["field"].as_str(), fields["problems"][0]["code"].as_str()), (Some("name"), Some("error.body")));
    assert_eq!(ask(&parts, get("/fails/forbidden")).await.header("content-type"), "application/problem+json", "who does not read HTML");
}

#[actix_web::test]
async fn a_failure_of_ours_is_a_reference_and_no_detail() {
    let parts = plain();
    for how in ["broken", "panic"] {
        let answer = ask(&parts, get(&format!("/api/v1/fails/{how}"))).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (500, Some("error.broken")), "{how}");
        assert_eq!(answer.json()["reference"], answer.header("x-request-id"));
        assert!(!answer.body.contains("secret"));
        let page = ask(&parts, browse(&format!("/fails/{how}"))).await;
        assert_eq!(page.body, format!("known broken {}", page.header("x-request-id")));
    }
    assert_eq!(ask(&parts, browse("/strict")).await.status, 500, "an undefined name is an error");
}

#[actix_web::test]
async fn people_get_pages_and_strangers_the_way_in() {
    let parts = plain();
    let answer = ask(&parts, browse("/fails/sign-in?a=1")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?next=/fails/sign-in%3Fa%3D1"));
    for (how, status, start) in [
        ("forbidden", 403, "known forbidden"),
        ("missing", 404, "known not_found"),
        ("gone", 410, "other gone This is over"),
        ("slow", 429, "other slow_down One moment"),
        ("busy", 503, "known restarting"),
    ] {
        let answer = ask(&parts, browse(&format!("/fails/{how}"))).await;
        assert!(answer.status == status && answer.body.starts_with(start), "{how}: {} {}", answer.status, answer.body);
        assert!(answer.header("content-security-policy").contains("'strict-dynamic'"));
    }
}

#[actix_web::test]
async fn the_page_of_an_error_speaks_the_language_of_the_account() {
    let mut parts = plain();
    parts.site = parts.site.knowing(Arc::new(|_, actor, visitor| {
        let language = if actor.member.is_some() { "fr" } else { visitor.language };
        Ok(Looker::stranger(language))
    }));
    let english = |path: &str| browse(path).insert_header(("Accept-Language", "en"));
    for path in ["/fails/forbidden", "/fails/missing", "/nowhere", "/fails/gone", "/fails/broken", "/fails/panic", "/strict"] {
        let known = ask(&parts, english(path).insert_header(("Authorization", "Bearer member"))).await;
        assert!(known.status >= 400 && known.header("content-language") == "fr", "{path}: {} {}", known.status, known.body);
        for stranger in [english(path), english(path).insert_header(("Authorization", "Bearer wrong"))] {
            assert_eq!(ask(&parts, stranger).await.header("content-language"), "en", "{path}");
        }
    }
    parts.site = parts.site.knowing(Arc::new(|_, _, _| Err(Error::broken("no account to be read"))));
    let unread = ask(&parts, english("/nowhere").insert_header(("Authorization", "Bearer member"))).await;
    assert_eq!((unread.status, unread.header("content-language")), (404, "en"), "an error has its page anyway");
}

#[actix_web::test]
async fn who_is_turned_away_is_not_looked_up() {
    let mut parts = plain();
    let looked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looked);
    parts.site = parts.site.knowing(Arc::new(move |_, _, visitor| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(Looker::stranger(visitor.language))
    }));
    let mut times = Vec::new();
    for credential in [("Authorization", "Bearer member"), ("Cookie", "rialto-8080=junk")] {
        let known = |path: &str| browse(path).insert_header(credential);
        let too_long = "k".repeat(201);
        for (request, status) in [
            (known("/fails/slow"), 429),
            (known("/fails/busy"), 503),
            (known("/nowhere").insert_header(("Host", "elsewhere.example")), 421),
            (known("/nowhere").insert_header(("Idempotency-Key", too_long.as_str())), 422),
        ] {
            let answer = ask(&parts, request).await;
            assert_eq!((answer.status, answer.header("content-language")), (status, "en"), "{}", answer.body);
        }
        times.push(looked.load(Ordering::Relaxed));
        ask(&parts, known("/fails/missing")).await;
    }
    assert_eq!(times, [0, 1], "only for the page that an ordinary error has");
}

#[actix_web::test]
async fn an_unknown_path_and_a_wrong_method_are_told_apart() {
    let parts = plain();
    assert_eq!(ask(&parts, get("/api/v1/nothing")).await.json()["code"], "error.not_found");
    let answer = ask(&parts, TestRequest::delete().uri("/api/v1/things").insert_header(("Host", "localhost:8080"))).await;
    assert_eq!((answer.status, answer.header("allow"), answer.json()["code"].as_str()), (405, "GET, POST, HEAD", Some("error.method")));
    let head = TestRequest::default().method(Method::HEAD).uri("/healthz").insert_header(("Host", "localhost:8080"));
    assert_eq!(ask(&parts, head).await.status, 200);
}
