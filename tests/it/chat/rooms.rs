//! Rooms: what kinds there are, who finds and enters them, what newcomers see, how they end.

use futures_util::future::join_all;
use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use rialto::members::RoleKind;
use serde_json::{Value, json};

use super::{message, messages};
use crate::support::{Person, Town};

fn id(room: &Value) -> RoomId {
    room["id"].as_str().expect("id").parse().expect("an id")
}

fn place(room: RoomId, person: &Person) -> String {
    format!("/api/v1/rooms/{room}/members/{}", person.id)
}

/// Texts of the newest page, newest first.
async fn texts(person: &Person, query: &str, room: RoomId) -> Vec<String> {
    let page = person.get(&format!("{}?{query}", messages(room))).await;
    page["items"].as_array().expect("items").iter().map(|item| item["body"].as_str().unwrap_or("").to_owned()).collect()
}

#[actix_web::test]
async fn public_rooms_are_found_and_private_ones_are_not() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let open = id(&ann.post("/api/v1/rooms", json!({ "kind": "public", "name": "Harbour", "topic": "Tides" })).await);
    let closed = id(&ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Harbour office" })).await);
    let found = bob.get("/api/v1/rooms?browse=true&q=HARB").await;
    let names: Vec<&str> = found["items"].as_array().expect("items").iter().filter_map(|room| room["name"].as_str()).collect();
    assert_eq!(names, ["Harbour"]);
    assert_eq!(bob.get(&format!("/api/v1/rooms/{open}")).await.get("read_seq"), None, "it is not mine yet");
    bob.refused(Method::GET, &format!("/api/v1/rooms/{closed}"), None, 404, "error.not_found").await;
    bob.refused(Method::PUT, &place(closed, &bob), None, 404, "error.not_found").await;
    assert_eq!(bob.call(Method::PUT, &place(open, &bob), None).await.0, 200);
    assert!(bob.get("/api/v1/rooms").await.to_string().contains(&open.to_string()));
    bob.refused(Method::POST, &messages(closed), Some(json!({ "client_key": "k", "body": "x" })), 404, "error.not_found").await;
    town.close().await;
}

/// The data block of an app page.
async fn page_data(town: &Town, person: &Person, path: &str) -> Value {
    let answer = town.http.get(town.url(path)).bearer_auth(&person.token).header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    let html = answer.text().await.expect("text");
    let (_, rest) = html.split_once("id=\"page\"").expect("a data block");
    let json = &rest[rest.find('>').expect("a tag") + 1..rest.find("</script>").expect("its end")];
    serde_json::from_str(json).expect("JSON")
}

#[actix_web::test]
async fn a_link_into_an_open_room_shows_it_to_who_is_not_in_it_and_leads_in() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let open = id(&ann.post("/api/v1/rooms", json!({ "kind": "public", "name": "Harbour", "topic": "Tides" })).await);
    let (_, seq) = ann.says(open, "k1", "High at noon").await;
    for path in [format!("/r/{open}"), format!("/r/{open}/{seq}")] {
        let page = page_data(&town, &bob, &path).await;
        let about = &page["room"]["about"];
        let told = (&about["name"], &about["topic"], &about["member_count"], about.get("read_seq"));
        assert_eq!(told, (&json!("Harbour"), &json!("Tides"), &json!(1), None), "{path}");
        assert_eq!(page["room"]["messages"]["items"][0]["body"], "High at noon");
        assert!(!page["state"]["rooms"].to_string().contains(&open.to_string()), "it is none of bob's rooms");
    }
    let mut socket = bob.connect().await;
    assert_eq!(bob.call(Method::PUT, &place(open, &bob), None).await.0, 200);
    assert_eq!(socket.event("room_joined").await["event"]["room"], open.to_string());
    let page = page_data(&town, &bob, &format!("/r/{open}/{seq}")).await;
    assert_eq!(page["room"]["about"], Value::Null, "now the state holds it");
    assert!(page["state"]["rooms"].to_string().contains(&open.to_string()));
    let closed = id(&ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Office" })).await);
    let mut answers = Vec::new();
    for room in [closed.to_string(), "7305812345678901".to_owned()] {
        for path in [format!("/r/{room}"), format!("/r/{room}/1"), format!("/api/v1/rooms/{room}")] {
            let (status, body) = bob.call(Method::GET, &path, None).await;
            assert_eq!(status, 404, "{path}");
            answers.push(body);
        }
    }
    assert_eq!(answers[..3], answers[3..], "a room that may not be seen answers like one that does not exist");
    town.close().await;
}

