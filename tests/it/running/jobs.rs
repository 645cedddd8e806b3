//! Work that was set aside: listed, let run again and given up, with the password and a trace.

use std::time::Duration;

use reqwest::Method;
use rialto::admin::JOB_KINDS;
use rialto::jobs::{Enqueue, enqueue};
use rialto::text::LANGUAGES;
use serde_json::{Value, json};

use super::{PASSWORD, dead_job, done, owner_of};
use crate::support::{NOON, Person, Town};

const JOBS: &str = "/api/v1/admin/jobs";

async fn ids(owner: &Person, query: &str) -> Vec<String> {
    let page = owner.get(&format!("{JOBS}{query}")).await;
    page["items"].as_array().expect("items").iter().map(|job| job["id"].as_str().expect("an id").to_owned()).collect()
}

fn again() -> Option<Value> {
    Some(json!({ "password": PASSWORD }))
}

#[actix_web::test]
async fn jobs_are_listed_by_where_they_stand_and_their_errors_name_nobody() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let refused = dead_job(&town, "mail.send", "550 5.1.1 <zqbob@example.org>: no such user").await.to_string();
    let other = dead_job(&town, "chat.expire", "no luck").await.to_string();
    let later = Enqueue { run_at: Some(NOON + 1_000), ..Enqueue::default() };
    let waits = town.app().ground.db.write(move |tx| enqueue(tx, "test.nothing", &json!({ "secret": "zqpayload" }), later));
    let waits = waits.await.expect("enqueued").expect("an id").to_string();
    let fails = town
        .app()
        .ground
        .db
        .write(move |tx| enqueue(tx, "test.nothing", &json!({}), Enqueue { run_at: Some(NOON + 2_000), ..Enqueue::default() }));
    let fails = fails.await.expect("enqueued").expect("an id").to_string();
    done(&town, format!("UPDATE jobs SET attempts = 2, last_error = 'not yet' WHERE id = {fails}")).await;

    assert_eq!(ids(&owner, "").await, [waits.clone(), fails.clone()], "the soonest first");
    assert_eq!(ids(&owner, "?show=failing").await, [fails]);
    let mut dead = ids(&owner, "?show=dead").await;
    dead.sort();
    let mut both = [refused.clone(), other.clone()];
    both.sort();
    assert_eq!(dead, both);
    assert_eq!(ids(&owner, "?show=dead&kind=mail.send").await, std::slice::from_ref(&refused));
    let first = owner.get(&format!("{JOBS}?limit=1")).await;
    let next = first["next"].as_str().expect("there is more");
    assert_eq!((ids(&owner, "?limit=1").await, ids(&owner, &format!("?after={next}")).await.len()), (vec![waits], 1));
    let (status, answer) = owner.call(Method::GET, &format!("{JOBS}?after=nonsense"), None).await;
    assert_eq!((status.as_u16(), &answer["problems"][0]["code"]), (422, &json!("error.query")), "{answer}");

    let shown = owner.page_text("/admin/jobs?show=dead").await;
    let told = owner.get(&format!("{JOBS}?show=dead")).await.to_string();
    for text in [&shown, &told] {
        assert!(text.contains("no such user") && !text.contains("zqbob"), "{text}");
    }
    assert!(shown.contains("Send a letter") && shown.contains(&format!("id=\"job-{refused}\"")), "{shown}");
    let page = owner.page_text("/admin/jobs").await;
    assert!(page.contains("test.nothing") && !page.contains("zqpayload"), "what a job is about stays with it");
    assert!(owner.page_text("/admin/jobs?kind=stripe.round").await.contains("Nothing fits"));
    town.close().await;
}

#[actix_web::test]
async fn a_job_runs_again_with_the_password_alone_and_leaves_a_trace() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let job = dead_job(&town, "chat.expire", "no luck").await;
    let path = format!("{JOBS}/{job}/replay");
    for wrong in [json!({}), json!({ "password": "along the new quay" })] {
        let (status, body) = owner.call(Method::POST, &path, Some(wrong)).await;
        assert_eq!((status.as_u16(), &body["problems"][0]["code"]), (422, &json!("members.password_wrong")), "{body}");
    }
    let unknown = town.owner("ulla").await;
    unknown.refused(Method::POST, &path, Some(json!({})), 409, "members.password_needed").await;
    assert_eq!(ids(&owner, "?show=dead").await, [job.to_string()], "nothing happened yet");
    assert_eq!(owner.get("/api/v1/admin/audit?act=jobs.").await["items"], json!([]), "and nothing is said to have happened");

    assert_eq!(owner.call(Method::POST, &path, again()).await.0, 204);
    let row = owner.get("/api/v1/admin/audit?act=jobs.").await["items"][0].clone();
    assert_eq!(
        (&row["act"], &row["after"], &row["subject"]),
        (&json!("jobs.replay"), &json!({ "job": "chat.expire" }), &json!(job.to_string()))
    );
    // It runs, and leaves the table.
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    for n in 0.. {
        looks.tick().await;
        if ids(&owner, "").await.is_empty() {
            break;
        }
        assert!(n < 1_500, "it does not run");
    }
    let (status, _) = owner.call(Method::POST, &path, again()).await;
    assert_eq!(status, 404, "it is done");
    let shown = owner.page_text("/admin/audit?act=jobs.").await;
    assert!(shown.contains("Job let run again") && shown.contains("Delete messages whose time is over"), "{shown}");
    town.close().await;
}

#[actix_web::test]
async fn a_job_is_given_up_for_good_and_only_what_was_set_aside_can_be() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let job = dead_job(&town, "mail.send", "550 zqbob@example.org").await;
    let waits = town
        .app()
        .ground
        .db
        .write(|tx| enqueue(tx, "test.nothing", &json!({}), Enqueue { run_at: Some(NOON + 1_000), ..Enqueue::default() }));
    let waits = waits.await.expect("enqueued").expect("an id");
    for (method, path) in [(Method::DELETE, format!("{JOBS}/{waits}")), (Method::POST, format!("{JOBS}/{waits}/replay"))] {
        owner.refused(method, &path, again(), 409, "jobs.not_dead").await;
    }
    assert_eq!(owner.call(Method::DELETE, &format!("{JOBS}/{job}"), again()).await.0, 204);
    assert_eq!((ids(&owner, "?show=dead").await, ids(&owner, "").await), (vec![], vec![waits.to_string()]));
    let rows = owner.get("/api/v1/admin/audit?act=jobs.").await;
    assert_eq!((&rows["items"][0]["act"], &rows["items"][0]["before"]), (&json!("jobs.drop"), &json!({ "job": "mail.send" })));
    assert!(!rows.to_string().contains("zqbob"), "what its error quotes is in no trace");
    assert_eq!(owner.call(Method::DELETE, &format!("{JOBS}/{job}"), again()).await.0, 404);
    town.close().await;
}

#[actix_web::test]
async fn every_kind_of_work_has_words() {
    let town = Town::new().await;
    let kinds = town.running.as_ref().expect("it runs").job_kinds().to_vec();
    assert!(kinds.len() >= 12, "{kinds:?}");
    for kind in kinds {
        assert!(JOB_KINDS.contains(&kind), "{kind} cannot be looked for");
    }
    for (language, kind) in LANGUAGES.iter().flat_map(|language| JOB_KINDS.map(|kind| (language, kind))) {
        let key = format!("jobs.kind_{}", kind.replace('.', "_"));
        assert!(town.app().ground.words.keys(language).any(|known| known == key), "{key} in {language}");
    }
    town.close().await;
}
