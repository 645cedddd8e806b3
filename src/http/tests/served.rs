//! What everyone is served: files, the hue, health, numbers.

use super::*;

#[actix_web::test]
async fn files_are_kept_for_ever_under_their_version_and_nothing_else_is_reached() {
    let parts = parts(config(), Files::held());
    let version = parts.site.files().version().to_owned();
    let name = "words/en/error.json";
    let cookie = ("Cookie", "rialto-8080=abc");
    let answer = ask(&parts, get(&format!("/static/{version}/{name}")).insert_header(cookie)).await;
    assert_eq!(
        (answer.status, answer.header("cache-control"), answer.header("content-type")),
        (200, "public, max-age=31536000, immutable", "application/json")
    );
    let old = ask(&parts, get(&format!("/static/0000/{name}"))).await;
    assert_eq!((old.status, old.header("cache-control")), (200, "no-cache"));
    let known = ask(&parts, get(&format!("/static/0000/{name}")).insert_header(("If-None-Match", old.header("etag").to_owned()))).await;
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    let packed = ask(&parts, get(&format!("/static/{version}/{name}")).insert_header(("Accept-Encoding", "gzip, br"))).await;
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("br", "Accept-Encoding"));
    for path in [
        "..%2f..%2fCargo.toml",
        "../Cargo.toml",
        "%2e%2e/Cargo.toml",
        "words/..%2f..%2fCargo.toml",
        "..%5cCargo.toml",
        "%00",
        "",
        "//etc/passwd",
    ] {
        let answer = ask(&parts, get(&format!("/static/{version}/{path}"))).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store, private", "{path}");
    }
}

#[actix_web::test]
async fn the_hue_is_the_settings_and_has_a_validator() {
    let parts = plain();
    let first = ask(&parts, get("/community.css")).await;
    assert_eq!((first.body.as_str(), first.header("content-type")), (":root{--accent-hue:205}\n", "text/css; charset=utf-8"));
    let again = || get("/community.css").insert_header(("If-None-Match", first.header("etag").to_owned()));
    assert_eq!(ask(&parts, again()).await.status, 304);
    parts.ground.settings.put(Settings { community_hue: 30, ..Settings::default() });
    let changed = ask(&parts, again()).await;
    assert_eq!((changed.status, changed.body.as_str()), (200, ":root{--accent-hue:30}\n"));
}

#[actix_web::test]
async fn the_program_says_that_it_lives_and_can_serve() {
    let parts = plain();
    assert_eq!(ask(&parts, get("/healthz")).await.body, "alive\n");
    assert_eq!(ask(&parts, get("/readyz")).await.body, "ready\n");
}

#[actix_web::test]
async fn metrics_are_for_this_machine_and_for_those_who_may() {
    let parts = plain();
    assert!(ask(&parts, get("/metrics")).await.body.contains("rialto_build_info"));
    let from_afar = || {
        TestRequest::get().uri("/metrics").insert_header(("Host", "localhost:8080")).peer_addr("192.0.2.1:4000".parse().expect("address"))
    };
    assert_eq!(ask(&parts, from_afar()).await.status, 401);
    for proxy in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"] {
        assert_eq!(ask(&parts, get("/metrics").insert_header((proxy, "127.0.0.1"))).await.status, 401, "{proxy}");
    }
    assert_eq!(ask(&parts, from_afar().insert_header(("Authorization", "Bearer reader"))).await.status, 200);
    assert_eq!(ask(&parts, from_afar().insert_header(("Authorization", "Bearer member"))).await.status, 403);
    assert_eq!(ask(&parts, get("/metrics").insert_header(("Authorization", "Bearer wrong"))).await.status, 401);
}
