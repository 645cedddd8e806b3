//! First words: delivered, asked about, or unheard; and what a block does to a conversation that goes on.

use diesel::connection::SimpleConnection;
use reqwest::Method;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use super::pages::page;
use super::{act, acts, hears, is_mine, lets, newest_request, talk, waiting};
use crate::support::{Person, Town};

async fn words(who: &Person, room: RoomId) -> Vec<String> {
    let page = who.get(&format!("/api/v1/rooms/{room}/messages")).await;
    page["items"].as_array().expect("items").iter().rev().map(|one| one["body"].as_str().expect("text").to_owned()).collect()
}

async fn accept(who: &Person, always: bool) {
    let request = newest_request(who).await;
    acts(who, Method::POST, &format!("/api/v1/requests/{request}/accept"), Some(json!({ "always": always }))).await;
}

#[actix_web::test]
async fn a_strangers_words_wait_with_a_preview_and_a_yes_brings_the_conversation() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["people_i_follow"]).await;
    let mut of_bob = bob.connect().await;
    let room = talk(&ann, &bob).await;
    assert!(waiting(&bob).await.is_empty(), "an empty conversation asks for nothing");
    ann.says(room, "k1", "Good *morning*").await;
    ann.says(room, "k2", "Is the boat still for sale?").await;
    assert_eq!(hears(&mut of_bob, "request_came").await["about"], "message");
    assert_eq!(bob.get("/api/v1/me/state").await["people"]["requests"], 1);
    assert!(!is_mine(&bob, room).await);
    bob.refused(Method::GET, &format!("/api/v1/rooms/{room}"), None, 404, "error.not_found").await;
    let page = bob.get("/api/v1/requests").await;
    assert_eq!((&page["items"][0]["preview"], &page["items"][0]["messages"]), (&json!("Is the boat still for sale?"), &json!(2)));
    accept(&bob, false).await;
    assert_eq!(hears(&mut of_bob, "room_joined").await["room"], json!(room));
    assert_eq!(words(&bob, room).await, ["Good *morning*", "Is the boat still for sale?"]);
    let mine = bob.get(&format!("/api/v1/rooms/{room}")).await;
    assert_eq!((&mine["unread"], &mine["member_count"]), (&json!(2), &json!(2)));
    ann.says(room, "k3", "Hello?").await;
    assert_eq!(hears(&mut of_bob, "message_sent").await["body"], "Hello?");
    bob.says(room, "k1", "It is").await;
    assert_eq!(words(&ann, room).await.last().expect("words"), "It is");
    town.close().await;
}

#[actix_web::test]
async fn a_request_whose_words_were_taken_back_says_so() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    let (only, _) = ann.says(room, "k1", "Good morning").await;
    for (language, said) in [("en", "The message was taken back."), ("fr", "Le message a été retiré.")] {
        assert!(!page(&town, &bob, "/people/requests", language).await.contains(&format!("<p>{said}</p>")), "{language}");
    }
    act(&ann, Method::DELETE, &format!("/api/v1/rooms/{room}/messages/{only}")).await;
    let request = bob.get("/api/v1/requests").await["items"][0].clone();
    assert_eq!((&request["kind"], &request["preview"], &request["messages"]), (&json!("message"), &json!(null), &json!(0)));
    for (language, said) in [("en", "The message was taken back."), ("fr", "Le message a été retiré.")] {
        let shown = page(&town, &bob, "/people/requests", language).await;
        assert!(shown.contains(&format!("<p>{said}</p>")) && !shown.contains("<blockquote"), "{language}");
    }
    town.close().await;
}

