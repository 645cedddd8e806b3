//! Coming in, coming back, moving, being put out: and that media is cut within a second.

use std::time::{Duration, Instant};

use reqwest::Method;
use rialto::calls::sfu::{EndCause, Hop, Output};
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use serde_json::json;

use super::{Stage, about, begins, call_in, call_to, code, enters, offers};
use crate::support::{Person, Socket};

/// What a promise of a second allows.
const SECOND: Duration = Duration::from_secs(1);

/// A private room with voice.
pub async fn voice_room(stage: &Stage, maker: &Person, others: &[&Person]) -> RoomId {
    let room = stage.town.room(maker, RoomKind::Private, "Quay", others).await;
    let (status, _) = maker.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "voice": true }))).await;
    assert!(status.is_success());
    room
}

async fn taken_up(socket: &mut Socket, call: &str, token: &str) -> serde_json::Value {
    socket.ask(json!({ "type": "call.join", "call": call, "resume": token })).await
}

#[actix_web::test]
async fn who_is_in_a_voice_room_is_seen_before_one_comes_in() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.town.member("ben").await, stage.town.member("clo").await);
    let room = voice_room(&stage, &ann, &[&ben]).await;
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let call = begins(&mut a, call_in(room, "k1")).await;
    enters(&mut a, &call).await;
    loop {
        let told = b.next("call.room").await;
        if told["call"]["members"] == json!([ann.id]) {
            break;
        }
    }
    let live = ben.get("/api/v1/calls/live").await;
    assert_eq!((&live["items"][0]["part"], &live["rooms"][0]["name"]), (&json!("outside"), &json!("Quay")));
    assert_eq!(live["rooms"][0]["call"]["members"], json!([ann.id]));
    assert_eq!(ben.connect().await.hello["calls"][0]["call"]["id"], call);
    assert_eq!(clo.get("/api/v1/calls/live").await["items"], json!([]));
    assert_eq!(code(&mut c, about("call.join", &call)).await, "error.not_found");
    let joined = enters(&mut b, &call).await;
    assert_eq!((&joined["role"], joined["members"].as_array().map(Vec::len)), (&json!("speaker"), Some(2)));
    loop {
        let told = a.next("call.members").await;
        let newcomer = told["members"].as_array().expect("a list").iter().find(|one| one["member"] == json!(ben.id)).cloned();
        if newcomer.is_some_and(|one| one["link"] == "live" && one["sources"] == json!({ "mic": "live" })) {
            break;
        }
    }
    stage.close().await;
}

#[actix_web::test]
async fn a_lost_socket_keeps_media_and_its_token_brings_it_back() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
    let room = voice_room(&stage, &ann, &[&ben]).await;
    let mut a = ann.connect().await;
    let call = begins(&mut a, call_in(room, "k1")).await;
    let joined = enters(&mut a, &call).await;
    let (token, who) = (joined["resume"].as_str().expect("a token").to_owned(), stage.studio.newest());
    drop(a);
    stage.passes(20_000);
    let mut back = ann.connect().await;
    assert_eq!(back.hello["calls"][0]["part"], "in");
    assert_eq!(code(&mut back, json!({ "type": "call.hand", "call": call, "raised": true })).await, "calls.not_in_call");
    let mut foreign = ben.connect().await;
    assert_eq!(taken_up(&mut foreign, &call, &token).await["code"], "calls.resume");
    for guess in ["nonsense", ""] {
        assert_eq!(taken_up(&mut back, &call, guess).await["code"], "calls.resume");
    }
    let answer = taken_up(&mut back, &call, &token).await;
    assert_eq!(answer["type"], "ack", "{answer}");
    let again = back.next("call.joined").await;
    assert_eq!((&again["resumed"], &again["number"]), (&json!(true), &joined["number"]));
    assert_eq!(stage.studio.newest(), who, "no new way for media");
    assert_eq!(taken_up(&mut back, &call, &token).await["code"], "calls.resume", "it serves once");
    back.done(json!({ "type": "call.sync", "call": call, "seq": 0 })).await;
    assert_eq!(back.next("call.joined").await["seq"], 1, "from the first notice on");
    stage.close().await;
}

#[actix_web::test]
async fn a_token_has_expired_when_media_was_lost_too() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
    let room = voice_room(&stage, &ann, &[&ben]).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_in(room, "k1")).await;
    let joined = enters(&mut a, &call).await;
    let token = joined["resume"].as_str().expect("a token").to_owned();
    while b.next("call.room").await["call"]["members"] != json!([ann.id]) {}
    drop(a);
    stage.studio.says(Output::Ended { who: stage.studio.newest(), cause: EndCause::Lost });
    while b.next("call.room").await["call"]["members"] != json!([]) {}
    let mut back = ann.connect().await;
    assert_eq!(taken_up(&mut back, &call, &token).await["code"], "calls.resume");
    back.done(about("call.join", &call)).await;
    stage.close().await;
}

