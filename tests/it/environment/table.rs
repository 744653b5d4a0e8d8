//! The table of variables in the documentation: it names tests that there are, and every variable that is told.

use std::collections::BTreeSet;

use evenkeel::cli::environment::WITHOUT_EFFECT;

use super::*;
use crate::common::root;

#[test]
fn every_variable_of_the_table_is_shown_by_a_test_or_told() {
    let page = fs::read_to_string(root().join("docs/reference/environment.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|it| it.starts_with("| `"))
        .map(|it| it.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 20, "{rows:?}");
    let mut tests = String::new();
    for folder in ["tests/it", "tests/it/environment", "tests/it/command_line", "src/aws"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "rs") {
                tests += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let mut told = BTreeSet::new();
    for row in &rows {
        let [variables, effect, shown] = row.as_slice() else { panic!("{row:?}") };
        let names: Vec<&str> = variables.split('`').skip(1).step_by(2).collect();
        if effect.starts_with("no effect") {
            told.extend(names);
        }
        assert!(!shown.is_empty(), "{row:?}");
        for name in shown.split('`').skip(1).step_by(2) {
            assert!(tests.contains(&format!("fn {name}(")), "{row:?}: no test {name}");
        }
    }
    let without: BTreeSet<&str> = WITHOUT_EFFECT.iter().map(|it| it.0).collect();
    assert_eq!(told, without);
}
