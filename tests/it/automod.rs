//! Automod: rules hold at once, on both ways, for those they look at; nothing that was written is lost, and what follows is on record.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::{MemberId, RoomId};
use rialto::members::RoleKind;
use serde_json::{Value, json};

use crate::support::{Person, Town};

const RULES: &str = "/api/v1/admin/automod";

struct Place {
    town: Town,
    keeper: Person,
    ann: Person,
    bob: Person,
    room: RoomId,
}

/// Ann leads a room with bob in it; the keeper makes rules.
async fn harbour() -> Place {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Public, "Harbour", &[&bob]).await;
    Place { town, keeper, ann, bob, room }
}

fn messages(room: RoomId) -> String {
    format!("/api/v1/rooms/{room}/messages")
}

fn words(outcome: &str) -> Value {
    let looks = json!({ "kind": "words", "words": ["Scam", "free money"], "stretched": true });
    json!({ "name": "No scams", "looks": looks, "outcome": outcome, "sentence": "Nothing is sold here." })
}

impl Place {
    async fn rule(&self, rule: Value) -> String {
        self.keeper.post(RULES, rule).await["id"].as_str().expect("an id").to_owned()
    }

    /// What a message over HTTP is answered.
    async fn says(&self, by: &Person, key: &str, body: &str) -> (u16, Value) {
        let (status, answer) = by.call(Method::POST, &messages(self.room), Some(json!({ "client_key": key, "body": body }))).await;
        (status.as_u16(), answer)
    }

    async fn count(&self) -> usize {
        self.ann.get(&messages(self.room)).await["items"].as_array().expect("items").len()
    }

    async fn reports(&self) -> Vec<Value> {
        self.keeper.get("/api/v1/admin/reports").await["items"].as_array().expect("items").clone()
    }
}

#[actix_web::test]
async fn words_are_refused_with_the_rules_own_sentence_on_both_ways_and_nothing_is_stored() {
    let place = harbour().await;
    let (bob, room) = (&place.bob, place.room);
    let (fine, _) = bob.says(room, "k0", "Fine words").await;
    place.rule(words("refuse")).await;
    let (status, answer) = place.says(bob, "k1", "Such a SCÄÄÄM!").await;
    let told = (status, answer["code"].as_str(), answer["detail"].as_str());
    assert_eq!(told, (403, Some("automod.refused"), Some("Nothing is sold here.")));
    for hidden in ["Such a sc**a**m!", "s[c](https://x.example)am", "sc&#97;m", "sc\u{200b}a`m`"] {
        assert_eq!(place.says(bob, "k1", hidden).await.1["code"], "automod.refused", "{hidden}");
    }
    let mut socket = bob.connect().await;
    let send = |key: &str, body: &str| json!({ "type": "chat.send", "room": room, "client_key": key, "body": body });
    let refused = socket.ask(send("k1", "get free\nmoney")).await;
    let told = (&refused["type"], &refused["code"], &refused["message"], &refused["retry_after_ms"]);
    assert_eq!(told, (&json!("refused"), &json!("automod.refused"), &json!("Nothing is sold here."), &Value::Null));
    let answer = json!({ "client_key": "k2", "body": "scam", "thread": fine });
    bob.refused(Method::POST, &messages(room), Some(answer), 403, "automod.refused").await;
    let edit = format!("{}/{fine}", messages(room));
    bob.refused(Method::PATCH, &edit, Some(json!({ "body": "Fine scam" })), 403, "automod.refused").await;
    let refused = socket.ask(json!({ "type": "chat.edit", "room": room, "id": fine, "body": "Fine scam" })).await;
    assert_eq!(refused["code"], "automod.refused");
    let there = place.ann.get(&edit).await;
    assert_eq!((&there["body"], &there["thread_count"], place.count().await), (&json!("Fine words"), &json!(0), 1));
    assert_eq!(place.reports().await, Vec::<Value>::new());
    // Under the same key the mended message goes.
    socket.done(send("k1", "scammers are none of us")).await;
    assert_eq!(place.count().await, 2);
    place.town.close().await;
}

