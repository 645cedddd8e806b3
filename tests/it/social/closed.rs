//! Ways that the administrators have closed for everybody, and members who are gone: what is left of them in lists, on pages and in open tabs.

use reqwest::Method;
use rialto::chat::RoomKind;
use serde_json::{Value, json};

use super::pages::page;
use super::{act, acts, is_mine, lets, names, talk, waiting};
use crate::support::{Person, Socket, Town};

/// The ways, in the order in which people see them.
const WAYS: [&str; 5] = ["message", "call", "video_call", "invite", "mention"];

/// Closes these ways for everybody and opens the others.
pub(super) async fn close(keeper: &Person, closed: &[&str]) {
    let bound = |way: &&str| (format!("reach_ceiling_{way}"), json!(if closed.contains(way) { ["nobody"] } else { ["everyone"] }));
    let change: serde_json::Map<String, Value> = WAYS.iter().map(bound).collect();
    acts(keeper, Method::PATCH, "/api/v1/admin/settings", Some(Value::Object(change))).await;
}

/// What a tab hears of the ways that are closed by now.
async fn hears_closed(tab: &mut Socket) -> Value {
    loop {
        let signal = tab.next("signal").await["signal"].clone();
        if signal["kind"] == "settings_changed" {
            return signal["community"]["closed"].clone();
        }
    }
}

/// The code with which the server refuses to ring them, which has no other reason here.
async fn ring(tab: &mut Socket, to: &Person, video: bool) -> Value {
    let key = format!("ring {} {video}", to.id);
    tab.ask(json!({ "type": "call.start", "to": to.id, "video": video, "key": key })).await["code"].clone()
}