#[actix_web::test]
async fn rooms_are_listed_by_the_code_points_of_their_names_on_every_database() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    for name in ["quay east", "quay-north", "quay", "quayside", "~lost", "Éclusiers", "zoo", "ferry_2", "ferry 1"] {
        ann.post("/api/v1/rooms", json!({ "kind": "public", "name": name })).await;
    }
    let found = ann.get("/api/v1/rooms?browse=true").await;
    let names: Vec<&str> = found["items"].as_array().expect("items").iter().filter_map(|room| room["name"].as_str()).collect();
    assert_eq!(names, ["Éclusiers", "ferry 1", "ferry_2", "quay", "quay east", "quay-north", "quayside", "zoo", "~lost"]);
    town.close().await;
}

#[actix_web::test]
async fn names_are_unique_whatever_their_case_accents_or_spaces_also_at_once() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let make = |name: &str| ann.call(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "public", "name": name })));
    let answers = join_all(["Café du Port", "cafe du port", "CAFÉ  DU PORT", "Cafe\u{301} du Port"].map(make)).await;
    let made: Vec<u16> = answers.iter().map(|(status, _)| status.as_u16()).collect();
    assert_eq!((made.iter().filter(|s| **s == 201).count(), made.iter().filter(|s| **s == 409).count()), (1, 3), "{answers:?}");
    for name in ["", "   ", "\u{200b}", &"x".repeat(61)] {
        ann.refused(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "public", "name": name })), 422, "chat.room_name").await;
    }
    ann.refused(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "public" })), 422, "chat.room_name").await;
    ann.refused(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "public", "name": "a\0b" })), 422, "text.nul").await;
    let other = id(&ann.post("/api/v1/rooms", json!({ "kind": "public", "name": "Quay" })).await);
    ann.refused(Method::PATCH, &format!("/api/v1/rooms/{other}"), Some(json!({ "name": "CAFE du port" })), 409, "chat.name_taken").await;
    assert_eq!(
        ann.call(Method::PATCH, &format!("/api/v1/rooms/{other}"), Some(json!({ "name": "QUAY" }))).await.0,
        200,
        "its own name is not taken"
    );
    town.close().await;
}

#[actix_web::test]
async fn two_members_have_one_direct_conversation_even_when_both_begin_at_once() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let begin = |from: &Person, to: &Person| {
        let (from, body) = (from.clone(), json!({ "kind": "direct", "members": [to.id] }));
        async move { from.post("/api/v1/rooms", body).await["id"].as_str().expect("id").to_owned() }
    };
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(begin(&ann, &bob));
        all.push(begin(&bob, &ann));
    }
    let ids = join_all(all).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let room: RoomId = ids[0].parse().expect("id");
    let (of_ann, of_bob) = (ann.get(&format!("/api/v1/rooms/{room}")).await, bob.get(&format!("/api/v1/rooms/{room}")).await);
    assert_eq!((&of_ann["members"], &of_ann["name"], &of_ann["member_count"]), (&of_bob["members"], &Value::Null, &json!(2)));
    cleo.refused(Method::GET, &format!("/api/v1/rooms/{room}"), None, 404, "error.not_found").await;
    ann.refused(Method::PUT, &place(room, &cleo), None, 403, "access.not_allowed").await;
    ann.refused(Method::DELETE, &place(room, &ann), None, 403, "chat.cannot_leave").await;
    for members in [json!([]), json!([ann.id]), json!([bob.id, cleo.id]), json!(["77"])] {
        ann.refused(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "direct", "members": members })), 422, "chat.members").await;
    }
    town.close().await;
}

