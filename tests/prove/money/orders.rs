//! The library's own test of all orders, asked for all of them: the real rows, without a network.

use std::process::Command;

use serde_json::Value;

use crate::options::Options;
use crate::verdict::Line;

/// Orders of eight events.
const ALL: f64 = 40_320.0;

/// Runs them; what the test tells of them. `--count N`: of the 56 beginnings of two events only so many.
pub fn all(options: &Options, proof: &str) -> Result<Vec<Line>, String> {
    let tests = options.simulator.as_ref().ok_or("--simulator names the tests of the library")?;
    let beginnings = options.count.unwrap_or(56).clamp(1, 56);
    let mut command = Command::new(tests);
    command.args(["every_order_of", "--nocapture"]).env("RIALTO_TEST_ORDERS", beginnings.to_string());
    command.envs(options.environment.iter().cloned());
    let done = command.output().map_err(|error| format!("{}: {error}", tests.display()))?;
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    let told: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("orders ")?).ok()).collect();
    if told.len() != 2 {
        return Err(format!("{} of two stories were told: {}", told.len(), text.lines().next_back().unwrap_or_default()));
    }
    let mut lines = Vec::new();
    for story in told {
        let (name, figure) = (story["story"].as_str().unwrap_or_default().to_owned(), |key: &str| story[key].as_f64().unwrap_or(0.0));
        let examples = story["examples"].as_array().cloned().unwrap_or_default();
        let examples = examples.iter().filter_map(|one| one.as_str().map(str::to_owned));
        lines.push(Line::least(proof, &format!("{name}: orders gone through"), figure("orders"), ALL / 56.0 * beginnings as f64));
        lines.push(Line::most(proof, &format!("{name}: end otherwise than Stripe"), figure("wrong"), 0.0, "").because(examples));
        lines.push(Line::least(proof, &format!("{name}: webhooks"), figure("deliveries"), 1.0));
        lines.push(Line::least(proof, &format!("{name}: answers that overtook each other"), figure("late_answers"), 1.0));
    }
    Ok(lines)
}
