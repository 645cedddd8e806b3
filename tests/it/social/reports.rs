//! Reports: of what one sees, into the queue, and out of it with a trace.

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::members::RoleKind;
use serde_json::json;

use super::pages::page;
use super::{act, acts, hears, lets, names, newest_request, talk, waiting};
use crate::support::{Person, Town};

#[actix_web::test]
async fn a_report_keeps_the_words_and_is_closed_once_with_a_trace() {
    let town = Town::new().await;
    let (keeper, moderator) = (town.owner("keeper").await, town.person("mo", &[RoleKind::Moderator]).await);
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&keeper, RoomKind::Public, "Quay", &[&ann, &bob]).await;
    let (said, _) = bob.says(room, "k1", "Buy *my* boat").await;
    ann.post("/api/v1/reports", json!({ "message": said, "reason": "spam", "text": "Every day" })).await;
    bob.call(Method::DELETE, &format!("/api/v1/rooms/{room}/messages/{said}"), None).await;
    ann.refused(Method::GET, "/api/v1/admin/reports", None, 403, "access.not_allowed").await;
    let report = moderator.get("/api/v1/admin/reports").await["items"][0].clone();
    let told = (&report["member"]["username"], &report["reporter"]["username"], &report["excerpt"], &report["reason"], &report["text"]);
    assert_eq!(told, (&json!("bob"), &json!("ann"), &json!("Buy my boat"), &json!("spam"), &json!("Every day")));
    let close = format!("/api/v1/admin/reports/{}/close", report["id"].as_str().expect("id"));
    acts(&moderator, Method::POST, &close, Some(json!({ "outcome": "acted", "note": "Talked to him" }))).await;
    moderator.refused(Method::POST, &close, Some(json!({ "outcome": "dismissed" })), 409, "social.report_closed").await;
    assert_eq!(moderator.get("/api/v1/admin/reports").await["items"], json!([]));
    let closed = moderator.get("/api/v1/admin/reports?closed=true").await["items"][0].clone();
    assert_eq!((&closed["outcome"], &closed["closed_by"]["username"]), (&json!("acted"), &json!("mo")));
    let trace = keeper.get("/api/v1/admin/audit?act=reports.").await["items"][0].clone();
    assert_eq!((&trace["subject"], &trace["reason"]), (&json!(bob.id), &json!("Talked to him")));
    town.close().await;
}

