//! Bad manifests, good messages. `*.yaml|json` of this folder are read; the `.txt` beside each holds
//! every note, as an operator sees it.

use std::fs;

use evenkeel::manifest::{self, ForeignDocuments, Parsed};
use proptest::{prelude::*, test_runner::RngSeed};

use crate::common::{bomb, cases, golden};

fn shown(parsed: &Parsed) -> String {
    let notes = parsed.diagnostics.iter().map(ToString::to_string);
    let good = parsed.documents.iter().map(|it| format!("ok {} {}", it.origin, it.aws_name()));
    notes.chain(good).map(|line| line + "\n").collect()
}

#[test]
fn every_mistake_is_told_with_its_place() {
    for case in cases("manifest", &["yaml", "json"]) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let parsed = manifest::parse(&name, &fs::read(&case).unwrap());
        golden(&case.with_extension("txt"), &shown(&parsed));
    }
}

/// All that can be said of a file: documents of other tools are refused too.
fn notes(bytes: &[u8]) -> String {
    shown(&manifest::parse_with("x.yaml", bytes, ForeignDocuments::Refused))
}

/// A text of 500 kB, and 50,000 times more of it.
fn long_alias() -> String {
    let long = "x".repeat(500_000);
    format!("a: &a {long}\nb: [{}]\n", "*a, ".repeat(40_000))
}

/// What a file becomes in memory is limited too: the real binary says so and does not die of it.
#[test]
fn a_file_that_would_take_all_memory_is_refused_by_the_real_binary() {
    let folder = tempfile::TempDir::new().unwrap();
    // Each level is anchored, and holds all that is below.
    let nested = "&a [".repeat(30) + &"x, ".repeat(40_000) + &"]".repeat(30);
    let values = "- [[], [], [], [], [], [], [], []]\n".repeat(5_000);
    for (text, part) in [
        (long_alias(), "m.yaml:2:33: the file holds more than 4 MiB of text"),
        (nested, "m.yaml:1:1: the document is no map"),
        (values, "m.yaml:1:1: the document is no map"),
    ] {
        assert!(text.len() < 700_000, "{}", text.len());
        fs::write(folder.path().join("m.yaml"), text).unwrap();
        // 256 MiB of addresses.
        let script = "ulimit -v 262144; exec \"$0\" check --strict \"$1\"";
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", script, env!("CARGO_BIN_EXE_evenkeel")]).arg(folder.path());
        let output = shell.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains(part), "{printed}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{printed}");
    }
}

#[test]
fn hostile_files_are_refused_in_plain_words() {
    let huge = vec![b'#'; manifest::FILE_MAX + 1];
    let deep = "[".repeat(100);
    let deeper = "- ".repeat(5000);
    let many = "---\n{}\n".repeat(1_200);
    let long = long_alias();
    // Each anchor nests 30 levels and the one before it.
    let chain: String = (1..40)
        .map(|it| format!("- &a{it} {}*a{}{}\n", "[".repeat(30), it - 1, "]".repeat(30)))
        .collect();
    let chain = format!("- &a0 x\n{chain}");
    let keys = "? a\n".repeat(3)
        + &format!("? &k {}\n: v\n", "k".repeat(500_000))
        + "? - [*k, *k, *k, *k, *k, *k, *k, *k]\n";
    for (bytes, part) in [
        (&b""[..], ""),
        (b"# nothing\n", ""),
        (b"---\n---\n...\n", ""),
        (&huge, "larger than 1 MiB"),
        (b"kind: \0", "binary"),
        (b"\n\nkind: \xff", "x.yaml:3: the text is not UTF-8"),
        (bomb().as_bytes(), "more than 50000 values"),
        (deep.as_bytes(), "deeper than 32"),
        (deeper.as_bytes(), "deeper than 32"),
        (
            long.as_bytes(),
            "x.yaml:2:33: the file holds more than 4 MiB of text; split it; aliases count as what they repeat",
        ),
        (keys.as_bytes(), "more than 4 MiB of text"),
        (chain.as_bytes(), "x.yaml:3:37: the file nests deeper than 32 levels"),
        (many.as_bytes(), "more than 1000 documents"),
        (b"- a\n", "no map"),
        (b"just words", "no map"),
        (b"kind: !Ref x", "a tag (`!…`) means nothing"),
        (b"kind: *nobody", "cannot be read"),
        (b"a: &x [*x]", "no anchor"),
        (b"<<: {a: 1}", "merge keys"),
        (b"? [a]\n: b", "a key must be a text"),
        (b"spec:\n\tkind: x", "cannot be read"),
        (
            b"kind: Function\nkind: Function\n",
            "x.yaml:2:1: the key stands here twice; it is also on line 1",
        ),
        (
            b"kind: @",
            "cannot be read: the value begins with a character that YAML keeps for itself",
        ),
        (b"kind: [", "cannot be read"),
        (b"kind: Alias", "`kind` is `Alias`"),
    ] {
        let notes = notes(bytes);
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
        assert!(notes.contains(part), "{start:?}: {notes}");
        assert_eq!(notes.is_empty(), part.is_empty(), "{notes}");
    }
}