#[actix_web::test]
async fn who_leads_the_room_or_moderates_and_conversations_are_not_looked_at() {
    let place = harbour().await;
    let mo = place.town.person("mo", &[RoleKind::Moderator]).await;
    mo.call(Method::PUT, &format!("/api/v1/rooms/{}/members/{}", place.room, mo.id), None).await;
    place.rule(words("refuse")).await;
    for free in [&place.ann, &mo] {
        free.says(place.room, "k1", "That is a scam").await;
    }
    let talk = place.bob.post("/api/v1/rooms", json!({ "kind": "direct", "members": [place.ann.id] })).await;
    let talk: RoomId = talk["id"].as_str().and_then(|id| id.parse().ok()).expect("a conversation");
    place.bob.says(talk, "k1", "Is it a scam?").await;
    assert_eq!(place.says(&place.bob, "k2", "A scam").await.0, 403);
    place.town.close().await;
}

#[actix_web::test]
async fn a_link_in_a_private_room_is_reported_without_where_it_leads() {
    let place = harbour().await;
    let looks = json!({ "kind": "links", "domains": ["good.example"], "account_days": 0 });
    place.rule(json!({ "name": "Links", "looks": looks, "outcome": "report" })).await;
    let attic = place.town.room(&place.ann, RoomKind::Private, "Attic", &[&place.bob]).await;
    let link = "See https://our-secret.example.org/x";
    for (room, text) in [(place.room, "Links: our-secret.example.org"), (attic, "Links")] {
        place.bob.says(room, &format!("k{room}"), link).await;
        let found = place.reports().await[0].clone();
        assert_eq!((&found["room"], &found["text"]), (&json!(room), &json!(text)));
    }
    place.town.close().await;
}

#[actix_web::test]
async fn what_each_rule_finds_in_each_room_is_a_report_of_its_own() {
    let place = harbour().await;
    let quay = place.town.room(&place.ann, RoomKind::Public, "Quay", &[&place.bob]).await;
    let attic = place.town.room(&place.ann, RoomKind::Private, "Attic", &[&place.bob]).await;
    place.rule(words("refuse_and_report")).await;
    let looks = json!({ "kind": "words", "words": ["barnacle"] });
    place.rule(json!({ "name": "No barnacles", "looks": looks, "outcome": "refuse_and_report" })).await;
    for (n, (room, body)) in [
        (place.room, "One scam"),
        (place.room, "Another scam"),
        (quay, "A scam here"),
        (attic, "Whispered scam"),
        (place.room, "A barnacle"),
    ]
    .into_iter()
    .enumerate()
    {
        let draft = Some(json!({ "client_key": format!("k{n}"), "body": body }));
        place.bob.refused(Method::POST, &messages(room), draft, 403, "automod.refused").await;
    }
    let told: Vec<Value> =
        place.reports().await.iter().map(|one| json!([one["room"], one["text"], one["excerpt"], one["said_again"]])).collect();
    let expected = json!([
        [place.room, "No barnacles: barnacle", "A barnacle", 0],
        [attic, "No scams: Scam", "", 0],
        [quay, "No scams: Scam", "A scam here", 0],
        [place.room, "No scams: Scam", "Another scam", 1],
    ]);
    assert_eq!(Value::from(told), expected);
    place.town.close().await;
}

#[actix_web::test]
async fn what_is_reported_stands_in_the_queue_and_a_mute_holds_at_once() {
    let place = harbour().await;
    let (bob, room) = (&place.bob, place.room);
    let rule = place.rule(words("report")).await;
    let (id, _) = bob.says(room, "k1", "Is this a scam?").await;
    let reports = place.reports().await;
    let told = (&reports[0]["message"], &reports[0]["reason"], &reports[0]["text"], &reports[0]["excerpt"], &reports[0]["reporter"]);
    assert_eq!(told, (&json!(id), &json!("rule"), &json!("No scams: Scam"), &json!("Is this a scam?"), &Value::Null));
    assert_eq!(reports[0]["member"]["username"], "bob");
    assert!(place.keeper.page_text("/admin/reports").await.contains("A rule of automod"));

    let attic = place.town.room(&place.ann, RoomKind::Private, "Attic", &[bob]).await;
    bob.says(attic, "k9", "Whispered: a scam").await;
    let hidden = place.reports().await[0].clone();
    let told = (&hidden["room"], &hidden["text"], &hidden["excerpt"]);
    assert_eq!(told, (&json!(attic), &json!("No scams: Scam"), &json!("")), "what was said in a private room stays there");

    let mut sterner = words("refuse_and_report");
    sterner["mute_minutes"] = json!(30);
    let (status, answer) = place.keeper.call(Method::PUT, &format!("{RULES}/{rule}"), Some(sterner)).await;
    assert_eq!(status, 200, "{answer}");
    let mut socket = bob.connect().await;
    let refused = socket.ask(json!({ "type": "chat.send", "room": room, "client_key": "k2", "body": "scam scam" })).await;
    assert_eq!(refused["code"], "automod.refused");
    let until = socket.event("rights_changed").await["event"]["muted_until"].as_i64();
    assert_eq!(until, Some(crate::support::NOON + 30 * 60_000));
    let muted = socket.ask(json!({ "type": "chat.send", "room": room, "client_key": "k3", "body": "Fine" })).await;
    assert_eq!(muted["code"], "chat.muted", "on the very connection that was refused");
    bob.refused(Method::POST, &messages(room), Some(json!({ "client_key": "k3", "body": "Fine" })), 403, "chat.muted").await;
    place.town.hand.fetch_add(30 * 60_000, Ordering::SeqCst);
    assert_eq!(place.says(bob, "k4", "A scam again").await.0, 403);
    let reports = place.reports().await;
    let told = (reports.len(), &reports[0]["message"], &reports[0]["excerpt"], &reports[0]["said_again"]);
    assert_eq!(told, (3, &Value::Null, &json!("A scam again"), &json!(1)), "what is tried again is one report");
    let trace = place.keeper.get("/api/v1/admin/audit?act=members.mute").await["items"].clone();
    let told = (trace.as_array().map(Vec::len), &trace[0]["actor"], &trace[0]["subject"], &trace[0]["reason"]);
    assert_eq!(told, (Some(2), &Value::Null, &json!(bob.id), &json!("No scams")));
    assert_eq!(place.count().await, 1);
    place.town.close().await;
}

