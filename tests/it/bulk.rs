//! One act on several members: the password first, a result for each, and nobody reaches further than one by one.

use diesel::connection::SimpleConnection;
use reqwest::Method;
use rialto::access::Permissions;
use rialto::error::Result;
use rialto::members::RoleKind;
use rialto::storage::{Tx, one_at_a_time};
use serde_json::{Value, json};
use tokio::sync::oneshot::channel;

use crate::support::turns::until_others_wait;
use crate::support::{NOON, Person, Town};

const BULK: &str = "/api/v1/admin/members/bulk";
const PASSWORD: &str = "along the old quay";

/// Somebody who is known by more than a token.
async fn with_password(town: &Town, name: &str, kinds: &[RoleKind]) -> Person {
    let person = town.person(name, kinds).await;
    let new = json!({ "current": "", "new": PASSWORD });
    assert_eq!(person.call(Method::POST, "/api/v1/me/password", Some(new)).await.0, 204);
    person
}

fn wish(act: &str, members: &[&Person]) -> Value {
    let ids: Vec<String> = members.iter().map(|one| one.id.to_string()).collect();
    json!({ "act": act, "members": ids, "password": PASSWORD })
}

/// What became of each, in order.
async fn done(by: &Person, wish: Value) -> Vec<Option<String>> {
    let answer = by.post(BULK, wish).await;
    let results = answer["results"].as_array().expect("results");
    results.iter().map(|one| one["code"].as_str().map(str::to_owned)).collect()
}

fn codes(expected: &[Option<&str>]) -> Vec<Option<String>> {
    expected.iter().map(|one| one.map(str::to_owned)).collect()
}

async fn role(by: &Person, kind: &str) -> Value {
    let roles = by.get("/api/v1/admin/roles").await;
    let found = roles["items"].as_array().or(roles.as_array()).expect("roles").iter().find(|one| one["kind"] == kind).cloned();
    found.expect("a role")["id"].clone()
}

