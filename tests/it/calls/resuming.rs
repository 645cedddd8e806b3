//! Wrong ways to take up a stay in a call, with real media in it: each is refused by name, and whoever is in it goes on hearing.

use actix_web::web::block;
use reqwest::Method;
use rialto::access::Scopes;
use rialto::chat::RoomKind;
use rialto::members::{self, SessionKind};
use serde_json::{Value, json};

use super::with_media::{calling, comes_in, is_heard};
use super::{about, begins, call_in};
use crate::sfu::client::{Client, Section, payload};
use crate::support::{Person, Socket, Town};

const SECTIONS: [Section; 2] = [Section::Voice(0x11), Section::HearsOne];

/// Two who hear each other.
struct Pair(Option<(Client, Client)>);

impl Pair {
    /// What the one says comes to the other, and the other way round.
    async fn talks(&mut self, case: &str) {
        let (mut one, mut other) = self.0.take().expect("two");
        let heard = block(move || {
            let there = payload(&is_heard(&mut one, &mut other, b"there")).to_vec();
            let back = payload(&is_heard(&mut other, &mut one, b"back")).to_vec();
            (one, other, there, back)
        });
        let (one, other, there, back) = heard.await.expect("no panic");
        assert_eq!((&*there, &*back), (&b"there"[..], &b"back"[..]), "{case}");
        self.0 = Some((one, other));
    }
}

/// The same member on another device.
async fn on_another_device(town: &Town, person: &Person) -> Person {
    let id = person.id;
    let made = town.app().ground.db.write(move |tx| {
        let (session, token) = members::make_session(tx, id, SessionKind::Bearer, Scopes::ALL, "another", None)?;
        Ok((session, token.reveal().to_owned()))
    });
    let (session, token) = made.await.expect("a session");
    Person::new(town.url(""), &person.name, id, session, token)
}

async fn takes_up(socket: &mut Socket, call: &str, token: Value) -> Value {
    socket.ask(json!({ "type": "call.join", "call": call, "resume": token })).await
}

async fn token_of(socket: &mut Socket, call: &str) -> String {
    socket.done(about("call.join", call)).await;
    socket.next("call.joined").await["resume"].as_str().expect("a token").to_owned()
}

/// What somebody might try who has seen a token, or nearly.
fn guesses(token: &str, others: &str) -> Vec<(&'static str, Value)> {
    let (first, last) = (&token[..1], &token[token.len() - 1..]);
    let changed = |letter: &str| if letter == "A" { "B" } else { "A" };
    vec![
        ("nothing", json!("")),
        ("nonsense", json!("nonsense")),
        ("a letter less", json!(token[..token.len() - 1])),
        ("a letter less in front", json!(token[1..])),
        ("a letter more", json!(format!("{token}A"))),
        ("another first letter", json!(format!("{}{}", changed(first), &token[1..]))),
        ("another last letter", json!(format!("{}{}", &token[..token.len() - 1], changed(last)))),
        ("backwards", json!(token.chars().rev().collect::<String>())),
        ("twice", json!(format!("{token}{token}"))),
        ("in capitals", json!(token.to_uppercase())),
        ("without capitals", json!(token.to_lowercase())),
        ("a blank before", json!(format!(" {token}"))),
        ("a line after", json!(format!("{token}\n"))),
        ("in quotes", json!(format!("\"{token}\""))),
        ("as a header", json!(format!("Bearer {token}"))),
        ("letters of another script", json!("жетон")),
        ("fifty thousand letters", json!("A".repeat(50_000))),
        ("that of another member", json!(others)),
    ]
}

#[actix_web::test]
async fn thirty_wrong_ways_to_take_up_a_stay_are_refused_and_nobody_suffers() {
    // More tries than anybody is allowed in so short a time.
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, ben) = calling(&town).await;
    let (clo, dan) = (town.member("clo").await, town.member("dan").await);
    let room = town.room(&ann, RoomKind::Private, "Quay", &[&ben, &clo]).await;
    let (status, _) = ann.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "voice": true }))).await;
    assert!(status.is_success());
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_in(room, "k1")).await;
    let (anns, _, joined) = comes_in(&mut a, &call, &SECTIONS).await;
    let (bens, _, others) = comes_in(&mut b, &call, &SECTIONS).await;
    let of = |joined: &Value| joined["resume"].as_str().expect("a token").to_owned();
    let (token, others) = (of(&joined), of(&others));
    let mut pair = Pair(Some((anns, bens)));
    let mut tried = 0;
    let mut refused = |case: &str, answer: &Value, code: &str| {
        assert_eq!((&answer["type"], &answer["code"]), (&json!("refused"), &json!(code)), "{case}: {answer}");
        tried += 1;
    };

    // Her line is lost; her media is not.
    drop(a);
    let mut back = ann.connect().await;
    for (case, guess) in guesses(&token, &others) {
        refused(case, &takes_up(&mut back, &call, guess).await, "calls.resume");
        pair.talks(case).await;
    }
    let other_device = on_another_device(&town, &ann).await;
    let (mut c, mut d, mut elsewhere) = (clo.connect().await, dan.connect().await, other_device.connect().await);
    refused("by another who is in it", &takes_up(&mut b, &call, json!(token)).await, "calls.resume");
    refused("by another who is not in it", &takes_up(&mut c, &call, json!(token)).await, "calls.resume");
    refused("by one who knows of no such call", &takes_up(&mut d, &call, json!(token)).await, "error.not_found");
    refused("on another device", &takes_up(&mut elsewhere, &call, json!(token)).await, "calls.resume");
    refused("for a call that is not there", &takes_up(&mut back, "1", json!(token)).await, "error.not_found");
    refused("as a number", &takes_up(&mut back, &call, json!(7)).await, "live.fields");
    refused("as a list", &takes_up(&mut back, &call, json!([token])).await, "live.fields");
    pair.talks("by others").await;

    assert_eq!(takes_up(&mut back, &call, json!(token)).await["type"], "ack", "her own, on her own device");
    let second = of(&back.next("call.joined").await);
    pair.talks("taken up").await;
    refused("used before", &takes_up(&mut back, &call, json!(token)).await, "calls.resume");
    refused("used before, by another", &takes_up(&mut b, &call, json!(token)).await, "calls.resume");
    refused("the new one, on another device", &takes_up(&mut elsewhere, &call, json!(second)).await, "calls.resume");
    pair.talks("used before").await;

    // A stay of one's own that is over gives no right to the next.
    let third = token_of(&mut elsewhere, &call).await;
    refused("of a stay that went on elsewhere", &takes_up(&mut back, &call, json!(second)).await, "calls.resume");
    elsewhere.done(about("call.leave", &call)).await;
    refused("after leaving", &takes_up(&mut elsewhere, &call, json!(third)).await, "calls.resume");
    let fourth = token_of(&mut back, &call).await;
    b.done(about("call.leave", &call)).await;
    back.done(about("call.mod.end", &call)).await;
    refused("of a call that is over", &takes_up(&mut back, &call, json!(fourth)).await, "calls.over");
    assert!(tried >= 30, "{tried}");
    town.close().await;
}