#[actix_web::test]
async fn a_closed_way_is_closed_for_everybody_and_said() {
    let town = Town::new().await;
    let (keeper, ann, bob, cleo) =
        (town.owner("keeper").await, town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    for way in ["message", "call", "video_call", "invite", "mention"] {
        lets(&bob, way, &["everyone"]).await;
    }
    let quay = town.room(&cleo, RoomKind::Public, "Quay", &[&ann, &bob]).await;
    let old = talk(&ann, &cleo).await;
    ann.says(old, "o1", "Good morning").await;
    let mut tab = ann.connect().await;
    close(&keeper, &WAYS).await;
    assert_eq!(hears_closed(&mut tab).await, json!(WAYS));
    assert_eq!(ann.get("/api/v1/me/state").await["community"]["closed"], json!(WAYS));
    assert_eq!(ann.get("/api/v1/calls/live").await["may_start"]["closed"], json!(WAYS));
    // Neither the list of always nor a block makes a difference.
    for door in ["", "me/always", "blocks"] {
        if !door.is_empty() {
            act(&bob, Method::PUT, &format!("/api/v1/{door}/{}", ann.id)).await;
        }
        assert_eq!(ring(&mut tab, &bob, false).await, "social.closed_call", "{door}");
        assert_eq!(ring(&mut tab, &bob, true).await, "social.closed_call", "{door}");
        for (wish, code) in [
            (json!({ "kind": "direct", "members": [bob.id] }), "social.closed_message"),
            (json!({ "kind": "group", "members": [bob.id, cleo.id] }), "social.closed_invite"),
            (json!({ "kind": "private", "name": format!("Attic{door}"), "members": [bob.id] }), "social.closed_invite"),
        ] {
            ann.refused(Method::POST, "/api/v1/rooms", Some(wish), 403, code).await;
        }
    }
    act(&bob, Method::DELETE, &format!("/api/v1/blocks/{}", ann.id)).await;
    ann.says(quay, "q1", "@bob, look").await;
    let state = bob.get("/api/v1/me/state").await;
    let of_quay = state["rooms"].as_array().expect("rooms").iter().find(|room| room["id"] == quay.to_string()).expect("his").clone();
    assert_eq!((&of_quay["mentions"], waiting(&bob).await.len()), (&json!(0), 0), "nothing of it arrives");
    ann.says(old, "o2", "A conversation goes on").await;
    assert!(is_mine(&cleo, old).await);
    for sentence in bob.get("/api/v1/me/reach").await["sentences"].as_array().expect("sentences") {
        assert!(sentence["text"].as_str().expect("text").starts_with("This community has switched off"), "{sentence}");
    }
    for (other, writes) in [(&bob, false), (&cleo, true)] {
        let profile = page(&town, &ann, &format!("/people/{}", other.id), "en").await;
        assert!(!profile.contains("<call-buttons"), "{} cannot be rung", other.name);
        assert_eq!(profile.contains("action=\"/api/v1/rooms\""), writes, "only a conversation that is there goes on: {}", other.name);
    }

    close(&keeper, &["video_call"]).await;
    assert_eq!(hears_closed(&mut tab).await, json!(["video_call"]));
    let profile = page(&town, &ann, &format!("/people/{}", bob.id), "en").await;
    assert!(profile.contains("closed=\"video_call\"") && profile.contains("action=\"/api/v1/rooms\""));
    assert_eq!(ring(&mut tab, &bob, true).await, "social.closed_video_call");
    assert_ne!(ring(&mut tab, &bob, false).await, "social.closed_call");
    talk(&ann, &bob).await;
    town.close().await;
}

#[actix_web::test]
async fn where_one_way_of_ringing_is_closed_the_words_say_which_is_open() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    let mut tab = ann.connect().await;
    for (closed, video, code, words) in [
        ("video_call", true, "social.closed_video_call", "Voice calls only: this community has switched off video calls between members."),
        ("call", false, "social.closed_voice_call", "Video calls only: this community has switched off voice calls between members."),
    ] {
        close(&keeper, &[closed]).await;
        hears_closed(&mut tab).await;
        // A block is not to be told from a door that is open.
        for door in ["", "blocks"] {
            if !door.is_empty() {
                act(&bob, Method::PUT, &format!("/api/v1/{door}/{}", ann.id)).await;
            }
            assert_eq!(ring(&mut tab, &bob, video).await, code, "{closed} {door}");
        }
        act(&bob, Method::DELETE, &format!("/api/v1/blocks/{}", ann.id)).await;
        let view = bob.get("/api/v1/me/reach").await;
        let said = |act: &str| {
            let found = view["sentences"].as_array().expect("sentences").iter().find(|one| one["act"] == act);
            found.expect("one for each way")["text"].as_str().expect("text").to_owned()
        };
        assert_eq!(said(closed), words);
        assert!(!said(if closed == "call" { "video_call" } else { "call" }).contains("switched off"), "the other way is open");
    }
    town.close().await;
}

#[actix_web::test]
async fn first_words_into_a_conversation_without_any_are_refused_where_that_way_was_closed_since() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    let room = talk(&ann, &bob).await;
    close(&keeper, &["message"]).await;
    let words = Some(json!({ "client_key": "k1", "body": "Hello" }));
    ann.refused(Method::POST, &format!("/api/v1/rooms/{room}/messages"), words, 403, "social.closed_message").await;
    close(&keeper, &[]).await;
    ann.says(room, "k1", "Hello").await;
    close(&keeper, &["message"]).await;
    bob.says(room, "k1", "What is written to is answered").await;
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    ann.says(room, "k2", "A block shows nothing of itself here either").await;
    town.close().await;
}