/// Does something while another transaction has the turn of roles and does `first` in it, once so many wait.
async fn meanwhile<T>(
    town: &Town,
    first: impl FnOnce(&mut Tx<'_>) -> Result<()> + Send + 'static,
    others: i64,
    then: impl Future<Output = T>,
) -> T {
    let (holds, held) = channel();
    let writer = town.app().ground.db.write(move |tx| {
        one_at_a_time(tx, "roles")?;
        first(tx)?;
        holds.send(()).expect("they wait");
        until_others_wait(tx, others)
    });
    let then = async {
        held.await.expect("held");
        then.await
    };
    let (written, done) = futures_util::join!(writer, then);
    written.expect("written");
    done
}

#[actix_web::test]
async fn each_member_has_a_result_and_one_refusal_keeps_no_other() {
    let town = Town::new().await;
    let (olga, ada) = (town.owner("olga").await, with_password(&town, "ada", &[RoleKind::Administrator]).await);
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let moderator = role(&olga, "moderator").await;
    let mut give = wish("give_role", &[&ann, &olga, &bob]);
    give["role"] = moderator.clone();
    assert_eq!(done(&ada, give.clone()).await, codes(&[None, Some("members.above_you"), None]));
    assert!(ann.get("/api/v1/me").await["permissions"].to_string().contains("members.moderate"));
    give["act"] = json!("take_role");
    give["members"] = json!([bob.id, "77"]);
    assert_eq!(done(&ada, give).await, codes(&[None, Some("error.not_found")]));
    assert!(!bob.get("/api/v1/me").await["permissions"].to_string().contains("members.moderate"));

    let mut suspend = wish("suspend", &[&bob, &ada, &olga, &bob]);
    suspend["until"] = json!(NOON + 1_000);
    suspend["reason"] = json!("Rest");
    let told = codes(&[None, Some("members.not_yourself"), Some("members.above_you")]);
    assert_eq!(done(&ada, suspend).await, told, "who is named twice is one");
    bob.refused(Method::GET, "/api/v1/me", None, 401, "error.sign_in").await;
    assert_eq!(olga.get(&format!("/api/v1/admin/members/{}", bob.id)).await["sanctions"][0]["reason"], "Rest");

    let mut socket = ann.connect().await;
    assert_eq!(done(&ada, wish("sign_out", &[&ann])).await, codes(&[None]));
    assert_eq!(socket.closed().await, Some(4001));
    let acts = olga.get("/api/v1/admin/audit?act=members.").await;
    let acts: Vec<&str> = acts["items"].as_array().expect("rows").iter().map(|row| row["act"].as_str().expect("act")).collect();
    assert_eq!(acts, ["members.sign_out", "members.ban", "members.roles", "members.roles", "members.roles"]);
    town.close().await;
}

#[actix_web::test]
async fn of_two_roles_that_are_given_at_once_none_is_lost() {
    let town = Town::new().await;
    let (olga, ann) = (with_password(&town, "olga", &[RoleKind::Owner]).await, town.member("ann").await);
    let new_role = async |name: &str, permission: &str| {
        olga.post("/api/v1/admin/roles", json!({ "name": name, "permissions": [permission] })).await["id"].clone()
    };
    let (heralds, readers) = (new_role("Heralds", "messages.announce").await, new_role("Readers", "metrics.read").await);
    let give = |role: &Value| {
        let mut wish = wish("give_role", &[&ann]);
        wish["role"] = role.clone();
        wish
    };
    let both = async { futures_util::join!(done(&olga, give(&heralds)), done(&olga, give(&readers))) };
    let both = meanwhile(&town, |_| Ok(()), 2, both).await;
    assert_eq!(both, (codes(&[None]), codes(&[None])));
    let me = ann.get("/api/v1/me").await;
    let permissions = me["permissions"].to_string();
    assert!(permissions.contains("messages.announce") && permissions.contains("metrics.read"), "{me}");
    for role in [&heralds, &readers] {
        assert!(me["roles"].as_array().expect("roles").contains(role), "{me}");
    }
    town.close().await;
}

#[actix_web::test]
async fn what_a_role_allows_is_what_those_have_whom_it_is_given_meanwhile() {
    let town = Town::new().await;
    let olga = with_password(&town, "olga", &[RoleKind::Owner]).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let role = olga.post("/api/v1/admin/roles", json!({ "name": "Heralds", "permissions": ["messages.announce"] })).await["id"].clone();
    let path = format!("/api/v1/admin/roles/{}", role.as_str().expect("an id"));
    let none = json!({ "permissions": [] });
    for (to, method, body, then) in [(&ann, Method::PATCH, Some(none), 200), (&bob, Method::DELETE, None, 204)] {
        let change = json!({ "permissions": ["messages.announce"] });
        assert_eq!(olga.call(Method::PATCH, &path, Some(change)).await.0, 200);
        let mut give = wish("give_role", &[to]);
        give["role"] = role.clone();
        let both = async { futures_util::join!(done(&olga, give), olga.call(method.clone(), &path, body)) };
        let (given, changed) = meanwhile(&town, |_| Ok(()), 2, both).await;
        assert_eq!(changed.0, then, "{}", changed.1);
        assert!([codes(&[None]), codes(&[Some("members.role_unknown")])].contains(&given), "{given:?}");
        let me = to.get("/api/v1/me").await;
        assert!(!me["permissions"].to_string().contains("messages.announce"), "{method}: {me}");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_role_that_was_raised_meanwhile_is_not_changed_from_below() {
    let town = Town::new().await;
    let (olga, ada) = (with_password(&town, "olga", &[RoleKind::Owner]).await, town.person("ada", &[RoleKind::Administrator]).await);
    let new_role = async |name: &str| olga.post("/api/v1/admin/roles", json!({ "name": name, "permissions": [] })).await["id"].clone();
    for (method, body) in [(Method::PATCH, Some(json!({ "permissions": [] }))), (Method::DELETE, None)] {
        let role = new_role(method.as_str()).await;
        let path = format!("/api/v1/admin/roles/{}", role.as_str().expect("an id"));
        let id: i64 = role.as_str().expect("an id").parse().expect("a number");
        // SQLite lets one write after the other: there it is raised before it is asked for.
        let raise = move |tx: &mut Tx<'_>| {
            let all = Permissions::ALL.bits();
            Ok(tx.batch_execute(&format!("UPDATE roles SET permissions = {all} WHERE id = {id}"))?)
        };
        let (status, answer) = meanwhile(&town, raise, 1, ada.call(method.clone(), &path, body)).await;
        assert_eq!((status.as_u16(), answer["code"].as_str()), (403, Some("members.above_you")), "{method}");
    }
    town.close().await;
}

#[actix_web::test]
async fn the_password_is_asked_first_and_only_of_those_who_may() {
    let town = Town::new().await;
    let ada = with_password(&town, "ada", &[RoleKind::Administrator]).await;
    let (ann, bob) = (with_password(&town, "ann", &[]).await, town.member("bob").await);
    let mut wrong = wish("sign_out", &[&bob]);
    wrong["password"] = json!("a bad guess of it");
    ada.refused(Method::POST, BULK, Some(wrong.clone()), 422, "members.password_wrong").await;
    assert!(bob.get("/api/v1/me").await["id"].is_string(), "still signed in");
    ann.refused(Method::POST, BULK, Some(wish("sign_out", &[&bob])), 403, "access.not_allowed").await;
    for (mut odd, field, code) in
        [(wish("sign_out", &[]), "members", "members.bulk_count"), (wish("give_role", &[&bob]), "role", "members.role_unknown")]
    {
        let (status, answer) = ada.call(Method::POST, BULK, Some(odd.take())).await;
        let told = (status.as_u16(), answer["problems"][0]["field"].as_str(), answer["problems"][0]["code"].as_str());
        assert_eq!(told, (422, Some(field), Some(code)));
    }
    let many: Vec<String> = (1..=201).map(|n| n.to_string()).collect();
    let odd = json!({ "act": "sign_out", "members": many, "password": PASSWORD });
    ada.refused(Method::POST, BULK, Some(odd), 422, "members.bulk_count").await;
    // Guesses wait like everywhere else.
    for _ in 0..9 {
        ada.refused(Method::POST, BULK, Some(wrong.clone()), 422, "members.password_wrong").await;
    }
    assert_eq!(ada.call(Method::POST, BULK, Some(wish("sign_out", &[&bob]))).await.0, 429);
    town.close().await;
}

#[actix_web::test]
async fn the_last_owner_stays_whichever_way_they_are_to_go() {
    let town = Town::new().await;
    let (olga, other) = (with_password(&town, "olga", &[RoleKind::Owner]).await, with_password(&town, "oscar", &[RoleKind::Owner]).await);
    let mut take = wish("take_role", &[&other, &olga]);
    take["role"] = role(&olga, "owner").await;
    assert_eq!(done(&olga, take).await, codes(&[None, Some("members.last_owner")]));
    other.refused(Method::POST, BULK, Some(wish("suspend", &[&olga])), 403, "access.not_allowed").await;
    // Of two owners who turn on each other at the same moment one is left.
    let mut give = wish("give_role", &[&other]);
    give["role"] = role(&olga, "owner").await;
    assert_eq!(done(&olga, give).await, codes(&[None]));
    let other = town.again(&other).await;
    let (on_other, on_olga) = (wish("suspend", &[&other]), wish("suspend", &[&olga]));
    let both = futures_util::join!(olga.call(Method::POST, BULK, Some(on_other)), other.call(Method::POST, BULK, Some(on_olga)));
    let left = [&olga, &other].into_iter().map(|one| one.call(Method::GET, "/api/v1/me", None));
    let left = futures_util::future::join_all(left).await.into_iter().filter(|(status, _)| status.is_success()).count();
    assert_eq!(left, 1, "{both:?}");
    town.close().await;
}

#[actix_web::test]
async fn a_table_has_no_formulas_and_leaves_a_trace() {
    let town = Town::new().await;
    let (olga, ada) = (town.owner("olga").await, with_password(&town, "ada", &[RoleKind::Administrator]).await);
    let mo = with_password(&town, "mo", &[RoleKind::Moderator]).await;
    let mut people = Vec::new();
    for (n, name) in ["=HYPERLINK(\"x\")", "+1", "-1+1", "@SUM(A1)", "Plain, with comma"].into_iter().enumerate() {
        let person = town.member(&format!("person{n}")).await;
        let change = json!({ "display_name": name, "email": format!("person{n}@example.org"), "password": "" });
        assert_eq!(person.call(Method::PATCH, "/api/v1/me", Some(change)).await.0, 200);
        people.push(person);
    }
    let all: Vec<&Person> = people.iter().chain([&olga]).collect();
    let mut export = wish("export", &all);
    export["members"].as_array_mut().expect("ids").push(json!("77"));
    let answer = ada.post(BULK, export.clone()).await;
    let table = answer["table"].as_str().expect("a table");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 7, "{table}");
    for (line, cell) in lines[1..].iter().zip(["\"'=HYPERLINK(\"\"x\"\")\"", "'+1", "'-1+1", "'@SUM(A1)", "\"Plain, with comma\""]) {
        assert!(line.contains(&format!(",{cell},")), "{cell} in {line}");
    }
    assert!(lines.iter().all(|line| !line.split(',').any(|cell| cell.starts_with(['=', '+', '@']))), "{table}");
    assert!(lines[6].contains("Owner") && !table.contains("$argon2"), "{table}");
    assert_eq!(answer["results"][6]["code"], "error.not_found");
    let trace = olga.get("/api/v1/admin/audit?act=members.export").await["items"][0].clone();
    assert_eq!((&trace["actor"], &trace["after"]["count"]), (&json!(ada.id), &json!(6)));
    mo.refused(Method::POST, BULK, Some(export), 403, "access.not_allowed").await;
    assert!(ada.page_text("/admin/members").await.contains("bulk-members"));
    assert!(olga.page_text("/admin/audit").await.contains("Members exported"));
    town.close().await;
}