#[actix_web::test]
async fn a_second_tab_takes_the_place_and_the_first_is_told() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
    let room = voice_room(&stage, &ann, &[&ben]).await;
    let (mut one, mut other) = (ann.connect().await, ann.connect().await);
    let call = begins(&mut one, call_in(room, "k1")).await;
    enters(&mut one, &call).await;
    let first = stage.studio.newest();
    enters(&mut other, &call).await;
    assert_eq!(one.next("call.parted").await["why"], "moved");
    stage.studio.is_cut(first).await;
    assert_eq!(code(&mut one, json!({ "type": "call.mute", "call": call, "source": "mic", "muted": true })).await, "calls.not_in_call");
    other.done(json!({ "type": "call.mute", "call": call, "source": "mic", "muted": true })).await;
    stage.close().await;
}

#[actix_web::test]
async fn whoever_may_not_be_there_any_more_is_cut_within_a_second() {
    for how in ["removed from the call", "removed from the room", "banned", "signed out", "archived", "ended by an operator"] {
        let stage = Stage::open().await;
        let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
        let room = voice_room(&stage, &ann, &[&ben]).await;
        let (mut a, mut b) = (ann.connect().await, ben.connect().await);
        let call = begins(&mut a, call_in(room, "k1")).await;
        enters(&mut a, &call).await;
        enters(&mut b, &call).await;
        let who = stage.studio.newest();
        let (ann_may, owner) = (&ann, &stage.owner);
        let begun = Instant::now();
        let (status, answer) = match how {
            "removed from the call" => {
                a.done(json!({ "type": "call.mod.remove", "call": call, "member": ben.id })).await;
                (reqwest::StatusCode::OK, json!(null))
            }
            "removed from the room" => ann_may.call(Method::DELETE, &format!("/api/v1/rooms/{room}/members/{}", ben.id), None).await,
            "banned" => owner.call(Method::POST, &format!("/api/v1/admin/members/{}/ban", ben.id), Some(json!({ "reason": "x" }))).await,
            "signed out" => ben.call(Method::POST, "/api/v1/sign-out", Some(json!({}))).await,
            "archived" => ann_may.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "archived": true }))).await,
            _ => owner.call(Method::POST, &format!("/api/v1/admin/calls/{call}/end"), Some(json!({}))).await,
        };
        assert!(status.is_success(), "{how}: {status} {answer}");
        let cut = if matches!(how, "archived" | "ended by an operator") {
            use rialto::calls::sfu::Input;
            stage.studio.hears(|input| matches!(input, Input::CloseCall { .. }).then_some(())).await.1
        } else {
            stage.studio.is_cut(who).await
        };
        assert!(cut.duration_since(begun) < SECOND, "{how}: {:?}", cut.duration_since(begun));
        if how == "removed from the call" {
            assert_eq!(code(&mut b, about("call.join", &call)).await, "calls.removed");
        }
        stage.close().await;
    }
}

#[actix_web::test]
async fn hosts_moderate_and_nobody_else() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.town.member("ben").await, stage.town.member("clo").await);
    let room = voice_room(&stage, &ann, &[&ben, &clo]).await;
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let call = begins(&mut b, call_in(room, "k1")).await;
    for socket in [&mut a, &mut b, &mut c] {
        enters(socket, &call).await;
    }
    let wish = |kind: &str, more: serde_json::Value| {
        let mut wish = json!({ "type": kind, "call": call, "member": clo.id });
        wish.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        wish
    };
    for (kind, more) in [
        ("call.mod.mute", json!({ "source": "mic" })),
        ("call.mod.role", json!({ "role": "host" })),
        ("call.mod.remove", json!({})),
        ("call.mod.lock", json!({ "locked": true })),
        ("call.mod.end", json!({})),
    ] {
        assert_eq!(code(&mut c, wish(kind, more)).await, "calls.not_host", "{kind}");
    }
    // The room's owner leads its calls, whoever began them.
    a.done(wish("call.mod.mute", json!({ "source": "mic" }))).await;
    assert_eq!(c.next("call.moderated").await["act"], json!({ "kind": "muted", "source": "mic" }));
    assert_eq!(code(&mut c, json!({ "type": "call.mute", "call": call, "source": "mic", "muted": false })).await, "calls.held");
    b.done(wish("call.mod.allow", json!({ "source": "mic" }))).await;
    c.done(json!({ "type": "call.mute", "call": call, "source": "mic", "muted": false })).await;
    b.done(wish("call.mod.role", json!({ "role": "listener" }))).await;
    c.done(json!({ "type": "call.hand", "call": call, "raised": true })).await;
    assert_eq!(code(&mut c, json!({ "type": "call.mute", "call": call, "source": "mic", "muted": false })).await, "calls.held");
    b.done(wish("call.mod.lower", json!({}))).await;
    b.done(wish("call.mod.lock", json!({ "locked": true }))).await;
    b.done(wish("call.mod.end", json!({}))).await;
    assert_eq!(c.next("call.ended").await["cause"], "ended_by_host");
    stage.close().await;
}