/// What the files of other tools begin with, and how they are counted.
#[test]
fn documents_of_other_tools_are_skipped_and_counted() {
    let ci = "on: push\njobs: { test: { <<: *base, run: !reference [.a] } }\n";
    for (text, counted) in [
        ("apiVersion: v1\nkind: Service\n", "1 document of another tool (v1)"),
        (
            "apiVersion: v1\nkind: Service\n---\napiVersion: apps/v1\nkind: Deployment\n---\napiVersion: v1\n",
            "3 documents of other tools (apps/v1, v1)",
        ),
        (
            "apiVersion: openfaas.com/v1\nkind: Function\nspec: { name: x }\n---\nversion: 3\nservices: {}\n",
            "2 documents of other tools (openfaas.com/v1, 1 without `apiVersion`)",
        ),
        (&ci.replace("<<: *base, ", ""), "1 document of another tool (without `apiVersion`)"),
        (
            "x: &base {}\non: { <<: *base, a: 1, a: 2 }\n",
            "1 document of another tool (without `apiVersion`)",
        ),
        ("kind: pipeline\ntype: docker\n", "1 document of another tool (without `apiVersion`)"),
        ("- hosts: all\n", "1 document of another tool (without `apiVersion`)"),
        ("apiVersion: apps/v1\nname: {{ .Values.name }}\n", "1 document of another tool (apps/v1)"),
        (
            "apiVersion: eventing.knative.dev/v1\nkind: Broker\n",
            "1 document of another tool (eventing.knative.dev/v1)",
        ),
    ] {
        let parsed = manifest::parse("x.yaml", text.as_bytes());
        assert_eq!(shown(&parsed), "", "{text}");
        assert_eq!(parsed.skipped.to_string(), counted, "{text}");
        let strict = manifest::parse_with("x.yaml", text.as_bytes(), ForeignDocuments::Refused);
        assert!(!strict.diagnostics.is_empty(), "{text}");
        assert_eq!(strict.skipped.count(), 0, "{text}");
    }
}

/// Whatever may be meant for Evenkeel keeps its faults: to skip it would take its object out of the desired state.
#[test]
fn a_document_that_may_be_meant_for_evenkeel_is_not_skipped() {
    for (text, part) in [
        ("apiVersion: evenkel.dev/v1\nkind: Function\n", "did you mean `evenkeel.dev/v1`?"),
        ("apiVersion: evenkeel.dev/v2\nkind: Other\n", "did you mean `evenkeel.dev/v1`?"),
        ("apiVersion: evenkeel.io/v1beta1\n", "`apiVersion` is"),
        ("apiVersion: evenk\n", "`apiVersion` is"),
        ("apiVersion: v1\nkind: Function\n", "`apiVersion` is `v1`; it may be evenkeel.dev/v1"),
        ("apiversion: evenkeel.dev/v1\nkind: x\n", "did you mean `apiVersion`?"),
        ("kind: Function\n", "no `apiVersion`"),
        ("apiVersion:\nkind: Function\n", "`apiVersion` should be a text"),
        ("kind: Repositry\n", "did you mean `Repository`?"),
        ("metadata: { name: x }\nspec: {}\n", "no `apiVersion`"),
        (
            "apiVersion: v1\nkind: List\nitems: [{ apiVersion: evenkeel.dev/v1 }]\n",
            "`apiVersion` is `v1`",
        ),
        ("- apiVersion: evenkeel.dev/v1\n", "no map"),
        ("half", "no map"),
        (
            "image: {{ .Values.image }}:{{ .Values.tag }}\n",
            "cannot be read: `{{ … }}` is a template",
        ),
    ] {
        let parsed = manifest::parse("x.yaml", text.as_bytes());
        assert!(shown(&parsed).contains(part), "{text}: {}", shown(&parsed));
        assert_eq!(parsed.skipped.count(), 0, "{text}");
    }
}