#[actix_web::test]
async fn the_page_of_a_member_counts_what_is_reported_of_them_and_leads_to_it() {
    let town = Town::new().await;
    let (keeper, moderator) = (town.owner("keeper").await, town.person("mo", &[RoleKind::Moderator]).await);
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let of_bob = format!("/admin/members/{}", bob.id);
    let before = page(&town, &moderator, &of_bob, "en").await;
    assert!(before.contains("No report of them waits. None is closed.</p>") && !before.contains("/admin/reports?"));
    for (subject, reason) in [(&bob, "spam"), (&moderator, "hate")] {
        ann.post("/api/v1/reports", json!({ "member": subject.id, "reason": reason })).await;
    }
    let shown = page(&town, &moderator, &of_bob, "en").await;
    assert!(shown.contains("One report of them waits. None is closed.</p>"), "{shown}");
    let link = format!("/admin/reports?member={}", bob.id);
    assert!(shown.contains(&format!("href=\"{link}\"")) && shown.contains(&format!("href=\"/people/{}\"", bob.id)));
    let found = async |who: &Person, query: &str| -> Vec<String> {
        let page = who.get(&format!("/api/v1/admin/reports?{query}")).await;
        page["items"].as_array().expect("items").iter().map(|one| one["member"]["username"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(found(&keeper, &format!("member={}", bob.id)).await, ["bob"]);
    assert_eq!(found(&keeper, &format!("member={}&closed=true", bob.id)).await, [""; 0]);
    assert_eq!(found(&moderator, &format!("member={}", moderator.id)).await, [""; 0], "nobody finds what is reported of them");
    assert!(!page(&town, &moderator, &format!("/admin/members/{}", moderator.id), "en").await.contains("reports-title"));
    let queue = page(&town, &keeper, &link, "en").await;
    assert!(queue.contains("Only reports of bob.") && queue.matches("<article").count() == 1, "{queue}");
    // Who gives memberships keeps no peace.
    let role = keeper.post("/api/v1/admin/roles", json!({ "name": "Till", "permissions": ["members.grant"] })).await["id"].clone();
    acts(&keeper, Method::PUT, &format!("/api/v1/admin/members/{}/roles", ann.id), Some(json!({ "roles": [role] }))).await;
    assert!(!page(&town, &ann, &of_bob, "en").await.contains("reports-title"));
    town.close().await;
}

#[actix_web::test]
async fn only_what_one_sees_is_reported_and_never_oneself() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let attic = town.room(&bob, RoomKind::Private, "Attic", &[&cleo]).await;
    let (hidden, _) = bob.says(attic, "k1", "Whispered").await;
    let report = |body| (Method::POST, "/api/v1/reports", Some(body));
    for (body, status, code) in [
        (json!({ "message": hidden, "reason": "spam" }), 422, "social.report_subject"),
        (json!({ "message": "77", "reason": "spam" }), 422, "social.report_subject"),
        (json!({ "reason": "spam" }), 422, "social.report_subject"),
        (json!({ "member": "77", "reason": "spam" }), 422, "social.report_subject"),
        (json!({ "member": ann.id, "reason": "spam" }), 409, "social.yourself"),
        (json!({ "member": bob.id, "reason": "other" }), 422, "social.report_text"),
        (json!({ "member": bob.id, "reason": "spam", "text": "x".repeat(1_001) }), 422, "social.report_text"),
        (json!({ "member": bob.id, "reason": "boredom" }), 422, "error.body"),
    ] {
        let (method, path, body) = report(body);
        ann.refused(method, path, body, status, code).await;
    }
    assert_eq!(cleo.call(Method::POST, "/api/v1/reports", Some(json!({ "message": hidden, "reason": "hate" }))).await.0, 201);
    town.close().await;
}

#[actix_web::test]
async fn a_request_is_reported_with_its_words_and_left_unanswered() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    ann.says(room, "k1", "Cheap rope").await;
    let request = newest_request(&bob).await;
    acts(&bob, Method::POST, &format!("/api/v1/requests/{request}/report"), Some(json!({ "reason": "spam" }))).await;
    assert!(waiting(&bob).await.is_empty());
    assert_eq!(keeper.get("/api/v1/admin/reports").await["items"][0]["excerpt"], "Cheap rope");
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    town.close().await;
}

#[actix_web::test]
async fn a_report_of_a_request_says_that_it_ends_it_and_blocks_only_where_that_is_ticked() {
    let town = Town::new().await;
    let (keeper, bob) = (town.owner("keeper").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    for (blocks, outcome) in [(false, "ignored"), (true, "blocked")] {
        let ann = town.member(&format!("ann{}", u8::from(blocks))).await;
        let room = talk(&ann, &bob).await;
        ann.says(room, "k1", "Cheap rope").await;
        act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
        let shown = page(&town, &bob, "/people/requests", "en").await;
        assert!(
            shown.contains("unless you block them as well.</p>") && shown.contains(r#"<input type="checkbox" name="block">"#),
            "{shown}"
        );
        let request = bob.get("/api/v1/requests").await["items"][1]["id"].as_str().expect("the words").to_owned();
        let mut tab = bob.connect().await;
        let report = json!({ "reason": "spam", "block": blocks });
        acts(&bob, Method::POST, &format!("/api/v1/requests/{request}/report"), Some(report)).await;
        assert_eq!(hears(&mut tab, "request_ended").await["outcome"], outcome);
        assert_eq!(names(&bob, "/api/v1/blocks").await, if blocks { vec![ann.name.clone()] } else { Vec::new() });
        assert_eq!(waiting(&bob).await.len(), usize::from(!blocks), "what else they ask for waits on, unless they are blocked");
        assert_eq!(keeper.get("/api/v1/admin/reports").await["items"][0]["member"]["username"], json!(ann.name));
        if !blocks {
            act(&bob, Method::DELETE, &format!("/api/v1/contacts/{}", ann.id)).await;
        }
    }
    let profile = page(&town, &bob, &format!("/people/{}", keeper.id), "en").await;
    assert!(!profile.contains(r#"name="block""#), "a report from a profile ends nothing");
    town.close().await;
}

#[actix_web::test]
async fn a_request_that_is_over_can_still_be_reported() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    let request = newest_request(&bob).await;
    act(&ann, Method::DELETE, &format!("/api/v1/contacts/{}", bob.id)).await;
    acts(&bob, Method::POST, &format!("/api/v1/requests/{request}/report"), Some(json!({ "reason": "spam" }))).await;
    assert_eq!(keeper.get("/api/v1/admin/reports").await["items"][0]["member"]["username"], "ann");
    assert_eq!(act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await["state"], "asked");
    assert_eq!(waiting(&bob).await.len(), 1, "a request that was taken back was not ignored");
    town.close().await;
}

#[actix_web::test]
async fn a_repeated_report_with_its_key_is_one_report() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    let of_request = format!("/api/v1/requests/{}/report", newest_request(&bob).await);
    let send = |path: &str, key: &str, body: serde_json::Value| {
        let request = town.http.post(town.url(path)).bearer_auth(&bob.token).header("Idempotency-Key", key).json(&body);
        async move {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.json::<serde_json::Value>().await.expect("json"))
        }
    };
    for (path, key, body) in [
        (of_request.as_str(), "one", json!({ "reason": "spam" })),
        ("/api/v1/reports", "two", json!({ "member": ann.id, "reason": "spam" })),
    ] {
        let all = futures_util::future::join_all((0..6).map(|_| send(path, key, body.clone()))).await;
        assert!(all.iter().all(|one| *one == all[0] && one.0 == 201), "{path}: {all:?}");
        let mut other = body.clone();
        other["reason"] = json!("hate");
        let other = send(path, key, other).await;
        assert_eq!((other.0, &other.1["code"]), (409, &json!("error.idempotency_key")), "{path}");
    }
    assert_eq!(keeper.get("/api/v1/admin/reports").await["items"].as_array().expect("items").len(), 1, "of one subject one report waits");
    town.close().await;
}

#[actix_web::test]
async fn a_day_has_so_many_reports_of_one_member() {
    use std::sync::atomic::Ordering;

    use crate::support::NOON;
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "reports_per_day": 2 }))).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let report = json!({ "member": town.member("dan").await.id, "reason": "spam" });
    for other in [&bob, &keeper] {
        ann.post("/api/v1/reports", json!({ "member": other.id, "reason": "spam" })).await;
    }
    ann.refused(Method::POST, "/api/v1/reports", Some(report.clone()), 429, "social.too_many_reports").await;
    town.hand.store(NOON + 86_400_000, Ordering::Relaxed);
    ann.post("/api/v1/reports", report).await;
    town.close().await;
}

