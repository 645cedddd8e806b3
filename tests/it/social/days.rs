//! Bad days: oneself, people who are gone, two at once, a block in between, and very long address books.

use std::time::{Duration, Instant};

use reqwest::Method;
use rialto::members::{self, DisplayName, NewMember, Username};
use rialto::social::seed;
use serde_json::json;

use super::{act, acts, is_mine, lets, names, newest_request, talk, waiting};
use crate::support::Town;

#[actix_web::test]
async fn nobody_is_their_own_contact_follower_or_foe() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    for list in ["contacts", "follows", "blocks", "mutes", "me/always", "me/never"] {
        ann.refused(Method::PUT, &format!("/api/v1/{list}/{}", ann.id), None, 409, "social.yourself").await;
        ann.refused(Method::PUT, &format!("/api/v1/{list}/77"), None, 404, "error.not_found").await;
    }
    town.close().await;
}

#[actix_web::test]
async fn whoever_is_banned_or_deleted_is_asked_for_nothing_and_can_be_let_go() {
    let town = Town::new().await;
    let (keeper, ann, bob, cleo) =
        (town.owner("keeper").await, town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    act(&ann, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await;
    act(&bob, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await;
    act(&cleo, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await;
    acts(&keeper, Method::POST, &format!("/api/v1/admin/members/{}/ban", bob.id), Some(json!({ "reason": "x" }))).await;
    assert_eq!(waiting(&ann).await, [("contact".to_owned(), "cleo".to_owned())], "what a banned member asked for waits no longer");
    assert_eq!(ann.get(&format!("/api/v1/people/{}", bob.id)).await["contact"], "none", "and is no longer asked");
    for list in ["contacts", "follows"] {
        let path = format!("/api/v1/{list}/{}", bob.id);
        if list == "contacts" {
            ann.refused(Method::PUT, &path, None, 409, "social.not_there").await;
        }
        act(&ann, Method::DELETE, &path).await;
    }
    act(&ann, Method::PUT, &format!("/api/v1/blocks/{}", bob.id)).await;
    assert_eq!(names(&ann, "/api/v1/blocks").await, ["bob"], "somebody who is shut out can be blocked");

    acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", cleo.id), Some(json!({ "note": "Tall" }))).await;
    act(&ann, Method::PUT, &format!("/api/v1/follows/{}", cleo.id)).await;
    acts(&keeper, Method::DELETE, &format!("/api/v1/admin/members/{}", cleo.id), Some(json!({ "reason": "x" }))).await;
    assert!(waiting(&ann).await.is_empty() && names(&ann, "/api/v1/follows").await.is_empty());
    assert_eq!(ann.get(&format!("/api/v1/people/{}", cleo.id)).await["note"], "", "nothing leads to who is gone");
    ann.refused(Method::PUT, &format!("/api/v1/contacts/{}", cleo.id), None, 409, "social.not_there").await;
    town.close().await;
}

#[actix_web::test]
async fn two_who_say_yes_at_once_become_contacts_once() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    let request = newest_request(&bob).await;
    let path = format!("/api/v1/requests/{request}/accept");
    let yes = || bob.call(Method::POST, &path, Some(json!({})));
    let (one, two, three) = tokio::join!(yes(), yes(), yes());
    assert!([one, two, three].iter().all(|(status, _)| *status == 204), "a second yes is none");
    let heard = bob.get("/api/v1/me/events?after=0").await;
    let kinds = heard["items"].as_array().expect("items").iter().filter(|one| one["event"]["state"] == "contact").count();
    assert_eq!(kinds, 1);
    bob.refused(Method::POST, &path, Some(json!({ "always": true })), 410, "social.request_over").await;
    // Both ask at the same moment: whoever comes second says yes.
    let (cleo, dan) = (town.member("cleo").await, town.member("dan").await);
    let (to_dan, to_cleo) = (format!("/api/v1/contacts/{}", dan.id), format!("/api/v1/contacts/{}", cleo.id));
    tokio::join!(act(&cleo, Method::PUT, &to_dan), act(&dan, Method::PUT, &to_cleo));
    assert_eq!(
        (names(&cleo, "/api/v1/contacts").await, waiting(&cleo).await.len(), waiting(&dan).await.len()),
        (vec!["dan".to_owned()], 0, 0)
    );
    town.close().await;
}

#[actix_web::test]
async fn a_block_while_a_request_waits_ends_it_and_tells_nobody() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    let (request, before) = (newest_request(&bob).await, ann.get(&format!("/api/v1/people/{}", bob.id)).await);
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    assert!(waiting(&bob).await.is_empty());
    bob.refused(Method::POST, &format!("/api/v1/requests/{request}/accept"), Some(json!({})), 410, "social.request_over").await;
    assert_eq!(ann.get(&format!("/api/v1/people/{}", bob.id)).await, before);
    assert_eq!(act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await["state"], "asked");
    // The other way round: what whoever blocks had asked for is taken back; their words and invitations wait as before.
    let (cleo, dan) = (town.member("cleo").await, town.member("dan").await);
    lets(&dan, "message", &["contacts"]).await;
    let talk_of_two = talk(&cleo, &dan).await;
    cleo.says(talk_of_two, "k1", "Hello").await;
    let attic = cleo.post("/api/v1/rooms", json!({ "kind": "private", "name": "Attic", "members": [dan.id] })).await;
    let before = waiting(&dan).await;
    assert_eq!(before, [("invite".to_owned(), "cleo".to_owned()), ("message".to_owned(), "cleo".to_owned())]);
    act(&cleo, Method::PUT, &format!("/api/v1/contacts/{}", dan.id)).await;
    act(&cleo, Method::PUT, &format!("/api/v1/blocks/{}", dan.id)).await;
    assert_eq!(waiting(&dan).await, before, "dan sees no difference in what was written and whereto he was invited");
    // A yes to it leads to nobody who hears.
    dan.says_yes().await;
    assert!(is_mine(&dan, attic["id"].as_str().expect("id").parse().expect("a room")).await);
    dan.says_yes().await;
    dan.says(talk_of_two, "k1", "Canary").await;
    let page = cleo.call(Method::GET, &format!("/api/v1/rooms/{talk_of_two}/messages"), None).await.1;
    assert!(!page.to_string().contains("Canary") && !is_mine(&cleo, talk_of_two).await, "{page}");
    assert_eq!(
        act(&dan, Method::PUT, &format!("/api/v1/contacts/{}", cleo.id)).await["state"],
        "asked",
        "dan sees a request that was taken back"
    );
    assert!(names(&cleo, "/api/v1/contacts").await.is_empty(), "whom cleo blocks is on no list but that one");
    town.close().await;
}

#[actix_web::test]
async fn ten_thousand_contacts_are_paged_in_order() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let id = ann.id;
    let made = town.app().ground.db.write(move |tx| {
        for n in 0..10_000 {
            let name = format!("c{n:05}");
            let other = members::create_member(tx, &NewMember::named(Username::parse(&name)?, DisplayName::parse(&name)?))?;
            seed::place_contact(tx, id, other)?;
        }
        Ok(())
    });
    made.await.expect("contacts");
    let begun = Instant::now();
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = ann.get(&format!("/api/v1/contacts?limit=200{after}")).await;
        seen.extend(
            page["items"].as_array().expect("items").iter().map(|one| one["member"]["username"].as_str().expect("name").to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), seen.is_sorted()), (10_000, true));
    assert_eq!(names(&ann, "/api/v1/contacts?q=c0777").await.len(), 10);
    let said = ann.get("/api/v1/me/reach").await["sentences"][1]["text"].clone();
    assert!(said.as_str().expect("text").contains("10,000") || said.as_str().expect("text").contains("10000"), "{said}");
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    // Each read alone takes no longer for so many than a person notices, in a build for tests too.
    for (name, path) in [
        ("a page of contacts", "/api/v1/contacts?limit=50"),
        ("the directory", "/api/v1/members?limit=50"),
        ("a search", "/api/v1/members?q=c0777"),
        ("a search of contacts", "/api/v1/contacts?q=c0777"),
        ("the sentence", "/api/v1/me/reach"),
    ] {
        let mut least = Duration::MAX;
        for _ in 0..7 {
            let begun = Instant::now();
            ann.get(path).await;
            least = least.min(begun.elapsed());
        }
        println!("10,000 contacts: {name} {least:?}");
        assert!(least < Duration::from_millis(500), "{name}: {least:?}");
    }
    let mut least = Duration::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        ann.page_text("/people?list=contacts").await;
        least = least.min(begun.elapsed());
    }
    println!("10,000 contacts: the page {least:?}");
    assert!(least < Duration::from_millis(500), "the page: {least:?}");
    town.close().await;
}

