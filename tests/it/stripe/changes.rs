//! Another plan at Stripe: its own preview, the difference charged at once or not at all, and a cheaper plan from the next period on.

use reqwest::Method;
use serde_json::{Value, json};

use super::Market;
use crate::support::Person;
use crate::support::stripe::Fault;

const DAY: i64 = 86_400_000;

/// What Ann pays for, and what else there is.
pub(super) struct Paid {
    pub(super) market: Market,
    pub(super) ann: Person,
    pub(super) path: String,
    pub(super) patron: String,
    pub(super) friend: String,
}

async fn offered(market: &Market, name: &str, amount: i64, worth: Value) -> String {
    let plan = market.owner.post("/api/v1/admin/plans", json!({ "name": name, "entitlements": worth })).await;
    let path = format!("/api/v1/admin/plans/{}/prices", plan["id"].as_str().expect("an id"));
    let price = market.owner.post(&path, json!({ "amount": amount, "currency": "EUR", "every": "month" })).await;
    price["id"].as_str().expect("an id").to_owned()
}

pub(super) async fn own(ann: &Person) -> Value {
    ann.get("/api/v1/me/membership").await["subscriptions"][0].clone()
}

pub(super) async fn paid() -> Paid {
    paid_with(json!({})).await
}

/// The same with something more in the wish, such as a promotion code: `SPRING` takes a quarter off of two months, `HOME` for ever, but of this
/// plan alone.
async fn paid_with(more: Value) -> Paid {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let plan = market.owner.get("/api/v1/admin/plans").await["items"][0]["id"].clone();
    for code in [
        json!({ "code": "SPRING", "percent": 25, "lasts": "months", "months": 2 }),
        json!({ "code": "HOME", "percent": 25, "lasts": "ever", "plans": [plan] }),
    ] {
        market.owner.post("/api/v1/admin/promotions", code).await;
    }
    let mut wish = more;
    wish["price"] = json!(price);
    let patron = offered(&market, "Patron", 2_400, json!({ "rooms.create": true })).await;
    let friend = offered(&market, "Friend", 600, json!({})).await;
    let session = market.session_of(&ann.post("/api/v1/checkout", wish).await);
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let path = format!("/api/v1/me/subscriptions/{}", own(&ann).await["id"].as_str().expect("an id"));
    Paid { market, ann, path, patron, friend }
}

impl Paid {
    pub(super) async fn preview(&self, price: &str) -> Value {
        self.ann.post(&format!("{}/change/preview", self.path), json!({ "price": price })).await
    }

    pub(super) fn agreed(price: &str, shown: &Value) -> Value {
        json!({ "price": price, "as_of": shown["as_of"] })
    }

    pub(super) async fn worth(&self, name: &str) -> Value {
        self.ann.get("/api/v1/me/membership").await["entitlements"][name].clone()
    }

    pub(super) fn there(&self) -> Value {
        self.market.stripe.with(|world| world.all("subscription").pop()).expect("a subscription")
    }
}

