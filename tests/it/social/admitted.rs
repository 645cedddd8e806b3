//! What waits for a yes waits no longer once the two stand to each other so that none is needed.

use reqwest::Method;
use serde_json::{Value, json};

use super::{act, acts, hears, is_mine, lets, names, newest_request, talk, waiting};
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
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["verified"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    let mut of_bob = bob.connect().await;
    let path = format!("/api/v1/admin/members/{}/verification", ann.id);
    acts(&keeper, Method::PUT, &path, Some(json!({ "note": "Met her" }))).await;
    assert_eq!(kinds(&bob).await, ["message"], "a badge comes without either of the two");
    ann.says(room, "k2", "Hello again").await;
    assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], "accepted_once");
    assert_eq!((waiting(&bob).await, is_mine(&bob, room).await), (Vec::new(), true));
    town.close().await;
}

/// A call that was taken back before anybody answered.
async fn calls(caller: &Person, callee: &Person, key: &str) {
    let mut socket = caller.connect().await;
    let call = socket.done(json!({ "type": "call.start", "to": callee.id, "video": false, "key": key })).await["id"].clone();
    socket.done(json!({ "type": "call.cancel", "call": call })).await;
    socket.event("call_logged").await;
}

#[actix_web::test]
async fn whoever_opens_their_door_lets_in_what_waits_before_it() {
    let town = Town::new().await;
    let (keeper, bob) = (town.owner("keeper").await, town.member("bob").await);
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    let (ann, cleo, dan) = (town.member("ann").await, town.member("cleo").await, town.member("dan").await);
    let path = format!("/api/v1/admin/members/{}/verification", cleo.id);
    acts(&keeper, Method::PUT, &path, Some(json!({ "note": "Met her" }))).await;
    let known = json!({ "from": ["contacts"] });
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "message": known, "call": known, "unknown_callers": "request" }))).await;
    let mut rooms = Vec::new();
    for asker in [&ann, &cleo] {
        let room = talk(asker, &bob).await;
        asker.says(room, "k1", "Hello").await;
        rooms.push(room);
    }
    calls(&dan, &bob, "c1").await;
    act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    assert_eq!(kinds(&bob).await, ["contact", "call", "message", "message"]);
    let look = async || [ann.get(&format!("/api/v1/rooms/{}/events?after=0", rooms[0])).await, ann.get("/api/v1/me/events?after=0").await];
    let before = look().await;

    let mut of_bob = bob.connect().await;
    lets(&bob, "message", &["contacts", "verified"]).await;
    assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], "accepted_once");
    assert_eq!((kinds(&bob).await, is_mine(&bob, rooms[1]).await), (vec!["contact".into(), "call".into(), "message".into()], true));
    let hour = json!({ "call": { "from": ["everyone"] }, "quiet": { "from": 0, "to": 1439 } });
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(hour)).await;
    assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], "accepted_once", "quiet hours shut nobody out");
    lets(&bob, "message", &["everyone"]).await;
    assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], "accepted_once");
    assert_eq!(kinds(&bob).await, ["contact"], "a contact is asked for by itself");
    assert!(is_mine(&bob, rooms[0]).await);
    assert_eq!(look().await, before, "whoever asked sees nothing of it");
    town.close().await;
}

#[actix_web::test]
async fn where_nobody_may_ask_any_more_what_waits_ends_without_a_word_and_may_be_asked_anew() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    let known = json!({ "from": ["contacts"] });
    let asked = json!({ "message": known, "call": known, "unknown_callers": "request" });
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(asked.clone())).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    calls(&ann, &bob, "c1").await;
    let look = async || [ann.get(&format!("/api/v1/rooms/{room}/events?after=0")).await, ann.get("/api/v1/me/events?after=0").await];
    let before = look().await;
    let mut of_bob = bob.connect().await;
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "mention": known }))).await;
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "unknown_callers": "silent" }))).await;
    assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], "closed");
    assert_eq!(kinds(&bob).await, ["message"], "what may still be asked waits on");
    lets(&bob, "message", &["nobody"]).await;
    assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], "closed");
    assert!(waiting(&bob).await.is_empty() && !is_mine(&bob, room).await);
    assert_eq!(look().await, before, "whoever asked sees nothing of it");
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(asked)).await;
    ann.says(room, "k2", "Hello again").await;
    calls(&ann, &bob, "c2").await;
    assert_eq!(kinds(&bob).await, ["call", "message"], "a door that was shut is no person who was ignored");
    town.close().await;
}

#[actix_web::test]
async fn where_followers_need_no_yes_any_more_all_who_asked_follow_and_none_can_tell_who_was_left_out() {
    let town = Town::new().await;
    let bob = town.member("bob").await;
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "asks_before_follow": true }))).await;
    let askers = [town.member("ann").await, town.member("cleo").await, town.member("dan").await];
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", askers[2].id)).await;
    for asker in &askers {
        assert_eq!(act(asker, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await["state"], "asked");
    }
    assert_eq!(waiting(&bob).await.len(), 2);
    act(&bob, Method::POST, &format!("/api/v1/requests/{}/ignore", newest_request(&bob).await)).await;
    let mut tabs = Vec::new();
    for asker in &askers {
        tabs.push(asker.connect().await);
    }
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "asks_before_follow": false }))).await;
    for tab in &mut tabs {
        let heard = hears(tab, "follow_changed").await;
        assert_eq!((&heard["member"], &heard["state"]), (&json!(bob.id), &json!("following")));
    }
    assert!(waiting(&bob).await.is_empty());
    assert_eq!(names(&bob, "/api/v1/followers").await, ["ann", "cleo"], "whom he blocks is on no list of his");
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
