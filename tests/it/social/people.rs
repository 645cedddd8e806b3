//! Contacts, follows, blocks, mutes, lists, notes: what each does, and what the other hears of it.

use diesel::connection::SimpleConnection;
use reqwest::Method;
use rialto::members::{self, DisplayName, NewMember, Username};
use rialto::storage::set_fact;
use serde_json::json;

use super::pages::page;
use super::{act, acts, hears, names, newest_request, waiting};
use crate::support::{Person, Town};

#[actix_web::test]
async fn two_become_contacts_by_a_request_and_a_yes_and_both_open_tabs_follow() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let (mut of_ann, mut of_bob) = (ann.connect().await, bob.connect().await);
    let to_bob = format!("/api/v1/contacts/{}", bob.id);
    assert_eq!(act(&ann, Method::PUT, &to_bob).await["state"], "asked");
    assert_eq!(act(&ann, Method::PUT, &to_bob).await["state"], "asked", "a second time is nothing");
    assert_eq!(hears(&mut of_ann, "contact_changed").await, json!({ "kind": "contact_changed", "member": bob.id, "state": "asked" }));
    let came = hears(&mut of_bob, "request_came").await;
    assert_eq!((&came["about"], &came["sender"]), (&json!("contact"), &json!(ann.id)));
    assert_eq!(waiting(&bob).await, [("contact".to_owned(), "ann".to_owned())]);
    assert_eq!(bob.get(&format!("/api/v1/people/{}", ann.id)).await["contact"], "asks_me");
    assert_eq!(act(&bob, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await["state"], "contact");
    assert_eq!(hears(&mut of_ann, "contact_changed").await["state"], "contact");
    assert_eq!(hears(&mut of_bob, "request_ended").await["outcome"], "accepted_once");
    assert_eq!((names(&ann, "/api/v1/contacts").await, names(&bob, "/api/v1/contacts").await), (vec!["bob".into()], vec!["ann".into()]));
    assert!(waiting(&bob).await.is_empty());
    assert_eq!(act(&bob, Method::DELETE, &format!("/api/v1/contacts/{}", ann.id)).await["state"], "none");
    assert_eq!(hears(&mut of_ann, "contact_changed").await["state"], "none");
    assert!(names(&ann, "/api/v1/contacts").await.is_empty());
    town.close().await;
}

#[actix_web::test]
async fn a_request_can_be_taken_back_or_left_unanswered() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let to_bob = format!("/api/v1/contacts/{}", bob.id);
    act(&ann, Method::PUT, &to_bob).await;
    act(&ann, Method::DELETE, &to_bob).await;
    assert!(waiting(&bob).await.is_empty());
    act(&ann, Method::PUT, &to_bob).await;
    let request = newest_request(&bob).await;
    act(&bob, Method::POST, &format!("/api/v1/requests/{request}/ignore")).await;
    assert!(waiting(&bob).await.is_empty());
    assert_eq!(bob.get(&format!("/api/v1/people/{}", ann.id)).await["contact"], "none");
    assert_eq!(ann.get(&format!("/api/v1/people/{}", bob.id)).await["contact"], "asked", "ann learns nothing of it");
    bob.refused(Method::POST, &format!("/api/v1/requests/{request}/accept"), Some(json!({})), 410, "social.request_over").await;
    assert_eq!(act(&bob, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await["state"], "contact", "ann's wish still stands");
    town.close().await;
}

#[actix_web::test]
async fn following_is_one_way_and_asks_where_the_other_wants_it() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let mut of_bob = bob.connect().await;
    assert_eq!(act(&ann, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await["state"], "following");
    let heard = hears(&mut of_bob, "follower_changed").await;
    assert_eq!(heard, json!({ "kind": "follower_changed", "member": ann.id, "follows_me": true }));
    assert_eq!((names(&ann, "/api/v1/follows").await, names(&bob, "/api/v1/followers").await), (vec!["bob".into()], vec!["ann".into()]));
    assert!(names(&ann, "/api/v1/followers").await.is_empty());

    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "asks_before_follow": true }))).await;
    assert_eq!(hears(&mut of_bob, "reach_changed").await["asks_before_follow"], true);
    assert_eq!(act(&cleo, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await["state"], "asked");
    assert!(names(&cleo, "/api/v1/follows").await.is_empty());
    let request = newest_request(&bob).await;
    acts(&bob, Method::POST, &format!("/api/v1/requests/{request}/accept"), Some(json!({}))).await;
    assert_eq!(names(&bob, "/api/v1/followers").await, ["ann", "cleo"]);
    act(&bob, Method::DELETE, &format!("/api/v1/followers/{}", cleo.id)).await;
    assert_eq!(names(&bob, "/api/v1/followers").await, ["ann"]);
    act(&ann, Method::DELETE, &format!("/api/v1/follows/{}", bob.id)).await;
    assert!(names(&bob, "/api/v1/followers").await.is_empty());
    town.close().await;
}

