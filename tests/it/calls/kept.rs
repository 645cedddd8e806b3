//! What is kept of calls: over a restart, in lists, for operators; and that no answer holds an address or another's numbers.

use reqwest::Method;
use rialto::calls::Fate;
use rialto::calls::seed::{CallStory, place_call};
use rialto::calls::sfu::{Output, ParticipantStatistics, Route, Source, TrackStatistics};
use serde_json::{Value, json};

use super::{Stage, Studio, about, begins, call_in, call_to, code, enters, entry, fates, group};

#[actix_web::test]
async fn after_a_restart_the_same_call_takes_everybody_back_and_a_ring_is_over() {
    let mut stage = Stage::open().await;
    let (ann, ben, clo, dan) =
        (stage.town.member("ann").await, stage.reachable("ben").await, stage.town.member("clo").await, stage.reachable("dan").await);
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.accept", &call)).await;
    let joined = enters(&mut a, &call).await;
    enters(&mut b, &call).await;
    let rings = begins(&mut c, call_to(&dan, "k2")).await;
    stage.town.restart().await;
    stage.studio = Studio::beside(&stage.town.app().calls);
    let at = |person: &crate::support::Person| person.at(stage.town.url(""));
    let (ann, ben, clo, dan) = (at(&ann), at(&ben), at(&clo), at(&dan));
    assert_eq!((fates(&dan).await, fates(&clo).await), (vec!["missed".to_owned()], vec!["unanswered".to_owned()]));
    let mut a = ann.connect().await;
    assert_eq!((&a.hello["calls"][0]["call"]["id"], &a.hello["calls"][0]["part"]), (&json!(call), &json!("in")));
    assert_eq!(code(&mut clo.connect().await, about("call.join", &rings)).await, "calls.over");
    let resume = json!({ "type": "call.join", "call": call, "resume": joined["resume"] });
    assert_eq!(code(&mut a, resume).await, "calls.resume", "tokens do not outlive the program");
    let again = enters(&mut a, &call).await;
    assert_eq!(again["role"], joined["role"]);
    let mut b = ben.connect().await;
    enters(&mut b, &call).await;
    stage.passes(100_000);
    assert_eq!(ann.get("/api/v1/calls/live").await["items"][0]["call"]["members"], json!([ann.id, ben.id]));
    b.done(about("call.leave", &call)).await;
    assert_eq!(entry(&mut a).await["fate"], "taken");
    stage.close().await;
}

#[actix_web::test]
async fn a_call_to_which_nobody_comes_back_was_interrupted() {
    let mut stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.accept", &call)).await;
    enters(&mut a, &call).await;
    enters(&mut b, &call).await;
    stage.town.restart().await;
    let ann = ann.at(stage.town.url(""));
    let mut a = ann.connect().await;
    stage.passes(20_000);
    assert_eq!(a.next("call.ended").await["cause"], "interrupted");
    stage.close().await;
}

#[actix_web::test]
async fn a_call_whose_end_could_not_be_kept_closes_its_room_to_nobody() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let crew = group(&stage, &ann, &[&ben]).await;
    // Rows that say that a call goes on, and no such call.
    let lost = |room| CallStory {
        room,
        is_group: true,
        video: false,
        starter: ann.id,
        others: vec![(ben.id, Fate::Taken)],
        seconds: 60,
        cause: None,
        quality: Some(3),
    };
    let place = async |story: CallStory| stage.town.app().ground.db.write(move |tx| place_call(tx, &story)).await.expect("a story");
    let (first, second) = (place(lost(Some(crew))).await, place(lost(None)).await);
    let mut a = ann.connect().await;
    assert_eq!(code(&mut a, about("call.join", &first.to_string())).await, "calls.over");
    let call = begins(&mut a, call_in(crew, "k1")).await;
    assert_ne!(call, first.to_string());
    enters(&mut a, &call).await;
    let (status, _) = stage.owner.call(Method::POST, &format!("/api/v1/admin/calls/{second}/end"), Some(json!({}))).await;
    assert!(status.is_success());
    for over in [first, second] {
        let entry = ann.get(&format!("/api/v1/calls/{over}")).await;
        assert_eq!((&entry["fate"], &entry["seconds"]), (&json!("taken"), &json!(60)), "{entry}");
    }
    let ended = stage.owner.get("/api/v1/admin/calls").await;
    let causes: Vec<&Value> = ended["items"].as_array().expect("items").iter().map(|item| &item["cause"]).collect();
    assert_eq!(causes, [&json!("interrupted"); 2]);
    stage.owner.refused(Method::POST, &format!("/api/v1/admin/calls/{second}/end"), Some(json!({})), 410, "calls.over").await;
    stage.close().await;
}