#[actix_web::test]
async fn who_is_banned_or_gone_is_shown_so_or_leaves_the_lists_and_open_tabs() {
    let town = Town::new().await;
    let (keeper, ann) = (town.owner("keeper").await, town.member("ann").await);
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    for how in ["ban", "deletion"] {
        let (bob, cleo) = (town.member(&format!("{how}ed")).await, town.member(&format!("{how}never")).await);
        act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
        bob.says_yes().await;
        act(&ann, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await;
        act(&ann, Method::PUT, &format!("/api/v1/me/always/{}", bob.id)).await;
        act(&ann, Method::PUT, &format!("/api/v1/me/never/{}", cleo.id)).await;
        lets(&ann, "message", &["nobody"]).await;
        lets(&ann, "message", &["contacts"]).await;
        act(&bob, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await;
        let asker = town.member(&format!("{how}asker")).await;
        let words = talk(&asker, &ann).await;
        asker.says(words, "k1", "Hello").await;
        act(&asker, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await;
        assert_eq!(waiting(&ann).await.len(), 2);
        let mut tab = ann.connect().await;
        for gone in [&bob, &cleo, &asker] {
            let path = format!("/api/v1/admin/members/{}", gone.id);
            let reason = Some(json!({ "reason": "spam" }));
            match how {
                "ban" => acts(&keeper, Method::POST, &format!("{path}/ban"), reason).await,
                _ => acts(&keeper, Method::DELETE, &path, reason).await,
            };
            loop {
                let signal = tab.next("signal").await["signal"].clone();
                if signal["kind"] == "member_changed" && signal["member"]["id"] == gone.id.to_string() {
                    assert_ne!(signal["member"]["state"], "active", "open tabs know");
                    break;
                }
            }
        }
        assert!(waiting(&ann).await.is_empty(), "{how}: nothing waits of who is gone");
        let stays = how == "ban";
        let listed = |name: &Person| if stays { vec![name.name.clone()] } else { Vec::new() };
        assert_eq!(names(&ann, "/api/v1/contacts").await, listed(&bob));
        assert_eq!(names(&ann, "/api/v1/follows").await, listed(&bob));
        assert_eq!(names(&ann, "/api/v1/me/always").await, listed(&bob));
        assert_eq!(names(&ann, "/api/v1/me/never").await, listed(&cleo));
        let reach = page(&town, &ann, "/settings/reach", "en").await;
        assert_eq!(reach.matches("<small>Shut out of the community</small>").count(), if stays { 2 } else { 0 }, "{how}");
        for list in ["contacts", "following", "always"] {
            let shown = page(&town, &ann, &format!("/people?list={list}"), "en").await;
            let found = (shown.contains(&format!("data-member=\"{}\"", bob.id)), shown.contains(">Shut out of the community</span>"));
            assert_eq!(found, (stays, stays), "{how}, {list}: with the sign that they are shut out");
        }
        let profile = page(&town, &ann, &format!("/people/{}", bob.id), "en").await;
        for dead in [
            "<call-buttons",
            "action=\"/api/v1/rooms\"",
            &format!("method=\"PUT\" action=\"/api/v1/contacts/{}", bob.id),
            "method=\"PUT\" action=\"/api/v1/follows/",
        ] {
            assert!(!profile.contains(dead), "{how}: {dead} does nothing any more");
        }
        // Whoever presses what an old page shows is told.
        assert_eq!(ring(&mut tab, &bob, false).await, "calls.not_there");
        ann.refused(Method::PUT, &format!("/api/v1/follows/{}", cleo.id), None, 409, "social.not_there").await;
        ann.refused(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "direct", "members": [bob.id] })), 422, "chat.members").await;
        for list in ["blocks", "mutes", "me/always", "me/never"] {
            let path = format!("/api/v1/{list}/{}", asker.id);
            match how {
                "ban" => drop(act(&ann, Method::PUT, &path).await),
                _ => ann.refused(Method::PUT, &path, None, 409, "social.not_there").await,
            }
            act(&ann, Method::DELETE, &path).await;
        }
        for list in ["contacts", "follows", "me/always"] {
            act(&ann, Method::DELETE, &format!("/api/v1/{list}/{}", bob.id)).await;
        }
        act(&ann, Method::DELETE, &format!("/api/v1/me/never/{}", cleo.id)).await;
        assert!(names(&ann, "/api/v1/contacts").await.is_empty() && names(&ann, "/api/v1/follows").await.is_empty());
        assert!(names(&ann, "/api/v1/me/always").await.is_empty() && names(&ann, "/api/v1/me/never").await.is_empty());
    }
    town.close().await;
}