#[actix_web::test]
async fn the_inbox_shows_no_words_that_were_not_for_its_reader() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    let (first, _) = ann.says(room, "k1", "Good **morning**").await;
    let of_cleo = talk(&cleo, &bob).await;
    cleo.says(of_cleo, "k1", "> quoted\n\nIs [the boat](https://example.org) for sale?").await;
    let previews = async || {
        let page = bob.get("/api/v1/requests").await;
        let one = |one: &Value| (one["sender"]["username"].clone(), one["preview"].clone(), one["messages"].clone());
        page["items"].as_array().expect("items").iter().map(one).collect::<Vec<_>>()
    };
    let cleos = (json!("cleo"), json!("quoted Is the boat for sale?"), json!(1));
    assert_eq!(previews().await, [cleos.clone(), (json!("ann"), json!("Good morning"), json!(1))]);
    // Words that are changed or sent while bob blocks their author.
    let block = format!("/api/v1/blocks/{}", ann.id);
    act(&bob, Method::PUT, &block).await;
    acts(&ann, Method::PATCH, &format!("/api/v1/rooms/{room}/messages/{first}"), Some(json!({ "body": "Canary" }))).await;
    ann.says(room, "k2", "Canary again").await;
    act(&bob, Method::DELETE, &block).await;
    let (last, _) = ann.says(room, "k3", "Are you there?").await;
    assert_eq!(previews().await, [(json!("ann"), json!("Are you there?"), json!(2)), cleos.clone()]);
    act(&ann, Method::DELETE, &format!("/api/v1/rooms/{room}/messages/{last}")).await;
    assert_eq!(previews().await, [(json!("ann"), json!("Good morning"), json!(1)), cleos.clone()]);
    // What was heard cannot be read any more: then nothing is shown, least of all what was not to be heard.
    let spoilt = town.app().ground.db.write(|tx| Ok(tx.batch_execute("UPDATE messages SET heard = '{}' WHERE heard IS NOT NULL")?));
    spoilt.await.expect("spoilt");
    assert!(previews().await.iter().all(|(_, preview, _)| !preview.to_string().contains("Canary")), "{:?}", previews().await);
    accept(&bob, true).await;
    let page = bob.get(&format!("/api/v1/rooms/{room}/messages")).await;
    assert!(!page.to_string().contains("Canary"), "{page}");
    town.close().await;
}

#[actix_web::test]
async fn whoever_is_written_to_first_may_answer() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&ann, "message", &["nobody"]).await;
    lets(&bob, "message", &["nobody"]).await;
    act(&bob, Method::PUT, &format!("/api/v1/me/always/{}", ann.id)).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "May I?").await;
    bob.says(room, "k1", "You may").await;
    assert_eq!(words(&ann, room).await, ["May I?", "You may"]);
    town.close().await;
}

#[actix_web::test]
async fn writing_to_somebody_who_waits_says_yes_to_them() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    assert_eq!(waiting(&bob).await.len(), 1);
    assert_eq!(talk(&bob, &ann).await, room, "there is one conversation of two");
    assert!(waiting(&bob).await.is_empty() && is_mine(&bob, room).await);
    assert_eq!(words(&bob, room).await, ["Hello"]);
    town.close().await;
}

#[actix_web::test]
async fn following_back_lets_words_through() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["people_i_follow"]).await;
    act(&ann, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    assert!(!is_mine(&bob, room).await, "that ann follows bob is not enough");
    act(&bob, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await;
    ann.says(room, "k2", "Hello again").await;
    assert!(is_mine(&bob, room).await);
    assert_eq!(words(&bob, room).await, ["Hello", "Hello again"]);
    town.close().await;
}

#[actix_web::test]
async fn ignored_words_do_not_ask_again() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    act(&bob, Method::POST, &format!("/api/v1/requests/{}/ignore", newest_request(&bob).await)).await;
    ann.says(room, "k2", "Hello?").await;
    assert!(waiting(&bob).await.is_empty());
    town.close().await;
}