#[actix_web::test]
async fn whom_a_rule_mutes_hears_it_in_an_open_tab_and_finds_it_among_their_notices() {
    let place = harbour().await;
    let mut rule = words("refuse_and_report");
    rule["mute_minutes"] = json!(30);
    place.rule(rule).await;
    let mut tab = place.bob.connect().await;
    assert_eq!(place.says(&place.bob, "k1", "A scam").await.0, 403);
    assert_eq!(tab.next("signal").await["signal"], json!({ "kind": "noticed", "notices": 1 }));
    let mine = place.bob.get("/api/v1/me/notices").await;
    let sanction = &mine["sanctions"][0];
    let told = (&mine["unread"], &sanction["kind"], &sanction["by_rule"], &sanction["reason"]);
    assert_eq!(told, (&json!(1), &json!("mute"), &json!(true), &json!("")), "what a rule is called is not said");
    place.town.close().await;
}

#[actix_web::test]
async fn what_a_rule_found_is_closed_and_nobody_waits_for_an_answer() {
    let place = harbour().await;
    place.rule(words("report")).await;
    place.bob.says(place.room, "k1", "Is this a scam?").await;
    let report = place.reports().await[0]["id"].as_str().expect("an id").to_owned();
    let decide = format!("/api/v1/admin/reports/{report}/decide");
    assert_eq!(place.keeper.call(Method::POST, &decide, Some(json!({ "outcome": "none" }))).await.0, 204);
    assert_eq!(place.reports().await, Vec::<Value>::new());
    let nobody = MemberId(0);
    let unread = place.town.app().ground.db.read(move |conn| rialto::social::unread_notices(conn, nobody)).await.expect("counted");
    assert_eq!(unread, 0, "rules read no notices");
    place.town.close().await;
}

