//! The slice over HTTP: every page renders in both languages, and the way in through the API sets the cookie.

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::cookie::Cookie;
use actix_web::dev::Service;
use actix_web::middleware::from_fn;
use actix_web::test::{self, TestRequest};
use actix_web::web::Data;

use super::*;
use crate::access::{RouteTable, Routes};
use crate::http::{self, Metrics, Site};
use crate::members::model::{LinkPurpose, NewInvite, NewToken};
use crate::members::policy::{ChangeMe, MakeInvites};

/// What came back.
struct Answer {
    status: u16,
    cookie: Option<Cookie<'static>>,
    body: String,
}

async fn ask(town: &Town, request: TestRequest) -> Answer {
    let ground = &town.ground;
    let table = RouteTable::default();
    let rows = table.clone();
    let app = App::new()
        .app_data(Data::new(ground.clone()))
        .app_data(Site::new(Arc::clone(&ground.words), ground.settings.clone(), &ground.config, false))
        .app_data(Metrics::new())
        .app_data(Data::new(town.members.clone()))
        .app_data(table)
        .configure(move |config| crate::members::mount(&mut Routes::new(config, rows.clone())))
        .wrap(from_fn(http::front));
    let service = test::init_service(app).await;
    let request = request.insert_header(("Host", "harbour.example")).peer_addr("192.0.2.7:4000".parse().expect("address")).to_request();
    let response = match service.call(request).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.as_response_error().error_response(),
    };
    let (status, cookie) = (response.status().as_u16(), response.cookies().next().map(Cookie::into_owned));
    let body = to_bytes(response.into_body()).await.expect("body");
    Answer { status, cookie, body: String::from_utf8_lossy(&body).into_owned() }
}

fn page(path: &str, language: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header(("Accept", "text/html")).insert_header(("Accept-Language", language))
}

#[actix_web::test]
async fn the_pages_of_the_door_render_in_both_languages() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let keys = town.ground.keys.clone();
    let made = town
        .act::<MakeInvites, _>(owner, (), move |tx, may, actor, _| {
            actions::make_invite(tx, may, actor, &keys, "https://harbour.example", NewInvite::default())
        })
        .await
        .expect("invite");
    let link = town.write(move |tx| actions::make_link(tx, LinkPurpose::Reset, Some(owner), None, DAY)).await.expect("link");
    let open = [format!("/invite/{}", made.code), format!("/reset/{}", link.reveal())];
    for mode in [SignUpMode::Open, SignUpMode::Invite, SignUpMode::Approval, SignUpMode::Closed] {
        town.mode(mode);
        for path in ["/sign-in", "/sign-in?next=/r/5", "/join", "/invite/guess", "/reset", "/reset/guess", "/waiting", &open[0], &open[1]] {
            for language in ["en", "fr"] {
                let answer = ask(&town, page(path, language)).await;
                assert_eq!(answer.status, 200, "{mode:?} {path} {}", answer.body);
                assert!(answer.body.contains(&format!("<html lang=\"{language}\"")) && !answer.body.contains(">members."), "{path}");
            }
        }
    }
    town.mode(SignUpMode::Invite);
    let invited = ask(&town, page(&open[0], "en")).await.body;
    assert!(invited.contains("owner invites you") && invited.contains(&format!("name=\"invite\" value=\"{}\"", made.code)));
    assert!(ask(&town, page("/reset/guess", "en")).await.body.contains("This link is over"));
}

#[actix_web::test]
async fn the_door_leads_only_to_our_own_pages() {
    let town = Town::new().await;
    for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let answer = ask(&town, page(&format!("/sign-in?next={bad}"), "en")).await;
        assert!(answer.body.contains("data-next=\"&#x2f;\"") && answer.body.contains("data-first=\"&#x2f;welcome\""), "{bad}");
    }
    let door = ask(&town, page("/sign-in", "en")).await.body;
    assert!(door.contains("data-first=\"&#x2f;welcome\""), "where the first sign-in leads");
    let door = ask(&town, page("/sign-in?next=/r/5%3Fa%3Db", "en")).await.body;
    assert!(door.contains("data-next=\"&#x2f;r&#x2f;5?a=b\""), "{door}");
    assert!(
        door.contains("data-first=\"&#x2f;welcome?next=&#x2f;r&#x2f;5%3Fa%3Db\""),
        "the first sign-in leads there by way of the welcome: {door}"
    );
}

#[actix_web::test]
async fn a_browser_comes_in_by_cookie_sees_its_settings_and_leaves() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let origin = ("Sec-Fetch-Site", "same-origin");
    let form = serde_json::json!({ "username": "marta", "password": "tide over the harbour", "display_name": "<b>Marta</b>" });
    let joined = ask(&town, TestRequest::post().uri("/api/v1/sign-up").insert_header(origin).set_json(form)).await;
    assert_eq!(joined.status, 201, "{}", joined.body);
    let cookie = joined.cookie.expect("a cookie");
    assert_eq!((cookie.name(), cookie.http_only(), cookie.path()), ("__Host-rialto", Some(true), Some("/")));
    let answer: serde_json::Value = serde_json::from_str(&joined.body).expect("json");
    assert_eq!((&answer["token"], &answer["member"]["username"]), (&serde_json::Value::Null, &serde_json::json!("marta")));
    let marta: MemberId = answer["member"]["id"].as_str().expect("id").parse().expect("id");
    let token = NewToken { name: "bot".to_owned(), scopes: Scopes::ALL, expires_at: Some(START + DAY) };
    town.act::<ChangeMe, _>(marta, (), move |tx, may, actor, _| actions::make_api_token(tx, may, actor, &token)).await.expect("token");
    for path in ["/settings", "/settings/look", "/settings/security", "/settings/sessions", "/settings/tokens"] {
        for language in ["en", "fr"] {
            let change = serde_json::json!({ "language": language, "status": { "text": "at sea" } });
            let changed =
                ask(&town, TestRequest::patch().uri("/api/v1/me").cookie(cookie.clone()).insert_header(origin).set_json(change)).await;
            assert_eq!(changed.status, 200, "{}", changed.body);
            let shown = ask(&town, page(path, "en").cookie(cookie.clone())).await;
            assert_eq!(shown.status, 200, "{path} {}", shown.body);
            assert!(shown.body.contains(&format!("<html lang=\"{language}\"")) && !shown.body.contains("<b>Marta</b>"), "{path}");
        }
    }
    assert_eq!(ask(&town, page("/sign-in", "en").cookie(cookie.clone())).await.status, 303);
    let out = ask(&town, TestRequest::post().uri("/api/v1/sign-out").cookie(cookie.clone()).insert_header(origin)).await;
    assert_eq!((out.status, out.cookie.expect("taken away").value()), (204, ""));
    assert_eq!(ask(&town, TestRequest::get().uri("/api/v1/me/sessions").cookie(cookie)).await.status, 401);
}

#[actix_web::test]
async fn every_route_of_the_api_is_described() {
    let described = crate::members::openapi();
    let table = RouteTable::default();
    let rows = table.clone();
    let app = App::new().configure(move |config| crate::members::mount(&mut Routes::new(config, rows.clone())));
    let _service = test::init_service(app).await;
    let api: Vec<_> = table.rows().into_iter().filter(|row| row.path.starts_with("/api/")).collect();
    assert!(api.len() > 35, "{}", api.len());
    for row in api {
        let path = described.paths.paths.get(&row.path).unwrap_or_else(|| panic!("{} is not described", row.path));
        let json = serde_json::to_value(path).expect("json");
        assert!(json.get(row.method.to_lowercase()).is_some(), "{} {}", row.method, row.path);
    }
}