#[actix_web::test]
async fn a_room_s_next_call_begins_at_once_after_the_last_one() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let crew = group(&stage, &ann, &[&ben]).await;
    let mut a = ann.connect().await;
    let mut before = String::new();
    for n in 0..5 {
        let mut alone = call_in(crew, &format!("k{n}"));
        alone["ring"] = json!([]);
        let call = begins(&mut a, alone).await;
        assert_ne!(call, before, "never the one that is over");
        enters(&mut a, &call).await;
        a.done(json!({ "type": "call.mod.end", "call": call })).await;
        before = call;
    }
    stage.close().await;
}

#[actix_web::test]
async fn my_list_is_read_page_by_page_and_by_its_room() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let talk = ann.post("/api/v1/rooms", json!({ "kind": "direct", "members": [ben.id] })).await;
    let room = talk["id"].as_str().expect("an id").to_owned();
    let crew = group(&stage, &ann, &[&ben, &stage.town.member("clo").await]).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    for n in 0..3 {
        let call = begins(&mut a, call_to(&ben, &format!("k{n}"))).await;
        b.done(about("call.decline", &call)).await;
        entry(&mut a).await;
        entry(&mut b).await;
    }
    let call = begins(&mut a, call_in(crew, "k9")).await;
    a.done(about("call.cancel", &call)).await;
    entry(&mut a).await;
    let first = ann.get("/api/v1/calls?limit=2").await;
    let next = first["next"].as_str().expect("more").to_owned();
    let second = ann.get(&format!("/api/v1/calls?limit=2&before={next}")).await;
    let kinds = |page: &Value| page["items"].as_array().expect("items").iter().map(|one| one["kind"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (kinds(&first), kinds(&second), &second["next"]),
        (vec![json!("group"), json!("direct")], vec![json!("direct"); 2], &json!(null))
    );
    let there = ben.get(&format!("/api/v1/calls?room={room}")).await;
    assert_eq!(there["items"].as_array().map(Vec::len), Some(3));
    assert!(there["items"].as_array().expect("items").iter().all(|one| one["room"] == json!(room)));
    assert_eq!(ann.get(&format!("/api/v1/calls?room={crew}")).await["items"].as_array().map(Vec::len), Some(1));
    let one = first["items"][1]["call"].as_str().expect("an id").to_owned();
    assert_eq!(ann.get(&format!("/api/v1/calls/{one}")).await["call"], one);
    stage.town.member("dan").await.refused(Method::GET, &format!("/api/v1/calls/{one}"), None, 404, "error.not_found").await;
    ann.refused(Method::GET, "/api/v1/calls?limit=201", None, 422, "error.limit").await;
    stage.close().await;
}

#[actix_web::test]
async fn operators_see_how_well_it_went_and_nobody_sees_an_address() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.accept", &call)).await;
    enters(&mut a, &call).await;
    let first = stage.studio.newest();
    enters(&mut b, &call).await;
    let track =
        TrackStatistics { mid: "0".to_owned(), source: Some(Source::Microphone), packets: 900, lost: 100, ..TrackStatistics::default() };
    let measured = ParticipantStatistics {
        participant: Some(first.participant),
        route: Some(Route::UdpV4),
        bytes_in: 90_000,
        published: vec![track],
        ..ParticipantStatistics::default()
    };
    stage.studio.says(Output::Statistics { call: first.call, participants: vec![measured] });
    let quality = b.next("call.quality").await;
    assert!(quality["marks"].as_array().expect("marks").contains(&json!({ "member": ann.id, "mark": 1 })), "{quality}");
    let text = quality.to_string();
    assert!(!text.contains("permille") && !text.contains("kbps") && !text.contains("rtt"), "of others only the mark: {text}");
    ann.refused(Method::GET, "/api/v1/admin/calls", None, 403, "access.not_allowed").await;
    ann.refused(Method::POST, &format!("/api/v1/admin/calls/{call}/end"), Some(json!({})), 403, "access.not_allowed").await;
    let live = stage.owner.get("/api/v1/admin/calls?live=true").await;
    let stay =
        live["items"][0]["stays"].as_array().expect("stays").iter().find(|stay| stay["member"] == json!(ann.id)).expect("hers").clone();
    assert_eq!((&stay["loss_permille"], &stay["route"], &stay["kbps_in"]), (&json!(100), &json!("udp4"), &json!(144)));
    a.done(about("call.leave", &call)).await;
    entry(&mut a).await;
    let past = stage.owner.get("/api/v1/admin/calls").await;
    let row = &past["items"][0];
    assert_eq!((&row["cause"], row["stays"].as_array().map(Vec::len)), (&json!("left"), Some(2)));
    let kept = row["stays"].as_array().expect("stays").iter().find(|stay| stay["member"] == json!(ann.id)).expect("hers").clone();
    assert_eq!((&kept["parting"], &kept["loss_permille"], &kept["route"]), (&json!("left"), &json!(100), &json!("udp4")));
    assert_eq!(ann.get("/api/v1/calls").await["items"][0]["quality"], 1);
    for text in [live.to_string(), past.to_string()] {
        assert!(!text.contains("127.0.0.1") && !text.contains("candidate"), "{text}");
    }
    stage.close().await;
}

