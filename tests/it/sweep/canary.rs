//! The canary crawl: a word that nobody else says is put into everything private, and every visitor then reads everything there is to read.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use super::cast::{Cast, Targets, Visitor};
use super::table::TABLE;
use crate::support::{Person, Socket, tell};

/// Those who hear the private room, with a session that works.
const INSIDE: [&str; 4] = ["insider", "muted", "leader", "read_only"];
/// Those who run the community.
const RUNS: [&str; 2] = ["administrator", "owner"];

/// A planted word: where it is, and which visitors may come across it.
struct Canary {
    word: &'static str,
    audience: Vec<&'static str>,
}

fn canary(word: &'static str, audience: &[&[&'static str]]) -> Canary {
    Canary { word, audience: audience.concat() }
}

/// What was planted, and the ids behind which it lies.
struct Planted {
    canaries: Vec<Canary>,
    rooms: Vec<RoomId>,
    messages: Vec<String>,
    members: Vec<String>,
    reports: Vec<String>,
}

fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

async fn conversation(cast: &Cast, with: &str) -> RoomId {
    id(&cast.maker.post("/api/v1/rooms", json!({ "kind": "direct", "members": [with] })).await).parse().expect("a room")
}

async fn plant(cast: &Cast) -> Planted {
    let maker = &cast.maker;
    let of = |name: &str| cast.visitors.iter().find(|one| one.name == name).and_then(|one| one.person.clone()).expect("somebody");
    let present: Vec<_> = INSIDE.map(of).into();
    let room = cast.town.room(maker, RoomKind::Private, "zqroomname", &present.iter().collect::<Vec<_>>()).await;
    let path = format!("/api/v1/rooms/{room}");
    assert_eq!(maker.call(Method::PATCH, &path, Some(json!({ "topic": "zqroomtopic" }))).await.0, 200);
    let (said, _) = maker.says(room, "c1", "zqroomtext").await;
    let (edited, _) = maker.says(room, "c2", "zqbeforeedit").await;
    assert_eq!(maker.call(Method::PATCH, &format!("{path}/messages/{edited}"), Some(json!({ "body": "zqafteredit" }))).await.0, 200);
    let (deleted, _) = maker.says(room, "c3", "zqdeletedtext").await;
    assert_eq!(maker.call(Method::DELETE, &format!("{path}/messages/{deleted}"), None).await.0, 200);
    let (pinned, _) = maker.says(room, "c4", "zqpinnedtext").await;
    assert!(maker.call(Method::PUT, &format!("{path}/messages/{pinned}/pin"), None).await.0.is_success());
    let answer = json!({ "client_key": "c5", "body": "zqthreadtext", "thread": said });
    let answered = id(&maker.post(&format!("{path}/messages"), answer).await);

    let (foreign, _) = maker.says(cast.foreign, "c6", "zqforeigntext").await;
    let two = conversation(cast, &cast.author.id.to_string()).await;
    let (told, _) = maker.says(two, "c7", "zqdirecttext").await;
    let third = cast.town.member("zqthird").await;
    let apart = conversation(cast, &third.id.to_string()).await;
    let (whispered, _) = maker.says(apart, "c8", "zqwhisper").await;

    let banned = cast.town.member("thief").await;
    maker.post(&format!("/api/v1/admin/members/{}/ban", banned.id), json!({ "reason": "zqbanreason" })).await;
    let leader = of("leader").id;
    let grant = json!({ "plan": cast.plan, "note": "zqgrantnote" });
    maker.post(&format!("/api/v1/admin/members/{leader}/grants"), grant).await;
    let verification = format!("/api/v1/admin/members/{leader}/verification");
    assert_eq!(maker.call(Method::PUT, &verification, Some(json!({ "note": "zqverifynote" }))).await.0, 204);
    maker.post("/api/v1/me/tokens", json!({ "name": "zqtokenname", "scopes": ["read"] })).await;

    // Among people: what one notes, what waits in an inbox, what is reported, and what is said to somebody who does not hear it.
    let insider = of("insider");
    let note = json!({ "own_name": "zqownname", "note": "zqprivatenote" });
    assert_eq!(insider.call(Method::PATCH, &format!("/api/v1/contacts/{}", maker.id), Some(note)).await.0, 200);
    let choice = json!({ "message": { "from": ["contacts"] } });
    assert_eq!(of("leader").call(Method::PUT, "/api/v1/me/reach", Some(choice)).await.0, 200);
    let waits = conversation(cast, &of("leader").id.to_string()).await;
    let (waiting, _) = maker.says(waits, "c9", "zqwaitingwords").await;
    let outsider = of("outsider");
    assert_eq!(outsider.call(Method::PUT, &format!("/api/v1/blocks/{}", maker.id), None).await.0, 204);
    let unheard = conversation(cast, &outsider.id.to_string()).await;
    let (lost, _) = maker.says(unheard, "c10", "zqunheardwords").await;
    insider.post("/api/v1/reports", json!({ "member": third.id, "reason": "other", "text": "zqreporttext" })).await;

    // Of a report the queue has the reported words, and nothing of what was said around them in a room that one is not in.
    let (reported, _) = maker.says(room, "c11", "zqreportedwords").await;
    let of_words = id(&insider.post("/api/v1/reports", json!({ "message": reported, "reason": "spam" })).await);
    let of_leader = id(&insider.post("/api/v1/reports", json!({ "member": leader, "reason": "spam" })).await);
    let warn = json!({ "outcome": "warn", "reason": "zqwarnreason", "note": "zqcasenote" });
    let decide = format!("/api/v1/admin/reports/{of_leader}/decide");
    assert_eq!(maker.call(Method::POST, &decide, Some(warn)).await.0, 204);
    let notices = of("leader").get("/api/v1/me/notices").await;
    let appeal = format!("/api/v1/me/sanctions/{}/appeal", notices["sanctions"][0]["id"].as_str().expect("an id"));
    of("leader").post(&appeal, json!({ "words": "zqappealwords" })).await;

    Planted {
        canaries: vec![
            canary("zqreportedwords", &[&INSIDE, &["moderator"], &RUNS]),
            canary("zqwarnreason", &[&["leader", "moderator"], &RUNS]),
            canary("zqcasenote", &[&["moderator"], &RUNS]),
            canary("zqappealwords", &[&["leader", "moderator"], &RUNS]),
            canary("zqownname", &[&["insider"]]),
            canary("zqprivatenote", &[&["insider"]]),
            canary("zqwaitingwords", &[&["leader"]]),
            canary("zqunheardwords", &[]),
            // Whoever reported has their own words among their data.
            canary("zqreporttext", &[&["insider", "moderator"], &RUNS]),
            canary("zqroomname", &[&INSIDE, &RUNS]),
            canary("zqroomtopic", &[&INSIDE, &RUNS]),
            canary("zqroomtext", &[&INSIDE]),
            canary("zqafteredit", &[&INSIDE]),
            canary("zqpinnedtext", &[&INSIDE]),
            canary("zqthreadtext", &[&INSIDE]),
            canary("zqbeforeedit", &[]),
            canary("zqdeletedtext", &[]),
            canary("zqforeigntext", &[]),
            canary("zqdirecttext", &[&["insider"]]),
            canary("zqwhisper", &[]),
            canary("zqbanreason", &[&["moderator"], &RUNS]),
            // Why somebody has something is for them and for support.
            canary("zqgrantnote", &[&["leader"], &RUNS]),
            canary("zqverifynote", &[&["leader"], &RUNS]),
            // The dashboard shows whose account has which sessions and tokens.
            canary("zqtokenname", &[&RUNS]),
            // Addresses of everyone, and the passwords of all as they are stored.
            canary("theleader@example.org", &[&["leader"], &RUNS]),
            canary("$argon2id$", &[]),
        ],
        rooms: vec![room, cast.private, cast.open, cast.foreign, two, apart, waits, unheard],
        messages: vec![said, edited, deleted, pinned, answered, foreign, told, whispered, waiting, lost],
        members: [maker.id, third.id, banned.id, of("leader").id].map(|id| id.to_string()).into(),
        reports: vec![of_words, of_leader],
    }
}

