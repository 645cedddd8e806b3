//! What Stripe says of a checkout does not belong to its order: nothing is given, an administrator finds it, looks again and sets it aside.

use reqwest::Method;
use serde_json::{Value, json};

use super::Market;
use crate::support::Person;

const PATH: &str = "/api/v1/admin/orders/strange";

async fn may_call(member: &Person) -> Value {
    member.get("/api/v1/me").await["entitlements"]["calls.start"].clone()
}

/// Somebody pays another amount than their order says: they, the order, the visit.
async fn pays_another_amount(market: &Market, name: &str, price: &str) -> (Person, String, String) {
    let member = market.town.member(name).await;
    let opened = member.post("/api/v1/checkout", json!({ "price": price })).await;
    let session = market.session_of(&opened);
    market.stripe.with(|world| {
        let id = world.thing(&session)["price_of_double"].as_str().expect("a price").to_owned();
        let mut theirs = world.thing(&id);
        theirs["unit_amount"] = json!(1_000);
        world.put(&theirs);
        world.pay(&session);
        theirs["unit_amount"] = json!(1_200);
        world.put(&theirs);
    });
    market.deliver_new().await;
    market.quiet().await;
    (member, opened["order"].as_str().expect("an id").to_owned(), session)
}

#[actix_web::test]
async fn another_amount_gives_nothing_and_stands_where_administrators_look() {
    let market = Market::open().await;
    let (owner, price) = (&market.owner, market.price("once").await);
    let (ann, order, session) = pays_another_amount(&market, "ann", &price).await;
    assert_eq!(may_call(&ann).await, false);
    let status = owner.get("/api/v1/admin/stripe").await;
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(0), &json!(0)), "the sign was followed");
    ann.refused(Method::POST, &format!("/api/v1/me/orders/{order}/settle"), Some(json!({})), 409, "billing.foreign_checkout").await;
    let one = owner.get(PATH).await["items"][0].clone();
    assert_eq!((&one["order"]["id"], &one["session"], &one["said_order"]), (&json!(order), &json!(session), &json!(order)));
    assert_eq!(
        (&one["paid"]["amount"], &one["paid"]["currency"], &one["order"]["total"]["amount"]),
        (&json!(1_000), &json!("EUR"), &json!(1_200))
    );
    ann.refused(Method::GET, PATH, None, 403, "access.not_allowed").await;
    let page = owner.page_text("/admin/orders?show=strange").await;
    assert!(
        page.contains(one["payment"].as_str().expect("a name")) && page.contains(&format!("/api/v1/admin/orders/{order}/look")),
        "{page}"
    );
    assert!(owner.page_text("/admin").await.contains("1 checkout does not fit its order"), "it is among what needs somebody");

    let at = |act: &str| format!("/api/v1/admin/orders/{order}/{act}");
    owner.refused(Method::POST, &at("look"), Some(json!({})), 409, "billing.foreign_checkout").await;
    owner.refused(Method::POST, &at("set-aside"), Some(json!({ "note": " " })), 422, "billing.reason_needed").await;
    let word = "The price was changed at Stripe. Your money is on its way back.";
    assert_eq!(owner.post(&at("set-aside"), json!({ "note": word })).await["state"], "declined");
    assert_eq!(ann.get("/api/v1/me/orders").await["items"][0]["answer"], word);
    owner.refused(Method::POST, &at("set-aside"), Some(json!({ "note": word })), 409, "billing.not_strange").await;
    let act = owner.get("/api/v1/admin/audit?act=orders.").await["items"][0].clone();
    assert_eq!((&act["act"], &act["reason"]), (&json!("orders.set_aside"), &json!(word)));
    // Told again it is no news.
    market.pass(15 * 60_000);
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(owner.post(&at("look"), json!({})).await["state"], "declined");
    assert_eq!(owner.get(PATH).await["items"], json!([]));
    market.close().await;
}

#[actix_web::test]
async fn what_is_put_right_there_gives_what_was_bought_and_is_strange_no_more() {
    let market = Market::open().await;
    let (owner, price) = (&market.owner, market.price("once").await);
    let (ann, order, session) = pays_another_amount(&market, "ann", &price).await;
    let intent = market.stripe.with(|world| world.thing(&session))["payment_intent"].as_str().expect("paid").to_owned();
    let path = format!("/api/v1/admin/orders/{order}/set-aside");
    owner.post(&path, json!({ "note": "Looked at" })).await;
    // It says something else: somebody must look again.
    let says = |amount: i64| {
        market.stripe.with(|world| {
            let mut theirs = world.thing(&intent);
            (theirs["amount"], theirs["amount_received"]) = (json!(amount), json!(amount));
            world.put(&theirs);
        });
    };
    says(1_100);
    let look = format!("/api/v1/admin/orders/{order}/look");
    owner.refused(Method::POST, &look, Some(json!({})), 409, "billing.foreign_checkout").await;
    assert_eq!(owner.get(PATH).await["items"][0]["paid"]["amount"], 1_100);
    says(1_200);
    assert_eq!(owner.post(&look, json!({})).await["state"], "fulfilled");
    let acts = owner.get("/api/v1/admin/audit?act=orders.look").await;
    assert_eq!(acts["items"].as_array().map(Vec::len), Some(2), "each time somebody asked");
    assert_eq!(may_call(&ann).await, true);
    assert_eq!(owner.get(PATH).await["items"], json!([]));
    market.close().await;
}

