//! Gifts: codes made by administrators and bought by members, redeemed once, taken back; guesses that learn nothing and wait longer.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::members::RoleKind;
use serde_json::{Value, json};

use super::paying::books;
use super::{entitlements, first_plan, give, told};
use crate::support::{NOON, Person, Socket, Town};

const DAY: i64 = 86_400_000;
/// From NOON on, 1 November 2026: one month later.
const MONTH: i64 = 30 * DAY;

async fn make(owner: &Person, gift: Value) -> Value {
    owner.post("/api/v1/admin/gifts", gift).await
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

async fn redeem(person: &Person, code: &str) -> Value {
    let (status, grant) = person.call(Method::POST, "/api/v1/me/gifts/redeem", Some(json!({ "code": code }))).await;
    assert_eq!(status, 200, "{grant}");
    grant
}

async fn cannot(person: &Person, code: &str) {
    person.refused(Method::POST, "/api/v1/me/gifts/redeem", Some(json!({ "code": code })), 422, "billing.gift_code").await;
}

#[actix_web::test]
async fn a_code_gives_its_plan_to_whoever_comes_first_and_to_nobody_after() {
    let town = Town::new().await;
    let (owner, ann, ben) = (town.owner("olave").await, town.member("ann").await, town.member("ben").await);
    let plan = first_plan(&owner).await;
    let gift = make(&owner, json!({ "plan": plan, "months": 1, "note": "From the choir" })).await;
    let code = text(&gift["code"]).to_owned();
    assert_eq!((code.len(), &gift["state"]), (19, &json!("open")));
    assert!(text(&gift["url"]).ends_with(&format!("/redeem/{code}")), "{gift}");
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");

    // However it is typed.
    let grant = redeem(&ann, &code.to_lowercase().replace('-', " ")).await;
    assert_eq!((&grant["source"], &grant["starts_at"], &grant["ends_at"]), (&json!("gift"), &json!(NOON), &json!(NOON + MONTH)));
    assert_eq!((&grant["note"], &grant["given_by"]), (&json!("From the choir"), &json!(owner.id)));
    assert_eq!(tab.event("entitlements_changed").await["event"]["entitlements"]["calls.start"], true);
    cannot(&ben, &code).await;
    cannot(&ann, &code).await;
    let all = owner.get("/api/v1/admin/gifts").await;
    let one = &all["items"][0];
    assert_eq!((&one["state"], &one["code"], &one["redeemed_by"]), (&json!("redeemed"), &json!(null), &json!(ann.id)));
    let acts = owner.get("/api/v1/admin/audit?act=gifts.").await["items"].clone();
    assert_eq!((&acts[0]["act"], &acts[1]["act"]), (&json!("gifts.redeem"), &json!("gifts.make")));
    assert!(!acts.to_string().contains(&code), "the code stands nowhere");
    town.close().await;
}

#[actix_web::test]
async fn of_many_who_come_at_once_one_gets_it() {
    let town = Town::new().await;
    let owner = town.owner("olave").await;
    let plan = first_plan(&owner).await;
    let gift = make(&owner, json!({ "plan": plan })).await;
    let mut people = Vec::new();
    for name in ["ann", "ben", "cleo", "dora", "emil"] {
        people.push(town.member(name).await);
    }
    let body = json!({ "code": gift["code"] });
    let tries = people.iter().map(|one| one.call(Method::POST, "/api/v1/me/gifts/redeem", Some(body.clone())));
    let answers = futures_util::future::join_all(tries).await;
    let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422, 422, 422]);
    let mut with = 0;
    for person in &people {
        with += usize::from(entitlements(person).await["calls.start"] == true);
    }
    assert_eq!(with, 1);
    town.close().await;
}