#[actix_web::test]
async fn what_is_shown_is_what_stripe_charges_once_even_when_its_answer_is_lost() {
    let paid = paid().await;
    paid.market.pass(10 * DAY);
    let paid = Paid { ann: paid.market.town.again(&paid.ann).await, ..paid };
    let shown = paid.preview(&paid.patron).await;
    assert_eq!(shown["due"], json!({ "amount": 800, "currency": "EUR", "exponent": 2 }), "20 of 30 days of 12 EUR more");
    let asked = paid.market.stripe.asked("POST /v1/invoices/create_preview");
    assert_eq!(asked[0].params["subscription_details[proration_behavior]"], "always_invoice");
    let counted_from = (shown["as_of"].as_i64().expect("an instant") / 1_000).to_string();
    assert_eq!(asked[0].params["subscription_details[proration_date]"], counted_from);
    assert_eq!(paid.worth("rooms.create").await, false);
    // Who thinks it over for ten minutes pays what was shown, though less is left of the month.
    paid.market.pass(10 * 60_000);

    paid.market.stripe.fail("POST /v1/subscriptions/", Fault::DoneHangup);
    let (change, agreed) = (format!("{}/change", paid.path), Paid::agreed(&paid.patron, &shown));
    assert_eq!(paid.ann.call(Method::POST, &change, Some(agreed.clone())).await.0, 503, "nobody knows what became of it");
    let changed = paid.ann.post(&change, agreed.clone()).await["subscription"].clone();
    assert_eq!((&changed["plan"]["name"], &changed["money"]["amount"]), (&json!("Patron"), &json!(2_400)));
    assert_eq!(paid.worth("rooms.create").await, true);
    assert_eq!(paid.ann.post(&change, agreed).await["subscription"]["plan"]["name"], "Patron", "again it does nothing");
    let made: Vec<_> = paid.market.stripe.asked("POST /v1/subscriptions/").into_iter().filter(|asked| asked.had_effect).collect();
    assert_eq!((made.len(), made[0].params["payment_behavior"].as_str()), (1, "error_if_incomplete"));
    assert_eq!(made[0].params["proration_date"], counted_from, "the very instant of the preview");
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    let orders = paid.ann.get("/api/v1/me/orders").await["items"].clone();
    let sums: Vec<_> = orders.as_array().expect("a list").iter().map(|one| one["payments"][0]["money"]["amount"].clone()).collect();
    assert_eq!(sums, [json!(800), json!(1_200)]);
    paid.market.close().await;
}

#[actix_web::test]
async fn a_card_that_is_refused_changes_nothing_and_another_try_is_another_call() {
    let paid = paid().await;
    paid.market.stripe.with(|world| world.declines = true);
    let shown = paid.preview(&paid.patron).await;
    let change = format!("{}/change", paid.path);
    for _ in 0..2 {
        // The second time it is not asked again, and said again.
        paid.ann.refused(Method::POST, &change, Some(Paid::agreed(&paid.patron, &shown)), 409, "billing.card_refused").await;
    }
    assert_eq!(paid.market.stripe.asked("POST /v1/subscriptions/").len(), 1);
    paid.market.quiet().await;
    assert_eq!(own(&paid.ann).await["plan"]["name"], "Member");
    paid.market.stripe.with(|world| world.declines = false);
    paid.market.pass(1_000);
    let shown = paid.preview(&paid.patron).await;
    let changed = paid.ann.post(&change, Paid::agreed(&paid.patron, &shown)).await;
    assert_eq!(changed["subscription"]["plan"]["name"], "Patron");
    paid.market.close().await;
}

#[actix_web::test]
async fn a_cheaper_plan_is_written_at_stripe_and_holds_from_the_next_period_on() {
    let paid = paid().await;
    let change = format!("{}/change", paid.path);
    let shown = paid.preview(&paid.friend).await;
    assert_eq!((&shown["when"], &shown["due"]["amount"]), (&json!("at_period_end"), &json!(0)));
    let changed = paid.ann.post(&change, Paid::agreed(&paid.friend, &shown)).await["subscription"].clone();
    assert_eq!((&changed["plan"]["name"], &changed["money"]["amount"]), (&json!("Member"), &json!(1_200)));
    assert_eq!((&changed["next"]["plan"]["name"], &changed["next"]["at"]), (&json!("Friend"), &changed["period_end"]));
    let there = paid.there();
    assert_eq!(there["items"]["data"][0]["price"]["unit_amount"], 600, "the next bill is the cheaper one, whoever is down then");
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    assert_eq!(paid.worth("calls.start").await, true, "what is paid holds");

    let kept = paid.ann.post(&format!("{change}/cancel"), json!({})).await;
    assert_eq!((&kept["next"], &kept["plan"]["name"]), (&Value::Null, &json!("Member")));
    assert_eq!(paid.there()["items"]["data"][0]["price"]["unit_amount"], 1_200);
    assert_eq!(paid.there()["metadata"]["rialto_until"], Value::Null);

    paid.market.pass(1_000);
    let shown = paid.preview(&paid.friend).await;
    paid.ann.post(&change, Paid::agreed(&paid.friend, &shown)).await;
    let id = paid.there()["id"].as_str().expect("an id").to_owned();
    paid.market.pass(30 * DAY);
    paid.market.stripe.with(|world| world.renew(&id, true));
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    let paid = Paid { ann: paid.market.town.again(&paid.ann).await, ..paid };
    let now = own(&paid.ann).await;
    assert_eq!((&now["plan"]["name"], &now["next"], &now["money"]["amount"]), (&json!("Friend"), &Value::Null, &json!(600)));
    assert_eq!(paid.worth("calls.start").await, false);
    assert_eq!(paid.ann.get("/api/v1/me/orders").await["items"][0]["payments"][0]["money"]["amount"], 600);
    paid.market.close().await;
}

