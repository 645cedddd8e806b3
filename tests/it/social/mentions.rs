//! Whom a message calls, by name or among many, and who hears nothing of it; what a blocker's own call tells, and what an edit does during
//! a block.

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use super::{act, acts, hears, lets, newest_request, talk, waiting};
use crate::support::{Person, Town};

/// How many unread messages call them.
async fn called(who: &Person, room: RoomId) -> Value {
    who.get(&format!("/api/v1/rooms/{room}")).await["mentions"].clone()
}

/// The newest event of the log that holds words, as they read it.
async fn newest_words(who: &Person, room: RoomId) -> Value {
    let log = who.get(&format!("/api/v1/rooms/{room}/events?after=0")).await;
    let words = log["items"].as_array().expect("items").iter().rev().map(|one| &one["event"]).find(|event| !event["mentions"].is_null());
    words.expect("words").clone()
}

/// What is left of calls for whoever hears nothing of them.
fn nobody() -> Value {
    json!({ "members": [], "roles": [], "room": false, "here": [] })
}

#[actix_web::test]
async fn calling_many_reaches_nobody_who_lets_nobody_call() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    let (ann, bob, cleo, dan) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await, town.member("dan").await);
    let room = town.room(&ann, RoomKind::Public, "Quay", &[&bob, &cleo, &dan]).await;
    let (status, _) =
        keeper.call(Method::PUT, &format!("/api/v1/admin/members/{}/roles", bob.id), Some(json!({ "roles": crew(&keeper).await }))).await;
    assert_eq!(status, 204);
    lets(&bob, "mention", &["nobody"]).await;
    act(&cleo, Method::PUT, &format!("/api/v1/me/never/{}", ann.id)).await;
    let (mut of_ann, mut of_bob, mut of_cleo, mut of_dan) =
        (ann.connect().await, bob.connect().await, cleo.connect().await, dan.connect().await);
    for (n, body) in ["@room, look", "@here, look", "@crew, look", "@room and @bob and @cleo, look"].into_iter().enumerate() {
        let (id, _) = ann.says(room, &format!("k{n}"), body).await;
        let sent = hears(&mut of_ann, "message_sent").await;
        let all = sent["mentions"].clone();
        assert_ne!(all, nobody(), "{body}: the author sees no difference");
        assert_eq!(hears(&mut of_dan, "message_sent").await["mentions"], all, "{body}");
        for (who, socket) in [(&bob, &mut of_bob), (&cleo, &mut of_cleo)] {
            let theirs = hears(socket, "message_sent").await;
            for (place, mentions) in [("live", &theirs["mentions"]), ("the log", &newest_words(who, room).await["mentions"])] {
                let ids = format!("{}{}", mentions["members"], mentions["here"]);
                let calls = mentions["room"] == true || mentions["roles"] != json!([]) || ids.contains(&who.id.to_string());
                assert!(!calls, "{body}, {} by {place}: {mentions}", who.name);
            }
        }
        // An edit calls them no more than the message did.
        acts(&ann, Method::PATCH, &format!("/api/v1/rooms/{room}/messages/{id}"), Some(json!({ "body": format!("{body}!") }))).await;
        for who in [&bob, &cleo] {
            let mentions = newest_words(who, room).await["mentions"].clone();
            let ids = format!("{}{}", mentions["members"], mentions["here"]);
            assert!(mentions["room"] == false && mentions["roles"] == json!([]) && !ids.contains(&who.id.to_string()), "{mentions}");
        }
        assert_eq!(newest_words(&dan, room).await["mentions"], newest_words(&ann, room).await["mentions"]);
    }
    assert_eq!((called(&bob, room).await, called(&cleo, room).await), (json!(0), json!(0)));
    assert_eq!(called(&dan, room).await, 3, "the room twice and those here once");
    town.close().await;
}

/// A role that is called by its name.
async fn crew(keeper: &Person) -> Value {
    json!([keeper.post("/api/v1/admin/roles", json!({ "name": "Crew", "permissions": [] })).await["id"]])
}