#[actix_web::test]
async fn what_is_used_taken_back_too_old_or_never_was_answers_alike_and_guessing_is_slowed_down() {
    let town = Town::new().await;
    let (owner, ann, ben) = (town.owner("olave").await, town.member("ann").await, town.member("ben").await);
    let plan = first_plan(&owner).await;
    let used = make(&owner, json!({ "plan": plan, "months": 1 })).await;
    redeem(&ben, text(&used["code"])).await;
    let back = make(&owner, json!({ "plan": plan, "months": 1 })).await;
    let path = format!("/api/v1/admin/gifts/{}/withdraw", text(&back["id"]));
    assert_eq!(owner.call(Method::POST, &path, Some(json!({}))).await.1["state"], "withdrawn");
    owner.refused(Method::POST, &path, Some(json!({})), 409, "billing.gift_over").await;
    let old = make(&owner, json!({ "plan": plan, "months": 1, "expires_at": NOON + DAY })).await;
    town.hand.store(NOON + DAY, Ordering::Relaxed);

    let mut answers = Vec::new();
    for code in [text(&used["code"]), text(&back["code"]), text(&old["code"]), "K7QM-4ZTP-9WRX-0H2D", "", "ß\u{1f381}", &"A".repeat(4_000)]
    {
        let (status, mut answer) = ann.call(Method::POST, "/api/v1/me/gifts/redeem", Some(json!({ "code": code }))).await;
        answer.as_object_mut().map(|all| all.remove("request"));
        answers.push((status.as_u16(), answer));
    }
    assert_eq!(answers[0].0, 422);
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
    // Seven of ten free tries are used.
    for n in 0..3 {
        cannot(&ann, &format!("guess {n}")).await;
    }
    let good = make(&owner, json!({ "plan": plan, "months": 1 })).await;
    let body = json!({ "code": good["code"] });
    assert_eq!(
        ann.call(Method::POST, "/api/v1/me/gifts/redeem", Some(body.clone())).await.0,
        429,
        "the eleventh try waits, right or wrong"
    );
    town.hand.store(NOON + DAY + 61_000, Ordering::Relaxed);
    assert_eq!(ann.call(Method::POST, "/api/v1/me/gifts/redeem", Some(body)).await.0, 200, "a minute later");
    town.close().await;
}

#[actix_web::test]
async fn a_gift_begins_after_what_is_paid_and_is_not_wasted() {
    let town = Town::new().await;
    let (owner, ann, ben) = (town.owner("olave").await, town.member("ann").await, town.member("ben").await);
    let plan = first_plan(&owner).await;
    owner
        .post(
            &format!("/api/v1/admin/members/{}/payments", ann.id),
            json!({ "plan": plan, "amount": 500, "every": "month", "method": "cash" }),
        )
        .await;
    let gift = make(&owner, json!({ "plan": plan, "months": 1 })).await;
    let grant = redeem(&ann, text(&gift["code"])).await;
    assert_eq!((&grant["state"], &grant["starts_at"]), (&json!("future"), &json!(NOON + MONTH)), "after the month that is paid");
    // 1 December and a month.
    assert_eq!(grant["ends_at"], json!(NOON + MONTH + 31 * DAY));
    let second = make(&owner, json!({ "plan": plan, "months": 1 })).await;
    let grant = redeem(&ann, text(&second["code"])).await;
    assert_eq!(grant["starts_at"], json!(NOON + MONTH + 31 * DAY), "after the first gift");

    give(&owner, ben.id, json!({ "plan": plan, "source": "comp" })).await;
    let third = make(&owner, json!({ "plan": plan, "months": 1 })).await;
    let body = json!({ "code": third["code"] });
    ben.refused(Method::POST, "/api/v1/me/gifts/redeem", Some(body), 409, "billing.gift_not_needed").await;
    assert_eq!(owner.get("/api/v1/admin/gifts").await["items"][0]["state"], "open", "nothing was used up");
    town.close().await;
}

