//! Who may reach me: chosen, explained, bounded by administrators, and in force.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};

use super::pages::page;
use super::{act, acts, is_mine, lets, newest_request, talk, waiting};
use crate::support::{NOON, Town};

fn sentence(view: &Value, act: &str) -> String {
    let all = view["sentences"].as_array().expect("sentences");
    all.iter().find(|one| one["act"] == act).expect("one for each way")["text"].as_str().expect("text").to_owned()
}

#[actix_web::test]
async fn the_choice_is_said_in_one_sentence_with_its_numbers() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let before = ann.get("/api/v1/me/reach").await;
    assert_eq!(before["call"]["from"], json!(["contacts", "people_i_follow"]), "the default of calls");
    assert_eq!(sentence(&before, "call"), "Your contacts (none yet) and people you follow (nobody yet) can ring you.");
    assert_eq!(sentence(&before, "message"), "Everyone can write to you first.");
    act(&ann, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await;
    let view = ann.get("/api/v1/me/reach").await;
    assert_eq!(sentence(&view, "call"), "Your contacts (none yet) and one person you follow can ring you.");
    lets(&ann, "invite", &["nobody"]).await;
    lets(&ann, "mention", &["mutual"]).await;
    let view = ann.get("/api/v1/me/reach").await;
    assert_eq!(sentence(&view, "invite"), "Nobody can invite you to rooms, but for those whom you always let through.");
    assert_eq!(sentence(&view, "mention"), "People you follow and who follow you (nobody yet) can mention you.");
    assert_eq!(view["message"]["from"], json!(["everyone"]), "what is not said stays");
    town.close().await;
}

#[actix_web::test]
async fn the_sentence_is_in_the_member_s_language_whatever_the_browser_asks_for() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    acts(&ann, Method::PATCH, "/api/v1/me", Some(json!({ "language": "fr" }))).await;
    let choice = json!({ "message": { "from": ["everyone"] } });
    let meant = acts(&ann, Method::POST, "/api/v1/me/reach/sentences", Some(choice.clone())).await;
    let kept = acts(&ann, Method::PUT, "/api/v1/me/reach", Some(choice)).await;
    for view in [meant, kept, ann.get("/api/v1/me/reach").await] {
        assert_ne!(sentence(&view, "message"), "Everyone can write to you first.", "{view}");
    }
    town.close().await;
}

#[actix_web::test]
async fn the_sentence_counts_nobody_who_is_shut_out_or_gone_and_says_what_a_choice_would_mean() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    let ann = town.member("ann").await;
    let mut others = Vec::new();
    for name in ["bob", "cleo", "dan", "eve"] {
        let other = town.member(name).await;
        act(&ann, Method::PUT, &format!("/api/v1/follows/{}", other.id)).await;
        act(&other, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await;
        others.push(other);
    }
    lets(&ann, "call", &["people_i_follow", "mutual"]).await;
    let said = |count: u8| {
        let back = format!("{count} people whom you follow and who follow you");
        format!("{count} people you follow and {back} can ring you.")
    };
    assert_eq!(sentence(&ann.get("/api/v1/me/reach").await, "call"), said(4));
    act(&ann, Method::PUT, &format!("/api/v1/blocks/{}", others[0].id)).await;
    assert_eq!(sentence(&ann.get("/api/v1/me/reach").await, "call"), said(3), "who is blocked cannot");
    act(&ann, Method::PUT, &format!("/api/v1/me/never/{}", others[1].id)).await;
    assert_eq!(sentence(&ann.get("/api/v1/me/reach").await, "call"), said(2));
    acts(&keeper, Method::POST, &format!("/api/v1/admin/members/{}/ban", others[2].id), Some(json!({ "reason": "x" }))).await;
    let one = "One person you follow and one person whom you follow and who follows you can ring you.";
    assert_eq!(sentence(&ann.get("/api/v1/me/reach").await, "call"), one, "nor who is banned");
    // A choice that is not made is put into words all the same, and nothing of it is kept.
    let path = "/api/v1/me/reach/sentences";
    let meaning =
        acts(&ann, Method::POST, path, Some(json!({ "call": { "from": ["everyone"] }, "mention": { "from": ["nobody"] } }))).await;
    assert_eq!(sentence(&meaning, "call"), "Everyone can ring you.");
    assert_eq!(sentence(&meaning, "mention"), "Nobody can mention you, but for those whom you always let through.");
    assert_eq!(sentence(&meaning, "message"), "Everyone can write to you first.", "what is not said is as it is");
    assert_eq!(sentence(&ann.get("/api/v1/me/reach").await, "call"), one);
    ann.refused(Method::POST, path, Some(json!({ "call": { "from": ["roles"] } })), 422, "social.none_named").await;
    town.close().await;
}