/// A file of nothing but templates has as few notes as any other.
#[test]
fn many_templates_make_few_notes() {
    let text = "kind: Function\nspec:\n".to_owned() + &"- a: {{ x }}\n".repeat(5_000);
    let parsed = manifest::parse("x.yaml", text.as_bytes());
    let shown = shown(&parsed);
    assert!(shown.lines().count() < 250, "{shown}");
    assert!(
        shown.contains("x.yaml:3:6: the YAML cannot be read: `{{ … }}` is a template"),
        "{shown}"
    );
    assert!(shown.ends_with("more problems of this file are not shown\n"), "{shown}");
}

const GOOD: &str = "\
apiVersion: evenkeel.dev/v1
kind: Function
metadata:
  name: resize
spec:
  image: thumbs:v1
  role: resize
  memorySize: 256
  environment:
    variables:
      STAGE: prod
      TOKEN: CANARY
  tags: {team: imaging}
";

#[test]
fn windows_line_ends_and_byte_order_marks_are_read() {
    let windows = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(notes(GOOD.as_bytes()), "ok x.yaml:1 resize\n");
    assert_eq!(notes(windows.as_bytes()), "ok x.yaml:1 resize\n");
}

/// One way to break a text.
#[derive(Debug, Clone)]
enum Damage {
    Delete(usize, usize),
    Insert(usize, char),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (0..400_usize, 1..30_usize).prop_map(|(at, count)| Damage::Delete(at, count)),
        (0..400_usize, prop::sample::select(" \n\t:{}[]\"'|>-#&*!,x".chars().collect::<Vec<_>>()))
            .prop_map(|(at, c)| Damage::Insert(at, c)),
        (0..400_usize).prop_map(Damage::Cut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    /// Whatever is wrong with a manifest, the notes never repeat a value of the environment.
    #[test]
    fn no_note_repeats_a_secret(
        blows in prop::collection::vec(damage(), 1..4),
        form in 0..5_usize,
    ) {
        let secret = "s3cr3tvalue7Qz";
        let text = match form {
            0 => GOOD.replace("CANARY", secret),
            1 => GOOD.replace("CANARY", &format!("\"{secret}\"")),
            2 => GOOD.replace("CANARY", &format!("|\n        {secret}\n        {secret}")),
            3 => GOOD.replace(
                "  environment:\n    variables:\n      STAGE: prod\n      TOKEN: CANARY\n",
                &format!("  environment: {{variables: {{STAGE: prod, TOKEN: {secret}}}}}\n"),
            ),
            _ => format!(
                r#"{{"apiVersion":"evenkeel.dev/v1","kind":"Function","metadata":{{"name":"a"}},"spec":{{"image":"a:b","role":"r","environment":{{"variables":{{"TOKEN":"{secret}"}}}}}}}}"#
            ),
        };
        let mut chars: Vec<char> = text.chars().collect();
        for blow in &blows {
            match *blow {
                Damage::Delete(at, count) if at < chars.len() => {
                    let end = (at + count).min(chars.len());
                    chars.drain(at..end);
                }
                Damage::Insert(at, c) if at < chars.len() => chars.insert(at, c),
                Damage::Cut(at) => chars.truncate(at),
                Damage::Delete(..) | Damage::Insert(..) => {}
            }
        }
        let broken: String = chars.into_iter().collect();
        let notes = notes(broken.as_bytes());
        prop_assert!(!notes.contains(secret), "{broken}\n{notes}");
    }
}

/// What looks like none of the words of a manifest.
const MARKER: &str = "Hunter2Zq";

/// One value, wherever the marker may stand in it: of every shape, anchored and repeated, tagged, in quotes that end
/// and in others that do not.
fn value() -> impl Strategy<Value = String> {
    let leaves = [
        "M",
        "\"M\"",
        "'M'",
        "!M x",
        "!t M",
        "!!str M",
        "!!M x",
        "&M x",
        "&a M",
        "*M",
        "*a",
        "~",
        "12",
        "true",
        "x",
        "\"M",
        "'M",
        "@M",
        "%M",
        "`M",
        "M: M",
        "M:M",
        "M x",
        "evenkeel: fill in M",
        "keep",
        "",
    ];
    let leaf = prop::sample::select(leaves.map(str::to_owned).to_vec());
    leaf.prop_recursive(3, 12, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|it| format!("[{}]", it.join(", "))),
            prop::collection::vec(pair, 0..3).prop_map(|it| {
                let pairs: Vec<String> =
                    it.iter().map(|(key, it)| format!("{key}: {it}")).collect();
                format!("{{{}}}", pairs.join(", "))
            }),
            inner.clone().prop_map(|it| format!("{{{it}}}")),
            inner.clone().prop_map(|it| format!("{{<<: {it}}}")),
            inner.clone().prop_map(|it| format!("{{keep: {it}}}")),
            inner.clone().prop_map(|it| format!("{{\"M\": x, {it}: 1, M: y}}")),
            inner.prop_map(|it| format!("{{? {it} : M}}")),
        ]
    })
}

