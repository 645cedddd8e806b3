//! The client against the double: every call that it makes, and every way in which one can fail.

use rialto::billing::stripe::views::Answer;
use rialto::billing::stripe::{Call, Client, Every, Failure, Tags};

use super::{checkout, double, on_sale, tags};
use crate::support::NOON;
use crate::support::stripe::{Fault, KEY};

fn session(answer: Answer) -> rialto::billing::stripe::views::Session {
    let Answer::Session(session) = answer else { panic!("{answer:?}") };
    session
}

#[actix_web::test]
async fn a_subscription_lives_from_the_checkout_to_its_end() {
    let (stripe, _, client) = double().await;
    let (customer, price) = on_sale(&client, Some(Every::Month)).await;
    let mut visit = checkout(&customer, &price, true);
    visit.trial_days = 7;
    let opened = session(Call::OpenCheckout(visit).make(&client, "order/1/1").await.expect("opened"));
    assert_eq!((opened.status.as_deref(), opened.payment_status.as_str(), opened.mode.as_str()), (Some("open"), "unpaid", "subscription"));
    assert!(opened.url.is_some_and(|url| url.contains(&opened.id)));
    stripe.with(|world| world.pay(&opened.id));
    let paid = client.session(&opened.id).await.expect("a session");
    assert_eq!(
        (paid.status.as_deref(), paid.payment_status.as_str(), paid.client_reference_id.as_deref()),
        (Some("complete"), "no_payment_required", Some("ord_1"))
    );
    let id = paid.subscription.expect("it renews");
    let now = client.subscription(&id).await.expect("a subscription");
    assert_eq!((now.status.as_str(), now.metadata.as_ref().map(|tags| tags["order"].as_str())), ("trialing", Some("ord_1")));
    assert_eq!(now.items.data[0].current_period_end, NOON / 1_000 + 7 * 86_400);

    stripe.with(|world| world.renew(&id, false));
    assert_eq!(client.subscription(&id).await.expect("a subscription").status, "past_due");
    let bills = client.invoices(&id).await.expect("bills").data;
    let states: Vec<_> = bills.iter().map(|bill| (bill.status.as_deref(), bill.total, bill.attempt_count)).collect();
    assert_eq!(states, [(Some("open"), 1_200, 1), (Some("paid"), 0, 1)], "the newest first");
    stripe.with(|world| world.retry(&id));
    let bill = client.invoice(bills[0].id.as_deref().expect("an id")).await.expect("a bill");
    assert_eq!((bill.status.as_deref(), bill.amount_paid), (Some("paid"), 1_200));
    assert_eq!(bill.parent.and_then(|parent| parent.subscription_details).map(|of| of.subscription), Some(id.clone()));
    let intent = bill.payments.expect("asked for").data[0].payment.payment_intent.clone().expect("by card");
    assert_eq!(client.payment_intent(&intent).await.expect("a payment").amount_received, 1_200);

    let after = async |call: Call, key: &str| {
        call.make(&client, key).await.expect("done");
        client.subscription(&id).await.expect("a subscription")
    };
    let ending = after(Call::EndWithPeriod { subscription: id.clone(), ends: true }, "end/1").await;
    assert!(ending.cancel_at_period_end && ending.cancel_at.is_some());
    let going = after(Call::EndWithPeriod { subscription: id.clone(), ends: false }, "end/2").await;
    assert!(!going.cancel_at_period_end && going.cancel_at.is_none());
    let over = after(Call::EndNow { subscription: id.clone() }, "end/3").await;
    assert_eq!((over.status.as_str(), over.ended_at), ("canceled", Some(NOON / 1_000)));
    assert!(Call::EndNow { subscription: id.clone() }.make(&client, "end/4").await.expect_err("over").is_missing());
    let all = client.subscriptions(None).await.expect("a list");
    assert_eq!((all.data.len(), all.has_more, all.data[0].status.as_str()), (1, false, "canceled"));
}