#[actix_web::test]
async fn the_role_that_everybody_has_leads_around_no_ceiling() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    let roles = keeper.get("/api/v1/admin/roles").await["items"].clone();
    let everyones = roles.as_array().expect("roles").iter().find(|role| role["kind"] == "member").expect("of every member")["id"].clone();
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "reach_ceiling_message": ["contacts", "roles"] }))).await;
    let choice = json!({ "message": { "from": ["roles"], "roles": [everyones] } });
    bob.refused(Method::PUT, "/api/v1/me/reach", Some(choice), 422, "social.role_unknown").await;
    let shown = page(&town, &bob, "/settings/reach", "en").await;
    assert!(!shown.contains(&format!("value=\"{}\"", everyones.as_str().expect("id"))), "nor is it offered");
    // Nor where it was named before.
    let id = bob.id;
    let named = serde_json::from_value(json!({ "message": { "from": ["roles"], "roles": [everyones] } })).expect("a choice");
    town.app().ground.db.write(move |tx| rialto::social::seed::place_reach(tx, id, named)).await.expect("placed");
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    assert!(!is_mine(&bob, room).await && waiting(&bob).await.len() == 1);
    town.close().await;
}

#[actix_web::test]
async fn wrong_choices_are_refused_by_name() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    for (choice, code) in [
        (json!({ "call": { "from": ["nobody", "contacts"] } }), "error.body"),
        (json!({ "call": { "from": ["strangers"] } }), "error.body"),
        (json!({ "ring": { "from": [] } }), "error.body"),
        (json!({ "quiet": { "from": 1440, "to": 0 } }), "social.quiet_range"),
        (json!({ "quiet": { "from": 60, "to": 60 } }), "social.quiet_hours"),
        (json!({ "call": { "from": ["roles"], "roles": vec!["7"; 21] } }), "social.named"),
    ] {
        ann.refused(Method::PUT, "/api/v1/me/reach", Some(choice), 422, code).await;
    }
    for (choice, field) in [
        (json!({ "quiet": { "from": 1440, "to": 0 } }), "quiet.from"),
        (json!({ "quiet": { "from": 0, "to": 1440 } }), "quiet.to"),
        (json!({ "quiet": { "from": -1, "to": 0 } }), "quiet.from"),
        (json!({ "quiet": { "from": 0, "to": 70_000 } }), "quiet.to"),
        (json!({ "quiet": { "from": 0 } }), "quiet.to"),
        (json!({ "quiet": 7 }), "quiet"),
        (json!({ "call": { "from": ["strangers"] } }), "call.from[0]"),
        (json!({ "call": { "from": ["nobody", "contacts"] } }), "call.from"),
        (json!({ "call": { "from": ["roles"], "roles": ["x"] } }), "call.roles[0]"),
        (json!({ "unknown_callers": "shout" }), "unknown_callers"),
        (json!({ "asks_before_follow": "yes" }), "asks_before_follow"),
        (json!({ "ring": { "from": [] } }), "ring"),
    ] {
        let (status, answer) = ann.call(Method::PUT, "/api/v1/me/reach", Some(choice.clone())).await;
        assert_eq!((status.as_u16(), &answer["problems"][0]["field"]), (422, &json!(field)), "{choice}");
    }
    let kept =
        acts(&ann, Method::PUT, "/api/v1/me/reach", Some(json!({ "quiet": { "from": 1320, "to": 420 }, "unknown_callers": "request" })))
            .await;
    assert_eq!(
        (&kept["quiet"], &kept["unknown_callers"], &kept["time_zone"]),
        (&json!({ "from": 1320, "to": 420 }), &json!("request"), &json!("UTC"))
    );
    town.close().await;
}

