//! The inbox: paging, answers, limits.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::chat::RoomKind;
use serde_json::json;

use super::{act, acts, is_mine, lets, names, newest_request, talk, waiting};
use crate::support::{NOON, Town};

#[actix_web::test]
async fn the_inbox_is_read_page_by_page_newest_first() {
    let town = Town::new().await;
    let bob = town.member("bob").await;
    for n in 0..5 {
        act(&town.member(&format!("asker{n}")).await, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    }
    let first = bob.get("/api/v1/requests?limit=3").await;
    let next = first["next"].as_str().expect("more").to_owned();
    let second = bob.get(&format!("/api/v1/requests?limit=3&before={next}")).await;
    let of = |page: &serde_json::Value| -> Vec<String> {
        page["items"].as_array().expect("items").iter().map(|one| one["sender"]["username"].as_str().expect("name").to_owned()).collect()
    };
    assert_eq!(
        (of(&first), of(&second)),
        (vec!["asker4".into(), "asker3".into(), "asker2".into()], vec!["asker1".into(), "asker0".into()])
    );
    assert_eq!(second["next"], json!(null));
    bob.refused(Method::GET, "/api/v1/requests?limit=201", None, 422, "error.limit").await;
    // A place that is none, and one that this list does not know, are no beginning.
    for wrong in ["before=zz", "after=zz", "after=7", "befor=7"] {
        bob.refused(Method::GET, &format!("/api/v1/requests?{wrong}"), None, 422, "error.query").await;
    }
    assert_eq!(bob.call(Method::GET, "/people/requests?before=zz", None).await.0, 422);
    assert_eq!(bob.call(Method::GET, "/people/requests?hung_on=zz", None).await.0, 200, "a page's address may carry more");
    town.close().await;
}

#[actix_web::test]
async fn always_is_for_every_way_and_a_block_ends_everything_that_waits() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    lets(&bob, "invite", &["nobody"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    let request = newest_request(&bob).await;
    acts(&bob, Method::POST, &format!("/api/v1/requests/{request}/accept"), Some(json!({ "always": true }))).await;
    assert_eq!(names(&bob, "/api/v1/me/always").await, ["ann"]);
    ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Attic", "members": [bob.id] })).await;
    assert_eq!(waiting(&bob).await, [("invite".to_owned(), "ann".to_owned())], "invitations too");
    act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    act(&bob, Method::POST, &format!("/api/v1/requests/{}/block", newest_request(&bob).await)).await;
    assert!(waiting(&bob).await.is_empty() && names(&bob, "/api/v1/me/always").await.is_empty() && !is_mine(&bob, room).await);
    assert_eq!(names(&bob, "/api/v1/blocks").await, ["ann"]);
    town.close().await;
}

#[actix_web::test]
async fn an_invitation_goes_with_whoever_made_it_and_is_a_matter_of_those_inside() {
    let town = Town::new().await;
    let (ann, bob, cleo, dan) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await, town.member("dan").await);
    let quay = town.room(&ann, RoomKind::Public, "Quay", &[&cleo]).await;
    let place = format!("/api/v1/rooms/{quay}/members/{}", bob.id);
    act(&ann, Method::PUT, &place).await;
    assert_eq!(waiting(&bob).await, [("invite".to_owned(), "ann".to_owned())]);
    let events = format!("/api/v1/rooms/{quay}/events?after=0");
    let (inside, outside) = (cleo.get(&events).await, dan.get(&events).await);
    assert!(inside.to_string().contains("member_invited") && inside.to_string().contains(&bob.id.to_string()), "{inside}");
    assert!(!outside.to_string().contains("member_invited") && !outside.to_string().contains(&bob.id.to_string()), "{outside}");
    let count = |page: &serde_json::Value| page["items"].as_array().expect("items").len();
    assert_eq!(count(&inside), count(&outside), "the places are the same");
    act(&ann, Method::DELETE, &format!("/api/v1/rooms/{quay}/members/{}", ann.id)).await;
    assert!(waiting(&bob).await.is_empty(), "with whoever asked gone there is nothing to say yes to");
    assert_eq!(cleo.get(&format!("/api/v1/rooms/{quay}/members")).await["invited"], json!([]));
    act(&cleo, Method::PUT, &place).await;
    bob.says_yes().await;
    assert!(is_mine(&bob, quay).await, "somebody else's invitation leads in");
    town.close().await;
}

#[actix_web::test]
async fn an_invitation_whose_maker_is_not_there_is_taken_over_by_who_invites_again() {
    let town = Town::new().await;
    let (ann, bob, cleo, dan) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await, town.member("dan").await);
    let room = town.room(&ann, RoomKind::Group, "Lanterns", &[&cleo, &town.member("eve").await]).await;
    let (invited, by) = (bob.id, dan.id);
    // As it may stand from before: whoever made it has gone, and it was not taken back.
    let placed = town.app().ground.db.write(move |tx| rialto::chat::seed::place_invitation(tx, room, invited, by));
    placed.await.expect("an invitation");
    let (place, list) = (format!("/api/v1/rooms/{room}/members/{}", bob.id), format!("/api/v1/rooms/{room}/members"));
    let inviter = async || cleo.get(&list).await["invited"][0]["by"].clone();
    assert_eq!(inviter().await, json!(dan.id));
    bob.refused(
        Method::POST,
        &format!("/api/v1/requests/{}/accept", newest_request(&bob).await),
        Some(json!({})),
        410,
        "social.request_over",
    )
    .await;
    act(&cleo, Method::PUT, &place).await;
    assert_eq!(inviter().await, json!(cleo.id));
    // While who made it is there, it stays theirs.
    act(&ann, Method::PUT, &place).await;
    assert_eq!(inviter().await, json!(cleo.id));
    bob.says_yes().await;
    assert!(is_mine(&bob, room).await);
    town.close().await;
}