#[actix_web::test]
async fn groups_have_three_to_twenty_members() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let mut others = Vec::new();
    for n in 0..20 {
        others.push(town.member(&format!("guest{n}")).await);
    }
    let ids = |count: usize| others.iter().take(count).map(|person| person.id).collect::<Vec<_>>();
    let group = |count: usize| json!({ "kind": "group", "members": ids(count) });
    ann.refused(Method::POST, "/api/v1/rooms", Some(group(1)), 422, "chat.members").await;
    ann.refused(Method::POST, "/api/v1/rooms", Some(group(20)), 422, "chat.group_too_large").await;
    let full = id(&ann.post("/api/v1/rooms", group(19)).await);
    ann.refused(Method::PUT, &place(full, &others[19]), None, 409, "chat.group_too_large").await;
    assert_eq!(ann.call(Method::PUT, &place(full, &others[0]), None).await.0, 200, "who is invited already is no one more");
    join_all(others[..19].iter().map(Person::says_yes)).await;
    assert_eq!(ann.get(&format!("/api/v1/rooms/{full}")).await["member_count"], 20);
    ann.refused(Method::PUT, &place(full, &others[19]), None, 409, "chat.group_too_large").await;
    assert_eq!(ann.call(Method::PUT, &place(full, &others[0]), None).await.0, 200, "who is in it already is no one more");
    assert_eq!(others[0].call(Method::DELETE, &place(full, &others[0]), None).await.0, 204);
    assert_eq!(others[1].call(Method::PUT, &place(full, &others[19]), None).await.0, 200, "every member of a group may invite");
    let small = id(&ann.post("/api/v1/rooms", group(2)).await);
    let paths: Vec<String> = others[2..].iter().map(|person| place(small, person)).collect();
    let answers = join_all(paths.iter().map(|path| ann.call(Method::PUT, path, None))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 17, "not one more, also when all come at once");
    let small = ann.get(&format!("/api/v1/rooms/{small}")).await;
    assert_eq!((&small["member_count"], small["invited"].as_array().map(Vec::len)), (&json!(1), Some(19)));
    town.close().await;
}

#[actix_web::test]
async fn in_an_announcement_room_few_write_and_all_read_and_react() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let keeper = town.person("keeper", &[RoleKind::Moderator]).await;
    let room = town.room(&ann, RoomKind::Announcement, "News", &[&bob, &keeper]).await;
    let (sent, _) = ann.says(room, "k1", "The bridge is open").await;
    bob.refused(Method::POST, &messages(room), Some(json!({ "client_key": "k", "body": "First!" })), 403, "chat.announcements_only").await;
    let answer = json!({ "client_key": "k", "body": "First!", "thread": sent });
    bob.refused(Method::POST, &messages(room), Some(answer), 403, "chat.announcements_only").await;
    keeper.says(room, "k2", "And closed again").await;
    assert_eq!(bob.call(Method::PUT, &format!("{}/reactions/🌊", message(room, &sent)), None).await.0, 200);
    assert_eq!(bob.get(&messages(room)).await["items"].as_array().expect("items").len(), 2);
    let mut socket = bob.connect().await;
    let refused = socket.ask(json!({ "type": "chat.send", "room": room, "client_key": "k", "body": "x" })).await;
    assert_eq!(refused["code"], "chat.announcements_only");
    town.close().await;
}

#[actix_web::test]
async fn an_archived_room_is_read_and_nothing_else() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Public, "Harbour", &[&bob]).await;
    let (sent, seq) = bob.says(room, "k1", "Ahoy").await;
    let path = format!("/api/v1/rooms/{room}");
    bob.refused(Method::PATCH, &path, Some(json!({ "archived": true })), 403, "access.not_allowed").await;
    assert_eq!(ann.call(Method::PATCH, &path, Some(json!({ "archived": true }))).await.1["archived"], true);
    let closed = [
        (Method::POST, messages(room), Some(json!({ "client_key": "k2", "body": "x" }))),
        (Method::PATCH, message(room, &sent), Some(json!({ "body": "x" }))),
        (Method::PUT, format!("{}/reactions/🌊", message(room, &sent)), None),
        (Method::PUT, format!("{}/pin", message(room, &sent)), None),
    ];
    for (method, path, body) in closed {
        bob.refused(method, &path, body, 403, "chat.archived").await;
    }
    let late = town.member("late").await;
    late.refused(Method::PUT, &place(room, &late), None, 403, "chat.archived").await;
    assert!(!late.get("/api/v1/rooms?browse=true").await.to_string().contains(&room.to_string()));
    assert_eq!(texts(&bob, "", room).await, ["Ahoy"]);
    assert_eq!(bob.call(Method::POST, &format!("{path}/read"), Some(json!({ "seq": seq }))).await.0, 204);
    assert_eq!(bob.call(Method::DELETE, &place(room, &bob), None).await.0, 204, "one may leave");
    assert_eq!(ann.call(Method::PATCH, &path, Some(json!({ "archived": false }))).await.1["archived"], false);
    ann.says(room, "k3", "Open again").await;
    town.close().await;
}