#[actix_web::test]
async fn administrators_set_defaults_and_ceilings() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    let unchosen = ann.get("/api/v1/me/reach").await;
    assert_eq!((&unchosen["call"]["from"], &unchosen["unknown_callers"]), (&json!(["contacts", "people_i_follow"]), &json!("silent")));
    lets(&bob, "message", &["everyone"]).await;
    let change = json!({ "reach_default_message": ["contacts"], "reach_ceiling_message": ["contacts", "people_i_follow"] });
    assert_eq!(keeper.call(Method::PATCH, "/api/v1/admin/settings", Some(change)).await.0, 200);
    assert_eq!(ann.get("/api/v1/me/reach").await["message"]["from"], json!(["contacts"]), "who has chosen nothing has the default");
    ann.refused(Method::PUT, "/api/v1/me/reach", Some(json!({ "message": { "from": ["everyone"] } })), 422, "social.above_ceiling").await;
    for allowed in ["people_i_follow", "mutual", "contacts", "nobody"] {
        lets(&ann, "message", &[allowed]).await;
    }
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    assert!(!is_mine(&bob, room).await, "what bob ticked before is bounded too");
    assert_eq!(waiting(&bob).await.len(), 1);
    let wrong = json!({ "reach_ceiling_call": ["nobody", "everyone"] });
    keeper.refused(Method::PATCH, "/api/v1/admin/settings", Some(wrong), 422, "settings.value").await;
    town.close().await;
}

#[actix_web::test]
async fn under_a_ceiling_no_stranger_rings_and_what_was_ticked_before_is_kept() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    let (reach, ring) = ("/api/v1/me/reach", json!({ "unknown_callers": "ring" }));
    acts(&bob, Method::PUT, reach, Some(ring.clone())).await;
    lets(&bob, "call", &["contacts", "everyone"]).await;
    let bound = |call: &str, video: &str| json!({ "reach_ceiling_call": [call], "reach_ceiling_video_call": [video] });
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(bound("contacts", "everyone"))).await;
    acts(&ann, Method::PUT, reach, Some(ring.clone())).await;
    acts(&ann, Method::PUT, reach, Some(json!({ "unknown_callers": "silent" }))).await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(bound("contacts", "contacts"))).await;
    ann.refused(Method::PUT, reach, Some(ring.clone()), 422, "social.above_ceiling").await;
    let kept = acts(&bob, Method::PUT, reach, Some(ring)).await;
    assert_eq!((&kept["unknown_callers"], sentence(&kept, "call")), (&json!("ring"), "Your contacts (none yet) can ring you.".to_owned()));
    lets(&bob, "call", &["contacts", "everyone"]).await;
    ann.refused(Method::PUT, reach, Some(json!({ "call": { "from": ["everyone"] } })), 422, "social.above_ceiling").await;
    let (of_bob, of_ann) = (page(&town, &bob, "/settings/reach", "en").await, page(&town, &ann, "/settings/reach", "en").await);
    assert!(of_bob.contains(r#"value="ring" checked aria-describedby="above-unknown""#) && !of_ann.contains(r#"value="ring""#));
    assert!(of_bob.contains(r#"name="call" value="everyone" checked aria-describedby="above-call""#), "what is bounded is shown and kept");
    for said in ["above-unknown", "above-call"] {
        assert!(of_bob.contains(&format!(r#"id="{said}">What is grey has no effect"#)), "{said}");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_yes_to_an_invitation_asks_again_whether_one_can_still_come() {
    use rialto::chat::RoomKind;
    let town = Town::new().await;
    let (ann, bob, cleo, dan) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await, town.member("dan").await);
    for case in ["archived", "left", "full"] {
        let kind = if case == "full" { RoomKind::Group } else { RoomKind::Private };
        let room = town.room(&ann, kind, &format!("Attic {case}"), &[&cleo, &dan]).await;
        act(&ann, Method::PUT, &format!("/api/v1/rooms/{room}/members/{}", bob.id)).await;
        let yes = format!("/api/v1/requests/{}/accept", newest_request(&bob).await);
        match case {
            "archived" => drop(acts(&ann, Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "archived": true }))).await),
            "left" => drop(act(&ann, Method::DELETE, &format!("/api/v1/rooms/{room}/members/{}", ann.id)).await),
            _ => {
                let keeper = town.owner("keeper").await;
                acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "group_members": 3 }))).await;
            }
        }
        bob.refused(Method::POST, &yes, Some(json!({})), 410, "social.request_over").await;
        assert!(!is_mine(&bob, room).await && waiting(&bob).await.is_empty(), "{case}: it has ended as taken back");
    }
    town.close().await;
}