#[actix_web::test]
async fn nobody_answers_for_somebody_else() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    let request = newest_request(&bob).await;
    for other in [&ann, &cleo] {
        for answer in ["accept", "ignore", "block", "report"] {
            let body = Some(if answer == "report" { json!({ "reason": "spam" }) } else { json!({}) });
            other.refused(Method::POST, &format!("/api/v1/requests/{request}/{answer}"), body, 404, "error.not_found").await;
        }
    }
    town.close().await;
}

#[actix_web::test]
async fn a_member_asks_so_often_in_a_day_whether_or_not_anybody_hears_it() {
    use std::sync::atomic::Ordering;

    use crate::support::NOON;
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    assert_eq!(keeper.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "requests_per_day": 2 }))).await.0, 200);
    let ann = town.member("ann").await;
    let others = [town.member("bob").await, town.member("cleo").await, town.member("dan").await];
    act(&others[0], Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    for other in &others[..2] {
        act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", other.id)).await;
    }
    let third = format!("/api/v1/contacts/{}", others[2].id);
    ann.refused(Method::PUT, &third, None, 429, "social.too_many_requests").await;
    town.hand.store(NOON + 86_400_000, Ordering::Relaxed);
    act(&ann, Method::PUT, &third).await;
    town.close().await;
}

#[actix_web::test]
async fn nobody_fills_anothers_inbox() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "requests_to_one_per_day": 3 }))).await;
    for blocks in [false, true] {
        let named = |name: &str| format!("{name}{}", u8::from(blocks));
        let (ann, bob, cleo) = (town.member(&named("ann")).await, town.member(&named("bob")).await, town.member(&named("cleo")).await);
        if blocks {
            act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
        }
        act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
        let mut room = json!(null);
        for n in 0..2 {
            room =
                ann.post("/api/v1/rooms", json!({ "kind": "private", "name": format!("Attic {blocks} {n}"), "members": [bob.id] })).await;
        }
        let full = Some(json!({ "kind": "private", "name": format!("Cellar {blocks}"), "members": [bob.id] }));
        ann.refused(Method::POST, "/api/v1/rooms", full, 429, "social.too_many_to_one").await;
        assert_eq!(waiting(&bob).await.len(), if blocks { 0 } else { 3 });
        act(&ann, Method::PUT, &format!("/api/v1/rooms/{}/members/{}", room["id"].as_str().expect("id"), cleo.id)).await;
        if blocks {
            town.hand.store(NOON + 86_400_000, Ordering::Relaxed);
            ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Terrace", "members": [bob.id] })).await;
        }
    }
    town.close().await;
}
