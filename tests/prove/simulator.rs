//! `seq_sim` with many more schedules than the ordinary tests have: the same tests of the library, built optimised and asked for more.

use std::process::Command;

use serde_json::Value;

use crate::options::Options;
use crate::verdict::Line;

/// Faults that the simulator must have met often.
const FAULTS: &[(&str, &str)] = &[
    ("publications_lost", "publications lost"),
    ("publications_doubled", "publications doubled"),
    ("publications_out_of_order", "publications out of order"),
    ("readings_failed", "readings that failed"),
    ("connections_cut", "connections cut"),
    ("crashes", "crashes"),
    ("jumps", "jumps of an hour"),
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
    lines.extend(FAULTS.iter().map(|(name, what)| Line::least(proof, what, figure(name), 1.0)));
    lines.extend(SEEDED.iter().map(|fault| {
        let noticed = told.iter().find(|one| one["fault"] == *fault).and_then(|one| one["noticed_after"].as_u64());
        let figure = noticed.map_or_else(|| "SURVIVED".to_owned(), |after| format!("after {after} schedules"));
        Line::must(proof, &format!("a seeded fault is noticed: {fault}"), figure, noticed.is_some())
    }));
    Ok(lines)
}