#[actix_web::test]
async fn blocks_and_mutes_stand_in_the_state_and_in_open_tabs() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let mut of_ann = ann.connect().await;
    for (path, on, off, field) in [("blocks", "blocked", "unblocked", "blocked"), ("mutes", "muted", "unmuted", "muted")] {
        let path = format!("/api/v1/{path}/{}", bob.id);
        act(&ann, Method::PUT, &path).await;
        act(&ann, Method::PUT, &path).await;
        assert_eq!(hears(&mut of_ann, on).await["member"], json!(bob.id));
        assert_eq!(ann.get("/api/v1/me/state").await["people"][field], json!([bob.id]));
        act(&ann, Method::DELETE, &path).await;
        assert_eq!(hears(&mut of_ann, off).await["member"], json!(bob.id));
        assert_eq!(ann.get("/api/v1/me/state").await["people"][field], json!([]));
    }
    town.close().await;
}

#[actix_web::test]
async fn always_and_never_exclude_each_other_and_a_block_excludes_always() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let path = |list: &str| format!("/api/v1/me/{list}/{}", bob.id);
    let (mut of_ann, mut of_bob) = (ann.connect().await, bob.connect().await);
    let listed = |always: bool, never: bool| json!({ "kind": "listed", "member": bob.id, "always": always, "never": never });
    act(&ann, Method::PUT, &path("always")).await;
    assert_eq!(names(&ann, "/api/v1/me/always").await, ["bob"]);
    assert_eq!(hears(&mut of_ann, "listed").await, listed(true, false));
    act(&ann, Method::PUT, &path("always")).await;
    act(&ann, Method::PUT, &path("never")).await;
    assert_eq!((names(&ann, "/api/v1/me/always").await.len(), names(&ann, "/api/v1/me/never").await.len()), (0, 1));
    assert_eq!(hears(&mut of_ann, "listed").await, listed(false, true), "once for each change");
    act(&ann, Method::PUT, &path("always")).await;
    assert_eq!((names(&ann, "/api/v1/me/always").await.len(), names(&ann, "/api/v1/me/never").await.len()), (1, 0));
    act(&ann, Method::PUT, &format!("/api/v1/blocks/{}", bob.id)).await;
    assert!(names(&ann, "/api/v1/me/always").await.is_empty(), "a block ends it");
    assert_eq!((hears(&mut of_ann, "listed").await, hears(&mut of_ann, "listed").await), (listed(true, false), listed(false, false)));
    act(&bob, Method::PUT, &format!("/api/v1/mutes/{}", ann.id)).await;
    assert_eq!(of_bob.next("event").await["event"]["kind"], "muted", "bob has heard of none of it");
    ann.refused(Method::PUT, &path("always"), None, 409, "social.you_block").await;
    ann.refused(Method::PUT, &format!("/api/v1/contacts/{}", bob.id), None, 409, "social.you_block").await;
    ann.refused(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "direct", "members": [bob.id] })), 409, "social.you_block").await;
    town.close().await;
}

