//! The table, and `target/bench.json`.

use std::fs;

use serde_json::{Value, json};

/// What was measured.
#[derive(Default)]
pub struct Report {
    rows: Vec<Value>,
}

impl Report {
    /// One measurement: of so many objects, and what it should not exceed, if anything.
    pub fn add(
        &mut self,
        (metric, n): (&str, usize),
        (value, unit): (f64, &str),
        goal: Option<f64>,
    ) {
        // Only a rate should be large.
        let missed =
            goal.is_some_and(|goal| if unit.ends_with("/s") { value < goal } else { value > goal });
        let mark = if missed { "  MISSED" } else { "" };
        let shown = goal.map_or(String::new(), |it| format!("{it:.2}"));
        println!("{metric:<34} {n:>7} {value:>12.3} {unit:<9} {shown:>10}{mark}");
        self.rows.push(json!({ "metric": metric, "n": n, "value": value, "unit": unit, "goal": goal, "missed": missed }));
    }

    /// Writes the file, if everything was measured.
    pub fn write(self, whole: bool) {
        let missed = self.rows.iter().filter(|it| it["missed"] == true).count();
        println!("\n{} measurements, {missed} goals missed", self.rows.len());
        if whole {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench.json");
            fs::write(path, serde_json::to_string_pretty(&self.rows).unwrap()).unwrap();
            println!("written to target/bench.json");
        }
    }
}

/// Begins a part of the table.
pub fn heading(title: &str) {
    println!("\n{title}");
    println!("{:<34} {:>7} {:>12} {:<9} {:>10}", "metric", "n", "value", "unit", "goal");
}

/// The value that so large a share of all values does not exceed.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let index = (share * values.len() as f64).ceil() as usize;
    values[index.saturating_sub(1).min(last)]
}
