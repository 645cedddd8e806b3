//! What a proof says: figures beside their bars.

use serde_json::{Value, json};

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Line {
    /// The proof, as the test matrix names it.
    pub proof: String,
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub figure: String,
    /// What must hold.
    pub bar: String,
    /// Does it?
    pub holds: bool,
    /// Examples of what went wrong.
    pub faults: Vec<String>,
}

/// Longer examples are cut: messages may be large.
const MOST_CHARS: usize = 400;
/// Stands where a figure has no bar.
const NO_BAR: &str = "–";

impl Line {
    /// A figure that must be at most `bar`.
    pub fn most(proof: &str, what: &str, figure: f64, bar: f64, unit: &str) -> Self {
        Self {
            proof: proof.to_owned(),
            what: what.to_owned(),
            figure: format!("{} {unit}", short(figure)),
            bar: format!("≤ {} {unit}", short(bar)),
            holds: figure <= bar,
            faults: Vec::new(),
        }
    }

    /// A count that must be at least `bar`.
    pub fn least(proof: &str, what: &str, figure: f64, bar: f64) -> Self {
        Self {
            proof: proof.to_owned(),
            what: what.to_owned(),
            figure: short(figure),
            bar: format!("≥ {}", short(bar)),
            holds: figure >= bar,
            faults: Vec::new(),
        }
    }

    /// Something that must be so.
    pub fn must(proof: &str, what: &str, figure: impl Into<String>, holds: bool) -> Self {
        let bar = "so".to_owned();
        Self { proof: proof.to_owned(), what: what.to_owned(), figure: figure.into(), bar, holds, faults: Vec::new() }
    }

    /// A figure that is told only.
    #[allow(dead_code, reason = "the proofs of money tell nothing beside their bars")]
    pub fn told(proof: &str, what: &str, figure: f64) -> Self {
        Self { bar: NO_BAR.to_owned(), ..Self::least(proof, what, figure, 0.0) }
    }

    /// With examples.
    pub fn because(mut self, faults: impl IntoIterator<Item = String>) -> Self {
        self.faults = faults.into_iter().take(8).map(|fault| fault.chars().take(MOST_CHARS).collect()).collect();
        self
    }

    /// For the table.
    pub fn text(&self) -> String {
        let verdict = match (self.bar.as_str(), self.holds) {
            (NO_BAR, _) => "told",
            (_, true) => "ok",
            (_, false) => "MISSED",
        };
        let mut out = format!("{:22} {:62} {:>18} {:>14}  {verdict}", self.proof, self.what, self.figure, self.bar);
        for fault in &self.faults {
            out.push_str(&format!("\n{:22}   {fault}", ""));
        }
        out
    }

    /// For machines.
    pub fn json(&self) -> Value {
        json!({ "proof": self.proof, "what": self.what, "figure": self.figure, "bar": self.bar, "holds": self.holds, "faults": self.faults })
    }
}

fn short(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// All of them, with how many bars were met.
pub fn table(lines: &[Line], seed: u64) -> String {
    let mut text = format!("\n{:22} {:62} {:>18} {:>14}  verdict\n", "proof", "what", "figure", "bar");
    for line in lines {
        text.push_str(&line.text());
        text.push('\n');
    }
    let barred = lines.iter().filter(|line| line.bar != NO_BAR);
    let (all, met) = (barred.clone().count(), barred.filter(|line| line.holds).count());
    text + &format!("{met} of {all} bars met; seed {seed}\n")
}
