//! What is read of an event, and what it asks of us.

use serde_json::{Value, json};

use crate::billing::stripe::envelope::{EVENTS, Envelope, Object, Verdict, Why, is_id, judge, read};

fn event() -> Value {
    json!({
        "id": "evt_1", "object": "event", "type": "customer.subscription.updated", "created": 1_793_534_400, "livemode": false,
        "api_version": "2026-09-30.endive", "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null },
        "data": { "object": { "id": "sub_1", "object": "subscription", "status": "active" } }
    })
}

fn of(kind: &str, id: Option<&str>) -> Envelope {
    let mut event = event();
    event["type"] = json!(kind);
    event["data"]["object"] = id.map_or_else(|| json!({}), |id| json!({ "id": id }));
    read(event.to_string().as_bytes()).expect("an event")
}

#[test]
fn the_outside_is_read_and_nothing_else_is_needed() {
    let read_event = read(event().to_string().as_bytes()).expect("an event");
    let expected = Envelope {
        id: "evt_1".to_owned(),
        kind: "customer.subscription.updated".to_owned(),
        created_s: 1_793_534_400,
        account: None,
        is_live: false,
        api_version: Some("2026-09-30.endive".to_owned()),
        object: Some("sub_1".to_owned()),
    };
    assert_eq!(read_event, expected);
    let mut bare = event();
    for field in ["object", "api_version", "pending_webhooks", "request"] {
        bare.as_object_mut().expect("an object").remove(field);
    }
    assert_eq!(read(bare.to_string().as_bytes()), Some(Envelope { api_version: None, ..expected }), "as an old version sends it");
}

#[test]
fn what_cannot_be_read_is_no_event() {
    let with = |pointer: &str, value: Value| {
        let mut event = event();
        *event.pointer_mut(pointer).expect("a field") = value;
        event.to_string()
    };
    for body in [
        String::new(),
        "<html>".to_owned(),
        "[]".to_owned(),
        r#"{"id":"evt_1"}"#.to_owned(),
        with("/id", json!("")),
        with("/id", json!("evt_1\u{0}")),
        with("/id", json!("e".repeat(256))),
        with("/type", json!("a b")),
        with("/created", json!("now")),
        with("/livemode", json!(null)),
        with("/data", json!(null)),
        with("/data/object/id", json!("sub_1/../../customers/cus_1")),
        with("/data/object/id", json!("sub_1?expand[]=customer")),
    ] {
        assert_eq!(read(body.as_bytes()), None, "{body}");
    }
    assert!(read(with("/id", json!("e".repeat(255))).as_bytes()).is_some(), "the longest id");
}

#[test]
fn every_event_that_we_ask_for_names_an_object_to_fetch() {
    for kind in EVENTS {
        assert!(matches!(judge(&of(kind, Some("x_1")), false, None), Verdict::Fetch(_)), "{kind}");
    }
    for (kind, object) in [
        ("checkout.session.expired", Object::Session("x_1".to_owned())),
        ("customer.subscription.deleted", Object::Subscription("x_1".to_owned())),
        ("invoice.paid", Object::Invoice("x_1".to_owned())),
        ("payment_intent.succeeded", Object::PaymentIntent("x_1".to_owned())),
        ("charge.refunded", Object::Charge("x_1".to_owned())),
        ("charge.refund.updated", Object::Refund("x_1".to_owned())),
        ("charge.dispute.closed", Object::Dispute("x_1".to_owned())),
        ("refund.failed", Object::Refund("x_1".to_owned())),
        ("customer.subscription.of_the_year_2030", Object::Subscription("x_1".to_owned())),
    ] {
        assert_eq!(judge(&of(kind, Some("x_1")), false, None), Verdict::Fetch(object), "{kind}");
    }
}

#[test]
fn what_is_not_ours_has_no_effect_and_says_why() {
    let paid = of("invoice.paid", Some("in_1"));
    let live = Envelope { is_live: true, ..paid.clone() };
    let theirs = Envelope { account: Some("acct_2".to_owned()), ..paid.clone() };
    let why = |event: &Envelope, is_live, own| match judge(event, is_live, own) {
        Verdict::Nothing(why) => Some(why),
        Verdict::Fetch(_) => None,
    };
    for (what, event, is_live, own, expected) in [
        ("ours", &paid, false, None, None),
        ("real money where test money is expected", &live, false, None, Some(Why::WrongMode)),
        ("test money where real money is expected", &paid, true, None, Some(Why::WrongMode)),
        ("real money where it is expected", &live, true, None, None),
        ("a connected account", &theirs, false, None, Some(Why::ForeignAccount)),
        ("another account than ours", &theirs, false, Some("acct_1"), Some(Why::ForeignAccount)),
        ("our account by its name", &theirs, false, Some("acct_2"), None),
        ("of a kind that is unknown", &of("treasury.moved", Some("x_1")), false, None, Some(Why::Unconcerning)),
        ("of a kind that only begins alike", &of("invoiceitem.created", Some("ii_1")), false, None, Some(Why::Unconcerning)),
        ("without an object", &of("invoice.upcoming", None), false, None, Some(Why::Unconcerning)),
    ] {
        assert_eq!(why(event, is_live, own), expected, "{what}");
    }
}

#[test]
fn an_id_is_letters_digits_and_underscores() {
    assert!(is_id("cs_test_a1B2") && is_id(&"x".repeat(255)));
    for wrong in ["", "a b", "a/b", "a.b", "é", "a\u{0}", &"x".repeat(256)] {
        assert!(!is_id(wrong), "{wrong}");
    }
}
