//! A session that ends by its age while a connection of it is open. Time is the clock's hand.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::access::Scopes;
use rialto::chat::RoomKind;
use rialto::members::{self, SessionKind};
use serde_json::json;

use super::messages;
use crate::support::{NOON, Socket, Town};

const DAY: i64 = 86_400_000;

/// What the timer does every minute.
async fn clean(town: &Town) {
    let app = town.app();
    app.members.sessions.flush(&app.ground.db).await.expect("stored when they were seen");
    app.ground.db.write(members::clean_sessions).await.expect("cleaned");
}

#[actix_web::test]
async fn a_session_of_ninety_days_is_over_for_its_open_connection_too() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let id = bob.id;
    let made = town.app().ground.db.write(move |tx| {
        let (session, token) = members::make_session(tx, id, SessionKind::Token, Scopes::ALL, "bot", None)?;
        Ok((session, token.reveal().to_owned()))
    });
    let (_, token) = made.await.expect("a token");
    let (mut socket, mut bot) = (bob.connect().await, Socket::open(&town.url(""), &token).await.expect("a connection"));
    let send = |key: String| json!({ "type": "chat.send", "room": room, "client_key": key, "body": "Still here" });
    for days in (10..=80).step_by(10) {
        town.hand.store(NOON + days * DAY, Ordering::Relaxed);
        socket.done(send(format!("day{days}"))).await;
    }
    town.hand.store(NOON + 90 * DAY - 1, Ordering::Relaxed);
    socket.done(send("last".to_owned())).await;
    clean(&town).await;
    socket.done(json!({ "type": "ping" })).await;
    town.hand.store(NOON + 90 * DAY, Ordering::Relaxed);
    let refused = socket.ask(send("late".to_owned())).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("error.sign_in")), "at once, before anything is cleaned");
    assert_eq!(bob.call(Method::GET, &messages(room), None).await.0, 401);
    clean(&town).await;
    assert_eq!(socket.closed().await, Some(4001));
    assert!(Socket::open(&town.url(""), &bob.token).await.is_err());
    bot.done(json!({ "type": "chat.send", "room": room, "client_key": "bot", "body": "Tokens end when somebody ends them" })).await;
    town.close().await;
}

#[actix_web::test]
async fn a_session_that_was_long_idle_is_over_for_its_open_connection_too() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let mut socket = bob.connect().await;
    town.hand.store(NOON + 32 * DAY, Ordering::Relaxed);
    clean(&town).await;
    assert_eq!(socket.closed().await, Some(4001));
    town.close().await;
}
