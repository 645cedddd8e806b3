//! Who is reached by a name behind an `@`: members, everyone, those who are here, those who have a role.

use reqwest::Method;
use rialto::access::Scopes;
use rialto::chat::{self, RoomKind};
use rialto::ids::RoomId;
use rialto::members::{self, DisplayName, NewMember, SessionKind, Username};
use serde_json::{Value, json};

use super::{message, messages};
use crate::support::{Person, Socket, Town};

/// What the newest message of the room is.
async fn newest(person: &Person, room: RoomId) -> Value {
    person.get(&format!("{}?limit=1", messages(room))).await["items"][0].clone()
}

/// How many unread messages mention them.
async fn called(person: &Person, room: RoomId) -> Value {
    person.get(&format!("/api/v1/rooms/{room}")).await["mentions"].clone()
}

/// A role of its own, given to these.
async fn role(keeper: &Person, name: &str, holders: &[&Person]) -> String {
    let role = keeper.post("/api/v1/admin/roles", json!({ "name": name, "permissions": [] })).await["id"].clone();
    for holder in holders {
        let (status, answer) =
            keeper.call(Method::PUT, &format!("/api/v1/admin/members/{}/roles", holder.id), Some(json!({ "roles": [role] }))).await;
        assert_eq!(status, 204, "{answer}");
    }
    role.as_str().expect("an id").to_owned()
}

#[actix_web::test]
async fn whoever_may_not_call_many_writes_plain_words() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    role(&keeper, "Crew", &[&ann]).await;
    let room = town.room(&keeper, RoomKind::Private, "Harbour", &[&ann, &bob]).await;
    let nobody = json!({ "members": [], "roles": [], "room": false, "here": [] });
    let mut socket = bob.connect().await;
    let _here = ann.connect().await;
    for (n, word) in ["@room", "@all", "@here", "@crew"].into_iter().enumerate() {
        bob.says(room, &format!("k{n}"), &format!("{word}, supper")).await;
        let over_http = newest(&ann, room).await;
        socket.done(json!({ "type": "chat.send", "room": room, "client_key": format!("s{n}"), "body": format!("{word}, supper") })).await;
        for sent in [over_http, newest(&ann, room).await] {
            assert_eq!((&sent["mentions"], &sent["body_html"]), (&nobody, &json!(format!("<p>{word}, supper</p>"))));
        }
    }
    assert_eq!(called(&ann, room).await, 0);
    // Who leads the room may.
    let (status, _) =
        keeper.call(Method::PUT, &format!("/api/v1/rooms/{room}/members/{}/role", bob.id), Some(json!({ "role": "moderator" }))).await;
    assert_eq!(status, 204);
    bob.says(room, "led", "@room, supper").await;
    let sent = newest(&ann, room).await;
    assert_eq!(sent["mentions"]["room"], true);
    assert!(sent["body_html"].as_str().expect("html").contains("data-room"), "{sent}");
    assert_eq!(called(&ann, room).await, 1);
    town.close().await;
}

#[actix_web::test]
async fn here_reaches_those_who_are_online_when_it_is_sent() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&keeper, RoomKind::Private, "Harbour", &[&ann, &bob]).await;
    let (mut socket, mut heard, _outside) = (keeper.connect().await, ann.connect().await, cleo.connect().await);
    let ack = socket.done(json!({ "type": "chat.send", "room": room, "client_key": "k1", "body": "@here and @ann: tide" })).await;
    let event = heard.event("message_sent").await["event"].clone();
    let all = json!({ "members": [ann.id], "roles": [], "room": false, "here": [ann.id] });
    assert_eq!(event["mentions"], all, "not bob, who is away, nor cleo, who is elsewhere, nor the one who calls");
    assert!(event["body_html"].as_str().expect("html").contains("data-here"));
    assert_eq!((called(&ann, room).await, called(&bob, room).await), (json!(1), json!(0)));
    drop(heard);
    let _bob = bob.connect().await;
    let path = message(room, ack["id"].as_str().expect("id"));
    for (text, here) in [("@here, high tide", json!([ann.id])), ("high tide", json!([])), ("@here @room @ann", json!([]))] {
        assert_eq!(keeper.call(Method::PATCH, &path, Some(json!({ "body": text }))).await.0, 200);
        let mentions = newest(&keeper, room).await["mentions"].clone();
        assert_eq!((&mentions["here"], &mentions["room"]), (&here, &json!(false)), "an edit calls nobody together: {text}");
    }
    assert_eq!((called(&ann, room).await, called(&bob, room).await), (json!(1), json!(0)), "ann is named still");
    let quiet = keeper.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "show_presence": false }))).await;
    assert_eq!(quiet.0, 200);
    keeper.says(room, "k2", "@here again").await;
    assert_eq!(newest(&bob, room).await["body_html"], "<p>@here again</p>", "where nobody sees who is online, nobody is found by it");
    town.close().await;
}