#[actix_web::test]
async fn one_and_several_are_told_apart_in_both_languages() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    let (mut roles, mut plans) = (Vec::new(), Vec::new());
    for (role, plan) in [("Crew", "Deck"), ("Watch", "Hold")] {
        roles.push(keeper.post("/api/v1/admin/roles", json!({ "name": role, "permissions": [] })).await["id"].clone());
        plans.push(keeper.post("/api/v1/admin/plans", json!({ "name": plan })).await["id"].clone());
    }
    act(&bob, Method::PUT, &format!("/api/v1/follows/{}", ann.id)).await;
    for (language, said) in [
        ("en", ["the role Crew", "one of the roles ", "members of the plan Deck", "members of the plans ", "one person you follow"]),
        ("fr", ["ont le rôle Crew", "l’un des rôles ", "de la formule Deck", "des formules ", "la personne que vous suivez"]),
    ] {
        acts(&bob, Method::PATCH, "/api/v1/me", Some(json!({ "language": language }))).await;
        let meant = async |rule: Value| {
            let meant = acts(&bob, Method::POST, "/api/v1/me/reach/sentences", Some(json!({ "call": rule }))).await;
            sentence(&meant, "call").to_lowercase()
        };
        for (rule, words) in [
            (json!({ "from": ["roles"], "roles": roles[..1] }), said[0]),
            (json!({ "from": ["roles"], "roles": roles }), said[1]),
            (json!({ "from": ["plans"], "plans": plans[..1] }), said[2]),
            (json!({ "from": ["plans"], "plans": plans }), said[3]),
            (json!({ "from": ["people_i_follow"] }), said[4]),
        ] {
            let found = meant(rule).await;
            assert!(found.contains(&words.to_lowercase()), "{language}: {words} in {found}");
        }
    }
    town.close().await;
}

#[actix_web::test]
async fn a_role_lets_its_holders_through_and_one_that_is_gone_lets_nobody() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    let role = keeper.post("/api/v1/admin/roles", json!({ "name": "Crew", "permissions": [] })).await["id"].clone();
    acts(&keeper, Method::PUT, &format!("/api/v1/admin/members/{}/roles", ann.id), Some(json!({ "roles": [role] }))).await;
    let choice =
        json!({ "message": { "from": ["roles"], "roles": [role], "plans": [] }, "invite": { "from": ["roles"], "roles": [role] } });
    let view = acts(&bob, Method::PUT, "/api/v1/me/reach", Some(choice)).await;
    assert_eq!(sentence(&view, "message"), "Whoever has the role Crew can write to you first.");
    let room = talk(&ann, &bob).await;
    assert!(is_mine(&bob, room).await);
    acts(&keeper, Method::DELETE, &format!("/api/v1/admin/roles/{}", role.as_str().expect("id")), None).await;
    let view = bob.get("/api/v1/me/reach").await;
    assert_eq!(
        (&view["message"]["roles"], sentence(&view, "message")),
        (&json!([]), "Nobody can write to you first, but for those whom you always let through.".to_owned())
    );
    let group = json!({ "kind": "private", "name": "Attic", "members": [bob.id] });
    ann.post("/api/v1/rooms", group).await;
    assert!(waiting(&bob).await.is_empty(), "nobody has the role any more");
    town.close().await;
}

