//! What grants come to, against a model that looks at every instant by itself: comps, gifts, manual ones, overlapping, ended, revoked, future.

use std::sync::Arc;

use proptest::prelude::*;

use crate::billing::model::{Entitlements, Held, Period, PlanBadge, Rules, Standing, Verification, resolve};
use crate::clock::Millis;
use crate::ids::{MemberId, PlanId};
use crate::members::BadgeReason;
use crate::settings::{CallsOpenTo, VerifiedBadge};

/// Instants of the tests; every boundary is one of them.
const INSTANTS: std::ops::Range<Millis> = 0..40;

fn plan_worth() -> impl Strategy<Value = Entitlements> {
    let number = || proptest::option::of(1..9_u32);
    let badge = proptest::option::of((0..12_i16).prop_map(|hue| PlanBadge { text: format!("b{hue}"), hue }));
    (any::<[bool; 4]>(), number(), number(), number(), number(), badge).prop_map(|(rights, group, minutes, upload, quota, badge)| {
        Entitlements {
            calls_start: rights[0],
            calls_video: rights[1],
            calls_record: rights[2],
            rooms_create: rights[3],
            calls_group_size: group,
            calls_max_minutes: minutes,
            upload_max_mb: upload,
            storage_quota_mb: quota,
            badge,
        }
    })
}

/// Plans with places, some shared, and grants of them with any period.
fn grants() -> impl Strategy<Value = Vec<Held>> {
    let plans = proptest::collection::vec((plan_worth(), 0..3_i32), 1..5);
    let boundary = || proptest::option::of(INSTANTS);
    let periods = proptest::collection::vec((any::<prop::sample::Index>(), INSTANTS, boundary(), boundary()), 0..8);
    (plans, periods).prop_map(|(plans, periods)| {
        let held = |(which, starts_at, ends_at, revoked_at): (prop::sample::Index, _, _, _)| {
            let n = which.index(plans.len());
            let (worth, position) = plans[n].clone();
            let plan = PlanId(i64::try_from(n).expect("few") + 1);
            Held { plan, position, entitlements: Arc::new(worth), period: Period { starts_at, ends_at, revoked_at } }
        };
        periods.into_iter().map(held).collect()
    })
}

/// Does it hold now? Said once more, in other words.
fn holds(held: &Held, now: Millis) -> bool {
    let is_over = |at: Option<Millis>| matches!(at, Some(at) if now >= at);
    now >= held.period.starts_at && !is_over(held.period.ends_at) && !is_over(held.period.revoked_at)
}

