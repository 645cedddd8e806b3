//! The double's answers in the library's own types, which are stricter than our views: so that the double cannot drift into agreeing with us alone.

use rialto::billing::stripe::{Call, Duration, Every};
use serde_json::Value;
use stripe_billing::{BillingPortalSession, Invoice, Subscription};
use stripe_core::{Balance, Charge, Customer, Dispute, Event, PaymentIntent, Refund};
use stripe_misc::WebhookEndpoint;
use stripe_shared::{CheckoutSession, Coupon, Price, Product};
use stripe_types::List;

use super::{checkout, double, on_sale, tags};
use crate::support::stripe::KEY;

#[actix_web::test]
async fn everything_that_the_double_says_can_be_read_by_the_library() {
    let (stripe, _, client) = double().await;
    let (customer, monthly) = on_sale(&client, Some(Every::Month)).await;
    let once = Call::MakePrice {
        product: "rialto_7".to_owned(),
        currency: "eur".to_owned(),
        minor: 5_000,
        every: None,
        lookup_key: "rialto_10".to_owned(),
        tags: tags("x"),
    };
    let once = once.make(&client, "price/10").await.expect("a price").id().to_owned();
    let renewing =
        Call::OpenCheckout(checkout(&customer, &monthly, true)).make(&client, "order/1/1").await.expect("opened").id().to_owned();
    let single = Call::OpenCheckout(checkout(&customer, &once, false)).make(&client, "order/2/1").await.expect("opened").id().to_owned();
    let coupon = Call::MakeCoupon {
        id: "rialto_9".to_owned(),
        percent: Some(50),
        amount: None,
        duration: Duration::Months(3),
        products: vec!["rialto_7".to_owned()],
        tags: tags("x"),
    };
    coupon.make(&client, "coupon/9").await.expect("a coupon");
    stripe.with(|world| {
        world.pay(&renewing);
        world.pay(&single);
    });
    let subscription = client.session(&renewing).await.expect("a session").subscription.expect("it renews");
    let intent = client.session(&single).await.expect("a session").payment_intent.expect("paid");
    stripe.with(|world| world.renew(&subscription, false));
    stripe.with(|world| world.give_back(&intent, 100));
    stripe.with(|world| world.dispute(&intent));
    client.make_endpoint("https://town.example/hooks/stripe", &["invoice.paid"], &tags("x")).await.expect("made");

    let mut read = 0;
    let mut check = |object: &str, fits: fn(&str) -> bool| {
        for thing in stripe.with(|world| world.all(object)) {
            assert!(fits(&thing.to_string()), "{object}: {thing}");
            read += 1;
        }
    };
    check("customer", is::<Customer>);
    check("product", is::<Product>);
    check("price", is::<Price>);
    check("coupon", is::<Coupon>);
    check("checkout.session", is::<CheckoutSession>);
    check("subscription", is::<Subscription>);
    check("invoice", is::<Invoice>);
    check("payment_intent", is::<PaymentIntent>);
    check("charge", is::<Charge>);
    check("refund", is::<Refund>);
    check("dispute", is::<Dispute>);
    check("webhook_endpoint", is::<WebhookEndpoint>);
    assert!(read >= 15, "{read}");
    for event in stripe.with(|world| world.events.clone()) {
        assert!(is::<Event>(&event.to_string()), "{event}");
    }

    let http = reqwest::Client::new();
    let ask = |method: reqwest::Method, path: &str, body: String| {
        http.request(method, format!("{}/v1/{path}", stripe.url())).bearer_auth(KEY).body(body)
    };
    let list =
        ask(reqwest::Method::GET, "subscriptions?limit=1", String::new()).send().await.expect("answered").text().await.expect("text");
    assert!(is::<List<Subscription>>(&list), "{list}");
    let balance = ask(reqwest::Method::GET, "balance", String::new()).send().await.expect("answered").text().await.expect("text");
    assert!(is::<Balance>(&balance), "{balance}");
    let portal = ask(reqwest::Method::POST, "billing_portal/sessions", format!("customer={customer}"));
    let portal = portal.send().await.expect("answered").text().await.expect("text");
    assert!(is::<BillingPortalSession>(&portal), "{portal}");
    let refused = ask(reqwest::Method::POST, "customers", "nam=Ann".to_owned()).send().await.expect("answered");
    assert_eq!(refused.status(), 400);
    let refused: Value = serde_json::from_str(&refused.text().await.expect("text")).expect("json");
    assert_eq!(refused["error"]["code"], "parameter_unknown", "a parameter that it does not know is refused");
}

#[test]
fn a_subscription_that_lacks_what_nobody_reads_is_refused_by_the_library() {
    let bare = r#"{"id":"sub_1","object":"subscription","status":"active"}"#;
    assert!(!is::<Subscription>(bare), "the test above can fail");
}

fn is<T: miniserde::Deserialize>(json: &str) -> bool {
    miniserde::json::from_str::<T>(json).is_ok()
}
