//! Settings: what one saw is not overwritten when somebody else changed it, each change has its history, and is taken back only while it holds.

use reqwest::Method;
use rialto::members::RoleKind;
use serde_json::{Value, json};

use crate::support::{Person, Town};

const SETTINGS: &str = "/api/v1/admin/settings";

async fn set(by: &Person, body: Value) -> (u16, Value) {
    let (status, answer) = by.call(Method::PATCH, SETTINGS, Some(body)).await;
    (status.as_u16(), answer)
}

async fn undo(by: &Person, change: &Value) -> (u16, Value) {
    let body = json!({ "change": change["change"], "name": change["name"] });
    let (status, answer) = by.call(Method::POST, &format!("{SETTINGS}/undo"), Some(body)).await;
    (status.as_u16(), answer)
}

async fn history(by: &Person, name: &str) -> Vec<Value> {
    by.get(&format!("{SETTINGS}/history?name={name}")).await["items"].as_array().expect("a list").clone()
}

#[actix_web::test]
async fn two_administrators_at_one_page_do_not_overwrite_each_other() {
    let town = Town::new().await;
    let (olga, ada) = (town.owner("olga").await, town.person("ada", &[RoleKind::Administrator]).await);
    // Both opened the page, and each sends its form whole.
    let seen = json!({ "community_name": "Rialto", "community_sentence": "", "community_hue": 205, "payment_words": "" });
    let form = |name: &str, hue: u16| json!({ "community_name": name, "community_sentence": "", "community_hue": hue, "payment_words": "", "seen": seen });
    assert_eq!(set(&olga, form("Quay", 205)).await.0, 200);
    let (status, answer) = set(&ada, form("Rialto", 30)).await;
    assert_eq!(
        (status, &answer["community_name"], &answer["community_hue"]),
        (200, &json!("Quay"), &json!(30)),
        "each changed something else"
    );
    let (status, answer) = set(&ada, form("Harbour", 31)).await;
    let problems: Vec<(&str, &str)> = answer["problems"]
        .as_array()
        .expect("problems")
        .iter()
        .map(|one| (one["field"].as_str().expect("field"), one["code"].as_str().expect("code")))
        .collect();
    let both = [("community_hue", "settings.changed_since"), ("community_name", "settings.changed_since")];
    assert_eq!((status, problems.as_slice()), (422, both.as_slice()), "each that somebody else changed is named, one's own tab too");
    let now = olga.get(SETTINGS).await;
    assert_eq!((&now["community_name"], &now["community_hue"]), (&json!("Quay"), &json!(30)), "and nothing of it was stored");
    assert_eq!(set(&ada, form("Quay", 30)).await.0, 200, "whoever wants what holds contradicts nobody");
    // Line ends are the browser's own.
    assert_eq!(set(&olga, json!({ "payment_words": "Cash\r\nor kind" })).await.0, 200);
    let again = json!({ "payment_words": "Cash", "seen": { "payment_words": "Cash\nor kind" } });
    assert_eq!(set(&ada, again).await.0, 200);
    // Without what one saw it is as before: the last one wins.
    assert_eq!(set(&ada, json!({ "community_hue": 5 })).await.0, 200);
    for (body, field, code) in [
        (json!({ "community_hue": 6, "seen": [] }), "seen", "error.body"),
        (json!({ "community_hue": 6, "seen": { "shoe_size": 5 } }), "shoe_size", "settings.unknown"),
        (json!({ "community_hue": 6, "seen": { "community_hue": "x" } }), "community_hue", "settings.value"),
        (json!({ "community_hue": 400, "seen": { "community_hue": 5 } }), "community_hue", "settings.community_hue"),
    ] {
        let (status, answer) = set(&ada, body.clone()).await;
        let told = (status, answer["problems"][0]["field"].as_str(), answer["problems"][0]["code"].as_str());
        assert_eq!(told, (422, Some(field), Some(code)), "{body}");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_change_is_in_the_history_and_is_taken_back_while_it_holds() {
    let town = Town::new().await;
    let (olga, ada) = (town.owner("olga").await, town.person("ada", &[RoleKind::Administrator]).await);
    assert_eq!(set(&olga, json!({ "community_hue": 30, "sign_up_mode": "open" })).await.0, 200);
    assert_eq!(set(&ada, json!({ "community_hue": 40 })).await.0, 200);
    let hue = history(&olga, "community_hue").await;
    let told: Vec<_> = hue.iter().map(|one| (&one["by"]["username"], &one["before"], &one["after"], &one["may_undo"])).collect();
    let (ada_s, olga_s, yes, no) = (json!("ada"), json!("olga"), json!(true), json!(false));
    assert_eq!(told, [(&ada_s, &json!(30), &json!(40), &yes), (&olga_s, &json!(205), &json!(30), &no)]);
    let (status, answer) = undo(&olga, &hue[1]).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("settings.changed_since")), "ada has changed it since");
    let (status, answer) = undo(&olga, &hue[0]).await;
    assert_eq!((status, &answer["community_hue"], &answer["sign_up_mode"]), (200, &json!(30), &json!("open")), "and nothing else");
    assert_eq!(town.app().ground.settings.get().community_hue, 30, "in force with it");
    // Now the first one is what holds, and the taking back can be taken back.
    let hue = history(&olga, "community_hue").await;
    assert_eq!(hue.iter().map(|one| one["may_undo"] == json!(true)).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!((&hue[0]["before"], &hue[0]["after"]), (&json!(40), &json!(30)));
    assert_eq!(undo(&ada, &hue[2]).await.0, 200);
    assert_eq!(olga.get(SETTINGS).await["community_hue"], 205);
    for (change, name, code) in [("77", "community_hue", 404), (hue[0]["change"].as_str().expect("an id"), "sign_up_mode", 404)] {
        assert_eq!(undo(&olga, &json!({ "change": change, "name": name })).await.0, code, "{change} {name}");
    }
    // What is no change of settings is none, however it is named.
    let made = olga.post("/api/v1/admin/invites", json!({})).await;
    assert!(made["id"].is_string());
    let invite = olga.get("/api/v1/admin/audit?act=invites.").await["items"][0]["id"].clone();
    assert_eq!(undo(&olga, &json!({ "change": invite, "name": "community_hue" })).await.0, 404);
    assert_eq!(undo(&town.member("bob").await, &hue[0]).await.0, 403);
    town.close().await;
}

#[actix_web::test]
async fn a_long_history_goes_on_where_a_page_ends_and_has_a_page_for_people() {
    let town = Town::new().await;
    let olga = town.owner("olga").await;
    for n in 0..5 {
        assert_eq!(set(&olga, json!({ "community_hue": n, "message_bytes": 1_000 + n })).await.0, 200);
        assert_eq!(set(&olga, json!({ "group_members": 10 + n })).await.0, 200);
    }
    let path = format!("{SETTINGS}/history?name=community_hue&limit=3");
    let first = olga.get(&path).await;
    let after =
        |page: &Value| page["items"].as_array().expect("a list").iter().map(|one| one["after"].as_i64().expect("hue")).collect::<Vec<_>>();
    assert_eq!(after(&first), [4, 3, 2]);
    let next = first["next"].as_str().expect("a cursor");
    let second = olga.get(&format!("{path}&before={next}")).await;
    assert_eq!((after(&second), &second["next"]), (vec![1, 0], &Value::Null));
    assert_eq!(olga.get(&format!("{SETTINGS}/history")).await["items"].as_array().map(Vec::len), Some(15));
    let page = olga.page_text("/admin/settings/history?name=community_hue").await;
    assert!(page.contains("Undo") && page.contains("changed again since"), "{page}");
    let page = olga.page_text("/admin/settings").await;
    assert!(page.contains("/admin/settings/history?name=community_hue") && page.contains("RIALTO_PUBLIC_URL"), "{page}");
    town.close().await;
}

#[actix_web::test]
async fn of_two_who_take_back_the_same_change_at_once_one_does() {
    let town = Town::new().await;
    let (olga, ada) = (town.owner("olga").await, town.person("ada", &[RoleKind::Administrator]).await);
    assert_eq!(set(&olga, json!({ "community_hue": 30 })).await.0, 200);
    let change = history(&olga, "community_hue").await.remove(0);
    let all = (0..6).map(|n| undo(if n % 2 == 0 { &olga } else { &ada }, &change));
    let mut statuses: Vec<u16> = futures_util::future::join_all(all).await.into_iter().map(|(status, _)| status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    assert_eq!(history(&olga, "community_hue").await.len(), 2);
    town.close().await;
}

#[actix_web::test]
async fn what_is_taken_back_wants_the_password_where_it_deletes_messages() {
    let town = Town::new().await;
    let olga = town.owner("olga").await;
    let password = "along the old quay";
    assert_eq!(olga.call(Method::POST, "/api/v1/me/password", Some(json!({ "current": "", "new": password }))).await.0, 204);
    assert_eq!(set(&olga, json!({ "keep_messages_days": 30, "password": password })).await.0, 200);
    assert_eq!(set(&olga, json!({ "keep_messages_days": 0 })).await.0, 200);
    let kept = history(&olga, "keep_messages_days").await;
    let wants: Vec<_> = kept.iter().map(|one| (one["may_undo"] == true, one["wants_password"] == true)).collect();
    assert_eq!(wants, [(true, true), (false, false)]);
    let page = olga.page_text("/admin/settings/history").await;
    assert!(page.contains("type=\"password\""), "{page}");
    let back = |password: Option<&str>| {
        let body = json!({ "change": kept[0]["change"], "name": "keep_messages_days", "password": password });
        olga.call(Method::POST, "/api/v1/admin/settings/undo", Some(body))
    };
    for wrong in [None, Some("along the new quay")] {
        let (status, answer) = back(wrong).await;
        let told = (status.as_u16(), &answer["problems"][0]["field"], &answer["problems"][0]["code"]);
        assert_eq!(told, (422, &json!("password"), &json!("members.password_wrong")), "{answer}");
    }
    assert_eq!(olga.get(SETTINGS).await["keep_messages_days"], 0, "nothing was changed");
    let (status, answer) = back(Some(password)).await;
    assert_eq!((status.as_u16(), &answer["keep_messages_days"]), (200, &json!(30)));
    // A form that is sent whole asks for nothing while this was left as it was seen.
    let form = |days: u16| json!({ "keep_messages_days": days, "rooms_may_keep": "any", "seen": { "keep_messages_days": 30, "rooms_may_keep": "as_community" } });
    assert_eq!(set(&olga, form(30)).await.0, 200);
    let (status, answer) = set(&olga, form(29)).await;
    assert_eq!((status, &answer["problems"][0]["field"]), (422, &json!("password")), "{answer}");
    town.close().await;
}

#[actix_web::test]
async fn what_does_not_fit_any_more_is_not_taken_back() {
    let town = Town::new().await;
    let olga = town.owner("olga").await;
    assert_eq!(set(&olga, json!({ "reach_default_call": ["contacts"] })).await.0, 200);
    assert_eq!(set(&olga, json!({ "reach_ceiling_call": ["contacts"] })).await.0, 200);
    let change = history(&olga, "reach_default_call").await.remove(0);
    let (status, answer) = undo(&olga, &change).await;
    assert_eq!((status, &answer["problems"][0]["code"]), (422, &json!("social.above_ceiling")), "{answer}");
    assert_eq!(olga.get(SETTINGS).await["reach_default_call"], json!(["contacts"]));
    town.close().await;
}