#[actix_web::test]
async fn what_is_paid_once_is_paid_refunded_and_disputed() {
    let (stripe, _, client) = double().await;
    let (customer, price) = on_sale(&client, None).await;
    let opened = session(Call::OpenCheckout(checkout(&customer, &price, false)).make(&client, "order/1/1").await.expect("opened"));
    stripe.with(|world| world.pay(&opened.id));
    let intent = client.session(&opened.id).await.expect("a session").payment_intent.expect("paid");
    let payment = client.payment_intent(&intent).await.expect("a payment");
    assert_eq!((payment.status.as_str(), payment.amount_received, payment.currency.as_str()), ("succeeded", 1_200, "eur"));
    assert_eq!(payment.metadata.map(|tags| tags["order"].clone()).as_deref(), Some("ord_1"));
    let first = stripe.with(|world| world.give_back(&intent, 200));
    stripe.with(|world| world.give_back(&intent, 1_000));
    let first = client.refund(&first).await.expect("a refund");
    assert_eq!((first.amount, first.status.as_deref(), first.payment_intent.as_deref()), (200, Some("succeeded"), Some(intent.as_str())));
    let charge = client.charge(payment.latest_charge.as_deref().expect("a charge")).await.expect("a charge");
    assert_eq!((charge.amount_refunded, charge.refunded, charge.disputed), (1_200, true, Some(false)));
    let dispute = stripe.with(|world| world.dispute(&intent));
    assert_eq!(client.dispute(&dispute).await.expect("a dispute").status, "needs_response");
    stripe.with(|world| world.close_dispute(&dispute, "lost"));
    let lost = client.dispute(&dispute).await.expect("a dispute");
    assert_eq!((lost.status.as_str(), lost.payment_intent.as_deref()), ("lost", Some(intent.as_str())));
}

#[actix_web::test]
async fn a_visit_that_nobody_paid_is_over_and_a_paid_one_cannot_be_ended() {
    let (stripe, _, client) = double().await;
    let (customer, price) = on_sale(&client, None).await;
    let first = session(Call::OpenCheckout(checkout(&customer, &price, false)).make(&client, "order/1/1").await.expect("opened"));
    let expire = |id: &str, key: &'static str| {
        let (call, client) = (Call::ExpireCheckout { session: id.to_owned() }, client.clone());
        async move { call.make(&client, key).await }
    };
    let over = session(expire(&first.id, "expire/1").await.expect("over"));
    assert_eq!((over.status.as_deref(), over.url), (Some("expired"), None));
    let second = session(Call::OpenCheckout(checkout(&customer, &price, false)).make(&client, "order/1/2").await.expect("opened"));
    assert_ne!(first.id, second.id, "another key");
    stripe.with(|world| world.pay(&second.id));
    assert!(matches!(expire(&second.id, "expire/2").await, Err(Failure::Refused { status: 400, .. })));
}

#[actix_web::test]
async fn a_price_is_found_again_by_its_name() {
    let (_stripe, _, client) = double().await;
    let (_, price) = on_sale(&client, Some(Every::Month)).await;
    assert_eq!(client.price_by_key("rialto_9").await.expect("a list").map(|price| price.id), Some(price));
    assert_eq!(client.price_by_key("rialto_11").await.expect("a list"), None);
}

