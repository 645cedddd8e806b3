//! `seq_sim` with many more schedules than the ordinary tests have: the same tests of the library, built optimised and asked for more.

use std::process::Command;

use serde_json::Value;

use crate::options::Options;
use crate::verdict::Line;

/// Faults that the simulator must have met often, each with how many there must be in a hundred schedules: about half of what there are.
const FAULTS: &[(&str, &str, f64)] = &[
    ("publications_lost", "publications lost", 120.0),
    ("publications_doubled", "publications doubled", 120.0),
    ("publications_out_of_order", "publications out of order", 150.0),
    ("readings_failed", "readings that failed", 24.0),
    ("connections_cut", "connections cut", 75.0),
    ("crashes", "crashes", 37.0),
    ("jumps", "jumps of an hour", 22.0),
];
/// The faults of its own that the simulator must notice.
const SEEDED: &[&str] = &["LateReplay", "NoCompare", "LostFrame", "LostRest", "Overtaken"];

/// Runs `count` schedules; what the tests tell of them.
pub fn schedules(options: &Options, proof: &str, count: usize) -> Result<Vec<Line>, String> {
    let tests = options.simulator.as_ref().ok_or("--simulator names the tests of the library, built optimised")?;
    let mut command = Command::new(tests);
    command.args(["seq_sim", "--nocapture"]).env("RIALTO_TEST_SCHEDULES", count.to_string());
    let done = command.output().map_err(|error| format!("{}: {error}", tests.display()))?;
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    let told: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("seq_sim ")?).ok()).collect();
    let tally = told.iter().find(|one| one["schedules"].is_number()).cloned().unwrap_or_default();
    let figure = |name: &str| tally[name].as_f64().unwrap_or(0.0);
    let broken = text.lines().filter(|line| line.starts_with("seed ")).map(str::to_owned);
    let mut lines = vec![
        Line::must(proof, "all tests of the simulator passed", done.status.to_string(), done.status.success()).because(broken),
        Line::least(proof, "schedules in which nothing broke", figure("schedules"), count as f64),
        Line::least(proof, "events in them", figure("events"), count as f64),
    ];
    let often = |share: f64| (share * count as f64 / 100.0).floor();
    lines.extend(FAULTS.iter().map(|(name, what, share)| Line::least(proof, what, figure(name), often(*share))));
    lines.extend(SEEDED.iter().map(|fault| {
        let noticed = told.iter().find(|one| one["fault"] == *fault).and_then(|one| one["noticed_after"].as_u64());
        let figure = noticed.map_or_else(|| "SURVIVED".to_owned(), |after| format!("after {after} schedules"));
        Line::must(proof, &format!("a seeded fault is noticed: {fault}"), figure, noticed.is_some())
    }));
    Ok(lines)
}