#[actix_web::test]
async fn what_was_weighed_before_stripe_turned_the_period_is_not_done_after_it() {
    let paid = paid().await;
    let change = format!("{}/change", paid.path);
    let id = paid.there()["id"].as_str().expect("an id").to_owned();
    let (shown, before) = (paid.preview(&paid.friend).await, own(&paid.ann).await["period_end"].clone());
    // Stripe begins the next period, and nobody has told us.
    paid.market.stripe.with(|world| world.renew(&id, true));
    paid.ann.refused(Method::POST, &change, Some(Paid::agreed(&paid.friend, &shown)), 409, "billing.change_stale").await;
    assert_eq!(paid.there()["items"]["data"][0]["price"]["unit_amount"], 1_200, "the month that was just paid is not lost");
    let now = own(&paid.ann).await;
    assert!(now["period_end"].as_i64() > before.as_i64(), "whoever looks again finds what is so");
    let stale = json!({ "price": paid.friend });
    let shown = paid.preview(&paid.friend).await;
    let planned = paid.ann.post(&change, Paid::agreed(&paid.friend, &shown)).await["subscription"].clone();
    assert_eq!(planned["next"]["at"], now["period_end"]);

    // The cheap month is billed, and only then somebody gives the change up.
    paid.market.stripe.with(|world| world.renew(&id, true));
    paid.ann.refused(Method::POST, &format!("{change}/cancel"), Some(json!({})), 409, "billing.change_stale").await;
    assert_eq!(paid.there()["items"]["data"][0]["price"]["unit_amount"], 600, "what is billed is what one has");
    assert_eq!(own(&paid.ann).await["plan"]["name"], "Friend");
    // About where a period ends nobody weighs anything, whatever our row says.
    let left = own(&paid.ann).await["period_end"].as_i64().expect("a time") - paid.market.now_s() * 1_000;
    paid.market.pass(left - 60_000);
    let paid = Paid { ann: paid.market.town.again(&paid.ann).await, ..paid };
    paid.ann.refused(Method::POST, &format!("{change}/preview"), Some(stale), 409, "billing.change_stale").await;
    paid.market.close().await;
}

#[actix_web::test]
async fn of_two_changes_in_two_tabs_the_second_is_weighed_anew() {
    let paid = paid().await;
    let change = format!("{}/change", paid.path);
    let (dearer, cheaper) = (paid.preview(&paid.patron).await, paid.preview(&paid.friend).await);
    // The first one is done, and its answer is lost.
    paid.market.stripe.fail("POST /v1/subscriptions/", Fault::DoneHangup);
    assert_eq!(paid.ann.call(Method::POST, &change, Some(Paid::agreed(&paid.patron, &dearer))).await.0, 503);
    paid.ann.refused(Method::POST, &change, Some(Paid::agreed(&paid.friend, &cheaper)), 409, "billing.change_stale").await;
    assert_eq!(
        (&own(&paid.ann).await["plan"]["name"], paid.worth("rooms.create").await),
        (&json!("Patron"), json!(true)),
        "what was paid is there"
    );
    paid.market.close().await;
}

/// Upgrades in the middle of the month: the payment of the month, the one of the difference, and the subscription at Stripe.
async fn upgraded() -> (Paid, [String; 2]) {
    let paid = paid().await;
    paid.market.pass(10 * DAY);
    let paid = Paid { ann: paid.market.town.again(&paid.ann).await, ..paid };
    let shown = paid.preview(&paid.patron).await;
    paid.ann.post(&format!("{}/change", paid.path), Paid::agreed(&paid.patron, &shown)).await;
    let orders = paid.ann.get("/api/v1/me/orders").await["items"].clone();
    assert_eq!((&orders[0]["change"], &orders[1]["change"], &orders[0]["total"]["amount"]), (&json!(true), &json!(false), &json!(800)));
    let refund = |n: usize| format!("/api/v1/admin/payments/{}/refund", orders[n]["payments"][0]["id"].as_str().expect("an id"));
    let paths = [refund(1), refund(0)];
    (paid, paths)
}