/// The model: each entitlement looked up by itself among the grants that hold.
fn naive(grants: &[Held], now: Millis) -> Entitlements {
    let mut now_held: Vec<&Held> = grants.iter().filter(|held| holds(held, now)).collect();
    now_held.sort_by_key(|held| (held.position, held.plan));
    let has = |right: fn(&Entitlements) -> bool| now_held.iter().any(|held| right(&held.entitlements));
    let greatest = |of: fn(&Entitlements) -> Option<u32>| now_held.iter().filter_map(|held| of(&held.entitlements)).max();
    let limit = |of: fn(&Entitlements) -> Option<u32>| {
        let all: Vec<Option<u32>> =
            now_held.iter().filter(|held| held.entitlements.calls_start).map(|held| of(&held.entitlements)).collect();
        if all.contains(&None) { None } else { all.into_iter().flatten().max() }
    };
    Entitlements {
        calls_start: has(|e| e.calls_start),
        calls_video: has(|e| e.calls_video),
        calls_record: has(|e| e.calls_record),
        rooms_create: has(|e| e.rooms_create),
        calls_group_size: limit(|e| e.calls_group_size),
        calls_max_minutes: limit(|e| e.calls_max_minutes),
        upload_max_mb: greatest(|e| e.upload_max_mb),
        storage_quota_mb: greatest(|e| e.storage_quota_mb),
        badge: now_held.iter().find_map(|held| held.entitlements.badge.clone()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn it_is_what_the_model_says_at_every_instant(grants in grants()) {
        for now in INSTANTS {
            let resolved = resolve(&grants, now);
            prop_assert_eq!(&resolved.entitlements, &naive(&grants, now), "at {}", now);
            let mut plans: Vec<PlanId> = grants.iter().filter(|held| holds(held, now)).map(|held| held.plan).collect();
            plans.sort_unstable();
            plans.dedup();
            prop_assert_eq!(resolved.plans, plans);
        }
    }

    #[test]
    fn until_it_may_change_it_does_not(grants in grants(), now in INSTANTS) {
        let first = resolve(&grants, now);
        let until = first.changes_at.unwrap_or(INSTANTS.end + 1);
        prop_assert!(until > now);
        for later in now..until {
            let then = resolve(&grants, later);
            prop_assert_eq!((&then.entitlements, &then.plans, then.badge_since), (&first.entitlements, &first.plans, first.badge_since));
        }
        if first.changes_at.is_none() {
            prop_assert_eq!(resolve(&grants, Millis::MAX).entitlements, first.entitlements);
        }
    }

    #[test]
    fn the_order_of_rows_means_nothing(grants in grants(), now in INSTANTS, turned in any::<prop::sample::Index>()) {
        let mut other = grants.clone();
        other.rotate_left(if grants.is_empty() { 0 } else { turned.index(grants.len()) });
        prop_assert_eq!(resolve(&other, now), resolve(&grants, now));
        other.reverse();
        prop_assert_eq!(resolve(&other, now), resolve(&grants, now));
    }

    #[test]
    fn one_more_grant_takes_nothing_away(grants in grants(), more in grants(), now in INSTANTS) {
        let before = resolve(&grants, now).entitlements;
        let after = resolve(&[grants, more].concat(), now).entitlements;
        for (had, has) in [
            (before.calls_start, after.calls_start),
            (before.calls_video, after.calls_video),
            (before.calls_record, after.calls_record),
            (before.rooms_create, after.rooms_create),
        ] {
            prop_assert!(has || !had);
        }
        prop_assert!(after.upload_max_mb >= before.upload_max_mb && after.storage_quota_mb >= before.storage_quota_mb);
        let is_as_generous = |had: Option<u32>, has: Option<u32>| has.is_none() || had.is_some_and(|had| has >= Some(had));
        if before.calls_start {
            prop_assert!(is_as_generous(before.calls_group_size, after.calls_group_size));
            prop_assert!(is_as_generous(before.calls_max_minutes, after.calls_max_minutes));
        }
    }
}

fn held(period: Period, worth: Entitlements) -> Held {
    Held { plan: PlanId(1), position: 0, entitlements: Arc::new(worth), period }
}

#[test]
fn a_grant_holds_from_its_first_instant_to_before_its_last() {
    let grants = [held(Period { starts_at: 10, ends_at: Some(20), revoked_at: None }, Entitlements::of_first_plan())];
    let at = |now| resolve(&grants, now);
    assert_eq!([9, 10, 19, 20].map(|now| at(now).entitlements.calls_start), [false, true, true, false]);
    assert_eq!([9, 10, 19, 20].map(|now| at(now).changes_at), [Some(10), Some(20), Some(20), None]);
    let revoked = [held(Period { starts_at: 10, ends_at: None, revoked_at: Some(15) }, Entitlements::of_first_plan())];
    assert_eq!([14, 15].map(|now| resolve(&revoked, now).entitlements.calls_start), [true, false]);
}

#[test]
fn who_is_verified_is_the_operators_rule_and_says_why() {
    let badge = Entitlements { badge: Some(PlanBadge { text: "Friend".to_owned(), hue: 4 }), ..Entitlements::default() };
    let grants = [held(Period { starts_at: 10, ends_at: None, revoked_at: None }, badge)];
    let verification = Verification { by: Some(MemberId(3)), at: 12, note: "met at the quay".to_owned() };
    let reason = |rule, grants: &[Held], verification: Option<&Verification>| {
        let rules = Rules { calls_open_to: CallsOpenTo::PayingMembers, verified_badge: rule, test_counts: false };
        Standing::of(grants, verification, rules, 20).verified.map(|badge| (badge.by, badge.since))
    };
    let (plan, administrator) = (Some((BadgeReason::Plan, 10)), Some((BadgeReason::Administrator, 12)));
    for (rule, by_plan, by_administrator, by_both) in [
        (VerifiedBadge::Plan, plan, None, plan),
        (VerifiedBadge::Administrator, None, administrator, administrator),
        (VerifiedBadge::Either, plan, administrator, administrator),
        (VerifiedBadge::Off, None, None, None),
    ] {
        assert_eq!(reason(rule, &grants, None), by_plan, "{rule:?}");
        assert_eq!(reason(rule, &[], Some(&verification)), by_administrator, "{rule:?}");
        assert_eq!(reason(rule, &grants, Some(&verification)), by_both, "{rule:?}");
        assert_eq!(reason(rule, &[], None), None, "{rule:?}");
    }
}