#[actix_web::test]
async fn offers_are_answered_or_refused_by_the_media_server() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let mut a = ann.connect().await;
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    assert_eq!(code(&mut a, json!({ "type": "pc.offer", "call": call, "gen": 1, "sdp": "v=0" })).await, "calls.not_in_call");
    enters(&mut a, &call).await;
    assert_eq!(code(&mut a, json!({ "type": "pc.offer", "call": call, "gen": 2, "sdp": "no" })).await, "calls.offer_invalid");
    offers(&mut a, &call, 3).await;
    assert_eq!(code(&mut a, json!({ "type": "pc.offer", "call": call, "gen": 0, "sdp": "no" })).await, "calls.offer_stale");
    a.done(json!({ "type": "call.hand", "call": call, "raised": true })).await;
    let many: Vec<_> = (0..17).map(|n| json!({ "mid": n.to_string(), "source": "mic" })).collect();
    assert_eq!(
        code(&mut a, json!({ "type": "pc.offer", "call": call, "gen": 4, "sdp": "v=0", "tracks": many })).await,
        "calls.too_many_tracks"
    );
    // An offer may be long, nothing else may.
    let long = format!("v=0{}", "x".repeat(200 * 1024));
    a.done(json!({ "type": "pc.offer", "call": call, "gen": 5, "sdp": long })).await;
    let who = stage.studio.newest();
    stage.studio.says(Output::Ended { who, cause: EndCause::NeverConnected(Hop::NoIce) });
    assert_eq!(a.next("call.parted").await["why"], "failed");
    a.say(json!({ "type": "call.view", "call": call, "stage": ["x".repeat(70 * 1024)] })).await;
    assert_eq!(a.closed().await, Some(1009));
    stage.close().await;
}

#[actix_web::test]
async fn without_a_media_server_calls_say_so() {
    // The media port is taken by somebody else.
    let taken = std::net::UdpSocket::bind(("::", 0)).expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let town = crate::support::Town::with(|config| config.media_port = port).await;
    let owner = town.owner("keeper").await;
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    let (ann, ben) = (town.member("ann").await, town.member("ben").await);
    let mut a = ann.connect().await;
    assert_eq!(code(&mut a, call_to(&ben, "k1")).await, "calls.media_unavailable");
    town.close().await;
}

#[actix_web::test]
async fn a_ban_at_the_very_moment_of_coming_in_leaves_nobody_there() {
    let stage = Stage::open().await;
    let ann = stage.town.member("ann").await;
    let mut a = ann.connect().await;
    let mut guests = Vec::new();
    for n in 0..12 {
        guests.push(stage.town.member(&format!("guest{n}")).await);
    }
    let room = voice_room(&stage, &ann, &guests.iter().collect::<Vec<_>>()).await;
    let call = begins(&mut a, call_in(room, "k1")).await;
    enters(&mut a, &call).await;
    for (n, guest) in guests.iter().enumerate() {
        let mut socket = guest.connect().await;
        if n % 2 == 0 {
            socket.say(about("call.join", &call)).await;
            let path = format!("/api/v1/admin/members/{}/ban", guest.id);
            let (status, answer) = stage.owner.call(Method::POST, &path, Some(json!({ "reason": "x" }))).await;
            assert!(status.is_success(), "{answer}");
            socket.closed().await;
        } else {
            let path = format!("/api/v1/rooms/{room}/members/{}", guest.id);
            let both = futures_util::future::join(socket.ask(about("call.join", &call)), ann.call(Method::DELETE, &path, None));
            let (_, (status, answer)) = both.await;
            assert!(status.is_success(), "{answer}");
        }
    }
    // Whatever came first each time: nobody but Ann is in it. Not asked so often that the limit of a member's requests is met.
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    for left in (0..200).rev() {
        looks.tick().await;
        let live = ann.get("/api/v1/calls/live").await;
        if live["items"][0]["call"]["members"] == json!([ann.id]) {
            break;
        }
        assert!(left > 0, "{live}");
    }
    stage.close().await;
}

#[actix_web::test]
async fn whoever_left_a_group_does_not_come_back_into_its_call() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let clo = stage.town.member("clo").await;
    let crew = super::group(&stage, &ann, &[&ben, &clo]).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let mut one = call_in(crew, "k1");
    one["ring"] = json!([ben.id]);
    let call = begins(&mut a, one).await;
    enters(&mut a, &call).await;
    enters(&mut b, &call).await;
    let (status, answer) = ben.call(Method::DELETE, &format!("/api/v1/rooms/{crew}/members/{}", ben.id), None).await;
    assert!(status.is_success(), "{answer}");
    assert_eq!(b.next("call.parted").await["why"], "room_left");
    assert_eq!(code(&mut b, about("call.join", &call)).await, "error.not_found");
    stage.close().await;
}