/// What was added to a report: reasons and words, oldest first.
fn added(report: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    report["again"].as_array().expect("a list").iter().map(|each| (text(&each["reason"]), text(&each["text"]))).collect()
}

#[actix_web::test]
async fn whoever_reports_the_same_again_adds_to_their_report_and_nothing_that_was_said_goes() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "reports_per_day": 4 }))).await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&bob, RoomKind::Public, "Quay", &[&ann]).await;
    let (said, _) = bob.says(room, "k1", "Buy my boat").await;
    let of_bob = |reason: &str, text: &str| json!({ "member": bob.id, "reason": reason, "text": text });
    let first = ann.post("/api/v1/reports", of_bob("spam", "He sells boats")).await;
    for (reason, text) in [("harassment", "He came to my door"), ("harassment", "He came to my door"), ("spam", "He sells boats")] {
        assert_eq!(ann.post("/api/v1/reports", of_bob(reason, text)).await["id"], first["id"]);
    }
    let of_words = ann.post("/api/v1/reports", json!({ "message": said, "reason": "spam" })).await;
    assert_ne!(of_words["id"], first["id"], "his words are another subject than he");
    cleo.post("/api/v1/reports", json!({ "member": bob.id, "reason": "spam" })).await;
    let find = |page: serde_json::Value| page["items"].as_array().expect("items").iter().find(|one| one["id"] == first["id"]).cloned();
    let open = keeper.get("/api/v1/admin/reports").await;
    assert_eq!(open["items"].as_array().expect("items").len(), 3, "what is added waits with the first, and another member reports alone");
    let mine = find(open).expect("the first");
    assert_eq!((&mine["reason"], &mine["text"], &mine["said_again"]), (&json!("spam"), &json!("He sells boats"), &json!(3)));
    let pair = |reason: &str, text: &str| (reason.to_owned(), text.to_owned());
    assert_eq!(added(&mine), [pair("harassment", "He came to my door"), pair("spam", "He sells boats")], "twice the same is there once");
    // What says something new counts among those of the day; the same again does not.
    ann.refused(Method::POST, "/api/v1/reports", Some(of_bob("hate", "He shouts")), 429, "social.too_many_reports").await;
    assert_eq!(ann.post("/api/v1/reports", of_bob("spam", "He sells boats")).await["id"], first["id"]);
    for language in ["en", "fr"] {
        let shown = page(&town, &keeper, "/admin/reports", language).await;
        assert!(shown.contains("He sells boats") && shown.contains("He came to my door"), "{shown}");
    }
    // One that is closed is not reported again, but anew; what was said of it stays with it.
    let close = format!("/api/v1/admin/reports/{}/close", first["id"].as_str().expect("id"));
    acts(&keeper, Method::POST, &close, Some(json!({ "outcome": "dismissed" }))).await;
    assert_eq!(added(&find(keeper.get("/api/v1/admin/reports?closed=true").await).expect("closed")).len(), 2);
    assert_eq!(keeper.get("/api/v1/admin/reports").await["items"].as_array().expect("items").len(), 2);
    ann.refused(Method::POST, "/api/v1/reports", Some(of_bob("spam", "He sells boats")), 429, "social.too_many_reports").await;
    town.close().await;
}

