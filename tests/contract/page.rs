//! `docs/reference/contract.md`: where moto and AWS part, made of the table.

use std::{collections::BTreeMap, path::Path};

use super::row::{Expected, Row};

/// The page is as the table says; `UPDATE_EXPECT=1` writes it.
pub fn check(tables: &BTreeMap<String, Vec<Row>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/contract.md");
    expect_test::expect_file![path].assert_eq(&page(tables));
}

fn page(tables: &BTreeMap<String, Vec<Row>>) -> String {
    let rows: usize = tables.values().map(Vec::len).sum();
    let mut text = format!(
        "# The stand-in and moto\n\n\
         The stand-in of `crates/sim` and [moto](https://github.com/getmoto/moto) 5.2.5 are given the same {rows} requests \
         (`tests/contract/table`). The stand-in must answer as AWS does; moto answers the same but for the rows below, \
         and is held to those too, so that a new moto which mends one is noticed. This page is made from the table.\n\n\
         What the stand-in itself does not do is in [stand-in.md](../stand-in.md).\n"
    );
    for (name, rows) in tables {
        let different: Vec<&Row> = rows.iter().filter(|it| it.moto.is_some()).collect();
        if different.is_empty() {
            continue;
        }
        text += &format!(
            "\n## {name}\n\n| | AWS, and the stand-in | moto 5.2.5 | by |\n| --- | --- | --- | --- |\n"
        );
        for row in different {
            let moto = row.moto.as_ref().unwrap();
            let source = row.source.as_ref().unwrap_or_else(|| panic!("{}: no source", row.title));
            text +=
                &format!("| {} | {} | {} | {source} |\n", row.title, words(&row.aws), words(moto));
        }
    }
    text
}

fn words(expected: &Expected) -> String {
    let mut parts = vec![expected.status.to_string()];
    parts.extend(expected.code.iter().map(|it| format!("`{it}`")));
    parts.extend(expected.message.iter().map(|it| format!("“{it}”")));
    if !expected.has.is_null() {
        parts.push(format!("`{}`", expected.has));
    }
    if !expected.lacks.is_empty() {
        parts.push(format!("without {}", expected.lacks.join(", ")));
    }
    parts.join(" ").replace('|', "\\|")
}