#[actix_web::test]
async fn what_was_paid_for_the_period_decides_and_not_the_difference() {
    let (paid, [_, difference]) = upgraded().await;
    let owner = paid.market.town.again(&paid.market.owner).await;
    let at_end = json!({ "note": "As agreed", "after": "at_period_end" });
    owner.refused(Method::POST, &difference, Some(at_end), 422, "billing.refund_when").await;
    owner.post(&difference, json!({ "note": "A present", "after": "keep" })).await;
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    assert_eq!((&paid.there()["status"], paid.worth("rooms.create").await), (&json!("active"), json!(true)), "as it was wanted");
    paid.market.close().await;

    let (paid, [month, _]) = upgraded().await;
    let owner = paid.market.town.again(&paid.market.owner).await;
    owner.post(&month, json!({ "note": "All of it" })).await;
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    assert_eq!(paid.there()["status"], "canceled", "nothing more is charged");
    assert_eq!(
        (paid.worth("rooms.create").await, paid.worth("calls.start").await),
        (json!(false), json!(false)),
        "eight of twenty buy nothing"
    );
    paid.market.close().await;
}

#[actix_web::test]
async fn a_difference_that_goes_back_whole_leaves_what_was_paid_whoever_gave_it() {
    for is_ours in [true, false] {
        let (paid, [_, difference]) = upgraded().await;
        if is_ours {
            let owner = paid.market.town.again(&paid.market.owner).await;
            let part = json!({ "amount": 100, "note": "A part of it" });
            owner.post(&difference, part).await;
            paid.market.quiet().await;
            assert_eq!(own(&paid.ann).await["plan"]["name"], "Patron", "a part takes nothing with it");
            owner.post(&difference, json!({ "note": "The rest of it" })).await;
        } else {
            paid.market.stripe.with(|world| {
                let intent = world.all("payment_intent").pop().expect("the difference")["id"].as_str().expect("an id").to_owned();
                world.give_back(&intent, 800)
            });
        }
        paid.market.deliver_new().await;
        paid.market.quiet().await;
        let (there, now) = (paid.there(), own(&paid.ann).await);
        assert_eq!((&there["status"], &there["items"]["data"][0]["price"]["unit_amount"]), (&json!("active"), &json!(1_200)), "{is_ours}");
        assert_eq!((&now["plan"]["name"], &now["money"]["amount"], &now["next"]), (&json!("Member"), &json!(1_200), &Value::Null));
        assert_eq!((paid.worth("rooms.create").await, paid.worth("calls.start").await), (json!(false), json!(true)), "its month is paid");
        let charged = paid.market.stripe.with(|world| world.all("charge").len());
        paid.market.pass(61_000);
        paid.market.quiet().await;
        assert_eq!(paid.market.stripe.with(|world| world.all("charge").len()), charged, "nothing is charged for going back");
        paid.market.close().await;
    }
}

#[actix_web::test]
async fn a_code_that_is_for_one_plan_takes_nothing_off_of_another() {
    let paid = paid_with(json!({ "promotion": "HOME" })).await;
    paid.market.pass(10 * DAY);
    let paid = Paid { ann: paid.market.town.again(&paid.ann).await, ..paid };
    let shown = paid.preview(&paid.patron).await;
    assert_eq!(shown["due"]["amount"], 1_000, "20 of 30 days of 24 EUR, less those of the 9 that were paid");
    paid.ann.post(&format!("{}/change", paid.path), Paid::agreed(&paid.patron, &shown)).await;
    let id = paid.there()["id"].as_str().expect("an id").to_owned();
    paid.market.pass(20 * DAY);
    paid.market.stripe.with(|world| world.renew(&id, true));
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    let ann = paid.market.town.again(&paid.ann).await;
    let orders = ann.get("/api/v1/me/orders").await["items"].clone();
    let sums: Vec<_> = orders.as_array().expect("a list").iter().map(|one| one["payments"][0]["money"]["amount"].clone()).collect();
    assert_eq!(sums, [json!(2_400), json!(1_000), json!(900)]);
    paid.market.close().await;
}

