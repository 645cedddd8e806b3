//! The front page before the set-up, which says what is to be done and asks for no invite that nobody could have made; and the welcome.

use reqwest::Method;
use serde_json::json;

use crate::support::Town;

async fn page(town: &Town, path: &str) -> (u16, String) {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let answer = client.get(town.url(path)).header("Accept", "text/html").header("Accept-Language", "en").send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    // Above the data block: that one holds every word anyway.
    (status, text.split("id=\"words\"").next().unwrap_or_default().to_owned())
}

#[actix_web::test]
async fn before_the_set_up_the_front_page_says_so() {
    let town = Town::new().await;
    let (status, text) = page(&town, "/").await;
    assert!(status == 200 && text.contains("not set up yet") && text.contains("set up at"), "{text}");
    assert!(!text.contains("need an invite") && !text.contains("/sign-in"), "{text}");
    assert_eq!(page(&town, "/join").await.0, 303, "there is nothing to join yet");

    town.owner("marta").await;
    let (status, text) = page(&town, "/").await;
    assert!(status == 200 && text.contains("need an invite") && !text.contains("not set up yet"), "{text}");
    assert_eq!(page(&town, "/join").await.0, 200);
    town.close().await;
}

#[actix_web::test]
async fn the_welcome_leads_on_to_where_the_member_wanted_to_go_and_only_to_our_own_pages() {
    let town = Town::new().await;
    let marta = town.member("marta").await;
    for (next, leads) in [
        ("", "&#x2f;"),
        ("?next=/r/5%3Fa%3Db", "&#x2f;r&#x2f;5?a=b"),
        ("?next=https://evil.example", "&#x2f;"),
        ("?next=//evil.example", "&#x2f;"),
        ("?next=/%5Cevil.example", "&#x2f;"),
        ("?next=javascript:alert(1)", "&#x2f;"),
    ] {
        let asked = town.http.get(town.url(&format!("/welcome{next}"))).bearer_auth(&marta.token).header("Accept", "text/html");
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{next}");
        let text = answer.text().await.expect("a body");
        assert!(text.contains(&format!("action=\"/api/v1/me\" data-next=\"{leads}\"")), "{next}");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_used_up_invite_shows_the_door_that_is_open_and_no_other() {
    let town = Town::new().await;
    let marta = town.owner("marta").await;
    for (mode, is_open) in [("open", true), ("approval", true), ("invite", false)] {
        assert_eq!(marta.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "sign_up_mode": mode }))).await.0, 200);
        let (status, text) = page(&town, "/invite/long-over").await;
        assert!(status == 200 && text.contains("This invite is over"), "{text}");
        assert_eq!(text.contains("href=\"/join\""), is_open, "{mode}");
    }
    town.close().await;
}

#[actix_web::test]
async fn who_is_signed_in_is_led_from_the_sign_in_to_where_they_wanted_to_go() {
    let town = Town::new().await;
    let marta = town.member("marta").await;
    for (next, leads) in [("", "/"), ("?next=/admin", "/admin"), ("?next=//evil.example", "/")] {
        let answer = town.http.get(town.url(&format!("/sign-in{next}"))).bearer_auth(&marta.token).send().await.expect("an answer");
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        assert_eq!((answer.status().as_u16(), location), (303, Some(leads)), "{next}");
    }
    town.close().await;
}