#[actix_web::test]
async fn operators_find_calls_by_what_they_were_and_turn_off_what_somebody_sends() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let declined = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.decline", &declined)).await;
    assert_eq!(entry(&mut a).await["fate"], "declined", "what the caller was told stands in their list");
    let taken_back = begins(&mut a, call_to(&clo, "k2")).await;
    a.done(about("call.cancel", &taken_back)).await;
    entry(&mut a).await;
    entry(&mut c).await;
    let live = begins(&mut a, call_to(&ben, "k3")).await;
    b.done(about("call.accept", &live)).await;
    enters(&mut a, &live).await;
    enters(&mut b, &live).await;
    let find = async |query: &str| -> Vec<String> {
        let page = stage.owner.get(&format!("/api/v1/admin/calls?{query}")).await;
        page["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    for (query, found) in [
        (String::new(), vec![&taken_back, &declined]),
        ("cause=declined".to_owned(), vec![&declined]),
        ("cause=cancelled&kind=direct".to_owned(), vec![&taken_back]),
        ("kind=group".to_owned(), vec![]),
        (format!("member={}", clo.id), vec![&taken_back]),
        (format!("member={}&cause=declined", clo.id), vec![]),
        (format!("live=true&member={}", ben.id), vec![&live]),
        (format!("live=true&member={}", clo.id), vec![]),
        ("live=true&kind=room".to_owned(), vec![]),
    ] {
        assert_eq!(find(&query).await.iter().collect::<Vec<_>>(), found, "{query}");
    }
    stage.owner.refused(Method::GET, "/api/v1/admin/calls?cause=bored", None, 422, "error.query").await;
    let path = format!("/api/v1/admin/calls/{live}/mute");
    let mute = json!({ "member": ben.id, "source": "mic" });
    ann.refused(Method::POST, &path, Some(mute.clone()), 403, "access.not_allowed").await;
    stage.owner.refused(Method::POST, &path, Some(json!({ "member": clo.id, "source": "mic" })), 404, "error.not_found").await;
    let over = format!("/api/v1/admin/calls/{declined}/mute");
    stage.owner.refused(Method::POST, &over, Some(mute.clone()), 410, "calls.over").await;
    let before = page(&stage, "/admin/calls").await;
    assert!(before.contains("Turn off: microphone of ben") || before.contains("Turn off: microphone of Ben"), "{before}");
    let (status, _) = stage.owner.call(Method::POST, &path, Some(mute)).await;
    assert_eq!(status, 204);
    assert_eq!(b.next("call.moderated").await["act"], json!({ "kind": "muted", "source": "mic" }));
    assert_eq!(code(&mut b, json!({ "type": "call.mute", "call": live, "source": "mic", "muted": false })).await, "calls.held");
    assert!(page(&stage, "/admin/calls").await.contains("microphone: turned off"));
    let past = page(&stage, &format!("/admin/calls?show=past&cause=declined&kind=direct&member={}", ben.id)).await;
    assert!(past.contains(&format!("call-{declined}")) && !past.contains(&format!("call-{taken_back}")), "{past}");
    assert!(page(&stage, "/admin/audit?act=calls.mute").await.contains("Muted in a call"));
    stage.close().await;
}

/// A page as the owner sees it.
async fn page(stage: &Stage, path: &str) -> String {
    let request = stage.town.http.get(stage.town.url(path)).bearer_auth(&stage.owner.token).header("accept", "text/html");
    let answer = request.send().await.expect("an answer");
    let (status, body) = (answer.status(), answer.text().await.expect("a body"));
    assert_eq!(status, 200, "{path}: {body}");
    body
}

#[actix_web::test]
async fn operators_read_what_goes_on_page_by_page_too() {
    let stage = Stage::open().await;
    let mut ids = Vec::new();
    let mut sockets = Vec::new();
    for n in 0..3 {
        let (from, to) = (stage.town.member(&format!("from{n}")).await, stage.reachable(&format!("to{n}")).await);
        let mut socket = from.connect().await;
        ids.push(begins(&mut socket, call_to(&to, "k1")).await);
        sockets.push(socket);
    }
    let read = async |path: String| {
        let page = stage.owner.get(&path).await;
        let ids: Vec<String> =
            page["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect();
        (ids, page["next"].as_str().map(str::to_owned))
    };
    let (first, next) = read("/api/v1/admin/calls?live=true&limit=2".to_owned()).await;
    assert_eq!((first, next.clone()), (vec![ids[2].clone(), ids[1].clone()], Some(ids[1].clone())));
    let before = next.expect("more");
    let (second, last) = read(format!("/api/v1/admin/calls?live=true&limit=2&before={before}")).await;
    assert_eq!((second, last), (vec![ids[0].clone()], None));
    stage.close().await;
}