#[actix_web::test]
async fn links_mentions_and_new_members_are_held_to_their_rules() {
    let place = harbour().await;
    let (bob, room) = (&place.bob, place.room);
    let links = json!({ "kind": "links", "domains": ["good.example"], "account_days": 7 });
    let links = place.rule(json!({ "name": "Links", "looks": links, "outcome": "refuse" })).await;
    for (n, (body, status)) in [
        ("See https://good.example/tide", 201),
        ("See https://bad.example", 403),
        ("See [good.example](https://bad.example)", 403),
        ("No link: bad.example", 201),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(place.says(bob, &format!("l{n}"), body).await.0, status, "{body}");
    }
    place.town.hand.fetch_add(7 * 86_400_000, Ordering::SeqCst);
    let (keeper, bob) = (place.town.again(&place.keeper).await, place.town.again(bob).await);
    assert_eq!(place.says(&bob, "l9", "See https://bad.example").await.0, 201, "after a week the account is no longer young");
    keeper.call(Method::DELETE, &format!("{RULES}/{links}"), None).await;

    let ann = place.ann.name.clone();
    keeper.post(RULES, json!({ "name": "Floods", "looks": { "kind": "mentions", "most": 1 }, "outcome": "refuse" })).await;
    assert_eq!(place.says(&bob, "m1", &format!("@{ann} and @{ann}")).await.0, 201, "one member twice is one");
    assert_eq!(place.says(&bob, "m2", &format!("@{ann} and @bob")).await.0, 403);

    let cleo = place.town.member("cleo").await;
    let other = place.town.room(&place.ann, RoomKind::Public, "Quay", &[&cleo]).await;
    cleo.call(Method::PUT, &format!("/api/v1/rooms/{room}/members/{}", cleo.id), None).await;
    keeper.post(RULES, json!({ "name": "Slowly", "looks": { "kind": "newcomers", "hours": 1, "seconds": 60 }, "outcome": "refuse" })).await;
    cleo.says(room, "c1", "Hello").await;
    let (status, answer) = cleo.call(Method::POST, &messages(other), Some(json!({ "client_key": "c2", "body": "Hello here" }))).await;
    let told = (status.as_u16(), answer["code"].as_str(), answer["retry_after_ms"].as_i64());
    assert_eq!(told, (429, Some("automod.slow"), Some(60_000)), "in all rooms together");
    bob.says(room, "c3", "Bob is no newcomer").await;
    bob.says(room, "c4", "and writes as he likes").await;
    place.town.hand.fetch_add(60_000, Ordering::SeqCst);
    cleo.says(other, "c2", "Hello here").await;
    place.town.hand.fetch_add(3_600_000, Ordering::SeqCst);
    cleo.says(other, "c5", "An hour later").await;
    cleo.says(other, "c6", "nobody waits").await;
    place.town.close().await;
}

#[actix_web::test]
async fn of_what_a_new_member_says_in_many_rooms_at_once_one_is_stored() {
    let place = harbour().await;
    let pause = json!({ "name": "Slowly", "looks": { "kind": "newcomers", "hours": 1, "seconds": 60 }, "outcome": "refuse" });
    place.rule(pause).await;
    let mut rooms = Vec::new();
    for n in 0..10 {
        rooms.push(place.town.room(&place.ann, RoomKind::Public, &format!("Quay {n}"), &[&place.bob]).await);
    }
    for round in 0..5 {
        let says = rooms.iter().map(|room| {
            let body = json!({ "client_key": format!("k{round}-{room}"), "body": "Hello" });
            let (bob, path) = (&place.bob, messages(*room));
            async move { bob.call(Method::POST, &path, Some(body)).await }
        });
        let stored = join_all(says).await.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(stored, 1, "in round {round}");
        place.town.hand.fetch_add(60_000, Ordering::SeqCst);
    }
    place.town.close().await;
}