#[actix_web::test]
async fn leaving_and_removing_close_the_room_on_every_path() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob, &cleo]).await;
    let (sent, seq) = ann.says(room, "k1", "Canary one").await;
    bob.refused(Method::DELETE, &place(room, &cleo), None, 403, "access.not_allowed").await;
    let mut socket = bob.connect().await;
    assert_eq!(ann.call(Method::DELETE, &place(room, &bob), None).await.0, 204);
    assert_eq!(cleo.call(Method::DELETE, &place(room, &cleo), None).await.0, 204);
    ann.says(room, "k2", "Canary two").await;
    let left = socket.event("room_left").await["event"].clone();
    assert_eq!(left, json!({ "kind": "room_left", "room": room, "reason": "removed" }));
    let paths = [
        format!("/api/v1/rooms/{room}"),
        messages(room),
        message(room, &sent),
        format!("/api/v1/rooms/{room}/events?after=0"),
        format!("/api/v1/rooms/{room}/pins"),
        format!("/api/v1/rooms/{room}/members"),
        format!("/r/{room}"),
        format!("/r/{room}/{seq}"),
    ];
    for path in &paths {
        let (status, body) = bob.call(Method::GET, path, None).await;
        assert_eq!(status, 404, "{path}");
        assert!(!body.to_string().contains("Canary"));
    }
    socket.done(json!({ "type": "sync", "rooms": { room.to_string(): seq } })).await;
    assert_eq!(socket.next("gone").await["room"], room.to_string());
    for path in ["/api/v1/me/state", "/api/v1/rooms", "/api/v1/me/events", "/api/v1/rooms?browse=true"] {
        assert!(!bob.get(path).await.to_string().contains("Canary"), "{path}");
    }
    let events = ann.get(&format!("/api/v1/rooms/{room}/events?after={seq}")).await;
    let reasons: Vec<&Value> = events["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|e| e["event"]["kind"] == "member_left")
        .map(|e| &e["event"]["reason"])
        .collect();
    assert_eq!(reasons, ["removed", "left"]);
    town.close().await;
}

#[actix_web::test]
async fn roles_within_a_room_are_given_by_its_owners() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let role = |person: &Person| format!("{}/role", place(room, person));
    bob.refused(Method::PUT, &role(&bob), Some(json!({ "role": "owner" })), 403, "access.not_allowed").await;
    let mut socket = bob.connect().await;
    assert_eq!(ann.call(Method::PUT, &role(&bob), Some(json!({ "role": "moderator" }))).await.0, 204);
    let event = socket.event("room_role_set").await["event"].clone();
    assert_eq!(event, json!({ "kind": "room_role_set", "actor": ann.id, "member": bob.id, "role": "moderator" }));
    assert_eq!(bob.get(&format!("/api/v1/rooms/{room}")).await["role"], "moderator");
    assert_eq!(bob.call(Method::PUT, &place(room, &cleo), None).await.0, 200, "who leads may invite");
    cleo.says_yes().await;
    bob.refused(Method::PUT, &role(&cleo), Some(json!({ "role": "moderator" })), 403, "access.not_allowed").await;
    let dora = town.member("dora").await;
    ann.refused(Method::PUT, &role(&dora), Some(json!({ "role": "moderator" })), 404, "error.not_found").await;
    town.close().await;
}

