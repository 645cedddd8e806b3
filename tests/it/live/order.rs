//! One dense order per room, the same for every device, whatever happens at once.

use futures_util::future::join_all;
use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use crate::support::{Person, Socket, Town};

/// Messages of each sender.
const EACH: usize = 40;

/// Sends messages and acts on them, with several commands under way; returns what was acked, in the order of sending.
async fn talk(mut socket: Socket, room: RoomId, name: String) -> Vec<(String, i64)> {
    let mut refs = Vec::new();
    for n in 0..EACH {
        let command = json!({ "type": "chat.send", "room": room, "client_key": format!("{name}{n}"), "body": format!("{name} says {n}") });
        refs.push(socket.say(command).await);
    }
    let mut acked = Vec::new();
    while acked.len() < refs.len() {
        let frame = socket.frame().await.expect("a frame");
        if let Some(place) = refs.iter().position(|one| frame["ref"] == one.as_str()) {
            assert_eq!(frame["type"], "ack", "{frame}");
            acked.push((place, frame["id"].as_str().expect("id").to_owned(), frame["seq"].as_i64().expect("seq")));
        }
    }
    acked.sort();
    acked.into_iter().map(|(_, id, seq)| (id, seq)).collect()
}

/// The events of a room up to `head`, as this connection hears them.
async fn listen(socket: &mut Socket, room: RoomId, head: i64) -> Vec<Value> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|event: &Value| event["seq"].as_i64() != Some(head)) {
        let event = socket.next("event").await;
        if event["room"] == room.to_string() {
            heard.push(event);
        }
    }
    heard
}

#[actix_web::test]
async fn eight_senders_at_once_make_one_dense_order_on_every_device() {
    let town = Town::with(|config| (config.raised_limits, config.workers) = (true, 2)).await;
    let mut people: Vec<Person> = Vec::new();
    for n in 0..8 {
        people.push(town.member(&format!("sender{n}")).await);
    }
    let others: Vec<&Person> = people.iter().skip(1).collect();
    let room = town.room(&people[0], RoomKind::Private, "Harbour", &others).await;
    let start = people[0].get(&format!("/api/v1/rooms/{room}")).await["seq"].as_i64().expect("seq");
    let mut devices = Vec::new();
    for person in &people {
        devices.extend([person.connect().await, person.connect().await]);
    }
    let sockets = join_all(people.iter().map(Person::connect)).await;
    let talks = join_all(sockets.into_iter().zip(&people).map(|(socket, person)| talk(socket, room, person.name.clone())));
    let edits = async {
        for n in 0..20 {
            let (id, _) = people[0].says(room, &format!("http{n}"), "From elsewhere").await;
            people[1].call(Method::PUT, &format!("/api/v1/rooms/{room}/messages/{id}/reactions/🌊"), None).await;
            people[0].call(Method::DELETE, &format!("/api/v1/rooms/{room}/messages/{id}"), None).await;
        }
    };
    let (acked, ()) = futures_util::join!(talks, edits);
    let head = start + 8 * EACH as i64 + 60;
    let heard = join_all(devices.iter_mut().map(|socket| listen(socket, room, head))).await;
    assert!(heard.iter().all(|events| events == &heard[0]), "every device heard the same");
    let seqs: Vec<i64> = heard[0].iter().map(|event| event["seq"].as_i64().expect("seq")).collect();
    assert_eq!(seqs, (start + 1..=head).collect::<Vec<_>>(), "without a gap");
    let times: Vec<i64> = heard[0].iter().map(|event| event["at"].as_i64().expect("at")).collect();
    assert!(times.is_sorted(), "the time shown never goes back");
    for (person, sent) in people.iter().zip(&acked) {
        assert!(sent.windows(2).all(|two| two[0].1 < two[1].1), "what {} sent later stands later", person.name);
        for (id, seq) in sent {
            let event = heard[0].iter().find(|event| event["seq"] == *seq).expect("an event for each ack");
            assert_eq!((&event["event"]["id"], &event["event"]["author"]), (&json!(id), &json!(person.id)));
        }
    }
    let log = people[3].get(&format!("/api/v1/rooms/{room}/events?after={start}")).await;
    let logged: Vec<&Value> = log["items"].as_array().expect("items").iter().map(|item| &item["seq"]).collect();
    assert_eq!(logged, heard[0].iter().map(|event| &event["seq"]).collect::<Vec<_>>());
    town.close().await;
}

#[actix_web::test]
async fn an_ack_before_a_send_means_a_smaller_place() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (mut a, mut b) = (ann.connect().await, bob.connect().await);
    let mut last = 0;
    for n in 0..40 {
        let (socket, name) = if n % 2 == 0 { (&mut a, "a") } else { (&mut b, "b") };
        let ack = socket.done(json!({ "type": "chat.send", "room": room, "client_key": format!("{name}{n}"), "body": "x" })).await;
        let seq = ack["seq"].as_i64().expect("seq");
        assert!(seq > last);
        last = seq;
    }
    town.close().await;
}

#[actix_web::test]
async fn a_device_that_catches_up_while_others_talk_hears_each_event_once() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let start = bob.get(&format!("/api/v1/rooms/{room}")).await["seq"].as_i64().expect("seq");
    for n in 0..200 {
        ann.says(room, &format!("before{n}"), "x").await;
    }
    let talking = talk(ann.connect().await, room, "during".to_owned());
    let catching = async {
        let mut heard = Vec::new();
        let mut socket = bob.connect().await;
        socket.done(json!({ "type": "sync", "rooms": { room.to_string(): start, "me": 0 } })).await;
        while heard.len() < 200 + EACH {
            let event = socket.next("event").await;
            if event["room"] == room.to_string() {
                heard.push(event["seq"].as_i64().expect("seq"));
            }
        }
        (socket, heard)
    };
    let (_, (mut socket, heard)) = futures_util::join!(talking, catching);
    // What came live before the cursor was told may be heard again by the replay; from there on it is one dense line.
    let first = heard.iter().position(|seq| *seq == start + 1).expect("the replay begins at the cursor");
    let line = &heard[first..];
    assert!(line.windows(2).all(|two| two[1] == two[0] + 1), "{line:?}");
    let (_, last) = ann.says(room, "after", "x").await;
    listen(&mut socket, room, last).await;
    town.close().await;
}