#[actix_web::test]
async fn who_is_brought_into_a_room_is_invited_and_comes_with_a_yes() {
    use rialto::chat::RoomKind;
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&ann, RoomKind::Private, "Attic", &[]).await;
    let path = format!("/api/v1/rooms/{room}/members/{}", bob.id);
    assert_eq!(act(&ann, Method::PUT, &path).await["member_count"], 1);
    act(&ann, Method::PUT, &path).await;
    let page = bob.get("/api/v1/requests").await;
    assert_eq!((page["items"].as_array().expect("items").len(), &page["items"][0]["room_name"]), (1, &json!("Attic")), "asked once");
    let mut of_bob = bob.connect().await;
    acts(&bob, Method::POST, &format!("/api/v1/requests/{}/accept", newest_request(&bob).await), Some(json!({}))).await;
    assert_eq!(super::hears(&mut of_bob, "room_joined").await["room"], json!(room));
    assert!(is_mine(&bob, room).await);
    assert_eq!(ann.get(&format!("/api/v1/rooms/{room}")).await["member_count"], 2);
    let members = format!("/api/v1/rooms/{room}/members");
    assert_eq!(ann.get(&members).await["invited"], json!([]), "who has come is not asked any more");

    // Whoever invited somebody takes that back; nobody else but who leads does.
    let path = format!("{members}/{}", cleo.id);
    act(&ann, Method::PUT, &path).await;
    let asked = bob.get(&members).await["invited"][0].clone();
    assert_eq!(
        (&asked["member"]["username"], &asked["by"]),
        (&json!("cleo"), &json!(ann.id)),
        "all who are in it see who is asked, and by whom"
    );
    bob.refused(Method::DELETE, &path, None, 403, "access.not_allowed").await;
    act(&ann, Method::DELETE, &path).await;
    assert!(waiting(&cleo).await.is_empty() && ann.get(&members).await["invited"] == json!([]));
    town.close().await;
}

#[actix_web::test]
async fn a_group_names_who_is_invited_and_a_ban_takes_it_back() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let group = ann.post("/api/v1/rooms", json!({ "kind": "group", "members": [bob.id, cleo.id] })).await;
    let path = format!("/api/v1/rooms/{}", group["id"].as_str().expect("id"));
    assert_eq!((&group["members"], &group["invited"]), (&json!([ann.id]), &json!([bob.id, cleo.id])));
    bob.refused(Method::GET, &path, None, 404, "error.not_found").await;
    bob.says_yes().await;
    let state = bob.get("/api/v1/me/state").await;
    assert_eq!((&state["rooms"][0]["members"], &state["rooms"][0]["invited"]), (&json!([ann.id, bob.id]), &json!([cleo.id])));
    assert!(state["members"].to_string().contains("cleo"), "who is invited has a name there");
    let mut of_ann = ann.connect().await;
    acts(&keeper, Method::POST, &format!("/api/v1/admin/members/{}/ban", cleo.id), Some(json!({ "reason": "x" }))).await;
    assert_eq!(super::hears(&mut of_ann, "member_uninvited").await["member"], json!(cleo.id));
    assert_eq!(ann.get(&path).await["invited"], json!([]));
    town.close().await;
}

#[actix_web::test]
async fn who_calls_by_name_without_being_let_is_read_and_not_counted() {
    use rialto::chat::RoomKind;
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&ann, RoomKind::Private, "Quay", &[&bob, &cleo]).await;
    lets(&bob, "mention", &["contacts"]).await;
    let (mut of_ann, mut of_bob, mut of_cleo) = (ann.connect().await, bob.connect().await, cleo.connect().await);
    let (id, _) = ann.says(room, "k1", "@bob and @cleo, supper").await;
    let called = |who: &crate::support::Person| {
        let who = who.clone();
        async move {
            let room = who.get(&format!("/api/v1/rooms/{room}")).await;
            (room["unread"].clone(), room["mentions"].clone())
        }
    };
    assert_eq!((called(&bob).await, called(&cleo).await), ((json!(1), json!(0)), (json!(1), json!(1))));
    let sent = ann.get(&format!("/api/v1/rooms/{room}/messages/{id}")).await;
    assert_eq!(sent["mentions"]["members"], json!([bob.id, cleo.id]), "the author sees no difference");
    let edit = json!({ "body": "@bob and @cleo, supper at eight" });
    acts(&ann, Method::PATCH, &format!("/api/v1/rooms/{room}/messages/{id}"), Some(edit)).await;
    assert_eq!(called(&bob).await.1, json!(0));
    // Bob's own clients are told nothing that would call him; everyone else's hear the same as ever.
    for kind in ["message_sent", "message_edited"] {
        assert_eq!(super::hears(&mut of_bob, kind).await["mentions"]["members"], json!([cleo.id]), "{kind}");
        for socket in [&mut of_ann, &mut of_cleo] {
            assert_eq!(super::hears(socket, kind).await["mentions"]["members"], json!([bob.id, cleo.id]), "{kind}");
        }
    }
    for (who, named) in [(&bob, json!([cleo.id])), (&ann, json!([bob.id, cleo.id])), (&cleo, json!([bob.id, cleo.id]))] {
        let page = who.get(&format!("/api/v1/rooms/{room}/messages")).await;
        assert_eq!(page["items"][0]["mentions"]["members"], named, "{}", who.name);
        let log = who.get(&format!("/api/v1/rooms/{room}/events?after=0")).await;
        let sent = log["items"].as_array().expect("items").iter().find(|one| one["event"]["kind"] == "message_sent").expect("sent").clone();
        assert_eq!(sent["event"]["mentions"]["members"], named, "{}", who.name);
    }
    town.close().await;
}

