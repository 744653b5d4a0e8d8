//! Rows as text.

use std::fmt::Write as _;

use crate::engine::status::{Row, Status};

/// Returns one object of a plan: its line, every field that differs, the steps, and notes.
pub(super) fn planned(row: &Row) -> String {
    let mut text = format!("{}  {}", row.key, row.status.as_str());
    // A plan only ever observes; that need not be said of every object.
    if row.status != Status::Synced && row.reason.code != "Observing" {
        let written = write!(text, "  {}: {}", row.reason.code, row.reason.message);
        debug_assert!(written.is_ok(), "a String takes everything");
    }
    for change in row.changes.iter().filter(|it| !it.path.is_empty()) {
        let (path, origin) = (&change.path, change.origin.as_str());
        text += &["\n    ", path, ": ", &change.live.text, " → ", &change.desired.text].concat();
        text += &["  (", origin, ")"].concat();
    }
    for step in &row.steps {
        text += &["\n    step: ", step].concat();
    }
    for note in notes(row) {
        text += &["\n    note: ", note].concat();
    }
    text
}

/// What is true of an object besides what differs, and is worth a line.
const NOTES: [&str; 8] = [
    "Adopting",
    "ExtraTags",
    "Ignored",
    "ImageWaiting",
    "LifecyclePolicy",
    "RepositoryPolicy",
    "Suspended",
    "Warning",
];

fn notes(row: &Row) -> impl Iterator<Item = &str> {
    let notes = row.conditions.iter().filter(|it| NOTES.contains(&it.kind));
    notes.map(|it| it.message.as_str()).filter(|it| *it != row.reason.message)
}

/// Returns a plan: every object that differs or has a note, and the sum.
pub(super) fn plan<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let (mut text, mut all, mut synced) = (String::new(), 0, 0);
    for row in rows {
        all += 1;
        let is_synced = row.status == Status::Synced;
        synced += usize::from(is_synced);
        if !is_synced || notes(row).next().is_some() {
            text += &planned(row);
            text.push('\n');
        }
    }
    let rest = all - synced;
    text + &match (all, rest) {
        (0, _) => "no objects".to_owned(),
        (_, 0) => format!("{all} objects, all in sync"),
        _ => format!("{all} objects, {synced} in sync, {rest} not"),
    }
}

/// Returns lines of cells, in columns as wide as their widest cell.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 2]| cells.map(ToOwned::to_owned).to_vec();
        assert_eq!(columns(&[row(["a", "bb"]), row(["ccc", ""])]), "a    bb\nccc");
        assert_eq!(columns(&[]), "");
    }
}
