//! Money goes back: asked for by an administrator and once whatever happens, by Stripe's own pages, by a bank; and what access follows.

use reqwest::Method;
use serde_json::{Value, json};

use super::Market;
use crate::support::Person;
use crate::support::stripe::Fault;

async fn may_call(member: &Person) -> bool {
    member.get("/api/v1/me/membership").await["entitlements"]["calls.start"] == true
}

/// The payments of a member's newest order.
async fn payments(member: &Person) -> Vec<Value> {
    member.get("/api/v1/me/orders").await["items"][0]["payments"].as_array().cloned().expect("a list")
}

/// Somebody who has paid, and the address at which their payment is given back.
async fn paid(market: &Market, name: &str, every: &str) -> (Person, String, String) {
    let (price, member) = (market.price(every).await, market.town.member(name).await);
    let session = market.session_of(&member.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    assert!(may_call(&member).await);
    let payment = payments(&member).await[0]["id"].as_str().expect("an id").to_owned();
    (member, format!("/api/v1/admin/payments/{payment}/refund"), session)
}

#[actix_web::test]
async fn a_part_goes_back_and_both_sides_see_it_and_the_rest_takes_the_right_with_it() {
    let market = Market::open().await;
    let (ann, path, _) = paid(&market, "ann", "once").await;
    let owner = &market.owner;
    for (body, code) in [
        (json!({ "amount": 200, "note": "" }), "billing.reason_needed"),
        (json!({ "amount": 0, "note": "x" }), "billing.refund_amount"),
        (json!({ "amount": 1_201, "note": "x" }), "billing.refund_amount"),
    ] {
        owner.refused(Method::POST, &path, Some(body), 422, code).await;
    }
    ann.refused(Method::POST, &path, Some(json!({ "note": "Please" })), 403, "access.not_allowed").await;
    let answer = owner.post(&path, json!({ "amount": 200, "note": "The lamp was out" })).await;
    assert_eq!(answer["state"], "fulfilled");
    let seen = payments(&ann).await;
    assert_eq!((seen.len(), &seen[0]["returned"]["amount"], &seen[1]["note"]), (2, &json!(200), &json!("The lamp was out")));
    assert!(may_call(&ann).await, "a part of it");
    let answer = owner.post(&path, json!({ "note": "All of it" })).await;
    assert_eq!(answer["state"], "refunded");
    assert!(!may_call(&ann).await);
    owner.refused(Method::POST, &path, Some(json!({ "note": "More" })), 409, "billing.payment_reversed").await;
    let refunds = market.stripe.with(|world| world.all("refund"));
    assert_eq!(refunds.iter().filter_map(|one| one["amount"].as_i64()).collect::<Vec<_>>(), [200, 1_000]);
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(payments(&ann).await.len(), 3, "what webhooks tell of it is known");
    market.close().await;
}

#[actix_web::test]
async fn a_refund_whose_answer_was_lost_is_the_same_one_when_it_is_asked_for_again() {
    let market = Market::open().await;
    let (ann, path, _) = paid(&market, "ann", "once").await;
    market.stripe.fail("POST /v1/refunds", Fault::DoneHangup);
    let wish = json!({ "amount": 300, "note": "Half a lamp" });
    assert_eq!(market.owner.call(Method::POST, &path, Some(wish.clone())).await.0, 503, "nobody knows what became of it");
    market.owner.refused(Method::POST, &path, Some(json!({ "amount": 400, "note": "Other" })), 409, "billing.refund_open").await;
    assert_eq!(payments(&ann).await[0]["returning"], true);
    market.owner.post(&path, wish).await;
    assert_eq!(payments(&ann).await[0]["returned"]["amount"], 300);
    assert_eq!(market.stripe.with(|world| world.all("refund").len()), 1);
    // Where nobody asks again, a job does.
    market.stripe.fail("POST /v1/refunds", Fault::DoneHangup);
    assert_eq!(market.owner.call(Method::POST, &path, Some(json!({ "amount": 100, "note": "A candle" }))).await.0, 503);
    market.pass(61_000);
    market.quiet().await;
    assert_eq!(payments(&ann).await[0]["returned"]["amount"], 400);
    assert_eq!(market.stripe.with(|world| world.all("refund").len()), 2);
    market.close().await;
}

#[actix_web::test]
async fn what_is_given_back_whole_ends_what_renews_or_leaves_it_as_the_administrator_says() {
    let market = Market::open().await;
    for (name, after, has, status, ends) in
        [("ann", "end", false, "canceled", false), ("ben", "at_period_end", true, "active", true), ("cat", "keep", true, "active", false)]
    {
        let (member, path, session) = paid(&market, name, "month").await;
        market.owner.post(&path, json!({ "note": "As agreed", "after": after })).await;
        assert_eq!(may_call(&member).await, has, "{after}");
        let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned();
        let theirs = market.stripe.with(|world| world.thing(&id));
        assert_eq!((&theirs["status"], &theirs["cancel_at_period_end"]), (&json!(status), &json!(ends)), "{after}");
        market.deliver_new().await;
        market.quiet().await;
        assert_eq!(may_call(&member).await, has, "{after}: also once webhooks have told it");
    }
    market.close().await;
}

#[actix_web::test]
async fn a_wish_that_comes_twice_is_one_and_what_renews_ends_with_the_last_part() {
    let market = Market::open().await;
    let (ann, path, session) = paid(&market, "ann", "month").await;
    let town = &market.town;
    for _ in 0..2 {
        let wish = town.http.post(town.url(&path)).bearer_auth(&market.owner.token).header("Idempotency-Key", "press");
        let answer = wish.json(&json!({ "amount": 200, "note": "The lamp was out" })).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(payments(&ann).await[0]["returned"]["amount"], 200);
    assert_eq!(market.stripe.with(|world| world.all("refund").len()), 1);
    market.owner.post(&path, json!({ "note": "The rest" })).await;
    let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned();
    assert_eq!(market.stripe.with(|world| world.thing(&id))["status"], "canceled", "nothing more is charged");
    assert!(!may_call(&ann).await);
    let (_, once, _) = paid(&market, "ben", "once").await;
    let wish = json!({ "note": "As agreed", "after": "at_period_end" });
    market.owner.refused(Method::POST, &once, Some(wish), 422, "billing.refund_when").await;
    market.close().await;
}

#[actix_web::test]
async fn what_stripe_gives_back_of_the_newest_period_locks_and_the_next_payment_opens() {
    let market = Market::open().await;
    let (ann, _, session) = paid(&market, "ann", "month").await;
    let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned();
    let intent = market.stripe.with(|world| world.all("payment_intent"))[0]["id"].as_str().expect("paid").to_owned();
    market.stripe.with(|world| world.give_back(&intent, 1_200));
    market.deliver_new().await;
    market.quiet().await;
    assert!(!may_call(&ann).await, "the money of this period is back");
    market.stripe.with(|world| world.renew(&id, true));
    market.deliver_new().await;
    market.quiet().await;
    assert!(may_call(&ann).await, "the next one was paid");
    market.close().await;
}

#[actix_web::test]
async fn a_dispute_is_shown_and_a_lost_one_ends_what_was_bought_and_paying_by_card() {
    let market = Market::open().await;
    let (ann, _, _) = paid(&market, "ann", "once").await;
    let (ben, _, _) = paid(&market, "ben", "once").await;
    let intents = market.stripe.with(|world| world.all("payment_intent"));
    let dispute = |n: usize| market.stripe.with(|world| world.dispute(intents[n]["id"].as_str().expect("an id")));
    let disputes = [dispute(0), dispute(1)];
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(payments(&ann).await[0]["dispute"], "open");
    assert!(may_call(&ann).await && may_call(&ben).await, "it decides nothing before its end");
    market.stripe.with(|world| {
        world.close_dispute(&disputes[0], "lost");
        world.close_dispute(&disputes[1], "won");
    });
    market.deliver_new().await;
    market.quiet().await;
    assert!(!may_call(&ann).await && may_call(&ben).await);
    assert_eq!((&payments(&ann).await[0]["dispute"], &payments(&ben).await[0]["dispute"]), (&json!("lost"), &json!("won")));
    let price = market.price("month").await;
    let checkout = Some(json!({ "price": price }));
    ann.refused(Method::POST, "/api/v1/checkout", checkout.clone(), 409, "billing.card_blocked").await;

    // An administrator lets it rest, with a reason; the next one that is lost counts again.
    let (owner, path) = (&market.owner, format!("/api/v1/admin/members/{}/allow-card", ann.id));
    assert!(owner.page_text(&format!("/admin/members/{}", ann.id)).await.contains(&path), "their page says so");
    owner.refused(Method::POST, &path, Some(json!({ "note": "" })), 422, "billing.reason_needed").await;
    ann.refused(Method::POST, &path, Some(json!({ "note": "Please" })), 403, "access.not_allowed").await;
    let word = json!({ "note": "It was the bank's mistake" });
    assert_eq!(owner.call(Method::POST, &path, Some(word.clone())).await.0, 204);
    owner.refused(Method::POST, &path, Some(word), 409, "billing.card_free").await;
    let act = owner.get("/api/v1/admin/audit?act=payments.").await["items"][0].clone();
    assert_eq!((&act["act"], &act["reason"]), (&json!("payments.allow_card"), &json!("It was the bank's mistake")));
    assert!(!owner.page_text(&format!("/admin/members/{}", ann.id)).await.contains(&path));
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let newest = market.stripe.with(|world| world.all("payment_intent")).pop().expect("paid");
    market.stripe.with(|world| {
        let dispute = world.dispute(newest["id"].as_str().expect("an id"));
        world.close_dispute(&dispute, "lost");
    });
    market.deliver_new().await;
    market.quiet().await;
    let once = market.price("once").await;
    ann.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": once })), 409, "billing.card_blocked").await;
    market.close().await;
}

#[actix_web::test]
async fn whoever_is_deleted_pays_nothing_more_and_what_they_pay_meanwhile_goes_back() {
    let market = Market::open().await;
    let (ann, _, session) = paid(&market, "ann", "month").await;
    let (price, ben) = (market.price("once").await, market.town.member("ben").await);
    let visit = market.session_of(&ben.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&visit));
    let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned();
    market.stripe.fail("DELETE /v1/subscriptions", Fault::DoneHangup);
    for member in [&ann, &ben] {
        let path = format!("/api/v1/admin/members/{}", member.id);
        market.owner.call(Method::DELETE, &path, Some(json!({ "reason": "They wish it" }))).await;
    }
    market.quiet().await;
    market.deliver_new().await;
    market.pass(3_600_000);
    market.quiet().await;
    assert_eq!(market.stripe.with(|world| world.thing(&id))["status"], "canceled");
    let refunds = market.stripe.with(|world| world.all("refund"));
    assert_eq!(refunds.iter().filter_map(|one| one["amount"].as_i64()).collect::<Vec<_>>(), [1_200], "what was paid too late is back");
    market.close().await;
}

#[actix_web::test]
async fn a_refund_that_stripe_refuses_with_the_status_of_cards_is_refused_like_any_other() {
    let market = Market::open().await;
    let (ann, path, _) = paid(&market, "ann", "once").await;
    market.stripe.fail("POST /v1/refunds", Fault::Status(402));
    market.owner.refused(Method::POST, &path, Some(json!({ "note": "All of it" })), 409, "billing.provider_refused").await;
    assert_eq!(payments(&ann).await[0]["returning"], false, "nothing is under way");
    market.owner.post(&path, json!({ "note": "All of it" })).await;
    assert_eq!(payments(&ann).await[0]["returned"]["amount"], 1_200);
    market.close().await;
}

#[actix_web::test]
async fn what_a_bank_takes_up_anew_after_the_card_was_allowed_counts_again_and_what_is_told_again_does_not() {
    let market = Market::open().await;
    let (ann, _, _) = paid(&market, "ann", "once").await;
    let intent = market.stripe.with(|world| world.all("payment_intent"))[0]["id"].as_str().expect("an id").to_owned();
    let dispute = market.stripe.with(|world| {
        let dispute = world.dispute(&intent);
        world.close_dispute(&dispute, "lost");
        dispute
    });
    let (price, follows) = (market.price("month").await, async || {
        market.deliver_new().await;
        market.quiet().await;
    });
    let (wish, blocked) = (json!({ "price": price }), "billing.card_blocked");
    follows().await;
    ann.refused(Method::POST, "/api/v1/checkout", Some(wish.clone()), 409, blocked).await;
    let word = json!({ "note": "It was the bank's mistake" });
    let allow = format!("/api/v1/admin/members/{}/allow-card", ann.id);
    assert_eq!(market.owner.call(Method::POST, &allow, Some(word)).await.0, 204);
    // Stripe tells the same again.
    market.stripe.with(|world| world.close_dispute(&dispute, "lost"));
    follows().await;
    ann.post("/api/v1/checkout", wish.clone()).await;
    // The bank looks at it once more, and takes the money for good.
    market.stripe.with(|world| world.close_dispute(&dispute, "under_review"));
    follows().await;
    ann.post("/api/v1/checkout", wish.clone()).await;
    market.stripe.with(|world| world.close_dispute(&dispute, "lost"));
    follows().await;
    ann.refused(Method::POST, "/api/v1/checkout", Some(wish), 409, blocked).await;
    market.close().await;
}