#[actix_web::test]
async fn quiet_hours_silence_calls_and_let_words_through() {
    use rialto::settings::Settings;
    use rialto::social::{self, Act, Asker, Verdict};
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "call": { "from": ["everyone"] }, "quiet": { "from": 1320, "to": 420 } })))
        .await;
    acts(&bob, Method::PATCH, "/api/v1/me", Some(json!({ "time_zone": "Europe/Paris" }))).await;
    let ask = |act: Act, at: i64| {
        let (from, to) = (ann.id, bob.id);
        town.app().ground.db.read(move |conn| social::answer(conn, &Settings::default(), &Asker::plain(from, act), to, false, at))
    };
    let hour = 3_600_000;
    for (act, at, verdict) in [
        (Act::Call, NOON, Verdict::Through),
        (Act::Call, NOON + 9 * hour - 1, Verdict::Through),
        // Paris is an hour ahead in November.
        (Act::Call, NOON + 9 * hour, Verdict::Quietly),
        (Act::Call, NOON + 18 * hour - 1, Verdict::Quietly),
        (Act::Call, NOON + 18 * hour, Verdict::Through),
        (Act::Message, NOON + 9 * hour, Verdict::Quietly),
    ] {
        assert_eq!(ask(act, at).await.expect("an answer"), verdict, "{act:?} at {}", (at - NOON) / hour);
    }
    act_always(&bob, &ann).await;
    assert_eq!(ask(Act::Call, NOON + 9 * hour).await.expect("an answer"), Verdict::Through, "whom one always lets through rings");
    town.hand.store(NOON, Ordering::Relaxed);
    town.close().await;
}

async fn act_always(who: &crate::support::Person, other: &crate::support::Person) {
    act(who, Method::PUT, &format!("/api/v1/me/always/{}", other.id)).await;
}

