//! Moderation: a report and what is done in answer, who is told what, and appeals, also by those who are shut out.

mod appeals;
mod cases;
mod letters;

use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use rialto::members::RoleKind;
use serde_json::{Value, json};

use crate::support::{Person, Town};

const DAY: i64 = 86_400_000;

/// A room in which bob wrote something that ann reported, and those who keep the peace.
struct Place {
    town: Town,
    keeper: Person,
    mo: Person,
    ann: Person,
    bob: Person,
    room: RoomId,
    said: String,
    report: String,
}

impl Place {
    async fn new(kind: RoomKind) -> Self {
        Self::in_town(Town::new().await, kind).await
    }

    async fn in_town(town: Town, kind: RoomKind) -> Self {
        let (keeper, mo) = (town.owner("keeper").await, town.person("mo", &[RoleKind::Moderator]).await);
        let (ann, bob) = (town.member("ann").await, town.member("bob").await);
        let room = town.room(&keeper, kind, "Quay", &[&ann, &bob]).await;
        ann.says(room, "k0", "Good morning").await;
        let (said, _) = bob.says(room, "k1", "Buy *my* boat").await;
        ann.says(room, "k2", "Not again").await;
        let report = ann.post("/api/v1/reports", json!({ "message": said, "reason": "spam", "text": "Every day" })).await;
        let report = report["id"].as_str().expect("an id").to_owned();
        Self { town, keeper, mo, ann, bob, room, said, report }
    }

    fn decide(&self) -> String {
        format!("/api/v1/admin/reports/{}/decide", self.report)
    }

    async fn case(&self, by: &Person) -> Value {
        by.get(&format!("/api/v1/admin/reports/{}", self.report)).await
    }
}

/// What was done to somebody, newest first, as they are told.
async fn told(person: &Person) -> Vec<Value> {
    person.get("/api/v1/me/notices").await["sanctions"].as_array().expect("a list").clone()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|one| one.as_str().expect("text")).collect()
}

/// Acts of the audit log, newest first.
async fn acts(keeper: &Person) -> Vec<String> {
    let page = keeper.get("/api/v1/admin/audit").await;
    page["items"].as_array().expect("rows").iter().map(|row| row["act"].as_str().expect("act").to_owned()).collect()
}