#[actix_web::test]
async fn first_words_that_wait_call_nobody_who_lets_nobody_call() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    lets(&bob, "mention", &["nobody"]).await;
    for (other, calls) in [(&bob, 0), (&cleo, 1)] {
        lets(other, "message", &["contacts"]).await;
        let room = talk(&ann, other).await;
        ann.says(room, &other.name, "@room, look").await;
        let yes = format!("/api/v1/requests/{}/accept", newest_request(other).await);
        acts(other, Method::POST, &yes, Some(json!({}))).await;
        assert_eq!(called(other, room).await, calls, "{}", other.name);
    }
    town.close().await;
}

#[actix_web::test]
async fn calling_many_asks_everyone_where_not_everyone_may_call() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&ann, RoomKind::Public, "Quay", &[&bob, &cleo]).await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "reach_default_mention": ["people_i_follow"] }))).await;
    act(&cleo, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await;
    ann.says(room, "k1", "@room, look").await;
    assert_eq!((called(&bob, room).await, called(&cleo, room).await), (json!(0), json!(1)));
    town.close().await;
}

#[actix_web::test]
async fn a_blockers_own_call_tells_nothing_of_the_block() {
    let mut heard = Vec::new();
    for blocks in [false, true] {
        let town = Town::new().await;
        let (ann, bob) = (town.member("ann").await, town.member("bob").await);
        let room = town.room(&ann, RoomKind::Public, "Quay", &[&bob]).await;
        if blocks {
            act(&ann, Method::PUT, &format!("/api/v1/blocks/{}", bob.id)).await;
        }
        let mut of_bob = bob.connect().await;
        ann.says(room, "k1", "@bob is right").await;
        let live = hears(&mut of_bob, "message_sent").await;
        let read = newest_words(&bob, room).await;
        for event in [&live, &read] {
            assert_eq!(event["mentions"]["members"], json!([bob.id]), "blocks: {blocks}");
        }
        heard.push((called(&bob, room).await, live["body_html"].as_str().expect("html").replace(&bob.id.to_string(), "bob")));
        town.close().await;
    }
    assert_eq!(heard[0], heard[1]);
}

/// The words of a conversation as somebody sees them, oldest first, and what their quotes say.
async fn words(who: &Person, room: RoomId) -> Vec<(String, Value)> {
    let page = who.get(&format!("/api/v1/rooms/{room}/messages")).await;
    let one = |message: &Value| (message["body"].as_str().expect("text").to_owned(), message["reply_to"]["excerpt"].clone());
    page["items"].as_array().expect("items").iter().rev().map(one).collect()
}

#[actix_web::test]
async fn who_shuts_the_author_out_goes_on_hearing_the_words_as_they_were() {
    for list in ["blocks", "me/never"] {
        let town = Town::new().await;
        let (ann, bob) = (town.member("ann").await, town.member("bob").await);
        let room = talk(&ann, &bob).await;
        let path = format!("/api/v1/rooms/{room}/messages");
        let (first, _) = ann.says(room, "k1", "Before").await;
        acts(&ann, Method::PATCH, &format!("{path}/{first}"), Some(json!({ "body": "Before, edited" }))).await;
        let shut = format!("/api/v1/{list}/{}", bob.id).replace(&bob.id.to_string(), &ann.id.to_string());
        act(&bob, Method::PUT, &shut).await;
        let mut of_ann = ann.connect().await;
        for body in ["Canary", "Canary again"] {
            acts(&ann, Method::PATCH, &format!("{path}/{first}"), Some(json!({ "body": body }))).await;
            assert_eq!(hears(&mut of_ann, "message_edited").await["body"], body);
        }
        act(&bob, Method::DELETE, &shut).await;
        ann.post(&path, json!({ "client_key": "k2", "body": "As I said", "reply_to": first })).await;
        let quote = |said: &str| ("As I said".to_owned(), json!(said));
        assert_eq!(words(&ann, room).await, [("Canary again".to_owned(), Value::Null), quote("Canary again")]);
        assert_eq!(words(&bob, room).await, [("Before, edited".to_owned(), Value::Null), quote("Before, edited")]);
        for what in ["events?after=0", &format!("messages/{first}"), "messages"] {
            let read = bob.get(&format!("/api/v1/rooms/{room}/{what}")).await.to_string();
            assert!(!read.contains("Canary"), "{list}, {what}: {read}");
        }
        // The next words are for both again.
        let mut of_bob = bob.connect().await;
        acts(&ann, Method::PATCH, &format!("{path}/{first}"), Some(json!({ "body": "After" }))).await;
        assert_eq!(hears(&mut of_bob, "message_edited").await["body"], "After");
        assert_eq!(words(&bob, room).await, words(&ann, room).await);
        // Words that are taken back are taken back from both.
        act(&bob, Method::PUT, &shut).await;
        acts(&ann, Method::PATCH, &format!("{path}/{first}"), Some(json!({ "body": "Canary" }))).await;
        act(&ann, Method::DELETE, &format!("{path}/{first}")).await;
        act(&bob, Method::DELETE, &shut).await;
        let page = bob.get(&path).await;
        let gone = page["items"].as_array().expect("items").iter().find(|one| one["id"] == first).expect("its place").clone();
        assert_eq!((&gone["deleted"], &gone["body"]), (&json!(true), &Value::Null));
        town.close().await;
    }
}

