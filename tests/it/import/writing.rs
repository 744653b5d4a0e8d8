//! What is written is read back as it was, whatever stands in it.

use evenkeel::{
    import::{ImportedDocument, Omission, write},
    manifest,
};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::{Map, Value, json};

use crate::common::{golden, local};

/// What the project's own reader makes of a text.
fn read(text: &str) -> Value {
    manifest::plain(text.as_bytes()).unwrap_or_else(|notes| panic!("{notes:?}\n{text}"))
}

/// What the library that writes makes of it.
fn read_elsewhere(text: &str) -> Value {
    yaml_serde::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn found(spec: Value) -> ImportedDocument {
    let Value::Object(spec) = spec else { panic!("no object") };
    ImportedDocument {
        kind: "Function",
        name: "resize".into(),
        spec,
        left: Vec::new(),
        secrets: Vec::new(),
    }
}

#[test]
fn a_document_reads_as_one_that_somebody_wrote() {
    let mut found = found(json!({
        "tags": { "team": "imaging", "cost-centre": "4711" },
        "eventSources": [
            { "batchSize": 50, "eventSourceArn": "arn:aws:sqs:${target.region}:${target.accountId}:orders" },
        ],
        "url": { "cors": { "allowOrigins": ["*"] }, "authType": "NONE" },
        "role": "resize",
        "image": "thumbs:v1",
        "imageConfig": { "command": ["app.handler", "--verbose", ""], "entryPoint": [] },
        "environment": { "variables": {
            "WHEN": "2026-01-01", "NOTE": "line one\n  # line two\n\nline four", "ON": "on", "A_PATH": "/opt:/usr",
            "QUOTED": "it's \"so\"", "TOKEN": "evenkeel: fill in",
        } },
        "memorySize": 512,
        "release": { "smokeTests": [{ "name": "a", "payload": { "b": [[1, 2.5], [], {}], "a": null } }] },
    }));
    found.left = vec![Omission {
        path: "Resources.Resize.Properties.Layers".into(),
        why: "a function that ships as an image has no layers;\nbuild what they hold into the image, as the \
              Lambda developer guide says"
            .into(),
    }];
    found.secrets = vec!["TOKEN".into()];
    let text = write(&found, &["From template.yaml.".into()]);
    golden(&local("import/written.yaml"), &text);
    assert_eq!(read(&text)["spec"], Value::Object(found.spec));
}

#[test]
fn an_empty_spec_is_written_too() {
    assert_eq!(
        write(&found(json!({})), &[]),
        "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata:\n  name: resize\nspec: {}\n"
    );
}

/// What readers take for something else, and what they trip over.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "~",
    "null",
    "Null",
    "true",
    "FALSE",
    "y",
    "N",
    "yes",
    "No",
    "on",
    "OFF",
    "<<",
    "=",
    "-",
    "--",
    "---",
    "...",
    "?",
    ":",
    "a:",
    ": a",
    "a: b",
    "a #b",
    "#a",
    "a#b",
    "- a",
    "? a",
    "0",
    "00",
    "-1",
    "+1",
    "1_000",
    "0x1F",
    "0o17",
    "017",
    "0b1",
    "1.",
    ".5",
    "1e3",
    "-.inf",
    ".NaN",
    "+.INF",
    "inf",
    "12:30:45",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "1.2.3",
    "v1",
    "*a",
    "&a",
    "!a",
    "!!str a",
    "%a",
    "@a",
    "`a",
    "'",
    "\"",
    "'a'",
    "\"a\"",
    "it's",
    "a\\b",
    "{",
    "}",
    "[",
    "]",
    "{a: b}",
    "[a]",
    ",",
    "a,b",
    "|",
    ">",
    "|-",
    "a\nb",
    "a\nb\n",
    "a\nb\n\n",
    "\n",
    "\na",
    " a\nb",
    "a\n b\n",
    "a \nb",
    "a\n\nb",
    "a\n#b",
    "a\n---\nb",
    "a\r\nb",
    "a\tb",
    "\ta",
    "a\n\tb",
    "a\n ",
    "\u{0}",
    "\u{1b}[0m",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{10ffff}",
    "é",
    "日本",
    "😀",
    "${target.accountId}",
    "{{resolve:ssm:a}}",
    "a  b",
    "# a\nb",
    "- a\n- b",
    "a: b\nc: d",
    "key: |\n  a",
    "NO",
    "0x10",
    "-0x1f",
    "+12",
    "1:2",
    "190:20:30",
    "1e3017",
    "-inf",
    "..",
    "2001-12-14 21:59:43.10 -5",
    "685.230_15e+03",
    "\u{2029}",
    "a\u{85}b",
    "a\u{2028}b",
    "\u{9f}",
    "\u{ad}",
    "\u{202e}",
    "\r",
    " a",
    "a ",
    "\n\n",
    " \n",
    "\\x7F\"",
    "\u{7f}",
];

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(HOSTILE).prop_map(ToOwned::to_owned),
        2 => prop::collection::vec(prop::sample::select(HOSTILE), 1..4).prop_map(|it| it.concat()),
        2 => prop::collection::vec(prop::sample::select(HOSTILE), 2..4).prop_map(|it| it.join("\n")),
        2 => "[ \\n\\t:#'\"|>a\\-{}\\[\\]&*!%@`,?\\\\0-9.]{0,12}",
        1 => "\\PC{0,40}",
        1 => prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
        1 => (100..1100_usize).prop_map(|it| "k".repeat(it)),
        1 => (20..200_usize).prop_map(|it| "long line ".repeat(it)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => hostile().prop_map(Value::String),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_filter_map("finite", |it| serde_json::Number::from_f64(it).map(Value::Number)),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((hostile(), inner), 0..5)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read_back(
        payload in value(),
        variables in prop::collection::vec((hostile(), hostile()), 0..4),
        (header, path, why) in (hostile(), hostile(), hostile()),
        name in hostile(),
    ) {
        let variables: Map<String, Value> =
            variables.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        let mut found = found(json!({
            "release": { "smokeTests": [{ "payload": payload }] },
            "environment": { "variables": variables },
        }));
        found.name = name;
        found.left = vec![Omission { path, why }];
        let text = write(&found, &[header]);
        let document = read(&text);
        prop_assert_eq!(&document["spec"], &Value::Object(found.spec), "{}", text);
        prop_assert_eq!(&document["metadata"]["name"], &Value::String(found.name), "{}", text);
        prop_assert_eq!(&document["apiVersion"], "evenkeel.dev/v1");
        prop_assert_eq!(document.as_object().unwrap().len(), 4);
    }

    /// The library's reader treats line breaks and numbers otherwise than ours.
    #[test]
    fn other_readers_see_the_same_texts(text in hostile()) {
        // What this reader takes for the end of its input, or for no character.
        prop_assume!(!text.contains(['\0', '\u{fffe}', '\u{ffff}']));
        let found = found(json!({ "description": text }));
        let written = write(&found, &[]);
        prop_assert_eq!(&read_elsewhere(&written)["spec"], &Value::Object(found.spec), "{}", written);
    }
}

/// Other tools that read or rewrite manifests take these words for something else than texts (YAML 1.1, "Bool",
/// "Int", "Float", "Timestamp", "Merge", "Value").
#[test]
fn words_of_yaml_1_1_stand_in_quotes() {
    for text in [
        "y",
        "N",
        "yes",
        "No",
        "on",
        "OFF",
        "<<",
        "=",
        "1_000",
        "017",
        "0o17",
        "0b11",
        "0x10",
        "1e3017",
        "12:30:45",
        "190:20:30.15",
        "685.230_15e+03",
        "-1_000",
        "+.Inf",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "2001-12-14 21:59:43.10 -5",
    ] {
        let written = write(&found(json!({ "description": text })), &[]);
        assert!(written.contains(&format!("description: \"{text}\"\n")), "{written}");
        let written = write(&found(json!({ "tags": { text: "x" } })), &[]);
        assert!(written.contains(&format!("    \"{text}\": x\n")), "{written}");
    }
    for text in ["no one", "1.2.3-rc1", "sha256:1e3", "a-b", "thumbs:v1", "x=y"] {
        let written = write(&found(json!({ "description": text })), &[]);
        assert!(written.contains(&format!("description: {text}\n")), "{written}");
    }
}