#[actix_web::test]
async fn the_two_of_a_conversation_are_paged_like_any_members() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = talk(&ann, &bob).await;
    let path = format!("/api/v1/rooms/{room}/members?limit=1");
    let first = ann.get(&path).await;
    let next = first["next"].as_str().expect("another").to_owned();
    let second = ann.get(&format!("{path}&after={next}")).await;
    let of = |page: &Value| page["items"].as_array().expect("items").iter().map(|one| one["member"]["id"].clone()).collect::<Vec<_>>();
    assert_eq!((of(&first), of(&second), &second["next"]), (vec![json!(ann.id)], vec![json!(bob.id)], &Value::Null));
    town.close().await;
}

/// What ann sees of her conversation, but for times and ids of messages.
async fn view(ann: &Person, room: RoomId) -> Value {
    let mut seen = ann.get(&format!("/api/v1/rooms/{room}")).await;
    let people = ann.get(&format!("/api/v1/rooms/{room}/members")).await;
    let events = ann.get(&format!("/api/v1/rooms/{room}/events?after=0")).await;
    let kinds: Vec<Value> = events["items"].as_array().expect("items").iter().map(|one| one["event"]["kind"].clone()).collect();
    for field in ["last_at", "seq", "read_seq"] {
        seen[field] = Value::Null;
    }
    json!({ "room": seen, "people": people["items"].as_array().expect("items").len(), "kinds": kinds })
}

#[actix_web::test]
async fn a_block_takes_the_conversation_from_the_blocker_and_nothing_from_the_blocked() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Before").await;
    bob.says(room, "k1", "Before too").await;
    let before = view(&ann, room).await;
    let (mut of_ann, mut of_bob) = (ann.connect().await, bob.connect().await);
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    assert_eq!(hears(&mut of_bob, "room_left").await["room"], json!(room));
    assert_eq!(hears(&mut of_bob, "blocked").await["member"], json!(ann.id));
    assert_eq!(view(&ann, room).await, before, "ann's view does not change");
    bob.refused(Method::GET, &format!("/api/v1/rooms/{room}/messages"), None, 404, "error.not_found").await;

    let (said, seq) = ann.says(room, "k2", "Unheard words").await;
    assert_eq!(hears(&mut of_ann, "message_sent").await["body"], "Unheard words");
    assert_eq!(words(&ann, room).await, ["Before", "Before too", "Unheard words"]);
    acts(&ann, Method::PUT, &format!("/api/v1/rooms/{room}/messages/{said}/reactions/🌊"), None).await;
    assert!(waiting(&bob).await.is_empty());

    act(&bob, Method::DELETE, &format!("/api/v1/blocks/{}", ann.id)).await;
    assert_eq!(hears(&mut of_bob, "room_joined").await["room"], json!(room));
    ann.says(room, "k3", "After").await;
    assert_eq!(hears(&mut of_bob, "message_sent").await["body"], "After");
    assert_eq!(words(&bob, room).await, ["Before", "Before too", "After"], "what was said meanwhile stays unheard");
    assert_eq!(words(&ann, room).await, ["Before", "Before too", "Unheard words", "After"]);
    bob.refused(Method::GET, &format!("/api/v1/rooms/{room}/messages/{said}"), None, 404, "error.not_found").await;
    let log = bob.get(&format!("/api/v1/rooms/{room}/events?after=0")).await;
    assert!(!log.to_string().contains("Unheard words") && log["items"][0]["seq"].as_i64() > Some(seq), "no replay tells of it");
    town.close().await;
}