/// A room with `since_join` and one message from before the newcomer.
#[actix_web::test]
async fn history_since_join_is_a_floor_for_pages_events_sync_and_replies() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = id(&ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Office", "history": "since_join" })).await);
    let (old, old_seq) = ann.says(room, "k1", "Canary of old").await;
    ann.post(&messages(room), json!({ "client_key": "k2", "body": "Canary in thread", "thread": old })).await;
    ann.call(Method::PUT, &format!("{}/pin", message(room, &old)), None).await;
    ann.call(Method::PUT, &place(room, &bob), None).await;
    bob.says_yes().await;
    let (_, new_seq) = ann.says(room, "k3", "Welcome").await;
    assert_eq!(texts(&bob, "", room).await, ["Welcome"]);
    for query in
        ["before=999", "after=0", &format!("around={old_seq}"), "at=0", &format!("at={}", crate::support::NOON), &format!("thread={old}")]
    {
        let page = bob.get(&format!("{}?{query}", messages(room))).await;
        assert!(!page.to_string().contains("Canary"), "{query}: {page}");
    }
    bob.refused(Method::GET, &message(room, &old), None, 404, "error.not_found").await;
    bob.refused(Method::PUT, &format!("{}/reactions/🌊", message(room, &old)), None, 404, "error.not_found").await;
    bob.refused(Method::POST, &messages(room), Some(json!({ "client_key": "r", "body": "x", "reply_to": old })), 422, "chat.reply_to")
        .await;
    bob.refused(Method::POST, &messages(room), Some(json!({ "client_key": "r", "body": "x", "thread": old })), 422, "chat.thread").await;
    for path in [
        format!("/api/v1/rooms/{room}/pins"),
        format!("/api/v1/rooms/{room}/events?after=0"),
        format!("/r/{room}"),
        format!("/r/{room}/{old_seq}"),
    ] {
        let answer = town.http.get(town.url(&path)).bearer_auth(&bob.token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.text().await.expect("text").contains("Canary"), "{path}");
    }
    let mut socket = bob.connect().await;
    socket.done(json!({ "type": "sync", "rooms": { room.to_string(): old_seq - 1 } })).await;
    assert_eq!(socket.next("reset").await["room"], room.to_string(), "a cursor below the floor loads anew");
    socket.done(json!({ "type": "sync", "rooms": { room.to_string(): new_seq - 1 } })).await;
    assert_eq!(socket.event("message_sent").await["event"]["body"], "Welcome");
    // Everyone in the room would hear of the edit, also those who came after the message.
    ann.refused(Method::PATCH, &message(room, &old), Some(json!({ "body": "Canary edited" })), 403, "chat.before_somebody").await;
    ann.refused(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "history": "never" })), 422, "error.body").await;
    town.close().await;
}

#[actix_web::test]
async fn open_rooms_show_all_of_their_history() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = id(&ann.post("/api/v1/rooms", json!({ "kind": "public", "name": "Square", "history": "since_join" })).await);
    assert_eq!(ann.get(&format!("/api/v1/rooms/{room}")).await["history"], "all");
    ann.says(room, "k1", "Of old").await;
    assert_eq!(texts(&bob, "", room).await, ["Of old"], "also before joining");
    bob.call(Method::PUT, &place(room, &bob), None).await;
    assert_eq!(texts(&bob, "", room).await, ["Of old"]);
    ann.refused(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "history": "since_join" })), 422, "chat.open_history").await;
    town.close().await;
}

#[actix_web::test]
async fn pages_lead_to_each_other_without_gaps_or_repetitions() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let ann = town.member("ann").await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    let mut sent = Vec::new();
    for n in 0..25 {
        sent.push(ann.says(room, &format!("k{n}"), &format!("Line {n}")).await.1);
    }
    let (mut down, mut query) = (Vec::new(), String::new());
    loop {
        let page = ann.get(&format!("{}?limit=10{query}", messages(room))).await;
        down.extend(page["items"].as_array().expect("items").iter().map(|item| item["seq"].as_i64().expect("seq")));
        assert_eq!(page["seq"], sent[24]);
        match page["next"].as_str() {
            Some(next) => query = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(down, sent.iter().rev().copied().collect::<Vec<_>>());
    let (mut up, mut after) = (Vec::new(), sent[0] - 1);
    loop {
        let page = ann.get(&format!("{}?limit=10&after={after}", messages(room))).await;
        let items = page["items"].as_array().expect("items").iter().rev().map(|item| item["seq"].as_i64().expect("seq"));
        up.extend(items);
        match page["prev"].as_str() {
            Some(prev) => after = prev.parse().expect("a seq"),
            None => break,
        }
    }
    assert_eq!(up, sent);
    let around = ann.get(&format!("{}?limit=10&around={}", messages(room), sent[12])).await;
    assert!(around["items"].as_array().expect("items").iter().any(|item| item["seq"] == sent[12]));
    assert!(around["next"].is_string() && around["prev"].is_string());
    for bad in ["limit=0", "limit=101", "limit=x", "before=x"] {
        assert_eq!(ann.call(Method::GET, &format!("{}?{bad}", messages(room)), None).await.0, 422, "{bad}");
    }
    town.close().await;
}