#[actix_web::test]
async fn rules_are_made_changed_and_deleted_with_a_trace_and_bounded() {
    let mut place = harbour().await;
    let list = || place.keeper.get(RULES);
    for (rule, field, code) in [
        (json!({ "name": " ", "looks": { "kind": "mentions", "most": 5 }, "outcome": "refuse" }), "name", "automod.name"),
        (json!({ "name": "r", "looks": { "kind": "words", "words": [] }, "outcome": "refuse" }), "looks.words", "automod.words"),
        (json!({ "name": "r", "looks": { "kind": "mentions", "most": 51 }, "outcome": "refuse" }), "looks.most", "automod.most"),
        (json!({ "name": "r", "looks": { "kind": "links", "domains": ["x"] }, "outcome": "refuse" }), "looks.domains", "automod.domains"),
    ] {
        let (status, answer) = place.keeper.call(Method::POST, RULES, Some(rule)).await;
        let told = (status.as_u16(), answer["problems"][0]["field"].as_str(), answer["problems"][0]["code"].as_str());
        assert_eq!(told, (422, Some(field), Some(code)));
    }
    place.ann.refused(Method::POST, RULES, Some(words("refuse")), 403, "access.not_allowed").await;
    let mut twice = words("refuse");
    twice["looks"]["words"] = json!(["Scam", "free money", "SCAM", "scäm", "Free  money"]);
    let made = place.keeper.post(RULES, twice).await;
    let told = (&made["left_out"], &made["looks"]["words"]);
    assert_eq!(told, (&json!(3), &json!(["Scam", "free money"])), "what stands there again is left out");
    let rule = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(place.says(&place.bob, "k1", "scam").await.0, 403);
    let mut off = words("refuse");
    off["enabled"] = json!(false);
    let path = format!("{RULES}/{rule}");
    assert_eq!(place.keeper.call(Method::PUT, &path, Some(off)).await.0, 200);
    assert_eq!(place.says(&place.bob, "k1", "scam").await.0, 201);
    assert_eq!(place.keeper.call(Method::PUT, &path, Some(words("refuse"))).await.0, 200);
    assert_eq!(place.says(&place.bob, "k2", "scam").await.0, 403);
    let traces = place.keeper.get("/api/v1/admin/audit?act=automod.").await;
    let told: Vec<_> = traces["items"].as_array().expect("items").iter().map(|row| row["act"].as_str().expect("act")).collect();
    assert_eq!(told, ["automod.change", "automod.change", "automod.make"]);
    assert_eq!((&traces["items"][0]["before"]["enabled"], &traces["items"][0]["after"]["enabled"]), (&json!(false), &json!(true)));
    for n in 1..50 {
        let few = json!({ "name": format!("r{n}"), "looks": { "kind": "mentions", "most": 50 }, "outcome": "refuse" });
        place.rule(few).await;
    }
    assert_eq!(list().await["items"].as_array().map(Vec::len), Some(50));
    place.keeper.refused(Method::POST, RULES, Some(words("refuse")), 409, "automod.too_many_rules").await;
    place.town.restart().await;
    let (keeper, bob) = (place.keeper.at(place.town.url("")), place.bob.at(place.town.url("")));
    assert_eq!(place.says(&bob, "k3", "scam").await.0, 403, "rules outlive the program");
    assert_eq!(keeper.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(place.says(&bob, "k3", "scam").await.0, 201);
    place.town.close().await;
}

#[actix_web::test]
async fn a_dry_run_says_what_a_rule_would_have_found_last_week_and_changes_nothing() {
    let place = harbour().await;
    let (ann, bob, room) = (&place.ann, &place.bob, place.room);
    let mo = place.town.person("mo", &[RoleKind::Moderator]).await;
    mo.call(Method::PUT, &format!("/api/v1/rooms/{room}/members/{}", mo.id), None).await;
    bob.says(room, "old", "An old scam").await;
    place.town.hand.fetch_add(1, Ordering::SeqCst);
    for n in 0..60 {
        bob.says(room, &format!("k{n}"), &format!("Scam number {n}")).await;
    }
    bob.says(room, "fine", "Fine words").await;
    mo.says(room, "mo", "What a scam").await;
    let attic = place.town.room(ann, RoomKind::Private, "Attic", &[bob]).await;
    bob.says(attic, "a1", "Whispered: a scam").await;
    let talk = bob.post("/api/v1/rooms", json!({ "kind": "direct", "members": [ann.id] })).await;
    bob.says(talk["id"].as_str().and_then(|id| id.parse().ok()).expect("a conversation"), "t1", "A scam?").await;
    let (gone, _) = bob.says(room, "gone", "A deleted scam").await;
    bob.call(Method::DELETE, &format!("{}/{gone}", messages(room)), None).await;
    // Those are a week old to the millisecond, and the old one by one more.
    place.town.hand.fetch_add(7 * 86_400_000, Ordering::SeqCst);
    let keeper = place.town.again(&place.keeper).await;
    let dry_run = format!("{RULES}/dry-run");
    let (status, tried) = keeper.call(Method::POST, &dry_run, Some(words("refuse_and_report"))).await;
    assert_eq!(status, 200, "{tried}");
    let told = (&tried["looked"], &tried["hit"], &tried["private"], &tried["cut"]);
    assert_eq!(told, (&json!(62), &json!(61), &json!(1), &json!(false)));
    assert!(!tried.to_string().contains("Whispered"));
    let items = tried["items"].as_array().expect("items");
    let told = (items.len(), &items[0]["excerpt"], &items[49]["excerpt"], &items[0]["what"], &items[0]["room_name"]);
    assert_eq!(told, (50, &json!("Scam number 59"), &json!("Scam number 10"), &json!("Scam"), &json!("Harbour")));
    assert_eq!(tried["members"][0]["username"], "bob");
    assert_eq!(keeper.get(RULES).await["items"], json!([]));
    assert_eq!(keeper.get("/api/v1/admin/reports").await["items"], json!([]));
    let slowly = json!({ "name": "s", "looks": { "kind": "newcomers", "hours": 720, "seconds": 5 }, "outcome": "refuse" });
    let tried = keeper.call(Method::POST, &dry_run, Some(slowly)).await.1;
    assert_eq!(tried["hit"], json!(61), "of all that was said within a moment only the first would have gone");
    place.town.close().await;
}