#[actix_web::test]
async fn in_a_shared_room_a_block_changes_nothing_but_the_blockers_counts() {
    use rialto::chat::RoomKind;
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&cleo, RoomKind::Public, "Quay", &[&ann, &bob]).await;
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    let mut of_bob = bob.connect().await;
    ann.says(room, "k1", "@bob and all, hello").await;
    assert_eq!(hears(&mut of_bob, "message_sent").await["author"], json!(ann.id), "the room's log is the same for all");
    let counts = |room: &Value| (room["unread"].clone(), room["mentions"].clone());
    let of = |who: &Person| {
        let who = who.clone();
        async move { counts(&who.get(&format!("/api/v1/rooms/{room}")).await) }
    };
    assert_eq!((of(&bob).await, of(&cleo).await), ((json!(0), json!(0)), (json!(1), json!(0))));
    bob.says(room, "k1", "Hello").await;
    assert_eq!(of(&ann).await, (json!(1), json!(0)), "ann hears bob as ever");
    act(&cleo, Method::PUT, &format!("/api/v1/mutes/{}", ann.id)).await;
    ann.says(room, "k2", "@cleo, too").await;
    assert_eq!(of(&cleo).await, (json!(3), json!(0)), "who is muted is read and calls nobody");
    town.close().await;
}

#[actix_web::test]
async fn nothing_that_happens_to_unheard_words_reaches_the_other() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = talk(&ann, &bob).await;
    let messages = format!("/api/v1/rooms/{room}/messages");
    let (root, _) = ann.says(room, "k1", "Before").await;
    let (carrier, _) = ann.says(room, "k1a", "Before the block").await;
    bob.says(room, "k1", "Before too").await;
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    let (canary, _) = ann.says(room, "k2", "Canary words").await;
    // An edit carries no words through either: the other goes on seeing those that they heard.
    acts(&ann, Method::PATCH, &format!("{messages}/{carrier}"), Some(json!({ "body": "Canary, carried" }))).await;
    ann.post(&messages, json!({ "client_key": "k3", "body": "Canary answer", "thread": root })).await;
    act(&bob, Method::DELETE, &format!("/api/v1/blocks/{}", ann.id)).await;
    for what in ["messages", "events?after=0"] {
        let read = bob.get(&format!("/api/v1/rooms/{room}/{what}")).await.to_string();
        assert!(!read.contains("Canary"), "{what}: {read}");
    }
    let (mut of_ann, mut of_bob) = (ann.connect().await, bob.connect().await);
    let at = format!("{messages}/{canary}");
    acts(&ann, Method::PATCH, &at, Some(json!({ "body": "Canary, edited" }))).await;
    for (method, what) in [(Method::PUT, "pin"), (Method::DELETE, "pin"), (Method::PUT, "reactions/🌊"), (Method::DELETE, "reactions/🌊")]
    {
        act(&ann, method, &format!("{at}/{what}")).await;
    }
    ann.post(&messages, json!({ "client_key": "k4", "body": "As I said", "reply_to": canary })).await;
    ann.post(&messages, json!({ "client_key": "k5", "body": "Canary in its thread", "thread": canary })).await;
    ann.post(&messages, json!({ "client_key": "k6", "body": "Heard", "thread": root })).await;
    act(&ann, Method::DELETE, &at).await;
    bob.post(&messages, json!({ "client_key": "k7", "body": "The end", "thread": root })).await;
    let mut heard = Vec::new();
    for socket in [&mut of_ann, &mut of_bob] {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["body"] != "The end") {
            let frame = socket.next("event").await;
            if frame["room"] == room.to_string() {
                events.push(frame["event"].clone());
            }
        }
        heard.push(events);
    }
    let kinds = |events: &[Value]| events.iter().map(|one| one["kind"].as_str().expect("kind").to_owned()).collect::<Vec<_>>();
    assert_eq!(kinds(&heard[0])[..5], ["message_edited", "message_pinned", "message_unpinned", "reaction_added", "reaction_removed"]);
    assert_eq!(heard[0].len(), heard[1].len(), "the places are the same for both");
    let of_bob = &heard[1];
    assert_eq!(kinds(of_bob)[..5], ["hidden"; 5]);
    let all = json!(of_bob).to_string();
    assert!(!all.contains("Canary") && !all.contains(&canary), "{all}");
    let find = |events: &[Value], body: &str| events.iter().find(|one| one["body"] == body).expect("it was heard").clone();
    assert_eq!(find(of_bob, "As I said")["reply_to"], Value::Null);
    assert_eq!(find(&heard[0], "As I said")["reply_to"]["excerpt"], "Canary, edited");
    let totals = |body: &str| [&heard[0], &heard[1]].map(|events| find(events, body)["thread_total"].clone());
    assert_eq!((totals("Heard"), totals("The end")), ([json!(2), json!(1)], [json!(3), json!(2)]));
    let head = ann.get(&messages).await;
    let count =
        |page: &Value| page["items"].as_array().expect("items").iter().find(|one| one["id"] == root).expect("root")["thread_count"].clone();
    assert_eq!((count(&head), count(&bob.get(&messages).await)), (json!(3), json!(2)));
    // Nor by asking for it, by reading the log, or by a replay.
    for field in ["reply_to", "thread"] {
        let body = json!({ "client_key": "x", "body": "What?", field: canary });
        bob.refused(Method::POST, &messages, Some(body), 422, &format!("chat.{field}")).await;
    }
    for path in [&messages, &format!("{messages}?thread={root}"), &format!("/api/v1/rooms/{room}/events?after=0")] {
        let page = bob.get(path).await.to_string();
        assert!(!page.contains("Canary") && !page.contains(&canary), "{path}: {page}");
    }
    assert!(ann.get(&format!("{messages}?thread={root}")).await.to_string().contains("Canary answer"));
    town.close().await;
}