#[actix_web::test]
async fn with_a_code_the_difference_is_what_the_code_leaves_of_it() {
    let paid = paid_with(json!({ "promotion": "SPRING" })).await;
    paid.market.pass(10 * DAY);
    let paid = Paid { ann: paid.market.town.again(&paid.ann).await, ..paid };
    let shown = paid.preview(&paid.patron).await;
    assert_eq!(shown["due"]["amount"], 600, "20 of 30 days of 9 EUR more, and not of 12");
    paid.market.pass(20 * 60_000);
    let changed = paid.ann.post(&format!("{}/change", paid.path), Paid::agreed(&paid.patron, &shown)).await;
    assert_eq!(changed["subscription"]["plan"]["name"], "Patron");
    let orders = paid.ann.get("/api/v1/me/orders").await["items"].clone();
    let sums: Vec<_> = orders.as_array().expect("a list").iter().map(|one| one["payments"][0]["money"]["amount"].clone()).collect();
    assert_eq!(sums, [json!(600), json!(900)]);
    paid.market.close().await;
}

#[actix_web::test]
async fn where_the_bank_asks_it_is_confirmed_on_stripes_page_and_nothing_is_other_before() {
    let paid = paid().await;
    let change = format!("{}/change", paid.path);
    paid.market.stripe.with(|world| world.asks_bank = true);
    let shown = paid.preview(&paid.patron).await;
    let answer = paid.ann.post(&change, Paid::agreed(&paid.patron, &shown)).await;
    assert!(answer["confirm_at"].as_str().is_some_and(|page| page.starts_with("https://invoice.example/")), "{answer}");
    assert_eq!((&answer["subscription"]["plan"]["name"], paid.worth("rooms.create").await), (&json!("Member"), json!(false)));
    let again = paid.ann.post(&change, Paid::agreed(&paid.patron, &shown)).await;
    assert_eq!(again["confirm_at"], answer["confirm_at"], "who closed the page finds it again");
    let waiting = paid.market.stripe.asked("POST /v1/subscriptions/").pop().expect("asked");
    assert_eq!((waiting.params["payment_behavior"].as_str(), waiting.had_effect), ("pending_if_incomplete", true));
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    let now = own(&paid.ann).await;
    assert_eq!((&now["plan"]["name"], &now["past_due_since"], &now["status"]), (&json!("Member"), &Value::Null, &json!("active")));
    assert_eq!(paid.market.owner.get("/api/v1/admin/figures").await["months"][0]["failed"], 0, "no period went unpaid");

    let id = paid.there()["id"].as_str().expect("an id").to_owned();
    paid.market.stripe.with(|world| world.confirm(&id));
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    assert_eq!((&own(&paid.ann).await["plan"]["name"], paid.worth("rooms.create").await), (&json!("Patron"), json!(true)));
    let newest = paid.ann.get("/api/v1/me/orders").await["items"][0].clone();
    assert_eq!((&newest["change"], &newest["payments"][0]["money"]["amount"]), (&json!(true), &json!(1_200)));
    paid.market.close().await;
}

#[actix_web::test]
async fn looking_makes_nothing_at_stripe() {
    let paid = paid().await;
    paid.market.stripe.forget_log();
    for price in [&paid.patron, &paid.friend] {
        paid.preview(price).await;
    }
    let changing: Vec<_> = paid.market.stripe.log().into_iter().filter(|asked| asked.had_effect).map(|asked| asked.what).collect();
    assert_eq!(changing, ["POST /v1/invoices/create_preview"], "which is a question, whatever its method");
    let products = paid.market.stripe.with(|world| (world.all("product").len(), world.all("price").len()));
    assert_eq!(products, (1, 1), "of what is paid for alone");
    paid.market.close().await;
}