#[actix_web::test]
async fn notes_are_for_their_author_alone_and_hold_their_limits() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let path = format!("/api/v1/contacts/{}", bob.id);
    let mut of_ann = ann.connect().await;
    let change = json!({ "own_name": "Bobby  from the quay", "note": "Owes me a rope.\nTall." });
    let kept = acts(&ann, Method::PATCH, &path, Some(change)).await;
    assert_eq!(kept, json!({ "own_name": "Bobby from the quay", "note": "Owes me a rope.\nTall." }));
    assert_eq!(hears(&mut of_ann, "note_changed").await, json!({ "kind": "note_changed", "member": bob.id }), "without the words");
    let seen = ann.get(&format!("/api/v1/people/{}", bob.id)).await;
    assert_eq!((&seen["own_name"], &seen["note"]), (&kept["own_name"], &kept["note"]));
    for other in [&bob, &cleo] {
        assert_eq!(other.get(&format!("/api/v1/people/{}", bob.id)).await["own_name"], "");
    }
    assert_eq!(
        acts(&ann, Method::PATCH, &path, Some(json!({ "own_name": "" }))).await["note"],
        "Owes me a rope.\nTall.",
        "what is missing stays"
    );
    acts(&ann, Method::PATCH, &path, Some(json!({ "own_name": "Bobby" }))).await;
    for (change, left) in [
        (json!({ "note": null }), json!({ "own_name": "Bobby", "note": "" })),
        (json!({}), json!({ "own_name": "Bobby", "note": "" })),
        (json!({ "own_name": null, "note": "Tall." }), json!({ "own_name": "", "note": "Tall." })),
        (json!({ "own_name": null, "note": null }), json!({ "own_name": "", "note": "" })),
    ] {
        assert_eq!(acts(&ann, Method::PATCH, &path, Some(change.clone())).await, left, "{change}");
    }
    assert!(ann.call(Method::PATCH, &path, Some(json!({ "own_name": "é".repeat(64), "note": "é".repeat(1_000) }))).await.0.is_success());
    ann.refused(Method::PATCH, &path, Some(json!({ "own_name": "é".repeat(65) })), 422, "social.own_name").await;
    ann.refused(Method::PATCH, &path, Some(json!({ "note": "é".repeat(1_001) })), 422, "social.note").await;
    ann.refused(Method::PATCH, &path, Some(json!({ "name": "Bobby" })), 422, "error.body").await;
    town.close().await;
}

#[actix_web::test]
async fn lists_are_in_the_order_of_the_names_under_which_i_see_people() {
    let town = Town::new().await;
    let (ann, bob, cleo, dan) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await, town.member("dan").await);
    for other in [&bob, &cleo, &dan] {
        act(&ann, Method::PUT, &format!("/api/v1/follows/{}", other.id)).await;
    }
    assert_eq!(names(&ann, "/api/v1/follows").await, ["bob", "cleo", "dan"]);
    for (other, own_name) in [(&dan, "Aaron"), (&bob, "Élodie")] {
        acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", other.id), Some(json!({ "own_name": own_name }))).await;
    }
    acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", cleo.id), Some(json!({ "note": "Tall" }))).await;
    assert_eq!(names(&ann, "/api/v1/follows").await, ["dan", "cleo", "bob"], "a note alone names nobody");
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = ann.get(&format!("/api/v1/follows?limit=1{after}")).await;
        seen.push(page["items"][0]["member"]["username"].as_str().expect("a name").to_owned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["dan", "cleo", "bob"], "page by page too");
    for (q, found) in [("elodie", vec!["bob"]), ("bob", vec!["bob"]), ("a", vec!["dan"]), ("%40dan", vec!["dan"]), ("%40aaron", vec![])] {
        assert_eq!(names(&ann, &format!("/api/v1/follows?q={q}")).await, found, "{q}");
    }
    town.close().await;
}

/// Usernames on the pages of the directory, in order, page by page.
async fn directory(town: &Town, who: &Person, query: &str) -> Vec<Vec<String>> {
    let (mut path, mut pages) = (format!("/people?{query}"), Vec::new());
    loop {
        let shown = page(town, who, &path, "en").await;
        let names = shown.split(">@").skip(1).filter_map(|rest| rest.split_once('<'));
        pages.push(names.map(|(name, _)| name.to_owned()).collect());
        let Some((before, _)) = shown.split_once("\" rel=\"next\"") else { return pages };
        let next = before.rsplit_once("href=\"").expect("an address").1;
        path = next.replace("&#x2f;", "/").replace("&amp;", "&");
    }
}

