//! The figures beside their bars: a table for people, JSON for machines.

use serde_json::{Value, json};

/// One figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// The median.
    pub value: f64,
    /// Every round.
    pub rounds: Vec<f64>,
    /// It may be at most this; none: only told.
    pub bar: Option<f64>,
    /// What else is worth knowing.
    pub note: String,
}

impl Row {
    /// A figure without a bar.
    pub fn new(name: &str, unit: &'static str, value: f64) -> Self {
        Self { name: name.to_owned(), unit, value, rounds: vec![value], bar: None, note: String::new() }
    }

    fn holds(&self) -> bool {
        self.bar.is_none_or(|bar| self.value <= bar)
    }
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Report {
    bench: &'static str,
    rows: Vec<Row>,
}

impl Report {
    /// An empty one of the bench of this name.
    pub const fn of(bench: &'static str) -> Self {
        Self { bench, rows: Vec::new() }
    }

    /// Takes a row in.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Does every figure keep to its bar?
    pub fn holds(&self) -> bool {
        self.rows.iter().all(Row::holds)
    }

    /// For people.
    pub fn table(&self) -> String {
        let line = |row: &Row| {
            let bar = row.bar.map_or_else(String::new, |bar| format!("at most {bar} {}", row.unit));
            let verdict = if row.holds() { "ok" } else { "TOO MUCH" };
            format!("{:<28} {:>10.3} {:<4} {bar:<20} {verdict:<9} {}\n", row.name, row.value, row.unit, row.note)
        };
        self.rows.iter().map(line).collect()
    }

    /// For machines.
    pub fn json(&self) -> String {
        let row = |row: &Row| -> Value {
            json!({
                "name": row.name, "unit": row.unit, "value": row.value, "rounds": row.rounds, "bar": row.bar, "holds": row.holds(),
                "note": row.note,
            })
        };
        json!({ "bench": self.bench, "holds": self.holds(), "rows": self.rows.iter().map(row).collect::<Vec<_>>() }).to_string()
    }
}