/// Every address that answers a GET, with every id that was planted put in, and what can be asked beside.
fn addresses(planted: &Planted, base: &Targets) -> BTreeSet<String> {
    let rooms: Vec<String> = planted.rooms.iter().map(ToString::to_string).collect();
    let mut all = BTreeSet::new();
    for row in TABLE.iter().filter(|row| row.method == "GET" && row.path != "/live") {
        let one = |name: &str, values: &[String]| if row.path.contains(name) { values.to_vec() } else { vec![String::new()] };
        for room in one("{room}", &rooms) {
            for message in one("{message}", &planted.messages) {
                for member in one("{member}", &planted.members) {
                    let targets = Targets { room: room.clone(), message: message.clone(), member, ..base.clone() };
                    all.insert(super::cast::filled(row.path, &targets));
                }
            }
        }
    }
    for query in [
        "/api/v1/members?q=zq",
        "/api/v1/rooms?browse=true&q=zq",
        "/api/v1/me/events?after=0",
        "/api/v1/admin/members?q=zq",
        "/api/v1/admin/rooms?q=zq",
        "/admin/members?q=zq",
        "/admin/rooms?q=zq",
        "/people?q=zq",
        "/people?list=contacts",
        "/api/v1/admin/reports?closed=true",
        "/admin/reports?show=closed",
        "/admin/reports?show=appeals",
    ] {
        all.insert(query.to_owned());
    }
    for report in &planted.reports {
        all.insert(format!("/api/v1/admin/reports/{report}"));
        all.insert(format!("/admin/reports/{report}"));
    }
    for room in &rooms {
        all.insert(format!("/api/v1/rooms/{room}/events?after=0"));
        for message in &planted.messages {
            all.insert(format!("/api/v1/rooms/{room}/messages?thread={message}"));
        }
    }
    all
}

