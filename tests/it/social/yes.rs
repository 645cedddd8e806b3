//! Whoever asked to call is told of a yes, and of nothing else; what the other does after it shows nowhere.

use reqwest::Method;
use serde_json::{Value, json};

use super::closed::close;
use super::pages::page;
use super::untold::{plain, settled};
use super::{act, acts, hears, lets, newest_request, talk, waiting};
use crate::support::{Person, Socket, Town};

/// A town in which ann may begin calls, and bob is asked by those whom he does not know.
async fn town() -> (Town, Person, Person) {
    let (town, _, ann, bob) = kept_town().await;
    (town, ann, bob)
}

/// The same, with whoever keeps it.
async fn kept_town() -> (Town, Person, Person, Person) {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    // She hears of it now, and not at some time later.
    let mut of_ann = ann.connect().await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    hears(&mut of_ann, "entitlements_changed").await;
    is_asked(&bob).await;
    (town, keeper, ann, bob)
}

/// Somebody is asked by those whom they do not know.
async fn is_asked(who: &Person) {
    let known = json!({ "from": ["contacts"] });
    acts(who, Method::PUT, "/api/v1/me/reach", Some(json!({ "call": known, "video_call": known, "unknown_callers": "request" }))).await;
}

/// Ann calls and takes it back: it has become a request.
async fn calls(ann: &mut Socket, bob: &Person, video: bool, key: &str) {
    let call = ann.done(json!({ "type": "call.start", "to": bob.id, "video": video, "key": key })).await["id"].clone();
    ann.done(json!({ "type": "call.cancel", "call": call })).await;
    ann.event("call_logged").await;
}

async fn answers(bob: &Person, how: &str, body: Value) {
    acts(bob, Method::POST, &format!("/api/v1/requests/{}/{how}", newest_request(bob).await), Some(body)).await;
}

async fn may_call(who: &Person) -> Value {
    who.get("/api/v1/me/state").await["people"]["may_call"].clone()
}