#[actix_web::test]
async fn the_account_its_endpoint_and_its_portal() {
    let (stripe, hand, client) = double().await;
    assert!(!client.balance().await.expect("a balance").livemode);
    assert_eq!(client.account().await.expect("an account").id, "acct_1");
    let (customer, _) = on_sale(&client, None).await;
    assert!(client.portal(&customer, "https://town.example/settings").await.expect("a way in").url.contains("portal"));
    let made = client.make_endpoint("https://town.example/hooks/stripe", &["invoice.paid"], &tags("x")).await.expect("made");
    assert!(made.secret.as_deref().is_some_and(|secret| secret.starts_with("whsec_")));
    assert_eq!(made.api_version, stripe.asked("POST /v1/webhook_endpoints")[0].version, "events come in the version that we speak");
    assert!(matches!(client.make_endpoint("http://127.0.0.1/hooks", &["invoice.paid"], &Tags::new()).await, Err(Failure::Refused { .. })));
    let listed = client.endpoints().await.expect("a list");
    assert_eq!((listed.len(), listed[0].secret.as_deref()), (1, None), "the secret is told once");
    client.remove_endpoint(&made.id).await.expect("removed");
    assert!(client.endpoints().await.expect("a list").is_empty());

    hand.fetch_add(5_000, std::sync::atomic::Ordering::Relaxed);
    let change = Call::ChangeProduct { id: "rialto_7".to_owned(), name: "Good friends".to_owned(), is_active: true, tags: tags("1") };
    let Answer::Product(product) = change.make(&client, "check/1").await.expect("changed") else { panic!("a product") };
    assert_eq!(product.updated, NOON / 1_000 + 5, "what time it is there");
}

#[actix_web::test]
async fn events_are_listed_page_by_page() {
    let (stripe, _, client) = double().await;
    let (customer, price) = on_sale(&client, Some(Every::Month)).await;
    let opened = session(Call::OpenCheckout(checkout(&customer, &price, true)).make(&client, "order/1/1").await.expect("opened"));
    stripe.with(|world| world.pay(&opened.id));
    let id = client.session(&opened.id).await.expect("a session").subscription.expect("it renews");
    stripe.with(|world| (0..40).for_each(|_| world.renew(&id, true)));
    let all = stripe.with(|world| world.events.len());
    assert!(all > 100);
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = client.events(NOON / 1_000, after.as_deref()).await.expect("a page");
        after = page.data.last().map(|event| event.id.clone());
        seen.extend(page.data.into_iter().map(|event| event.id));
        if !page.has_more {
            break;
        }
    }
    assert_eq!(seen.len(), all);
    assert!(client.events(NOON / 1_000 + 1, None).await.expect("a page").data.is_empty());
}

#[actix_web::test]
async fn after_an_unknown_outcome_the_same_call_under_the_same_key_is_done_once() {
    for fault in
        [Fault::DoneHangup, Fault::DoneCut, Fault::DoneHtml, Fault::Hangup, Fault::Html(502), Fault::Status(500), Fault::Status(503)]
    {
        let (stripe, _, client) = double().await;
        let (customer, price) = on_sale(&client, None).await;
        let call = Call::OpenCheckout(checkout(&customer, &price, false));
        stripe.fail("POST /v1/checkout/sessions", fault.clone());
        let failure = call.make(&client, "order/1/1").await.expect_err("no answer");
        assert!(matches!(failure, Failure::Unknown { .. }), "{fault:?}: {failure}");
        let first = call.make(&client, "order/1/1").await.expect("answered");
        assert_eq!(call.make(&client, "order/1/1").await.expect("answered"), first, "{fault:?}");
        let asked = stripe.asked("POST /v1/checkout/sessions");
        assert_eq!((asked.len(), asked.iter().filter(|asked| asked.had_effect).count()), (3, 1), "{fault:?}");
        assert!(
            asked.iter().all(|asked| asked.key.as_deref() == Some("order/1/1")),
            "{fault:?}: a write is never tried again by the library"
        );
        assert_eq!(stripe.with(|world| world.all("checkout.session").len()), 1, "{fault:?}");
    }
}

