//! What a member's grants come to: pure, so it is measured by itself.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use rialto::billing::{Entitlements, Held, Period, PlanBadge, resolve};
use rialto::ids::PlanId;

use crate::report::Row;

/// Resolutions of one round.
const TIMES: u32 = 20_000;
/// Rounds, of which the median counts.
const ROUNDS: usize = 9;
/// Microseconds that a member with fifty grants may take.
const BAR: f64 = 10.0;
/// When it is asked.
const NOW: i64 = 1_800_000_000_000;

/// Grants of ten plans: running, ended, revoked and future ones, every other plan with a badge.
fn grants(count: i64) -> Vec<Held> {
    let worth = |plan: i64| {
        Arc::new(Entitlements {
            calls_start: plan % 2 == 0,
            calls_video: plan % 3 == 0,
            calls_group_size: Some(4 + u32::try_from(plan).unwrap_or(0)),
            upload_max_mb: Some(10),
            badge: (plan % 2 == 1).then(|| PlanBadge { text: format!("Plan {plan}"), hue: 3 }),
            ..Entitlements::default()
        })
    };
    let plans: Vec<_> = (0..10).map(worth).collect();
    let held = |n: i64| {
        let plan = n % 10;
        let starts_at = NOW - 1_000_000 * (n % 7) + if n % 11 == 0 { 5_000_000 } else { 0 };
        let ends_at = (n % 3 != 0).then_some(NOW + if n % 5 == 0 { -1_000 } else { 1_000_000 * n });
        let revoked_at = (n % 13 == 0).then_some(NOW - 10);
        let position = i32::try_from(plan).unwrap_or(0);
        let entitlements = Arc::clone(&plans[usize::try_from(plan).unwrap_or(0)]);
        Held { plan: PlanId(plan + 1), position, entitlements, period: Period { starts_at, ends_at, revoked_at } }
    };
    (0..count).map(held).collect()
}

fn microseconds(grants: &[Held]) -> f64 {
    let begun = Instant::now();
    for n in 0..TIMES {
        black_box(resolve(black_box(grants), NOW + i64::from(n % 16)));
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
}

/// The figures of one member with few, and with many grants.
pub fn measure() -> Vec<Row> {
    let row = |count: i64, bar| {
        let grants = grants(count);
        let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| microseconds(&grants)).collect();
        rounds.sort_by(f64::total_cmp);
        let note = format!("{} plans hold", resolve(&grants, NOW).plans.len());
        Row { name: format!("resolve-{count}-grants"), unit: "us", value: rounds[ROUNDS / 2], rounds, bar, note }
    };
    vec![row(1, None), row(50, Some(BAR))]
}
