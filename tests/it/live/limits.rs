//! Every limit of the live connection at its edge: beyond it stands a named refusal, and the connection goes on.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Person, Socket, Town};

fn ids(count: usize) -> Vec<String> {
    (1..=count).map(|n| n.to_string()).collect()
}

async fn set(town: &Town, keeper: &Person, setting: &str, value: u64) {
    let (status, answer) = keeper.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ setting: value }))).await;
    assert_eq!(status, 200, "{answer}");
    assert!(serde_json::to_value(&*town.app().ground.settings.get()).expect("JSON")[setting] == value);
}

/// A handshake that is refused: status, code, and the seconds after which to try again.
async fn refused(town: &Town, person: &Person) -> (u16, String, u64) {
    let answer = town.http.get(town.url("/live")).bearer_auth(&person.token);
    let answer = answer.header("connection", "upgrade").header("upgrade", "websocket").header("sec-websocket-version", "13");
    let answer = answer.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").send().await.expect("an answer");
    let after = answer.headers().get("retry-after").expect("a time").to_str().expect("text").parse().expect("seconds");
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("JSON");
    (status, body["code"].as_str().expect("a code").to_owned(), after)
}

#[actix_web::test]
async fn two_hundred_members_are_watched_and_one_more_is_refused() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let mut socket = ann.connect().await;
    socket.say(json!({ "type": "presence.watch", "members": ids(200) })).await;
    assert_eq!(socket.next("signal").await["signal"]["members"].as_object().expect("members").len(), 200);
    for count in [201, 5_000] {
        let answer = socket.ask(json!({ "type": "presence.watch", "members": ids(count) })).await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("refused"), &json!("live.too_many_members")), "{count}");
    }
    socket.done(json!({ "type": "ping" })).await;
    town.close().await;
}

#[actix_web::test]
async fn a_thousand_logs_are_caught_up_at_once_and_one_more_is_refused() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let mut socket = ann.connect().await;
    let rooms = |count: usize| ids(count).into_iter().map(|id| (id, json!(0))).collect::<serde_json::Map<_, _>>();
    socket.done(json!({ "type": "sync", "rooms": rooms(1_000) })).await;
    assert_eq!(socket.next("gone").await["room"], "1");
    for count in [1_001, 3_500] {
        assert_eq!(socket.ask(json!({ "type": "sync", "rooms": rooms(count) })).await["code"], "live.too_many_rooms", "{count}");
    }
    socket.done(json!({ "type": "ping" })).await;
    town.close().await;
}

#[actix_web::test]
async fn a_member_has_so_many_connections_and_the_next_is_refused_until_one_ends() {
    let town = Town::new().await;
    let (keeper, ann) = (town.owner("keeper").await, town.member("ann").await);
    set(&town, &keeper, "connections_per_member", 3).await;
    let mut open = vec![ann.connect().await, ann.connect().await, ann.connect().await];
    assert_eq!(refused(&town, &ann).await, (429, "live.too_many_connections".to_owned(), 30));
    assert_eq!(town.app().ground.hub.connections(), 3, "what is refused is not counted");
    let _other = keeper.connect().await;
    drop(open.pop());
    let waited = Instant::now();
    let _fourth = loop {
        match Socket::open(&town.url(""), &ann.token).await {
            Ok(socket) => break socket,
            Err(Error::Http(answer)) => assert_eq!(answer.status(), 429),
            Err(other) => panic!("{other}"),
        }
        assert!(waited.elapsed() < Duration::from_secs(10), "the place of the one that ended stays taken");
    };
    for socket in &mut open {
        socket.done(json!({ "type": "ping" })).await;
    }
    town.close().await;
}

#[actix_web::test]
async fn handshakes_beyond_the_rate_are_asked_to_come_back() {
    let town = Town::new().await;
    let (keeper, ann) = (town.owner("keeper").await, town.member("ann").await);
    set(&town, &keeper, "connections_per_member", 1_000).await;
    set(&town, &keeper, "handshakes_per_second", 10).await;
    let (base, begun) = (town.url(""), Instant::now());
    let asked = join_all((0..80).map(|_| Socket::open(&base, &ann.token))).await;
    let (mut open, mut late) = (Vec::new(), 0);
    for answer in asked {
        match answer {
            Ok(socket) => open.push(socket),
            Err(Error::Http(answer)) => {
                assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().expect("text")), (503, "1"));
                late += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    let most = 10 + usize::try_from(begun.elapsed().as_millis() / 100).expect("a number") + 1;
    assert!((10..=most).contains(&open.len()) && late > 0, "{} of at most {most}, {late} late", open.len());
    let stranger = town.http.get(town.url("/live")).send().await.expect("an answer");
    assert_eq!(stranger.status(), 422, "who asks for no handshake takes no turn");
    for socket in &mut open {
        socket.done(json!({ "type": "ping" })).await;
    }
    let waited = Instant::now();
    while Socket::open(&town.url(""), &ann.token).await.is_err() {
        assert!(waited.elapsed() < Duration::from_secs(10), "nobody is let in any more");
    }
    town.close().await;
}

#[actix_web::test]
async fn who_is_at_their_own_limit_and_what_is_no_handshake_take_no_turns() {
    let town = Town::new().await;
    let (keeper, ann) = (town.owner("keeper").await, town.member("ann").await);
    set(&town, &keeper, "connections_per_member", 1).await;
    assert_eq!(ann.get("/api/v1/me").await["connections"], json!({ "open": 0, "most": 1 }));
    let _only = ann.connect().await;
    assert_eq!(
        ann.get("/api/v1/me").await["connections"],
        json!({ "open": 1, "most": 1 }),
        "a page can find out why its handshake is refused"
    );
    set(&town, &keeper, "handshakes_per_second", 10).await;
    // Many more than the turns of a second: were they taken, the answer would be 503.
    for answer in join_all((0..60).map(|_| refused(&town, &ann))).await {
        assert_eq!(answer, (429, "live.too_many_connections".to_owned(), 30));
    }
    let plain = || async { town.http.get(town.url("/live")).bearer_auth(&keeper.token).send().await.expect("an answer").status().as_u16() };
    assert_eq!(join_all((0..60).map(|_| plain())).await, [422; 60]);
    assert!(Socket::open(&town.url(""), &keeper.token).await.is_ok(), "there are turns for the others");
    town.close().await;
}