#[actix_web::test]
async fn what_was_set_aside_stays_so_while_its_bank_judges_and_afterwards() {
    let market = Market::open().await;
    let price = market.price("once").await;
    let (_, order, session) = pays_another_amount(&market, "ann", &price).await;
    let set_aside = format!("/api/v1/admin/orders/{order}/set-aside");
    assert!(market.owner.call(Method::POST, &set_aside, Some(json!({ "note": "Their bank has it" }))).await.0.is_success());
    let intent = market.stripe.with(|world| world.thing(&session)["payment_intent"].as_str().expect("paid").to_owned());
    let dispute = market.stripe.with(|world| world.dispute(&intent));
    market.deliver_new().await;
    market.quiet().await;
    market.stripe.with(|world| world.close_dispute(&dispute, "lost"));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(market.owner.get(PATH).await["items"], json!([]));
    let status = market.owner.get("/api/v1/admin/stripe").await;
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(0), &json!(0)));
    market.close().await;
}

#[actix_web::test]
async fn what_goes_on_of_a_strange_checkout_leaves_no_webhook_behind() {
    let market = Market::open().await;
    let price = market.price("month").await;
    let (ben, order, _) = pays_another_amount(&market, "ben", &price).await;
    assert_eq!(may_call(&ben).await, false);
    assert_eq!(market.owner.get(PATH).await["items"][0]["order"]["id"], json!(order));
    let set_aside = format!("/api/v1/admin/orders/{order}/set-aside");
    let subscription = market.stripe.with(|world| world.all("subscription")).pop().expect("it goes on there");
    let id = subscription["id"].as_str().expect("an id");
    market.stripe.with(|world| world.renew(id, true));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(market.owner.get(PATH).await["items"][0]["subscription"], json!(id), "its row names it");
    let page = market.owner.page_text("/admin/orders?show=strange").await;
    assert!(page.contains(id) && page.contains("goes on being charged"), "{page}");
    assert!(market.owner.call(Method::POST, &set_aside, Some(json!({ "note": "Not as agreed" }))).await.0.is_success());
    market.quiet().await;
    assert_eq!(market.stripe.with(|world| world.thing(id))["status"], "canceled", "nothing more is charged for it");
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(market.owner.get(PATH).await["items"], json!([]), "and its end is no news");
    let status = market.owner.get("/api/v1/admin/stripe").await;
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(0), &json!(0)));
    assert_eq!(may_call(&ben).await, false);
    market.close().await;
}

#[actix_web::test]
async fn of_somebody_who_is_gone_it_can_be_looked_at_and_set_aside() {
    let market = Market::open().await;
    let (owner, price) = (&market.owner, market.price("once").await);
    let (ann, order, _) = pays_another_amount(&market, "ann", &price).await;
    owner.call(Method::DELETE, &format!("/api/v1/admin/members/{}", ann.id), Some(json!({ "reason": "They wish it" }))).await;
    market.quiet().await;
    let at = |act: &str| format!("/api/v1/admin/orders/{order}/{act}");
    owner.refused(Method::POST, &at("look"), Some(json!({})), 409, "billing.foreign_checkout").await;
    assert_eq!(owner.post(&at("set-aside"), json!({ "note": "Given back at Stripe" })).await["state"], "cancelled");
    assert_eq!(owner.get(PATH).await["items"], json!([]));
    owner.refused(Method::POST, &at("decline"), Some(json!({ "note": "x" })), 404, "error.not_found").await;
    market.close().await;
}

#[actix_web::test]
async fn what_went_back_of_a_strange_payment_is_shown_and_is_no_news_for_what_was_set_aside() {
    let market = Market::open().await;
    let (owner, price) = (&market.owner, market.price("once").await);
    let (_, order, session) = pays_another_amount(&market, "ann", &price).await;
    let intent = market.stripe.with(|world| world.thing(&session))["payment_intent"].as_str().expect("paid").to_owned();
    market.stripe.with(|world| world.give_back(&intent, 400));
    market.deliver_new().await;
    market.quiet().await;
    let one = owner.get(PATH).await["items"][0].clone();
    assert_eq!((&one["paid"]["amount"], &one["returned"]["amount"]), (&json!(1_000), &json!(400)));
    assert!(owner.page_text("/admin/orders?show=strange").await.contains("of it went back"));
    owner.post(&format!("/api/v1/admin/orders/{order}/set-aside"), json!({ "note": "The rest goes back too" })).await;
    market.stripe.with(|world| world.give_back(&intent, 600));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(owner.get(PATH).await["items"], json!([]));
    market.close().await;
}