/// Everything that a visitor can read: answers to all addresses, and what a live connection says when it is greeted and asks for all
/// that it missed.
async fn read_all(cast: &Cast, planted: &Planted, visitor: &Visitor) -> BTreeMap<String, String> {
    let base = cast.targets("GET", "", cast.open, visitor).await;
    let mut found = BTreeMap::new();
    for address in addresses(planted, &base) {
        let body = cast.call(visitor, "GET", &address, &base).await.1;
        found.insert(address, body);
    }
    if let Some(person) = &visitor.person
        && let Ok(mut socket) = Socket::open(&cast.town.url(""), &person.token).await
    {
        found.insert("/live".to_owned(), missed(&mut socket, planted).await);
    }
    found
}

/// The greeting of a connection, and all that it says when it claims to have missed every planted room and its own log from the start.
async fn missed(socket: &mut Socket, planted: &Planted) -> String {
    let mut heard = socket.hello.to_string();
    let mut logs: BTreeSet<String> = planted.rooms.iter().map(ToString::to_string).chain(["me".to_owned()]).collect();
    let since: BTreeMap<&String, i64> = logs.iter().map(|log| (log, 0)).collect();
    let ack = socket.done(json!({ "type": "sync", "rooms": since })).await;
    let head = |log: &str| ack["heads"][log].as_i64().or_else(|| socket.hello["heads"][log].as_i64());
    let heads: BTreeMap<String, Option<i64>> = logs.iter().map(|log| (log.clone(), head(log))).collect();
    logs.retain(|log| heads[log] != Some(0));
    // Each log ends with its head, or with the word that it is not theirs or is to be loaded anew.
    while !logs.is_empty() {
        let frame = socket.frame().await.expect("the connection stays");
        heard.push_str(&frame.to_string());
        let log = frame["room"].as_str().unwrap_or_default();
        let is_over = match frame["type"].as_str() {
            Some("gone" | "reset") => true,
            Some("event") => frame["seq"].as_i64() >= heads.get(log).copied().flatten(),
            _ => false,
        };
        if is_over {
            logs.remove(log);
        }
    }
    heard
}

/// Canaries where they must not be, and those of an audience that nobody of it found.
async fn crawl(cast: &Cast, planted: &Planted, when: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut met: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut read = 0;
    for visitor in &cast.visitors {
        for (address, body) in read_all(cast, planted, visitor).await {
            read += 1;
            for canary in planted.canaries.iter().filter(|canary| body.contains(canary.word)) {
                met.insert((canary.word, visitor.name));
                if !canary.audience.contains(&visitor.name) {
                    wrong.push(format!("{} met {} at {address}", visitor.name, canary.word));
                }
            }
        }
    }
    for canary in &planted.canaries {
        for name in canary.audience.iter().filter(|name| !met.contains(&(canary.word, **name))) {
            wrong.push(format!("{name} did not meet {}, so the crawl does not reach it", canary.word));
        }
    }
    tell(&format!("canaries {when}"), planted.canaries.len());
    tell(&format!("answers read {when}"), read);
    tell(&format!("canaries out of their place {when}"), wrong.len());
    wrong
}

/// What they were is taken from four: one is out of the room, one is banned, one has no role any more, and one's session is over.
async fn take_away(cast: &Cast, planted: &mut Planted) {
    let of =
        |name: &str| -> Person { cast.visitors.iter().find(|one| one.name == name).and_then(|one| one.person.clone()).expect("somebody") };
    let (muted, leader, moderator, insider) = (of("muted"), of("leader"), of("moderator"), of("insider"));
    let acts = [
        (Method::DELETE, format!("/api/v1/rooms/{}/members/{}", planted.rooms[0], muted.id), None),
        (Method::POST, format!("/api/v1/admin/members/{}/ban", leader.id), Some(json!({}))),
        (Method::PUT, format!("/api/v1/admin/members/{}/roles", moderator.id), Some(json!({ "roles": [] }))),
        (Method::POST, format!("/api/v1/admin/members/{}/sign-out", insider.id), None),
    ];
    for (method, path, body) in acts {
        assert_eq!(cast.maker.call(method, &path, body).await.0, 204, "{path}");
    }
    for canary in &mut planted.canaries {
        canary.audience.retain(|name| !["muted", "leader", "moderator", "insider"].contains(name));
    }
}

#[actix_web::test]
async fn nobody_comes_across_what_is_not_for_them_before_or_after_a_removal() {
    let cast = Cast::gather().await;
    let mut planted = plant(&cast).await;
    let wrong = crawl(&cast, &planted, "at first").await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Whoever lost what they were comes across nothing of it any more, in no replay and behind no link.
    take_away(&cast, &mut planted).await;
    let wrong = crawl(&cast, &planted, "afterwards").await;
    assert!(wrong.is_empty(), "afterwards:\n{}", wrong.join("\n"));
    cast.town.close().await;
}
