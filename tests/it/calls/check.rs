//! The call check: a member's own echo over the API, and a look from outside for those who run the community.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix_web::web::block;
use reqwest::Method;
use serde_json::{Value, json};

use crate::sfu::client::{Client, DEADLINE, Event, Knows, LEVEL, OPUS, Section, packet, payload};
use crate::support::{Person, Town};

const PATH: &str = "/api/v1/calls/echo";

/// A client that is in its member's echo.
async fn opens(person: &Person) -> Client {
    let mut client = Client::new("127.0.0.1:0", Knows::Both);
    let answer = person.post(PATH, json!({ "sdp": client.offer(&[Section::Voice(0x11), Section::HearsOne]) })).await;
    assert_eq!(answer["ends_at"], crate::support::NOON + 60_000);
    client.accept(answer["sdp"].as_str().expect("an answer"), false);
    let connects = block(move || {
        assert!(client.connect(DEADLINE), "connects");
        client
    });
    connects.await.expect("no panic")
}

fn speaks_until(client: &mut Client, done: impl Fn(&Event) -> bool) -> Option<Event> {
    let end = Instant::now() + DEADLINE;
    for sequence in 1.. {
        if Instant::now() > end {
            return None;
        }
        client.send(&packet(OPUS, sequence, u32::from(sequence) * 960, 0x11, &[(LEVEL, &[10])], b"hello"));
        if let Some(event) = client.next(&done, Duration::from_millis(20)) {
            return Some(event);
        }
    }
    None
}

async fn hears_itself(mut client: Client) -> Client {
    let heard = block(move || {
        let Some(Event::Media(heard)) = speaks_until(&mut client, |event| matches!(event, Event::Media(_))) else {
            panic!("nothing came back")
        };
        assert_eq!(payload(&heard), b"hello");
        client
    });
    heard.await.expect("no panic")
}

/// Waits until the server has ended the connection.
async fn is_over(mut client: Client) {
    let over = block(move || speaks_until(&mut client, |event| *event == Event::Closed).is_some());
    assert!(over.await.expect("no panic"), "it ends");
}

#[actix_web::test]
async fn a_member_hears_themselves_and_may_not_even_call() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    ann.refused(Method::GET, PATH, None, 404, "error.not_found").await;
    let client = hears_itself(opens(&ann).await).await;
    let state = ann.get(PATH).await;
    assert_eq!((&state["connected"], &state["ended"], &state["video_in"]), (&json!(true), &json!(false), &json!(0)));
    assert!(state["audio_in"].as_u64() >= Some(1) && state["audio_out"].as_u64() >= Some(1), "{state}");
    let readings = town.app().calls.readings();
    let counted = |name: &str| readings.iter().find(|reading| reading.name == name).expect("a reading").value;
    assert_eq!((counted("rialto_calls"), counted("rialto_call_members")), (0, 0), "it is no call");
    assert_eq!(ann.call(Method::DELETE, PATH, None).await.0, 204);
    is_over(client).await;
    ann.refused(Method::GET, PATH, None, 404, "error.not_found").await;
    town.close().await;
}

#[actix_web::test]
async fn the_next_echo_ends_the_one_before_and_a_minute_ends_them_all() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let first = hears_itself(opens(&ann).await).await;
    let second = opens(&ann).await;
    is_over(first).await;
    let second = hears_itself(second).await;
    town.hand.fetch_add(60_000, Ordering::SeqCst);
    is_over(second).await;
    town.close().await;
}

#[actix_web::test]
async fn a_ban_ends_the_echo() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("keeper").await, town.member("ann").await);
    let client = hears_itself(opens(&ann).await).await;
    owner.post(&format!("/api/v1/admin/members/{}/ban", ann.id), json!({})).await;
    is_over(client).await;
    town.close().await;
}

#[actix_web::test]
async fn a_bad_offer_is_refused_by_name_and_leaves_no_echo_behind() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    ann.refused(Method::POST, PATH, Some(json!({ "sdp": "nonsense" })), 422, "calls.offer_invalid").await;
    ann.refused(Method::POST, PATH, Some(json!({ "offer": "" })), 422, "error.body").await;
    ann.refused(Method::GET, PATH, None, 404, "error.not_found").await;
    town.close().await;
}

#[actix_web::test]
async fn as_many_echoes_as_calls_may_be() {
    let town = Town::new().await;
    let (owner, ann, ben) = (town.owner("keeper").await, town.member("ann").await, town.member("ben").await);
    let (status, _) = owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_at_once": 1 }))).await;
    assert!(status.is_success());
    let client = opens(&ann).await;
    let sdp = Client::new("127.0.0.1:0", Knows::Both).offer(&[Section::Voice(0x11), Section::HearsOne]);
    ben.refused(Method::POST, PATH, Some(json!({ "sdp": sdp })), 503, "calls.too_many_calls").await;
    drop((hears_itself(client).await, opens(&ann).await));
    town.close().await;
}

async fn looks(owner: &Person) -> Value {
    owner.post("/api/v1/admin/calls/check", json!({})).await
}

#[actix_web::test]
async fn those_who_run_the_community_see_whether_calls_reach_it() {
    let town = Town::new().await;
    let owner = town.owner("keeper").await;
    assert_eq!(owner.get("/api/v1/admin/calls/check").await, Value::Null);
    let page = |path: &'static str| {
        let request = town.http.get(town.url(path)).bearer_auth(&owner.token).header("accept", "text/html");
        async { request.send().await.expect("an answer").text().await.expect("a page") }
    };
    assert!(page("/admin").await.contains("Not tried since the program started."));
    assert!(page("/setup/done").await.contains("<call-probe data-at-once>"), "the wizard's last step looks by itself");
    let found = looks(&owner).await;
    assert_eq!(
        (&found["report"]["reached"], &found["report"]["hop"], &found["at"]),
        (&json!(true), &Value::Null, &json!(crate::support::NOON)),
        "{found}"
    );
    assert_eq!(found["report"]["tcp"], "open", "{found}");
    assert!(found["report"]["round_trip_ms"].as_u64().is_some_and(|ms| ms < 1_000), "{found}");
    assert_eq!(owner.get("/api/v1/admin/calls/check").await, found);
    assert!(page("/admin").await.contains("Calls reach this community:"));
    let done = page("/setup/done").await;
    assert!(done.contains("Calls reach this community:") && !done.contains("data-at-once"));
    assert!(done.contains("Where no UDP passes, calls come in over TCP port"), "which way works is told");
    assert!(page("/calls/check").await.contains("<call-check>"));
    town.close().await;
}

#[actix_web::test]
async fn a_media_port_that_is_taken_is_found_out() {
    let taken = std::net::UdpSocket::bind("[::]:0").or_else(|_| std::net::UdpSocket::bind("0.0.0.0:0")).expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let town = Town::with(move |config| config.media_port = port).await;
    let (owner, ann) = (town.owner("keeper").await, town.member("ann").await);
    assert_eq!(looks(&owner).await["report"]["hop"], "off");
    for path in ["/admin", "/setup/done"] {
        let request = town.http.get(town.url(path)).bearer_auth(&owner.token).header("accept", "text/html");
        let page = request.send().await.expect("an answer").text().await.expect("a page");
        assert!(page.contains(&format!("something else has UDP port {port} of this machine")), "{path}: {page}");
        assert!(page.contains("--media-port") && !page.contains("data-at-once"), "{path}: what to do, and no call that cannot come");
    }
    ann.refused(Method::POST, PATH, Some(json!({ "sdp": "v=0" })), 503, "calls.media_unavailable").await;
    town.close().await;
}