#[actix_web::test]
async fn a_block_takes_back_what_the_blocker_asked_for() {
    let town = Town::new().await;
    let (gus, eve) = (town.member("gus").await, town.member("eve").await);
    acts(&eve, Method::PUT, "/api/v1/me/reach", Some(json!({ "asks_before_follow": true }))).await;
    let (to_eve, to_gus) = (format!("/api/v1/contacts/{}", eve.id), format!("/api/v1/contacts/{}", gus.id));
    act(&gus, Method::PUT, &to_eve).await;
    act(&gus, Method::PUT, &format!("/api/v1/follows/{}", eve.id)).await;
    let yes: Vec<String> = eve.get("/api/v1/requests").await["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| format!("/api/v1/requests/{}/accept", one["id"].as_str().expect("id")))
        .collect();
    assert_eq!(yes.len(), 2);
    act(&gus, Method::PUT, &format!("/api/v1/blocks/{}", eve.id)).await;
    assert!(waiting(&eve).await.is_empty(), "it looks taken back");
    for yes in &yes {
        eve.refused(Method::POST, yes, Some(json!({})), 410, "social.request_over").await;
    }
    assert_eq!(act(&eve, Method::PUT, &to_gus).await["state"], "asked", "eve may ask herself, and is not heard");
    act(&gus, Method::DELETE, &format!("/api/v1/blocks/{}", eve.id)).await;
    assert!(waiting(&gus).await.is_empty(), "what nobody heard waits for nobody");
    let known = gus.get(&format!("/api/v1/people/{}", eve.id)).await;
    assert_eq!((&known["contact"], &known["follow"]), (&json!("none"), &json!("none")), "{known}");
    town.close().await;
}

#[actix_web::test]
async fn what_a_shut_door_ended_stays_ended_until_it_is_asked_anew() {
    for door in ["blocks", "me/never"] {
        let town = Town::new().await;
        let (ann, bob) = (town.member("ann").await, town.member("bob").await);
        acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "asks_before_follow": true, "message": { "from": ["contacts"] } }))).await;
        let (shut, asked) = (format!("/api/v1/{door}/{}", ann.id), format!("/api/v1/contacts/{}", bob.id));
        let follow = format!("/api/v1/follows/{}", bob.id);
        let room = talk(&ann, &bob).await;
        ann.says(room, "k1", "Hello").await;
        act(&ann, Method::PUT, &asked).await;
        act(&ann, Method::PUT, &follow).await;
        ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Attic", "members": [bob.id] })).await;
        assert_eq!(waiting(&bob).await.len(), 4);
        let before = ann.get(&format!("/api/v1/people/{}", bob.id)).await;
        for _ in 0..2 {
            act(&bob, Method::PUT, &shut).await;
            act(&bob, Method::DELETE, &shut).await;
            assert_eq!(waiting(&bob).await, [], "{door}: nothing comes back");
        }
        let of_ann = async || bob.get(&format!("/api/v1/people/{}", ann.id)).await["contact"].clone();
        assert_eq!(of_ann().await, "none", "{door}");
        assert_eq!(ann.get(&format!("/api/v1/people/{}", bob.id)).await, before, "{door}: she is told nothing");
        assert_eq!(act(&ann, Method::PUT, &asked).await["state"], "asked", "{door}: she asks still, as she sees it");
        assert_eq!(waiting(&bob).await, []);
        // Asked anew it waits anew.
        for path in [&asked, &follow] {
            act(&ann, Method::DELETE, path).await;
            act(&ann, Method::PUT, path).await;
        }
        let ann_asks = |kind: &str| (kind.to_owned(), "ann".to_owned());
        assert_eq!((waiting(&bob).await, of_ann().await), (vec![ann_asks("follow"), ann_asks("contact")], json!("asks_me")), "{door}");
        // What ended so can be granted all the same: who was shut out thinks that they ask.
        act(&bob, Method::PUT, &shut).await;
        act(&bob, Method::DELETE, &shut).await;
        assert_eq!(act(&bob, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await["state"], "contact", "{door}");
        town.close().await;
    }
}