#[actix_web::test]
async fn a_gift_is_bought_paid_once_passed_on_and_its_money_goes_back_only_before_it_is_redeemed() {
    let town = Town::new().await;
    let (owner, ann, ben) = (town.owner("olave").await, town.member("ann").await, town.member("ben").await);
    let plan = first_plan(&owner).await;
    let prices = format!("/api/v1/admin/plans/{plan}/prices");
    let price = owner.post(&prices, json!({ "amount": 5_000, "currency": "EUR", "every": "year" })).await["id"].clone();
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "test_payments": true }))).await;
    let wish = |key: &str| json!({ "plan": plan, "price": price, "client_key": key, "gift": true });
    ann.refused(Method::POST, "/api/v1/me/orders", Some(wish("a")), 422, "billing.no_gift").await;
    ann.refused(
        Method::POST,
        "/api/v1/checkout",
        Some(json!({ "price": price, "provider": "test", "gift": true })),
        422,
        "billing.no_gift",
    )
    .await;
    owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "gifts": true }))).await;

    // By hand.
    let order = ann.post("/api/v1/me/orders", wish("a")).await;
    assert_eq!((&order["gift"], &order["total"]["amount"]), (&json!(true), &json!(5_000)));
    let pay = format!("/api/v1/admin/orders/{}/payments", text(&order["id"]));
    let paid = owner.post(&pay, json!({ "amount": 5_000, "method": "cash" })).await;
    assert_eq!(entitlements(&ann).await["calls.start"], false, "it is for somebody else");
    assert_eq!(told(&ann).await, Vec::<String>::new());
    let mine = ann.get("/api/v1/me/gifts").await["items"][0].clone();
    assert_eq!((&mine["months"], &mine["bought"], &mine["state"]), (&json!(12), &json!(true), &json!("open")));
    let withdraw = format!("/api/v1/admin/gifts/{}/withdraw", text(&mine["id"]));
    owner.refused(Method::POST, &withdraw, Some(json!({})), 409, "billing.gift_bought").await;
    let grant = redeem(&ben, text(&mine["code"])).await;
    assert_eq!((&grant["given_by"], &grant["ends_at"]), (&json!(ann.id), &json!(NOON + 365 * DAY)));
    assert_eq!(ann.get("/api/v1/me/gifts").await["items"][0]["redeemed_by"], json!(null), "by whom stays theirs");
    let reverse = format!("/api/v1/admin/payments/{}/reverse", text(&paid["payment"]["id"]));
    owner.refused(Method::POST, &reverse, Some(json!({ "note": "Changed their mind" })), 409, "billing.gift_is_redeemed").await;

    // At a provider: paid once, whatever the price says.
    let opened = ann.post("/api/v1/checkout", json!({ "price": price, "provider": "test", "gift": true })).await;
    ann.post(&format!("/api/v1{}", text(&opened["url"])), json!({ "act": "pay" })).await;
    let settled = ann.post(&format!("/api/v1/me/orders/{}/settle", text(&opened["order"])), json!({})).await;
    assert_eq!((&settled["state"], &settled["gift"]), (&json!("fulfilled"), &json!(true)));
    assert_eq!(ann.get("/api/v1/me/membership").await["subscriptions"], json!([]));
    assert_eq!(ann.get("/api/v1/me/gifts").await["items"].as_array().map(Vec::len), Some(2));

    // One that nobody has redeemed goes back with its money.
    let order = ann.post("/api/v1/me/orders", wish("b")).await;
    let pay = format!("/api/v1/admin/orders/{}/payments", text(&order["id"]));
    let paid = owner.post(&pay, json!({ "amount": 5_000, "method": "cash" })).await;
    let code = text(&ann.get("/api/v1/me/gifts").await["items"][0]["code"]).to_owned();
    let reverse = format!("/api/v1/admin/payments/{}/reverse", text(&paid["payment"]["id"]));
    let back = owner.post(&reverse, json!({ "note": "Changed their mind" })).await;
    assert_eq!(back["order"]["state"], "refunded");
    cannot(&ben, &code).await;
    assert_eq!(books(&town).await, (Vec::new(), 8));
    town.close().await;
}