#[actix_web::test]
async fn a_report_said_again_has_the_words_as_they_are_and_keeps_those_reported_first() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    let room = town.room(&bob, RoomKind::Public, "Quay", &[&ann]).await;
    let (said, _) = bob.says(room, "k1", "You are a *crook*").await;
    let mut later: Vec<&str> = Vec::new();
    for edited in [None, None, Some("You are a thief"), Some("Have a nice day")] {
        if let Some(body) = edited {
            acts(&bob, Method::PATCH, &format!("/api/v1/rooms/{room}/messages/{said}"), Some(json!({ "body": body }))).await;
            later.push(body);
        }
        ann.post("/api/v1/reports", json!({ "message": said, "reason": "harassment" })).await;
        let report = keeper.get("/api/v1/admin/reports").await["items"][0].clone();
        assert_eq!(report["excerpt"], "You are a crook", "as it was reported first");
        let added = report["again"].as_array().expect("a list").iter().map(|each| each["excerpt"].as_str().expect("words"));
        assert_eq!(added.collect::<Vec<_>>(), later);
    }
    let shown = page(&town, &keeper, "/admin/reports", "en").await;
    for words in ["You are a crook", "You are a thief", "Have a nice day", "said again 3 times"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    town.close().await;
}

#[actix_web::test]
async fn whoever_decides_about_somebody_sees_whose_name_it_is() {
    let town = Town::new().await;
    let (keeper, mo) = (town.owner("keeper").await, town.person("mo", &[RoleKind::Moderator]).await);
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    // Both say that they are Mo.
    for who in [&ann, &bob] {
        acts(who, Method::PATCH, "/api/v1/me", Some(json!({ "display_name": "Mo" }))).await;
    }
    act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
    let inbox = page(&town, &bob, "/people/requests", "en").await;
    assert!(inbox.contains(">@ann<"), "{inbox}");
    act(&bob, Method::PUT, &format!("/api/v1/me/never/{}", ann.id)).await;
    assert!(page(&town, &bob, "/settings/reach", "en").await.contains(">@ann<"));
    let report = ann.post("/api/v1/reports", json!({ "member": bob.id, "reason": "impersonation" })).await;
    let queue = page(&town, &mo, "/admin/reports", "en").await;
    assert!(queue.contains(">@ann<") && queue.contains(">@bob<"), "{queue}");
    let close = format!("/api/v1/admin/reports/{}/close", report["id"].as_str().expect("id"));
    acts(&mo, Method::POST, &close, Some(json!({ "outcome": "acted" }))).await;
    let closed = page(&town, &keeper, "/admin/reports?show=closed", "en").await;
    assert!(closed.contains(">@mo<"), "{closed}");
    town.close().await;
}