/// What stands at a message: who reacted, and whether it is pinned.
fn signs(message: &Value) -> Value {
    json!([message["reactions"], message["pinned"]])
}

#[actix_web::test]
async fn what_is_done_to_words_that_both_have_heard_stands_there_when_the_block_ends_however_much_was_hidden_meanwhile() {
    for hides_words in [false, true] {
        let town = Town::new().await;
        let (ann, bob) = (town.member("ann").await, town.member("bob").await);
        let room = talk(&ann, &bob).await;
        let messages = format!("/api/v1/rooms/{room}/messages");
        let (hers, _) = ann.says(room, "k1", "Good morning").await;
        let (his, _) = bob.says(room, "k1", "And to you").await;
        let mut tab = bob.connect().await;
        let block = format!("/api/v1/blocks/{}", ann.id);
        act(&bob, Method::PUT, &block).await;
        hears(&mut tab, "room_left").await;
        if hides_words {
            ann.says(room, "k2", "Canary").await;
        }
        for id in [&hers, &his] {
            act(&ann, Method::PUT, &format!("{messages}/{id}/reactions/🌊")).await;
            act(&ann, Method::PUT, &format!("{messages}/{id}/pin")).await;
        }
        act(&bob, Method::DELETE, &block).await;
        let joined = hears(&mut tab, "room_joined").await;
        // What an open tab reads when it comes back is what the author sees, all of it at once.
        for id in [&hers, &his] {
            let of_ann = ann.get(&format!("{messages}/{id}")).await;
            assert_eq!(signs(&of_ann), json!([[{ "emoji": "🌊", "members": [ann.id] }], true]));
            assert_eq!(signs(&bob.get(&format!("{messages}/{id}")).await), signs(&of_ann), "hides words: {hides_words}");
        }
        let pins = async |who: &Person| who.get(&format!("/api/v1/rooms/{room}/pins")).await["items"].clone();
        assert_eq!(pins(&bob).await.as_array().expect("pins").len(), 2);
        assert!(!pins(&bob).await.to_string().contains("Canary"));
        // And what is done from now on is heard live, above the place from which it listens again.
        act(&ann, Method::DELETE, &format!("{messages}/{his}/reactions/🌊")).await;
        let heard = tab.event("reaction_removed").await;
        assert!(heard["seq"].as_i64() > joined["head"].as_i64(), "{heard} {joined}");
        assert_eq!(signs(&bob.get(&format!("{messages}/{his}")).await), json!([[], true]));
        town.close().await;
    }
}
