//! The program stops and starts again: nothing acked is lost, nothing is there twice.

use std::collections::HashMap;

use futures_util::future::join_all;
use rialto::app::App;
use rialto::chat::RoomKind;
use rialto::clock::Clock;
use rialto::ids::RoomId;
use serde_json::json;

use crate::support::{NOON, Person, Socket, Town};

#[actix_web::test]
async fn connections_are_told_when_to_come_back_and_closed_with_4009() {
    let mut town = Town::new().await;
    let ann = town.member("ann").await;
    let mut socket = ann.connect().await;
    let listening = async {
        let notice = socket.next("going_away").await;
        assert!(notice["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{notice}");
        socket.closed().await
    };
    let (code, ()) = futures_util::join!(listening, town.restart());
    assert_eq!(code, Some(4009));
    let mut again = ann.at(town.url("")).connect().await;
    again.done(json!({ "type": "ping" })).await;
    town.close().await;
}

/// Sends until the connection ends; returns what was acked by its key.
async fn until_closed(mut socket: Socket, room: RoomId, name: String) -> (usize, HashMap<String, (String, i64)>) {
    let mut acked = HashMap::new();
    let mut keys = HashMap::new();
    for n in 0..1_000 {
        let key = format!("{name}{n}");
        let Some(reference) =
            socket.try_say(json!({ "type": "chat.send", "room": room, "client_key": key, "body": format!("Line {n}") })).await
        else {
            break;
        };
        keys.insert(reference, key);
        // A few are under way at once.
        while keys.len() > 8 {
            match socket.frame().await {
                Ok(frame) if frame["type"] == "ack" => {
                    let key = keys.remove(frame["ref"].as_str().expect("ref")).expect("a key");
                    acked.insert(key, (frame["id"].as_str().expect("id").to_owned(), frame["seq"].as_i64().expect("seq")));
                }
                Ok(frame) if frame["type"] == "refused" => {
                    keys.remove(frame["ref"].as_str().expect("ref"));
                }
                Ok(_) => {}
                Err(_) => return (n + 1, acked),
            }
        }
    }
    (1_000, acked)
}

#[actix_web::test]
async fn a_restart_under_load_loses_nothing_and_keys_stay_idempotent() {
    let mut town = Town::with(|config| config.raised_limits = true).await;
    let mut people: Vec<Person> = Vec::new();
    for n in 0..4 {
        people.push(town.member(&format!("sender{n}")).await);
    }
    let room = town.room(&people[0], RoomKind::Private, "Harbour", &people.iter().skip(1).collect::<Vec<_>>()).await;
    let start = people[0].get(&format!("/api/v1/rooms/{room}")).await["seq"].as_i64().expect("seq");
    let sockets = join_all(people.iter().map(Person::connect)).await;
    let mut first = people[0].connect().await;
    let sending = join_all(sockets.into_iter().zip(&people).map(|(socket, person)| until_closed(socket, room, person.name.clone())));
    let stopping = async {
        // Under load: some messages are there already.
        while first.event("message_sent").await["seq"].as_i64() < Some(start + 50) {}
        town.restart().await;
    };
    let (results, ()) = futures_util::join!(sending, stopping);
    let mut total = 0;
    for ((tried, acked), person) in results.iter().zip(&people) {
        assert!(*tried < 1_000, "the stop came while {} was sending", person.name);
        let mut socket = person.at(town.url("")).connect().await;
        for n in 0..*tried {
            let key = format!("{}{n}", person.name);
            let ack = socket.done(json!({ "type": "chat.send", "room": room, "client_key": key, "body": format!("Line {n}") })).await;
            if let Some((id, seq)) = acked.get(&key) {
                assert_eq!((ack["id"].as_str(), ack["seq"].as_i64()), (Some(id.as_str()), Some(*seq)), "{key} keeps its place");
            }
        }
        total += *tried as i64;
    }
    let mut socket = people[1].at(town.url("")).connect().await;
    assert_eq!(socket.hello["heads"][room.to_string()], start + total, "each message once");
    let behind = total.min(500);
    socket.done(json!({ "type": "sync", "rooms": { room.to_string(): start + total - behind } })).await;
    for seq in start + total - behind + 1..=start + total {
        assert_eq!(socket.event("message_sent").await["seq"], seq);
    }
    town.close().await;
}

#[actix_web::test]
async fn sessions_marks_and_settings_outlive_a_restart() {
    let mut town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (_, seq) = ann.says(room, "k1", "Ahoy").await;
    bob.post(&format!("/api/v1/rooms/{room}/read"), json!({ "seq": seq })).await;
    let state = async |bob: &Person| {
        let mut state = bob.get("/api/v1/me/state").await;
        let signals = state["signals"].take();
        (state, signals)
    };
    let (before, known) = state(&bob).await;
    town.restart().await;
    let (after, signals) = state(&bob.at(town.url(""))).await;
    assert_eq!(after, before);
    assert_eq!(signals, known, "nothing was signalled meanwhile: nobody has to read again");
    // The number held for one start. Where the program ends without a word, the next one counts from elsewhere.
    let config = (*town.app().ground.config).clone();
    let next = App::build(config, [7; 32], Clock::held(NOON).0, false).await.expect("put together");
    assert_ne!(json!(next.ground.hub.signalled()), known);
    drop(next);
    town.close().await;
}