#[actix_web::test]
async fn nobody_sees_or_closes_what_is_reported_of_them() {
    let town = Town::new().await;
    let (keeper, mo) = (town.owner("keeper").await, town.person("mo", &[RoleKind::Moderator]).await);
    let ann = town.member("ann").await;
    let report = ann.post("/api/v1/reports", json!({ "member": mo.id, "reason": "harassment", "text": "Every night" })).await;
    ann.post("/api/v1/reports", json!({ "member": keeper.id, "reason": "other", "text": "The tide" })).await;
    let close = format!("/api/v1/admin/reports/{}/close", report["id"].as_str().expect("id"));
    let done = Some(json!({ "outcome": "dismissed" }));
    mo.refused(Method::POST, &close, done.clone(), 404, "error.not_found").await;
    let of = |page: serde_json::Value| -> Vec<serde_json::Value> {
        page["items"].as_array().expect("items").iter().map(|one| one["member"]["username"].clone()).collect()
    };
    assert_eq!(of(mo.get("/api/v1/admin/reports").await), [json!("keeper")]);
    assert_eq!(of(keeper.get("/api/v1/admin/reports").await), [json!("mo")], "nor does the owner");
    acts(&keeper, Method::POST, &close, done).await;
    assert!(of(mo.get("/api/v1/admin/reports?closed=true").await).is_empty());
    town.close().await;
}

#[actix_web::test]
async fn nobody_reads_in_the_audit_log_what_became_of_reports_of_them() {
    let town = Town::new().await;
    let (keeper, ida) = (town.owner("keeper").await, town.person("ida", &[RoleKind::Administrator]).await);
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    for (of, by) in [(&bob, &ida), (&ida, &keeper), (&bob, &ida)] {
        let report = ann.post("/api/v1/reports", json!({ "member": of.id, "reason": "spam" })).await;
        let close = format!("/api/v1/admin/reports/{}/close", report["id"].as_str().expect("id"));
        let note = format!("Canary about {}", of.name);
        acts(by, Method::POST, &close, Some(json!({ "outcome": "dismissed", "note": note }))).await;
    }
    let subjects = |page: &serde_json::Value| -> Vec<serde_json::Value> {
        page["items"].as_array().expect("items").iter().map(|row| row["subject"].clone()).collect()
    };
    let path = "/api/v1/admin/audit?act=reports.";
    assert_eq!(subjects(&keeper.get(path).await), [json!(bob.id), json!(ida.id), json!(bob.id)]);
    assert_eq!(subjects(&ida.get(path).await), [json!(bob.id), json!(bob.id)]);
    // A page is as long as without it, and the next one goes on behind it.
    let first = ida.get(&format!("{path}&limit=1")).await;
    let next = first["next"].as_str().expect("a next page").to_owned();
    assert_eq!(subjects(&first).len(), 1);
    let second = ida.get(&format!("{path}&limit=1&before={next}")).await;
    assert_eq!((subjects(&second), &second["next"]), (vec![json!(bob.id)], &serde_json::Value::Null));
    let shown = page(&town, &ida, "/admin/audit?act=reports.", "en").await;
    assert!(shown.contains("Canary about bob") && !shown.contains("Canary about ida"));
    assert!(page(&town, &keeper, "/admin/audit?act=reports.", "en").await.contains("Canary about ida"));
    town.close().await;
}
