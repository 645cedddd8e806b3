//! What becomes of calls while the media server has more to do than it can: those who are in go on, nobody new comes.

use std::sync::Arc;

use reqwest::Method;
use rialto::calls::sfu::{self, Sfu};
use rialto::chat::RoomKind;
use serde_json::json;

use super::being_in::voice_room;
use super::{Stage, about, begins, call_in, call_to, code, enters};

#[actix_web::test]
async fn nobody_new_comes_and_whoever_was_in_comes_back() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.reachable("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let room = voice_room(&stage, &ann, &[&ben, &clo]).await;
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let call = begins(&mut a, call_in(room, "k1")).await;
    enters(&mut a, &call).await;
    stage.studio.fills(true);
    assert_eq!(code(&mut b, about("call.join", &call)).await, "calls.server_full");
    assert_eq!(code(&mut b, call_to(&clo, "k2")).await, "calls.server_full");
    assert_eq!(clo.get("/api/v1/calls").await["items"], json!([]), "it rang for nobody");
    // Another tab of hers, as after a page is loaded anew.
    let mut again = ann.connect().await;
    let joined = enters(&mut again, &call).await;
    assert_eq!(joined["members"][0]["member"], json!(ann.id));
    stage.studio.fills(false);
    enters(&mut c, &call).await;
    stage.close().await;
}

#[actix_web::test]
async fn who_is_called_is_let_in_though_it_has_become_full_meanwhile() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.reachable("ann").await, stage.reachable("ben").await);
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    stage.studio.fills(true);
    b.done(about("call.accept", &call)).await;
    enters(&mut a, &call).await;
    enters(&mut b, &call).await;
    stage.close().await;
}

#[actix_web::test]
async fn as_many_calls_as_the_media_server_takes_and_room_again_when_one_ends() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.reachable("ann").await, stage.reachable("ben").await);
    let calls = stage.town.app().calls.clone();
    let config = sfu::Config {
        port: 0,
        threads: 1,
        addresses: vec!["127.0.0.1".parse().expect("an address")],
        limits: sfu::Limits { calls: 1, ..sfu::Limits::default() },
        cores: Vec::new(),
    };
    let hears = calls.clone();
    calls.use_media(Arc::new(Sfu::start(&config, Arc::new(move |output| hears.hear_media(output))).expect("a port")));
    let (quay, pier) = (voice_room(&stage, &ann, &[]).await, stage.town.room(&ben, RoomKind::Private, "Pier", &[]).await);
    let (status, _) = ben.call(Method::PATCH, &format!("/api/v1/rooms/{pier}"), Some(json!({ "voice": true }))).await;
    assert!(status.is_success());
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let first = begins(&mut a, call_in(quay, "k1")).await;
    a.done(about("call.join", &first)).await;
    assert_eq!(code(&mut b, call_in(pier, "k1")).await, "calls.server_full");
    a.done(about("call.leave", &first)).await;
    stage.passes(60_000);
    a.next("call.ended").await;
    let second = begins(&mut b, call_in(pier, "k2")).await;
    b.done(about("call.join", &second)).await;
    assert_eq!(b.next("call.joined").await["call"]["id"], second.as_str());
    stage.close().await;
}
