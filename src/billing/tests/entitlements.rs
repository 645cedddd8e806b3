//! Entitlements by type: how two combine, and where each ends.

use crate::billing::model::{Entitlements, PlanBadge};
use crate::error::Error;
use crate::settings::CallsOpenTo;

fn entitlements(json: serde_json::Value) -> Entitlements {
    serde_json::from_value(json).expect("entitlements")
}

fn together(one: serde_json::Value, other: serde_json::Value) -> serde_json::Value {
    let mut all = entitlements(one);
    all.take_in(&entitlements(other));
    serde_json::to_value(all).expect("json")
}

#[test]
fn on_the_wire_each_has_its_name_and_none_is_said() {
    let told = serde_json::to_string(&Entitlements::of_first_plan()).expect("json");
    let expected = r#"{"calls.start":true,"calls.video":true,"calls.group_size":null,"calls.max_minutes":null,"calls.record":false,"upload.max_mb":null,"storage.quota_mb":null,"rooms.create":false,"badge":null}"#;
    assert_eq!(told, expected);
    assert!(serde_json::from_str::<Entitlements>(r#"{"calls.fly":true}"#).is_err(), "what does not exist is refused");
}

#[test]
fn a_limit_is_the_most_generous_of_those_that_allow_calls() {
    let limit = |one, other| together(one, other)["calls.group_size"].clone();
    let of = |size: Option<u32>| serde_json::json!({ "calls.start": true, "calls.group_size": size });
    assert_eq!(limit(of(Some(4)), of(Some(9))), 9);
    assert!(limit(of(Some(4)), of(None)).is_null(), "no limit is the most generous");
    assert_eq!(limit(of(Some(4)), serde_json::json!({ "rooms.create": true })), 4, "a plan without calls lifts no limit of calls");
    assert_eq!(limit(serde_json::json!({ "calls.group_size": 50 }), of(Some(4))), 4, "nor does one that only names a limit");
}

#[test]
fn allowances_are_the_greatest_and_none_says_nothing() {
    let both = together(serde_json::json!({ "upload.max_mb": 20 }), serde_json::json!({ "storage.quota_mb": 5 }));
    assert_eq!((&both["upload.max_mb"], &both["storage.quota_mb"]), (&serde_json::json!(20), &serde_json::json!(5)));
    assert_eq!(together(serde_json::json!({ "upload.max_mb": 20 }), serde_json::json!({ "upload.max_mb": 30 }))["upload.max_mb"], 30);
}

#[test]
fn with_calls_for_all_nobody_is_worse_off_with_a_plan() {
    let mut plan = entitlements(serde_json::json!({ "calls.start": true, "calls.max_minutes": 60 }));
    plan.take_in(&Entitlements::of_everyone(CallsOpenTo::AllMembers));
    assert_eq!((plan.calls_start, plan.calls_video, plan.calls_max_minutes), (true, true, None));
    assert_eq!(Entitlements::of_everyone(CallsOpenTo::PayingMembers), Entitlements::default());
}

#[test]
fn every_number_holds_at_its_edges() {
    for (name, code, least, most) in [
        ("calls.group_size", "billing.group_size", 2, 1_000),
        ("calls.max_minutes", "billing.minutes", 1, 10_080),
        ("upload.max_mb", "billing.upload", 1, 100_000),
        ("storage.quota_mb", "billing.quota", 1, 10_000_000),
    ] {
        let with = |value: u32| entitlements(serde_json::json!({ name: value })).checked();
        assert!(with(least).is_ok() && with(most).is_ok(), "{name}");
        for wrong in [least - 1, most + 1] {
            assert_eq!(with(wrong).expect_err(name).code(), code, "{wrong}");
        }
    }
    let badge = |text: &str, hue| Entitlements { badge: Some(PlanBadge { text: text.to_owned(), hue }), ..Entitlements::default() };
    assert_eq!(badge("  Friend  ", 11).checked().expect("fits").badge.expect("a badge").text, "Friend");
    assert!(badge(&"é".repeat(24), 0).checked().is_ok());
    assert_eq!(badge(&"é".repeat(25), 0).checked().expect_err("long").code(), "billing.badge_text");
    assert_eq!(badge(" ", 0).checked().expect_err("empty").code(), "billing.badge_text");
    for hue in [-1, 12] {
        assert_eq!(badge("Friend", hue).checked().expect_err("no such colour").code(), "billing.badge_hue");
    }
    let Err(Error::Invalid(all)) = (Entitlements { calls_group_size: Some(0), ..badge("", 12) }).checked() else { panic!("three wrong") };
    assert_eq!(all.len(), 3, "all are told at once");
}
