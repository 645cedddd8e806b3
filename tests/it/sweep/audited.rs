//! Every administrative write leaves a row in the audit log, and what was refused leaves none; the gravest ask for the password once more.

use serde_json::json;

use super::cast::{Cast, NOTHING, Visitor, filled};
use super::table::TABLE;
use crate::support::tell;

/// What only looks, though it is asked with POST.
const LOOKS: [&str; 2] = ["/api/v1/admin/automod/dry-run", "/api/v1/admin/calls/check"];
/// What nothing comes of here, as the table declares: there is no account at Stripe, no told event, and nobody in a call.
const NOTHING_COMES_OF: [&str; 4] =
    ["/api/v1/admin/stripe", "/api/v1/admin/stripe/check", "/api/v1/admin/stripe/events/{event}/replay", "/api/v1/admin/calls/{call}/mute"];
/// What asks for the password once more, whoever asks.
const ASKS_AGAIN: [(&str, &str); 6] = [
    ("POST", "/api/v1/admin/backups/{backup}/key"),
    ("DELETE", "/api/v1/admin/backups/{backup}"),
    ("POST", "/api/v1/admin/jobs/{job}/replay"),
    ("DELETE", "/api/v1/admin/jobs/{job}"),
    ("POST", "/api/v1/admin/members/bulk"),
    ("DELETE", "/api/v1/me"),
];

async fn audit_rows(cast: &Cast) -> usize {
    let count = cast.town.app().ground.db.read(|conn| Ok(rialto::storage::audit_rows(conn, None, None, 100_000)?.len()));
    count.await.expect("counted")
}

fn named<'a>(cast: &'a Cast, name: &str) -> &'a Visitor {
    cast.visitors.iter().find(|visitor| visitor.name == name).expect("somebody")
}

/// A body that has something done where that of the sweep does nothing.
async fn deed(cast: &Cast, path: &str) -> Option<serde_json::Value> {
    match path {
        "/api/v1/admin/settings/undo" => {
            let history = cast.maker.get("/api/v1/admin/settings/history?name=community_sentence").await;
            Some(json!({ "change": history["items"][0]["change"], "name": "community_sentence" }))
        }
        "/api/v1/admin/members/{member}/roles" => {
            let role = cast.maker.post("/api/v1/admin/roles", json!({ "name": "Crew", "permissions": [] })).await;
            Some(json!({ "roles": [role["id"]] }))
        }
        "/api/v1/admin/members/bulk" => {
            let member = cast.town.member("somebody").await.id;
            Some(json!({ "members": [member], "act": "suspend", "password": super::cast::PASSWORD }))
        }
        _ => None,
    }
}

#[actix_web::test]
async fn every_administrative_write_leaves_a_row_and_a_refused_one_none() {
    let cast = Cast::gather().await;
    let (owner, refused) = (named(&cast, "owner"), ["stranger", "outsider", "leader", "read_only"].map(|name| named(&cast, name)));
    let (mut written, mut audited, mut kept_out, mut wrong) = (0, 0, 0, Vec::new());
    for row in TABLE.iter().filter(|row| row.method != "GET" && row.path.starts_with("/api/v1/admin/")) {
        let name = format!("{} {}", row.method, row.path);
        for visitor in refused {
            let targets = cast.targets(row.method, row.path, cast.open, visitor).await;
            let before = audit_rows(&cast).await;
            let (status, _) = cast.call(visitor, row.method, row.path, &targets).await;
            kept_out += 1;
            if !matches!(status, 401 | 403) || audit_rows(&cast).await != before {
                wrong.push(format!("{name} by {}: {status}, and a row", visitor.name));
            }
        }
        let targets = cast.targets(row.method, row.path, cast.open, owner).await;
        let body = deed(&cast, row.path).await;
        let before = audit_rows(&cast).await;
        let mut request = cast.ask(owner, row.method, row.path, &targets).await;
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.expect("an answer");
        let (status, rows) = (answer.status(), audit_rows(&cast).await - before);
        let does_nothing = NOTHING_COMES_OF.contains(&row.path) && row.method != "DELETE";
        if LOOKS.contains(&row.path) || does_nothing {
            assert_eq!((rows, status.is_success()), (0, !does_nothing), "{name}: {status}");
            continue;
        }
        written += 1;
        audited += usize::from(rows > 0);
        if !status.is_success() || rows == 0 {
            wrong.push(format!("{name}: {status}, {rows} rows"));
        }
    }
    tell("administrative writes", written);
    tell("administrative writes with a row in the audit log", audited);
    tell("administrative writes refused, without a row", kept_out);
    tell("administrative writes otherwise", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cast.town.close().await;
}

#[actix_web::test]
async fn what_a_stolen_session_must_not_do_asks_for_the_password_once_more() {
    let cast = Cast::gather().await;
    let owner = named(&cast, "owner");
    // Where it deletes messages.
    let shorter = ("PATCH", "/api/v1/admin/settings");
    let mut wrong = Vec::new();
    for (method, path) in ASKS_AGAIN.into_iter().chain([shorter]) {
        let targets = cast.targets(method, path, cast.open, owner).await;
        for password in [json!("not what it is"), json!("")] {
            let before = audit_rows(&cast).await;
            let body = match path {
                "/api/v1/admin/members/bulk" => json!({ "members": [NOTHING], "act": "suspend", "password": password }),
                "/api/v1/admin/settings" => json!({ "keep_messages_days": 7, "password": password }),
                _ => json!({ "password": password }),
            };
            let answer = cast.ask(owner, method, path, &targets).await.body(body.to_string()).send().await.expect("an answer");
            let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a body"));
            if status != 422 || !text.contains("members.password_wrong") || audit_rows(&cast).await != before {
                wrong.push(format!("{method} {}: {status} {text}", filled(path, &targets)));
            }
        }
    }
    tell("acts that ask for the password once more", ASKS_AGAIN.len() + 1);
    tell("acts done without it", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cast.town.close().await;
}