#[actix_web::test]
async fn what_is_wrong_with_a_gift_is_said_and_its_page_shows_it() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let all = "/api/v1/admin/gifts";
    for (body, code) in [
        (json!({ "plan": "77" }), "billing.plan_unknown"),
        (json!({ "plan": plan, "months": 0 }), "billing.gift_months"),
        (json!({ "plan": plan, "months": 121 }), "billing.gift_months"),
        (json!({ "plan": plan, "expires_at": NOON }), "billing.ends_past"),
        (json!({ "plan": plan, "expires_at": NOON + 11 * 366 * DAY }), "billing.too_far"),
        (json!({ "plan": plan, "note": "n".repeat(501) }), "billing.note"),
        (json!({ "plan": plan, "email": "nobody" }), "members.email_shape"),
    ] {
        owner.refused(Method::POST, all, Some(body), 422, code).await;
    }
    let gift = make(&owner, json!({ "plan": plan, "months": 120, "note": "For the raffle", "email": "raffle@example.org" })).await;
    let page = owner.page_text("/admin/gifts").await;
    assert!(page.contains(text(&gift["code"])) && page.contains("For the raffle"), "{page}");
    let page = ann.page_text(&format!("/settings/membership?code={}", text(&gift["code"]).to_lowercase())).await;
    assert!(page.contains(&format!("value=\"{}\"", text(&gift["code"]))), "{page}");
    ann.refused(Method::POST, all, Some(json!({ "plan": plan })), 403, "access.not_allowed").await;
    town.close().await;
}

#[actix_web::test]
async fn taking_money_is_a_right_of_its_own() {
    let town = Town::new().await;
    let owner = town.owner("olave").await;
    let plan = first_plan(&owner).await;
    let (giver, taker) = (town.person("gil", &[RoleKind::Member]).await, town.person("tom", &[RoleKind::Member]).await);
    let ann = town.member("ann").await;
    for (person, name, permissions) in [(&giver, "Givers", ["members.grant"]), (&taker, "Treasurers", ["payments.record"])] {
        let role = owner.post("/api/v1/admin/roles", json!({ "name": name, "permissions": permissions })).await;
        owner.call(Method::PUT, &format!("/api/v1/admin/members/{}/roles", person.id), Some(json!({ "roles": [role["id"]] }))).await;
    }
    let (grants, payments) = (format!("/api/v1/admin/members/{}/grants", ann.id), format!("/api/v1/admin/members/{}/payments", ann.id));
    let sale = json!({ "plan": plan, "amount": 500, "every": "month", "method": "cash" });
    giver.refused(Method::POST, &payments, Some(sale.clone()), 403, "access.not_allowed").await;
    giver.refused(Method::GET, "/api/v1/admin/orders", None, 403, "access.not_allowed").await;
    taker.refused(Method::POST, &grants, Some(json!({ "plan": plan })), 403, "access.not_allowed").await;
    taker.refused(Method::POST, "/api/v1/admin/gifts", Some(json!({ "plan": plan })), 403, "access.not_allowed").await;
    assert_eq!(giver.call(Method::POST, &grants, Some(json!({ "plan": plan, "source": "comp" }))).await.0, 201);
    assert_eq!(taker.call(Method::POST, &payments, Some(sale)).await.0, 201);
    let (givers, takers) =
        (giver.page_text(&format!("/admin/members/{}", ann.id)).await, taker.page_text(&format!("/admin/members/{}", ann.id)).await);
    assert!(givers.contains("give-title") && !givers.contains("record-title"));
    assert!(!takers.contains("give-title") && takers.contains("record-title"));
    town.close().await;
}

#[actix_web::test]
async fn a_trial_is_given_once_for_each_plan_and_ends() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let path = format!("/api/v1/admin/members/{}/grants", ann.id);
    owner.refused(Method::POST, &path, Some(json!({ "plan": plan, "source": "trial" })), 422, "billing.trial_end").await;
    let trial = json!({ "plan": plan, "source": "trial", "ends_at": NOON + 7 * DAY });
    let grant = give(&owner, ann.id, trial.clone()).await;
    assert_eq!((&grant["source"], &grant["paid"]), (&json!("trial"), &json!(false)));
    owner.refused(Method::POST, &path, Some(trial.clone()), 409, "billing.trial_had").await;
    town.hand.store(NOON + 7 * DAY, Ordering::Relaxed);
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    let later = json!({ "plan": plan, "source": "trial", "ends_at": NOON + 14 * DAY });
    owner.refused(Method::POST, &path, Some(later), 409, "billing.trial_had").await;
    town.close().await;
}