#[actix_web::test]
async fn a_role_reaches_its_holders_in_the_room_by_its_handle() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&keeper, RoomKind::Public, "Harbour", &[&ann, &bob]).await;
    let crew = role(&keeper, "Équipe du port", &[&ann, &cleo]).await;
    let other = role(&keeper, "Room", &[]).await;
    let roles = ann.get("/api/v1/me/state").await["roles"].clone();
    let handle = |id: &str| roles.as_array().expect("roles").iter().find(|role| role["id"] == id).expect("the role")["handle"].clone();
    assert_eq!((handle(&crew), handle(&other)), (json!("equipe-du-port"), Value::Null));
    let of_all = roles.as_array().expect("roles").iter().find(|role| role["name"] == "Member").expect("the role of everyone");
    assert_eq!(of_all["handle"], Value::Null);
    keeper.says(room, "k1", "Call @équipe-du-port. Now").await;
    let sent = newest(&bob, room).await;
    assert_eq!(sent["mentions"], json!({ "members": [], "roles": [crew], "room": false, "here": [] }));
    assert!(sent["body_html"].as_str().expect("html").contains(&format!("data-role=\"{crew}\">@équipe-du-port</span>. Now")), "{sent}");
    assert_eq!((called(&ann, room).await, called(&bob, room).await), (json!(1), json!(0)));
    assert_eq!(cleo.call(Method::PUT, &format!("/api/v1/rooms/{room}/members/{}", cleo.id), None).await.0, 200);
    assert_eq!(called(&cleo, room).await, 0, "whoever comes later was not called");
    keeper.says(room, "k2", "@Equipe-Du-Port").await;
    assert_eq!((called(&ann, room).await, called(&cleo, room).await), (json!(2), json!(1)));
    town.close().await;
}

/// Members of the room with a live connection each.
async fn crowd(town: &Town, room: RoomId, count: usize) -> Vec<Socket> {
    let made = town.app().ground.db.write(move |tx| {
        let mut tokens = Vec::with_capacity(count);
        for n in 0..count {
            let name = format!("guest{n}");
            let mut new = NewMember::named(Username::parse(&name)?, DisplayName::parse(&name)?);
            new.welcomed = true;
            let member = members::create_member(tx, &new)?;
            chat::join_quietly(tx, room, member)?;
            let (_, token) = members::make_session(tx, member, SessionKind::Bearer, Scopes::ALL, "test", None)?;
            tokens.push(token.reveal().to_owned());
        }
        Ok(tokens)
    });
    let mut sockets = Vec::with_capacity(count);
    for token in made.await.expect("members") {
        sockets.push(Socket::open(&town.url(""), &token).await.expect("a connection"));
    }
    sockets
}

#[actix_web::test]
async fn here_reaches_five_hundred_and_no_more() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let keeper = town.owner("keeper").await;
    let room = town.room(&keeper, RoomKind::Private, "Harbour", &[]).await;
    let mut sockets = crowd(&town, room, 500).await;
    let reached = |sent: &Value| sent["mentions"]["here"].as_array().expect("ids").len();
    keeper.says(room, "k1", "@here").await;
    assert_eq!(reached(&newest(&keeper, room).await), 500);
    let late = town.member("late").await;
    keeper.call(Method::PUT, &format!("/api/v1/rooms/{room}/members/{}", late.id), None).await;
    late.says_yes().await;
    sockets.push(late.connect().await);
    keeper.says(room, "k2", "@here").await;
    assert_eq!(reached(&newest(&keeper, room).await), 500);
    assert_eq!(called(&late, room).await, 0);
    drop(sockets);
    town.close().await;
}