#[actix_web::test]
async fn words_as_they_were_heard_call_whom_they_called() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = talk(&ann, &bob).await;
    let path = format!("/api/v1/rooms/{room}/messages");
    let block = format!("/api/v1/blocks/{}", ann.id);
    let (named, _) = ann.says(room, "k1", "@bob, look").await;
    let (plain, _) = ann.says(room, "k2", "Look").await;
    assert_eq!(called(&bob, room).await, 1);
    let edit = async |id: &str, body: &str| acts(&ann, Method::PATCH, &format!("{path}/{id}"), Some(json!({ "body": body }))).await;
    let heard = async |id: &str| bob.get(&format!("{path}/{id}")).await["mentions"]["members"].clone();
    act(&bob, Method::PUT, &block).await;
    // Words that name them still, and then no more; and words that name them only now.
    for body in ["@bob, look here", "Never mind"] {
        edit(&named, body).await;
    }
    edit(&plain, "@bob, look").await;
    act(&bob, Method::DELETE, &block).await;
    assert_eq!((heard(&named).await, heard(&plain).await), (json!([bob.id]), json!([])));
    assert_eq!(called(&bob, room).await, 1, "what is counted is what is heard");
    // The next words are for both, and call as they say.
    edit(&named, "Never mind then").await;
    edit(&plain, "@bob and nobody else").await;
    assert_eq!((heard(&named).await, heard(&plain).await, called(&bob, room).await), (json!([]), json!([bob.id]), json!(1)));
    town.close().await;
}

#[actix_web::test]
async fn who_is_shut_out_keeps_the_words_and_invitations_that_waited_for_them() {
    for list in ["blocks", "me/never"] {
        let town = Town::new().await;
        let (ann, bob) = (town.member("ann").await, town.member("bob").await);
        lets(&bob, "message", &["contacts"]).await;
        let room = talk(&ann, &bob).await;
        ann.says(room, "k1", "Hello").await;
        let attic = ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Attic", "members": [bob.id] })).await;
        assert_eq!(attic["kind"], "private");
        act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
        let kinds = |all: Vec<(String, String)>| all.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        assert_eq!(kinds(waiting(&bob).await), ["contact", "invite", "message"]);
        act(&ann, Method::PUT, &format!("/api/v1/{list}/{}", bob.id)).await;
        assert_eq!(kinds(waiting(&bob).await), ["invite", "message"], "{list}: wishes are taken back, words are not");
        let page = bob.get("/api/v1/requests").await;
        assert_eq!(page["items"][1]["preview"], "Hello", "{list}");
        town.close().await;
    }
}

#[actix_web::test]
async fn a_call_to_all_counts_for_nobody_who_muted_its_author_and_comes_back_with_the_mutes_end() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&ann, RoomKind::Public, "Quay", &[&bob, &cleo]).await;
    let mute = format!("/api/v1/mutes/{}", ann.id);
    act(&bob, Method::PUT, &mute).await;
    ann.says(room, "k1", "@room, look").await;
    cleo.says(room, "k2", "@bob, look").await;
    let unread = async |who: &Person| who.get(&format!("/api/v1/rooms/{room}")).await["unread"].clone();
    assert_eq!((called(&bob, room).await, unread(&bob).await), (json!(1), json!(2)), "whom he has not muted calls him");
    assert_eq!(called(&cleo, room).await, json!(1));
    act(&bob, Method::DELETE, &mute).await;
    assert_eq!(called(&bob, room).await, json!(2), "a mute takes nothing away");
    town.close().await;
}