#[actix_web::test]
async fn the_directory_is_in_the_order_of_the_names_under_which_i_see_people_page_by_page() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let made = town.app().ground.db.write(|tx| {
        let new = |n: usize| -> rialto::error::Result<NewMember> {
            let name = format!("m{n:03}");
            Ok(NewMember::named(Username::parse(&name)?, DisplayName::parse(&name)?))
        };
        (0..120).map(|n| members::create_member(tx, &new(n)?)).collect::<rialto::error::Result<Vec<_>>>()
    });
    let made = made.await.expect("members");
    let own = |n: usize| match n {
        1 => Some("Élan".to_owned()),
        // The name of another: then the one who came first stands first.
        99 => Some("M050".to_owned()),
        n if n % 3 == 0 => Some(format!("{}{n}", ["Aa", "Mm", "Zz"][n % 9 / 3])),
        _ => None,
    };
    for (n, other) in made.iter().enumerate() {
        if let Some(own_name) = own(n) {
            acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{other}"), Some(json!({ "own_name": own_name }))).await;
        }
    }
    acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", made[2]), Some(json!({ "note": "A note names nobody" }))).await;
    let mut expected: Vec<(String, String)> = (0..120)
        .map(|n| (own(n).unwrap_or_else(|| format!("m{n:03}")).to_lowercase().replace('é', "e"), format!("m{n:03}")))
        .chain(["ann", "bob"].map(|name| (name.to_owned(), name.to_owned())))
        .collect();
    expected.sort();
    let expected: Vec<String> = expected.into_iter().map(|(_, username)| username).collect();
    let pages = directory(&town, &ann, "").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 22]);
    assert_eq!(pages.concat(), expected);
    let mut of_bob = expected;
    of_bob.sort();
    assert_eq!(directory(&town, &bob, "").await.concat(), of_bob, "they are nobody else's");
    for (q, found) in [("elan", "m001"), ("m001", "m001"), ("zz6", "m006"), ("m006", "m006")] {
        let names = directory(&town, &ann, &format!("q={q}")).await.concat();
        assert_eq!(names.first().map(String::as_str), Some(found), "{q}");
    }
    town.close().await;
}

#[actix_web::test]
async fn what_i_call_others_stands_wherever_i_meet_them_and_nowhere_else() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", bob.id), Some(json!({ "own_name": "Bobby of the quay" }))).await;
    acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", cleo.id), Some(json!({ "note": "Tall" }))).await;
    act(&bob, Method::PUT, &format!("/api/v1/contacts/{}", ann.id)).await;
    act(&ann, Method::PUT, &format!("/api/v1/me/always/{}", bob.id)).await;
    let named = json!({ bob.id.to_string(): "Bobby of the quay" });
    assert_eq!(ann.get("/api/v1/me/state").await["own_names"], named, "and nobody of whom there is but a note");
    assert_eq!(ann.get("/api/v1/me/own-names").await["own_names"], named);
    assert_eq!(ann.get("/api/v1/requests").await["items"][0]["own_name"], "Bobby of the quay");
    for other in [&bob, &cleo] {
        assert_eq!(other.get("/api/v1/me/state").await["own_names"], json!({}));
    }
    for path in ["/people", "/people?q=bobby", "/people/requests", "/settings/reach", &format!("/people/{}", bob.id)] {
        let shown = page(&town, &ann, path, "en").await;
        let main = shown.split_once("<main").expect("what it shows").1;
        assert!(main.contains(">Bobby of the quay<") && main.contains(">@bob<"), "{path}: {main}");
        assert!(!page(&town, &cleo, "/people", "en").await.contains("Bobby"), "it is ann's alone");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_name_is_found_as_it_is_written_in_the_directory_and_on_lists() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    for (username, name, bare) in [
        ("m1", "Bjørn Åse", "bjorn ase"),
        ("m2", "Łukasz Đorđe", "lukasz dorde"),
        ("m3", "Weiß", "weiss"),
        ("m4", "김철수", "김철"),
        ("m5", "Ægir Œuvré", "aegir oeuvre"),
        ("m6", "100%_!", "100%"),
    ] {
        let member = town.member(username).await;
        acts(&member, Method::PATCH, "/api/v1/me", Some(json!({ "display_name": name }))).await;
        act(&ann, Method::PUT, &format!("/api/v1/follows/{}", member.id)).await;
        // One's own name for somebody is found as theirs is.
        acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", member.id), Some(json!({ "own_name": format!("Quay {name}") }))).await;
        for typed in
            [name.to_owned(), format!(" {} ", name.to_uppercase()), bare.to_owned(), format!("quay {name}"), format!("QUAY {bare}")]
        {
            let coded = letter_by_letter(&typed);
            assert_eq!(names(&ann, &format!("/api/v1/follows?q={coded}")).await, [username], "{typed}, on a list");
            if !typed.to_lowercase().contains("quay") {
                assert_eq!(found(&ann, &coded).await, [username], "{typed}, in the directory");
            }
        }
    }
    town.close().await;
}

