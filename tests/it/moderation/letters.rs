//! Letters: each side is written to where letters are sent, in their language and with the way to an appeal; nobody else, and nowhere else.

use reqwest::Method;
use rialto::chat::RoomKind;
use serde_json::{Value, json};

use super::{DAY, Place};
use crate::support::{NOON, Town};

/// Letters of moderation in the outbox, oldest first: kind, address, text.
async fn letters(place: &Place) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for item in place.keeper.get("/api/v1/admin/mail").await["items"].as_array().expect("letters").iter().rev() {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let letter = place.keeper.get(&format!("/api/v1/admin/mail/{}", text(&item["id"]))).await;
        all.push((text(&item["kind"]), text(&item["to"]), text(&letter["text"])));
    }
    all.retain(|(kind, _, _)| kind.starts_with("moderation."));
    all
}

async fn place_with(smtp: Option<&str>) -> Place {
    let smtp = smtp.map(str::to_owned);
    let town = Town::with(move |config| {
        config.smtp_url = smtp;
        config.mail_from = Some("keeper@quay.example".to_owned());
    })
    .await;
    let place = Place::in_town(town, RoomKind::Public).await;
    for (person, language) in [(&place.ann, "en"), (&place.bob, "fr")] {
        let change = json!({ "email": format!("{}@example.org", person.name), "password": "", "language": language });
        assert_eq!(person.call(Method::PATCH, "/api/v1/me", Some(change)).await.0, 200);
    }
    place
}

#[actix_web::test]
async fn both_sides_get_a_letter_where_letters_are_sent_and_it_leads_to_the_appeal() {
    // Nobody listens there: letters wait in the outbox.
    let place = place_with(Some("smtp://127.0.0.1:9")).await;
    let new = json!({ "outcome": "ban", "reason": "No selling", "until": NOON + DAY });
    assert_eq!(place.mo.call(Method::POST, &place.decide(), Some(new)).await.0, 204);
    let sent = letters(&place).await;
    let told: Vec<(&str, &str)> = sent.iter().map(|(kind, to, _)| (kind.as_str(), to.as_str())).collect();
    assert_eq!(told, [("moderation.report", "ann@example.org"), ("moderation.sanction", "bob@example.org")]);
    let (to_ann, to_bob) = (&sent[0].2, &sent[1].2);
    assert!(to_ann.contains("was looked at") && !to_ann.contains("bob") && !to_ann.contains("No selling"), "{to_ann}");
    assert!(
        to_bob.contains("Vous êtes exclu") && to_bob.contains("No selling") && to_bob.contains("2 novembre 2026, 12:00 UTC"),
        "{to_bob}"
    );
    assert!(!to_bob.contains("mo\n") && !to_bob.contains("ann"), "{to_bob}");
    let code = to_bob.split("/appeal/").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("the way to the appeal");
    let appeal = place.town.http.post(place.town.url(&format!("/api/v1/appeals/{code}"))).json(&json!({ "words": "Non" }));
    assert_eq!(appeal.send().await.expect("an answer").status(), 204);
    let sanction = place.keeper.get("/api/v1/admin/appeals").await["items"][0]["sanction"]["id"].as_str().expect("an id").to_owned();
    let decide = format!("/api/v1/admin/appeals/{sanction}/decide");
    let lift = json!({ "outcome": "lift", "answer": "Welcome back" });
    assert_eq!(place.keeper.call(Method::POST, &decide, Some(lift)).await.0, 204);
    let last = letters(&place).await.pop().expect("a letter");
    assert_eq!((last.0.as_str(), last.1.as_str()), ("moderation.appeal", "bob@example.org"));
    assert!(last.2.contains("vous pouvez revenir") && last.2.contains("Welcome back"), "{}", last.2);
    place.town.close().await;
}

#[actix_web::test]
async fn without_a_mail_server_nothing_is_put_into_the_outbox() {
    let place = place_with(None).await;
    let new = json!({ "outcome": "warn", "reason": "No selling" });
    assert_eq!(place.mo.call(Method::POST, &place.decide(), Some(new)).await.0, 204);
    assert!(letters(&place).await.is_empty());
    place.town.close().await;
}