#[actix_web::test]
async fn what_was_left_unanswered_before_a_block_stays_so_after_it() {
    let town = Town::new().await;
    let (gus, eve) = (town.member("gus").await, town.member("eve").await);
    act(&eve, Method::PUT, &format!("/api/v1/contacts/{}", gus.id)).await;
    act(&gus, Method::POST, &format!("/api/v1/requests/{}/ignore", newest_request(&gus).await)).await;
    act(&gus, Method::PUT, &format!("/api/v1/me/never/{}", eve.id)).await;
    act(&gus, Method::DELETE, &format!("/api/v1/me/never/{}", eve.id)).await;
    assert!(waiting(&gus).await.is_empty());
    assert_eq!(gus.get(&format!("/api/v1/people/{}", eve.id)).await["contact"], "none");
    town.close().await;
}

#[actix_web::test]
async fn lists_and_notes_are_full_at_their_limit_and_nobody_is_kept_from_blocking() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "people_per_member": 100 }))).await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let id = ann.id;
    let made = town.app().ground.db.write(move |tx| {
        for n in 0..99 {
            let name = format!("c{n:05}");
            let other = members::create_member(tx, &NewMember::named(Username::parse(&name)?, DisplayName::parse(&name)?))?;
            seed::place_contact(tx, id, other)?;
        }
        Ok(())
    });
    made.await.expect("contacts");
    act(&ann, Method::PUT, &format!("/api/v1/mutes/{}", bob.id)).await;
    act(&ann, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await;
    for list in ["contacts", "follows", "mutes", "me/always"] {
        let path = format!("/api/v1/{list}/{}", cleo.id);
        ann.refused(Method::PUT, &path, None, 409, "social.too_many_people").await;
    }
    act(&ann, Method::PUT, &format!("/api/v1/blocks/{}", cleo.id)).await;
    act(&ann, Method::DELETE, &format!("/api/v1/blocks/{}", cleo.id)).await;
    act(&ann, Method::DELETE, &format!("/api/v1/mutes/{}", bob.id)).await;
    act(&ann, Method::DELETE, &format!("/api/v1/follows/{}", bob.id)).await;
    act(&ann, Method::PUT, &format!("/api/v1/follows/{}", cleo.id)).await;
    town.close().await;
}

#[actix_web::test]
async fn following_and_not_in_turns_has_a_rate() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let path = format!("/api/v1/follows/{}", bob.id);
    let mut refused = 0;
    for n in 0..80 {
        let (status, answer) = ann.call(if n % 2 == 0 { Method::PUT } else { Method::DELETE }, &path, None).await;
        refused += usize::from(status.as_u16() == 429);
        assert!(status.is_success() || answer["code"] == "error.slow_down", "{answer}");
    }
    assert!(refused > 0, "no loop floods the other's log");
    act(&ann, Method::PUT, &format!("/api/v1/blocks/{}", bob.id)).await;
    town.close().await;
}