#[actix_web::test]
async fn whoever_asked_is_told_of_a_yes_in_open_tabs_and_on_pages_until_they_call() {
    for (video, about) in [(false, "call"), (true, "video_call")] {
        for always in [false, true] {
            let (town, ann, bob) = town().await;
            let (mut of_ann, id) = (ann.connect().await, bob.id.to_string());
            calls(&mut of_ann, &bob, video, "k1").await;
            assert_eq!(may_call(&ann).await, json!({}));
            answers(&bob, "accept", json!({ "always": always })).await;
            assert_eq!(
                hears(&mut of_ann, "may_call").await,
                json!({ "kind": "may_call", "member": bob.id, "about": about }),
                "once or for good alike"
            );
            let state = ann.get("/api/v1/me/state").await;
            assert_eq!(state["people"]["may_call"], json!({ &id: about }));
            assert!(state["members"].as_array().expect("members").iter().any(|one| one["id"] == id), "with whom to name");
            let requests = page(&town, &ann, "/people/requests", "en").await;
            assert!(requests.contains("id=\"yeses-title\"") && requests.contains(&format!("/api/v1/me/may-call/{id}")));
            let closed = if video { r#"closed="""# } else { r#"closed="video_call""# };
            assert!(requests.contains(closed), "with the button for what was let");
            assert!(page(&town, &ann, &format!("/people/{id}"), "fr").await.contains("bob vous laisse appeler maintenant."));
            assert!(page(&town, &ann, "/", "en").await.contains("bob lets you call now."));
            assert_eq!(may_call(&bob).await, json!({}), "it is hers alone");
            calls(&mut of_ann, &bob, video, "k2").await;
            assert_eq!(may_call(&ann).await, json!({}));
            assert!(!page(&town, &ann, "/people/requests", "en").await.contains("id=\"yeses-title\""));
            town.close().await;
        }
    }
}

#[actix_web::test]
async fn what_the_server_draws_over_the_rooms_counts_those_who_can_be_called() {
    let (town, keeper, ann, bob) = kept_town().await;
    let cara = town.member("cara").await;
    is_asked(&cara).await;
    let mut of_ann = ann.connect().await;
    for (who, video) in [(&bob, false), (&cara, true)] {
        calls(&mut of_ann, who, video, &format!("{video}")).await;
        answers(who, "accept", json!({})).await;
        hears(&mut of_ann, "may_call").await;
    }
    let one = |who: &Person| (format!("{} lets you call now.", who.name), format!("href=\"/people/{}\"", who.id));
    let both = |text: &str| (text.to_owned(), "href=\"/people/requests\"".to_owned());
    let shows = async |language: &str, (text, leads): (String, String)| {
        let shell = page(&town, &ann, "/", language).await;
        assert!(shell.contains(&text) && shell.contains(&leads), "{text}");
    };
    shows("en", both("2 people let you call now.")).await;
    shows("fr", both("2 personnes vous laissent appeler maintenant.")).await;
    // Her yes to a picture is one to a voice too; his is not one to a picture.
    close(&keeper, &["video_call"]).await;
    shows("en", both("2 people let you call now.")).await;
    close(&keeper, &["call"]).await;
    shows("en", one(&cara)).await;
    close(&keeper, &["call", "video_call"]).await;
    assert!(!page(&town, &ann, "/", "en").await.contains("class=\"lets\""));
    close(&keeper, &[]).await;
    act(&ann, Method::DELETE, &format!("/api/v1/me/may-call/{}", cara.id)).await;
    shows("en", one(&bob)).await;
    town.close().await;
}

#[actix_web::test]
async fn a_yes_is_hidden_by_whoever_was_told_and_goes_with_their_own_block() {
    let (town, ann, bob) = town().await;
    let mut of_ann = ann.connect().await;
    let over = json!({ "kind": "may_call", "member": bob.id, "about": null });
    for (n, (method, path)) in [(Method::DELETE, "me/may-call"), (Method::PUT, "blocks")].into_iter().enumerate() {
        calls(&mut of_ann, &bob, n == 0, &format!("k{n}")).await;
        answers(&bob, "accept", json!({})).await;
        hears(&mut of_ann, "may_call").await;
        act(&ann, method, &format!("/api/v1/{path}/{}", bob.id)).await;
        assert_eq!(hears(&mut of_ann, "may_call").await, over, "{path}");
        assert_eq!(may_call(&ann).await, json!({}));
        act(&ann, Method::DELETE, &format!("/api/v1/me/may-call/{}", bob.id)).await;
        act(&ann, Method::DELETE, &format!("/api/v1/blocks/{}", bob.id)).await;
        // Hidden is not given back: the call is let through all the same, so that the next one asks anew.
        calls(&mut of_ann, &bob, n == 0, &format!("again{n}")).await;
    }
    // Whoever has shut bob out meanwhile is not called by him.
    ignore_all(&bob).await;
    town.close().await;
    let (town, ann, bob) = self::town().await;
    let mut of_ann = ann.connect().await;
    calls(&mut of_ann, &bob, false, "k1").await;
    act(&ann, Method::PUT, &format!("/api/v1/blocks/{}", bob.id)).await;
    answers(&bob, "accept", json!({})).await;
    act(&ann, Method::PUT, &format!("/api/v1/mutes/{}", bob.id)).await;
    hears(&mut of_ann, "muted").await;
    let events = ann.get("/api/v1/me/events?after=0").await.to_string();
    assert!(may_call(&ann).await == json!({}) && !events.contains("may_call"), "{events}");
    town.close().await;
}

async fn ignore_all(bob: &Person) {
    while !waiting(bob).await.is_empty() {
        answers(bob, "ignore", json!({})).await;
    }
}

/// All that ann sees of bob, on every side.
async fn seen(town: &Town, ann: &Person, bob: &Person) -> Vec<Value> {
    let known = [(ann.id.to_string(), "ann"), (bob.id.to_string(), "bob")];
    let mut told = Vec::new();
    for path in ["/api/v1/me/state", "/api/v1/me/events?after=0", "/api/v1/me/data", "/api/v1/calls", &format!("/api/v1/people/{}", bob.id)]
    {
        let mut answer = ann.get(path).await;
        // Keys that are ids, too.
        if let Some(all) = answer["people"]["may_call"].as_object() {
            answer["people"]["may_call"] = json!(all.values().collect::<Vec<_>>());
        }
        told.push(plain(&answer, &known));
    }
    for path in ["/people/requests", "/people", &format!("/people/{}", bob.id)] {
        told.push(json!(settled(&page(town, ann, path, "en").await, &known)));
    }
    told
}

#[actix_web::test]
async fn what_becomes_of_a_wish_to_call_looks_like_waiting_unless_it_is_a_yes() {
    let mut reference = None;
    // A choice, a follow and a list let her through without an answer: she is not told of those either.
    for fate in ["waits", "ignored", "reported", "blocked", "never", "nobody", "everyone", "followed", "always"] {
        let (town, ann, bob) = town().await;
        let mut of_ann = ann.connect().await;
        calls(&mut of_ann, &bob, false, "k1").await;
        let to_ann = |list: &str| format!("/api/v1/{list}/{}", ann.id);
        match fate {
            "waits" => {}
            "ignored" => answers(&bob, "ignore", json!({})).await,
            "reported" => answers(&bob, "report", json!({ "reason": "spam" })).await,
            "blocked" => answers(&bob, "block", json!({})).await,
            "never" => drop(act(&bob, Method::PUT, &to_ann("me/never")).await),
            "nobody" | "everyone" => {
                let mut of_bob = bob.connect().await;
                lets(&bob, "call", &[fate]).await;
                hears(&mut of_bob, "request_ended").await;
            }
            "always" => drop(act(&bob, Method::PUT, &to_ann("me/always")).await),
            _ => {
                lets(&bob, "call", &["people_i_follow"]).await;
                act(&bob, Method::PUT, &to_ann("follows")).await;
                act(&bob, Method::DELETE, &to_ann("follows")).await;
            }
        }
        let waits = matches!(fate, "waits");
        assert_eq!(waiting(&bob).await.len(), usize::from(waits), "{fate}");
        let told = seen(&town, &ann, &bob).await;
        if fate != "followed" {
            assert_eq!(&told, reference.get_or_insert_with(|| told.clone()), "{fate}");
        }
        assert!(!told[1].to_string().contains("may_call"), "{fate}");
        town.close().await;
    }
}

#[actix_web::test]
async fn what_the_other_does_after_a_yes_shows_nowhere() {
    let mut reference = None;
    for since in ["nothing", "block", "never", "taken off the list", "nobody", "silent"] {
        let (town, ann, bob) = town().await;
        let mut of_ann = ann.connect().await;
        calls(&mut of_ann, &bob, true, "k1").await;
        answers(&bob, "accept", json!({ "always": true })).await;
        hears(&mut of_ann, "may_call").await;
        let to_ann = |list: &str| format!("/api/v1/{list}/{}", ann.id);
        match since {
            "block" => drop(act(&bob, Method::PUT, &to_ann("blocks")).await),
            "never" => drop(act(&bob, Method::PUT, &to_ann("me/never")).await),
            "taken off the list" => drop(act(&bob, Method::DELETE, &to_ann("me/always")).await),
            "nobody" => lets(&bob, "call", &["nobody"]).await,
            "silent" => drop(acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "unknown_callers": "silent" }))).await),
            _ => {}
        }
        let told = seen(&town, &ann, &bob).await;
        assert!(told[0].to_string().contains("video_call"), "she was told");
        assert_eq!(&told, reference.get_or_insert_with(|| told.clone()), "{since}");
        town.close().await;
    }
}

#[actix_web::test]
async fn first_words_that_are_accepted_are_no_yes_to_a_call() {
    let (town, ann, bob) = town().await;
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Hello").await;
    answers(&bob, "accept", json!({})).await;
    assert_eq!(may_call(&ann).await, json!({}));
    town.close().await;
}
