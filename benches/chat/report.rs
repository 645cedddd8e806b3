//! The figures beside their bars: a table for people, JSON for machines.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::load::machine;
use crate::options::Options;

/// A floor in the same run.
#[derive(Clone, Debug)]
pub struct Floor {
    /// Its median.
    pub value: f64,
    /// What it was on the machine where the references were taken.
    pub reference: f64,
    /// Every round.
    pub rounds: Vec<f64>,
}

impl Floor {
    /// How many times its reference it is.
    fn above(&self) -> f64 {
        self.value / self.reference
    }
}

/// What must hold of a figure.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// It is at most so many times its floor.
    Floors(f64),
    /// It is at most this.
    Value(f64),
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// The product's median.
    pub value: f64,
    /// Every round.
    pub rounds: Vec<f64>,
    /// The floor, when there is one.
    pub floor: Option<Floor>,
    /// What must hold.
    pub bar: Bar,
    /// What is aimed at, in what the bar is in: floors, or the figure's unit.
    pub aim: Option<f64>,
    /// What else is worth knowing.
    pub note: String,
}

impl Row {
    /// How many floors it is; infinite without one, and where the floor measured nothing.
    fn ratio(&self) -> f64 {
        self.floor.as_ref().filter(|floor| floor.value > 0.0).map_or(f64::INFINITY, |floor| self.value / floor.value)
    }

    /// The figure that is compared, and with what.
    fn judged(&self) -> (f64, f64) {
        match self.bar {
            Bar::Floors(most) => (self.ratio(), most),
            Bar::Value(most) => (self.value, most),
        }
    }

    fn is_void(&self) -> bool {
        self.floor.as_ref().is_some_and(|floor| floor.above() > VOID)
    }

    fn holds(&self) -> bool {
        let (figure, bar) = self.judged();
        figure.is_finite() && figure <= bar
    }

    fn verdict(&self) -> &'static str {
        match (self.is_void(), self.holds(), self.aim) {
            (true, ..) => "VOID",
            (_, false, _) => "MISSED",
            (_, true, Some(aim)) if self.judged().0 <= aim => "aim",
            (_, true, _) => "ok",
        }
    }
}

/// A floor this many times above its reference voids its row until a profile explains it: the machine was another one, or had no time.
const VOID: f64 = 1.5;

/// All figures of one run.
pub struct Report {
    rows: Vec<Row>,
    failed: Vec<(String, String)>,
    quick: bool,
    load_before: f64,
}

impl Report {
    /// Nothing yet.
    pub fn new(options: &Options) -> Self {
        Self { rows: Vec::new(), failed: Vec::new(), quick: options.quick, load_before: machine::load() }
    }

    /// Takes the figures of a scenario in.
    pub fn add(&mut self, rows: Vec<Row>) {
        self.rows.extend(rows);
    }

    /// A scenario could not be measured.
    pub fn fail(&mut self, name: &str, sentence: &str) {
        eprintln!("  {name}: {sentence}");
        self.failed.push((name.to_owned(), sentence.to_owned()));
    }

    /// Is every bar met, by figures that count? A quick run is not asked whether its floors are what they were.
    pub fn holds(&self) -> bool {
        self.failed.is_empty() && self.rows.iter().all(|row| row.holds() && (self.quick || !row.is_void()))
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let head = ["what", "product", "unit", "floor", "(reference)", "ratio", "bar", "aim", "verdict"];
        let _ = writeln!(
            out,
            "\n{:44} {:>9} {:20} {:>8} {:>11} {:>6} {:>6} {:>6}  {}",
            head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8]
        );
        for row in &self.rows {
            let floor = row.floor.as_ref();
            let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
            let _ = writeln!(
                out,
                "{:44} {:>9} {:20} {:>8} {:>11} {:>6} {:>6} {:>6}  {}{}",
                row.name,
                short(row.value),
                row.unit,
                show(floor.map(|floor| floor.value)),
                floor.map_or_else(String::new, |floor| format!("({})", short(floor.reference))),
                show(floor.map(|_| row.ratio())),
                short(row.judged().1),
                show(row.aim),
                row.verdict(),
                if row.note.is_empty() { String::new() } else { format!("; {}", row.note) },
            );
            if let Some(floor) = floor.filter(|_| row.is_void()) {
                let _ = writeln!(out, "    the floor is {:.1} × its reference: void until explained", floor.above());
            }
        }
        for (name, sentence) in &self.failed {
            let _ = writeln!(out, "{name:44} could not be measured: {sentence}");
        }
        let _ = writeln!(out, "load average {} before, {} after{}", self.load_before, machine::load(), self.warning());
        out
    }

    const fn warning(&self) -> &'static str {
        if self.quick { "; a quick run: its figures mean little" } else { "" }
    }

    /// The same as JSON.
    pub fn json(&self) -> String {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let (judged, bar) = row.judged();
                json!({
                    "name": row.name, "unit": row.unit, "value": row.value, "rounds": row.rounds,
                    "floor": row.floor.as_ref().map(|floor| json!({ "value": floor.value, "reference": floor.reference, "rounds": floor.rounds })),
                    "judged": judged, "bar": bar, "aim": row.aim, "verdict": row.verdict(), "note": row.note,
                })
            })
            .collect();
        let all = json!({
            "quick": self.quick, "cores": std::thread::available_parallelism().map_or(0, usize::from),
            "load_before": self.load_before, "load_after": machine::load(), "rows": rows, "failed": self.failed,
        });
        serde_json::to_string_pretty(&all).unwrap_or_default()
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
