//! What waits for a yes waits no longer once the two stand to each other so that none is needed.

use reqwest::Method;
use serde_json::{Value, json};

use super::{act, acts, hears, is_mine, lets, newest_request, talk, waiting};
use crate::support::{Person, Town};

/// The kinds of what waits for them, newest first.
async fn kinds(who: &Person) -> Vec<String> {
    waiting(who).await.into_iter().map(|(kind, _)| kind).collect()
}

/// In which way somebody comes to be let in whose words and call wait.
const WAYS: [&str; 5] = ["follow", "contact", "a yes to a contact", "always", "a yes for always"];

#[actix_web::test]
async fn whoever_asked_is_let_in_by_a_follow_a_contact_or_the_list_of_always_in_open_tabs_too() {
    for way in WAYS {
        let town = Town::new().await;
        let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
        acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
        let known = json!({ "from": ["contacts", "people_i_follow"] });
        let choice = json!({ "message": known, "call": known, "unknown_callers": "request" });
        acts(&bob, Method::PUT, "/api/v1/me/reach", Some(choice)).await;
        let room = talk(&ann, &bob).await;
        ann.says(room, "k1", "Hello").await;
        let mut of_ann = ann.connect().await;
        let call = of_ann.done(json!({ "type": "call.start", "to": bob.id, "video": false, "key": "c1" })).await["id"].clone();
        of_ann.done(json!({ "type": "call.cancel", "call": call })).await;
        assert_eq!(kinds(&bob).await, ["call", "message"], "{way}");
        let by_contact = way.ends_with("contact");
        if by_contact {
            act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
        }
        let mut of_bob = bob.connect().await;
        let yes = format!("/api/v1/requests/{}/accept", newest_request(&bob).await);
        match way {
            "follow" => drop(act(&bob, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await),
            "contact" => drop(act(&bob, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await),
            "always" => drop(act(&bob, Method::PUT, &format!("/api/v1/me/always/{}", ann.id)).await),
            "a yes for always" => drop(acts(&bob, Method::POST, &yes, Some(json!({ "always": true }))).await),
            _ => drop(acts(&bob, Method::POST, &yes, Some(json!({}))).await),
        }
        let outcome = if way.ends_with("always") { "accepted_always" } else { "accepted_once" };
        for _ in 0..2 + usize::from(by_contact) {
            assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], outcome, "{way}");
        }
        assert!(waiting(&bob).await.is_empty(), "{way}");
        assert!(is_mine(&bob, room).await, "{way}: the conversation is his now");
        let state = bob.get("/api/v1/me/state").await;
        assert_eq!(state["people"]["requests"], 0, "{way}");
        let of_room = state["rooms"].as_array().expect("rooms").iter().find(|one| one["id"] == room.to_string()).expect("his").clone();
        assert_eq!(of_room["unread"], 1, "{way}: what waited is there to be read");
        // An open tab comes into the conversation, and hears what is said in it.
        ann.says(room, "k2", "Are you there?").await;
        assert_eq!(hears(&mut of_bob, "message_sent").await["body"], "Are you there?", "{way}");
        town.close().await;
    }
}

#[actix_web::test]
async fn whoever_is_written_to_may_ring_and_asks_for_it_no_longer() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "unknown_callers": "request" }))).await;
    let mut of_ann = ann.connect().await;
    let call = of_ann.done(json!({ "type": "call.start", "to": bob.id, "video": false, "key": "c1" })).await["id"].clone();
    of_ann.done(json!({ "type": "call.cancel", "call": call })).await;
    assert_eq!(kinds(&bob).await, ["call"]);
    let room = talk(&bob, &ann).await;
    bob.says(room, "k1", "You rang?").await;
    assert!(waiting(&bob).await.is_empty(), "whom one has written to first counts as admitted");
    town.close().await;
}

#[actix_web::test]
async fn what_still_needs_a_yes_waits_on() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Attic", "members": [bob.id] })).await;
    act(&bob, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await;
    assert_eq!(kinds(&bob).await, ["invite", "message"], "people whom he follows are not those whom he lets write");
    act(&bob, Method::PUT, &format!("/api/v1/me/always/{}", ann.id)).await;
    assert_eq!(kinds(&bob).await, ["invite"], "an invitation asks whether he wants to come");
    assert!(is_mine(&bob, room).await);
    town.close().await;
}

#[actix_web::test]
async fn where_both_must_follow_the_follow_that_comes_last_lets_in_whoever_makes_it() {
    for last_by_bob in [false, true] {
        let town = Town::new().await;
        let (ann, bob) = (town.member("ann").await, town.member("bob").await);
        lets(&bob, "message", &["mutual"]).await;
        let room = talk(&ann, &bob).await;
        ann.says(room, "k1", "Hello").await;
        let follows = [(&ann, &bob), (&bob, &ann)];
        let order = if last_by_bob { [follows[0], follows[1]] } else { [follows[1], follows[0]] };
        for (n, (who, whom)) in order.into_iter().enumerate() {
            act(who, Method::PUT, &format!("/api/v1/follows/{}", whom.id)).await;
            assert_eq!((waiting(&bob).await.len(), is_mine(&bob, room).await), (1 - n, n == 1), "last by bob: {last_by_bob}");
        }
        town.close().await;
    }
}

#[actix_web::test]
async fn words_that_come_through_take_those_along_that_waited() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    let mut of_bob = bob.connect().await;
    lets(&bob, "message", &["everyone"]).await;
    assert_eq!(kinds(&bob).await, ["message"], "another choice is about what comes from now on");
    ann.says(room, "k2", "Hello again").await;
    assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], "accepted_once");
    assert_eq!((waiting(&bob).await, is_mine(&bob, room).await), (Vec::new(), true));
    town.close().await;
}

#[actix_web::test]
async fn whoever_made_the_request_sees_nothing_of_its_end() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["people_i_follow"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    let look = async || [ann.get(&format!("/api/v1/rooms/{room}/events?after=0")).await, ann.get(&format!("/api/v1/rooms/{room}")).await];
    let before: [Value; 2] = look().await;
    act(&bob, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await;
    assert!(is_mine(&bob, room).await);
    assert_eq!(look().await, before);
    town.close().await;
}