#[actix_web::test]
async fn what_is_refused_and_what_is_only_too_early_are_told_apart() {
    let (stripe, _, client) = double().await;
    let (customer, price) = on_sale(&client, None).await;
    let call = Call::OpenCheckout(checkout(&customer, &price, false));
    for status in [409, 429] {
        stripe.fail("POST /v1/checkout/sessions", Fault::Status(status));
        assert!(matches!(call.make(&client, "order/1/1").await, Err(Failure::Later { .. })), "{status}");
    }
    for status in [401, 403] {
        stripe.fail("POST /v1/checkout/sessions", Fault::Status(status));
        assert!(matches!(call.make(&client, "order/1/1").await, Err(Failure::Key { .. })), "{status}");
    }
    call.make(&client, "order/1/1").await.expect("nothing was done before");
    let other = Call::OpenCheckout(checkout(&customer, &price, false)).clone();
    let Call::OpenCheckout(mut changed) = other else { panic!("a checkout") };
    changed.success_url = "https://town.example/elsewhere".to_owned();
    let refused = Call::OpenCheckout(changed).make(&client, "order/1/1").await.expect_err("other parameters");
    assert!(matches!(&refused, Failure::Refused { status: 400, .. }), "{refused}");
    let short = {
        let mut short = checkout(&customer, &price, false);
        short.expires_at_s -= 1;
        Call::OpenCheckout(short)
    };
    assert!(matches!(short.make(&client, "order/2/1").await, Err(Failure::Refused { status: 400, .. })), "less than half an hour");
    assert!(client.subscription("sub_none").await.expect_err("none").is_missing());
    let stranger = Client::new("sk_test_somebody_else", Some(&stripe.url())).expect("a client");
    let refused = stranger.balance().await.expect_err("refused");
    assert!(matches!(refused, Failure::Key { .. }) && !format!("{refused} {stranger:?}").contains("somebody_else"));
    assert!(Client::new("sk_test_\n", None).is_err());
}

#[actix_web::test]
async fn a_read_is_tried_again_and_in_the_end_it_is_not() {
    let (stripe, _, client) = double().await;
    for fault in [Fault::Status(500), Fault::Hangup] {
        stripe.fail("GET /v1/balance", fault);
    }
    client.balance().await.expect("the third time");
    assert_eq!(stripe.asked("GET /v1/balance").len(), 3);
    (0..3).for_each(|_| stripe.fail("GET /v1/balance", Fault::Status(503)));
    assert!(matches!(client.balance().await, Err(Failure::Unknown { .. })));
    assert_eq!(stripe.asked("GET /v1/balance").len(), 6);
}

#[actix_web::test]
async fn nothing_is_waited_for_longer_than_ten_seconds() {
    let (stripe, _, client) = double().await;
    let (customer, price) = on_sale(&client, None).await;
    stripe.fail("POST /v1/checkout/sessions", Fault::Silence);
    let began = std::time::Instant::now();
    let failure = Call::OpenCheckout(checkout(&customer, &price, false)).make(&client, "order/1/1").await.expect_err("nothing");
    assert!(matches!(failure, Failure::Unknown { .. }), "{failure}");
    assert!((9..15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[actix_web::test]
async fn every_request_names_the_key_the_version_and_nothing_that_is_unknown() {
    let (stripe, _, client) = double().await;
    let (customer, price) = on_sale(&client, Some(Every::Year)).await;
    Call::OpenCheckout(checkout(&customer, &price, true)).make(&client, "order/1/1").await.expect("opened");
    let log = stripe.log();
    let versions: std::collections::BTreeSet<_> = log.iter().map(|asked| asked.version.clone()).collect();
    assert_eq!(versions, [Some("2026-09-30.endive".to_owned())].into(), "raising the library raises the version: read its changes first");
    assert_eq!(log[0].params["preferred_locales[0]"], "fr");
    assert_eq!(log.last().expect("asked").params["subscription_data[metadata][order]"], "ord_1");
    assert_eq!(
        Client::new(KEY, Some(&format!("{}/", stripe.url()))).expect("a client").balance().await.map(|all| all.livemode),
        Ok(false),
        "a stroke at the end"
    );
}