/// As it stands in an address: what is typed may hold what has a meaning there.
fn letter_by_letter(typed: &str) -> String {
    typed.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Usernames that the directory finds.
async fn found(who: &Person, coded: &str) -> Vec<String> {
    let page = who.get(&format!("/api/v1/members?q={coded}")).await;
    page["items"].as_array().expect("items").iter().map(|one| one["username"].as_str().expect("a name").to_owned()).collect()
}

#[actix_web::test]
async fn names_that_were_stored_under_another_rule_are_found_after_a_start() {
    let mut town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    acts(&bob, Method::PATCH, "/api/v1/me", Some(json!({ "display_name": "Bjørn" }))).await;
    act(&ann, Method::PUT, &format!("/api/v1/follows/{}", bob.id)).await;
    acts(&ann, Method::PATCH, &format!("/api/v1/contacts/{}", bob.id), Some(json!({ "own_name": "Løve" }))).await;
    let aged = town.app().ground.db.write(|tx| {
        // More than are read at once.
        for n in 0..1_010 {
            let (username, name) = (Username::parse(&format!("o{n:04}"))?, DisplayName::parse(&format!("Ørn {n:04}"))?);
            members::create_member(tx, &NewMember::named(username, name))?;
        }
        tx.batch_execute("UPDATE members SET name_key = lower(display_name); UPDATE contact_notes SET name_key = lower(name)")?;
        set_fact(tx, "name_keys", "1")
    });
    aged.await.expect("as it was");
    assert!(found(&ann, "bjorn").await.is_empty() && names(&ann, "/api/v1/follows?q=love").await.is_empty());
    town.restart().await;
    let ann = ann.at(town.url(""));
    assert_eq!((found(&ann, "bjorn").await, names(&ann, "/api/v1/follows?q=love").await), (vec!["bob".to_owned()], vec!["bob".to_owned()]));
    assert_eq!(found(&ann, "orn%201009").await, ["o1009"], "the last of many");
    town.close().await;
}

#[actix_web::test]
async fn rooms_in_common_are_those_with_a_name_and_the_directory_filters_by_role() {
    use rialto::chat::RoomKind;
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    town.room(&keeper, RoomKind::Public, "Quay", &[&ann, &bob]).await;
    town.room(&keeper, RoomKind::Private, "Attic", &[&bob]).await;
    town.room(&keeper, RoomKind::Private, "Cellar", &[&ann, &bob]).await;
    let seen = ann.get(&format!("/api/v1/people/{}", bob.id)).await;
    let rooms: Vec<&str> = seen["rooms"].as_array().expect("rooms").iter().map(|room| room["name"].as_str().expect("name")).collect();
    assert_eq!(rooms, ["Cellar", "Quay"], "nothing is told of a room that one is not in");
    let role = keeper.post("/api/v1/admin/roles", json!({ "name": "Crew", "permissions": [] })).await["id"].clone();
    acts(&keeper, Method::PUT, &format!("/api/v1/admin/members/{}/roles", bob.id), Some(json!({ "roles": [role] }))).await;
    let found = ann.get(&format!("/api/v1/members?role={}", role.as_str().expect("id"))).await;
    assert_eq!((found["items"].as_array().expect("items").len(), &found["items"][0]["username"]), (1, &json!("bob")));
    town.close().await;
}