/// Ways to stand below a secret.
const PLACES: &[&str] = &[
    "  environment: V\n",
    "  environment:\n    variables: V\n",
    "  environment:\n    variables:\n      PASSWORD: V\n",
    "  environment:\n    variables:\n      V\n",
    "  environment:\n    variables:\n      V: x\n",
    "  environment:\n    variables:\n      V: { keep: false }\n",
    "  environment:\n    variables:\n      V:\n      V:\n",
    "  environment:\n    variables:\n      - V\n      - V: x\n",
    "  environment:\n    variables:\n      ? V\n      : x\n",
    "  environment:\n    variables:\n      PASSWORD: |\n        V\n        V: x\n      V\n",
    "  environment:\n    variables:\n      PASSWORD:\n        V\n        V: x\n      PASSWORD: V\n",
    "  environment:\n    variables: &a V\n  tags: { x: *a }\n  url: *a\n",
    "  environment:\n    variables:\n      PASSWORD: &a V\n  tags: { x: *a, *a : x }\n  memorySize: *a\n  *a : x\n",
    "  tags: { x: &a V, &b M : x }\n  environment: { variables: { PASSWORD: *a, *b : ~ } }\n",
    "  environment:\n    V: x\n",
    "  environment: {variables: {PASSWORD: V}, variables: V}\n",
    "  environment: {V}\n",
];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(11),
        ..ProptestConfig::default()
    })]

    /// Whatever stands below a secret, and whatever is wrong with it: no note repeats any of it, names included.
    #[test]
    fn no_note_repeats_what_stands_below_a_secret(
        place in prop::sample::select(PLACES),
        value in value(),
        json in any::<bool>(),
    ) {
        let spec = place.replace('V', &value);
        let text = format!(
            "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: a }}\nspec:\n  image: \"aa:b\"\n  role: r\n{spec}"
        );
        let text = if json {
            format!("{{\"apiVersion\": \"evenkeel.dev/v1\", \"kind\": \"Function\", \"metadata\": {{\"name\": \"a\"}}, \"spec\": {{\"image\": \"aa:b\", \"role\": \"r\", \"environment\": {{\"variables\": {{\"PASSWORD\": {value}}}}}}}}}")
        } else {
            text
        };
        let text = text.replace('M', MARKER);
        let notes = notes(text.as_bytes());
        prop_assert!(!notes.contains(MARKER), "{text}\n{notes}");
        if let Err(notes) = manifest::values("x.yaml", text.as_bytes(), manifest::YamlTags::Functions) {
            let notes: String = notes.iter().map(ToString::to_string).collect();
            prop_assert!(!notes.contains(MARKER), "{text}\n{notes}");
        }
    }
}