#[actix_web::test]
async fn verified_members_and_those_of_a_plan_come_through_where_they_are_ticked_and_only_while_they_are() {
    let town = Town::new().await;
    let (owner, ann, bob, cleo) =
        (town.owner("olave").await, town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    lets(&bob, "message", &["verified"]).await;
    let path = format!("/api/v1/admin/members/{}/verification", ann.id);
    assert_eq!(owner.call(Method::PUT, &path, Some(json!({ "note": "Met her" }))).await.0, 204);
    let room = talk(&ann, &bob).await;
    assert!(is_mine(&bob, room).await, "she is verified");
    let room = talk(&cleo, &bob).await;
    cleo.says(room, "k1", "Hello").await;
    assert!(!is_mine(&bob, room).await, "cleo is not");

    let plan = owner.post("/api/v1/admin/plans", json!({ "name": "Friends" })).await["id"].clone();
    let rule = json!({ "message": { "from": ["plans"], "plans": [plan] } });
    let view = acts(&ann, Method::PUT, "/api/v1/me/reach", Some(rule)).await;
    assert_eq!(sentence(&view, "message"), "Members of the plan Friends can write to you first.");
    let grants = format!("/api/v1/admin/members/{}/grants", cleo.id);
    let grant = owner.post(&grants, json!({ "plan": plan })).await["id"].as_str().expect("an id").to_owned();
    assert!(is_mine(&ann, talk(&cleo, &ann).await).await, "cleo has the plan");
    let other = town.member("dora").await;
    let rule = json!({ "message": { "from": ["plans"], "plans": [plan] } });
    acts(&other, Method::PUT, "/api/v1/me/reach", Some(rule)).await;
    assert_eq!(owner.call(Method::POST, &format!("/api/v1/admin/grants/{grant}/revoke"), Some(json!({}))).await.0, 200);
    assert!(!is_mine(&other, talk(&cleo, &other).await).await, "and has it no more");
    town.close().await;
}

#[actix_web::test]
async fn roles_and_plans_that_are_ticked_are_named_and_exist() {
    let town = Town::new().await;
    let (keeper, bob) = (town.owner("keeper").await, town.member("bob").await);
    let path = "/api/v1/me/reach";
    let role = keeper.post("/api/v1/admin/roles", json!({ "name": "Crew", "permissions": [] })).await["id"].clone();
    let plan = keeper.post("/api/v1/admin/plans", json!({ "name": "Deck", "entitlements": {} })).await["id"].clone();
    for (rule, code) in [
        (json!({ "from": ["roles"] }), "social.none_named"),
        (json!({ "from": ["plans"], "roles": [role] }), "social.none_named"),
        (json!({ "from": ["roles"], "roles": ["77"] }), "social.role_unknown"),
        (json!({ "from": ["plans"], "plans": [plan, "77"] }), "social.plan_unknown"),
        (json!({ "from": ["strangers"] }), "error.body"),
    ] {
        let (status, answer) = bob.call(Method::PUT, path, Some(json!({ "call": rule }))).await;
        assert_eq!((status.as_u16(), &answer["code"]), (422, &json!(code)), "{rule}: {answer}");
        if code != "error.body" {
            assert_eq!(answer["problems"][0]["field"], "call");
        }
    }
    let both = json!({ "from": ["roles", "plans"], "roles": [role], "plans": [plan] });
    acts(&bob, Method::PUT, path, Some(json!({ "call": both }))).await;
    // What is gone since stays, with no effect, and one that is not given any more keeps its holders.
    acts(&keeper, Method::DELETE, &format!("/api/v1/admin/roles/{}", role.as_str().expect("id")), None).await;
    let archive = format!("/api/v1/admin/plans/{}", plan.as_str().expect("id"));
    acts(&keeper, Method::PATCH, &archive, Some(json!({ "archived": true }))).await;
    acts(&bob, Method::PUT, path, Some(json!({ "call": both }))).await;
    let view = acts(&bob, Method::PUT, path, Some(json!({ "call": { "from": ["roles", "plans"], "plans": [plan] } }))).await;
    assert_eq!((&view["call"]["roles"], &view["call"]["plans"]), (&json!([]), &json!([plan])), "an archived plan is kept in a rule");
    assert_eq!(sentence(&view, "call"), "Members of the plan Deck can ring you.");
    let default =
        |classes: serde_json::Value, ceiling: serde_json::Value| json!({ "reach_default_call": classes, "reach_ceiling_call": ceiling });
    let (status, answer) =
        keeper.call(Method::PATCH, "/api/v1/admin/settings", Some(default(json!(["verified"]), json!(["contacts"])))).await;
    assert_eq!((status.as_u16(), &answer["problems"][0]["field"]), (422, &json!("reach_default_call")), "{answer}");
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(default(json!(["contacts"]), json!(["contacts"])))).await;
    for class in ["roles", "plans"] {
        let wrong = Some(default(json!(["contacts", class]), json!(["everyone"])));
        keeper.refused(Method::PATCH, "/api/v1/admin/settings", wrong, 422, "social.default_names").await;
    }
    for (query, is_wrong) in
        [("list=strangers", true), ("role=x", true), ("after=x", true), ("role=&list=&after=", false), ("list=muted", false)]
    {
        let status = bob.call(Method::GET, &format!("/people?{query}"), None).await.0.as_u16();
        assert_eq!(status == 422, is_wrong, "{query}: {status}");
    }
    town.close().await;
}
