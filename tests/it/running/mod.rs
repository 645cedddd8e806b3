//! The program as it runs, as administrators see it: health, work, the log, figures.

mod figures;
mod health;
mod jobs;
mod logs;
mod scale;
mod traced;

use reqwest::Method;
use rialto::ids::JobId;
use rialto::jobs::{Enqueue, enqueue};
use serde_json::{Value, json};

use crate::support::{Person, Town};

const PASSWORD: &str = "along the old quay";

/// An owner who is known by more than a token.
async fn owner_of(town: &Town) -> Person {
    let owner = town.owner("olga").await;
    let new = json!({ "current": "", "new": PASSWORD });
    assert_eq!(owner.call(Method::POST, "/api/v1/me/password", Some(new)).await.0, 204);
    owner
}

/// A member with a role of these permissions alone.
async fn with_rights(town: &Town, owner: &Person, name: &str, permissions: &[&str]) -> Person {
    let person = town.member(name).await;
    let role = owner.post("/api/v1/admin/roles", json!({ "name": format!("Role of {name}"), "permissions": permissions })).await;
    let path = format!("/api/v1/admin/members/{}/roles", person.id);
    let (status, answer) = owner.call(Method::PUT, &path, Some(json!({ "roles": [role["id"]] }))).await;
    assert_eq!(status, 204, "{answer}");
    person
}

/// A statement of our own, where no act of the program does it.
async fn done(town: &Town, sql: String) {
    use diesel::RunQueryDsl;
    let run = town.app().ground.db.write(move |tx| Ok(diesel::sql_query(sql).execute(&mut **tx)?));
    run.await.expect("done");
}

/// A job of a kind that nobody does, or of one that is done at once when it is let run again; set aside for this reason.
async fn dead_job(town: &Town, kind: &'static str, error: &str) -> JobId {
    let later = Enqueue { run_at: Some(crate::support::NOON + 3_600_000), ..Enqueue::default() };
    let made = town.app().ground.db.write(move |tx| enqueue(tx, kind, &json!({ "room": null }), later));
    let job = made.await.expect("enqueued").expect("an id");
    done(town, format!("UPDATE jobs SET state = 1, attempts = 10, last_error = '{error}' WHERE id = {job}")).await;
    job
}

/// One of the health lights.
fn light<'a>(health: &'a Value, name: &str) -> &'a Value {
    health["checks"].as_array().expect("checks").iter().find(|check| check["name"] == name).expect("a light of this name")
}
