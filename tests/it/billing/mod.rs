//! Memberships over the API and the socket: given, changed, ended, by hand and by time, and what open connections hear of it.

mod by_hand;
mod changes;
mod checkout;
mod edges;
mod for_good;
mod gifts;
mod giving;
mod letters;
mod memory;
mod paying;
mod plans;
mod promotions;
mod reduced;
mod refunds;
mod time;
mod verified;

use rialto::ids::MemberId;
use serde_json::{Value, json};

use crate::support::{Person, Town};

/// The id of the first plan.
async fn first_plan(owner: &Person) -> String {
    owner.get("/api/v1/plans").await["items"][0]["id"].as_str().expect("a plan").to_owned()
}

/// Makes a plan worth this.
async fn plan(owner: &Person, name: &str, entitlements: Value) -> String {
    let made = owner.post("/api/v1/admin/plans", json!({ "name": name, "entitlements": entitlements })).await;
    made["id"].as_str().expect("an id").to_owned()
}

/// Gives a grant, and returns it.
async fn give(owner: &Person, to: MemberId, grant: Value) -> Value {
    owner.post(&format!("/api/v1/admin/members/{to}/grants"), grant).await
}

/// What somebody is entitled to.
async fn entitlements(person: &Person) -> Value {
    person.get("/api/v1/me").await["entitlements"].clone()
}

/// Kinds of a member's log of grants, oldest first.
async fn told(person: &Person) -> Vec<String> {
    let log = person.get("/api/v1/me/membership").await["log"]["items"].as_array().cloned().expect("a log");
    log.iter().rev().map(|entry| entry["kind"].as_str().expect("a kind").to_owned()).collect()
}

/// Has jobs that are due run now: the clock of a test stands still, so the runner sleeps until somebody rings.
async fn ring(town: &Town) {
    let rung = town.app().ground.db.write(|tx| {
        tx.wake_jobs();
        Ok(())
    });
    rung.await.expect("rung");
}
