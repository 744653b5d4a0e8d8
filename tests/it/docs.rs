//! Reference pages that come from the code, and those that must name everything that the code has.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use evenkeel::{
    aws::classify,
    cli,
    daemon::{
        board::Board,
        clock::SystemClock,
        exposition::{Exposition, MetricsDetail},
        metrics::{Metrics, RefreshResult},
    },
    engine::{
        diff::Cause,
        failure::Class,
        name::Name,
        prune::PruneBlock,
        status::{Ending, Row, RowTimes, ShownRow, Status},
        work::{Outcome, Trigger},
    },
    manifest,
};

use crate::common::{golden, root};

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs/reference").join(name)).unwrap()
}

/// What follows the metrics in their reference.
const ALERTS: &str = "
## What to alert on

Ready rules are in [deploy/prometheus/evenkeel.rules.yaml](../../deploy/prometheus/evenkeel.rules.yaml), with [a runbook for each alert](../runbooks/README.md);
[the guide](../guide/alerting.md) says how to load them, what each severity means, and what is left with `--metrics-detail=aggregate`. The dashboard is
[deploy/grafana/evenkeel.json](../../deploy/grafana/evenkeel.json). Rules of your own: join series of one object with `ignoring`, so that `job` and `instance` stay in
the match, and narrow `workqueue_*` to the job, since other programs export it too.
";

#[test]
fn the_manifest_reference_is_generated() {
    golden(&root().join("docs/reference/manifests.md"), &manifest::reference());
}

#[test]
fn the_reference_of_constraints_is_generated() {
    let folder = root().join("docs/reference");
    golden(&folder.join("constraints.md"), &manifest::constraints());
    let text = serde_json::to_string_pretty(&manifest::constraints_json()).unwrap() + "\n";
    golden(&folder.join("constraints.json"), &text);
}

/// A field that says nothing would be compared with nothing.
#[test]
fn every_field_says_which_member_of_the_api_it_mirrors() {
    assert_eq!(manifest::unnamed(), [""; 0]);
}

/// What the table says it was compared with is what the end-to-end tests install.
#[test]
fn the_table_of_constraints_names_the_botocore_that_is_pinned() {
    let pins = fs::read_to_string(root().join("tests/e2e/requirements.txt")).unwrap();
    let pin = pins.lines().find_map(|it| it.strip_prefix("botocore==")).unwrap();
    assert_eq!(manifest::constraints_json()["model"], format!("botocore {pin}"));
}

#[test]
fn the_command_reference_is_generated() {
    golden(&root().join("docs/reference/flags.md"), &cli::reference());
}

#[test]
fn the_table_of_reasons_is_generated() {
    let path = root().join("docs/reference/status.md");
    let table = evenkeel::daemon::view::reasons::reference();
    let page = fs::read_to_string(&path).unwrap();
    let (before, _) = page.split_once("| reason |").unwrap();
    golden(&path, &[before, &table].concat());
}

#[test]
fn the_description_of_the_api_is_generated() {
    let document = evenkeel::daemon::http::openapi::openapi();
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    golden(&root().join("docs/reference/openapi.json"), &text);
}

#[test]
fn the_schema_of_what_commands_print_is_generated() {
    let text = serde_json::to_string_pretty(&cli::output_schema()).unwrap() + "\n";
    golden(&root().join("docs/reference/output.schema.json"), &text);
}

#[test]
fn the_schema_is_json_schema_of_every_kind() {
    let schema = manifest::schema();
    assert_eq!(schema["oneOf"][0]["properties"]["kind"]["const"], "Function");
    let spec = &schema["oneOf"][0]["properties"]["spec"];
    assert_eq!(spec["properties"]["memorySize"]["minimum"], 128);
    assert_eq!(spec["required"], serde_json::json!(["image", "role"]));
}

#[test]
fn the_error_reference_is_generated() {
    let mut text = String::from(
        "# AWS errors\n\nGenerated from the classifier. What a failed call asks of Evenkeel is \
         decided by AWS's code and, where one code means several things, by a part of its message.\n\n\
         | class | what Evenkeel does |\n| --- | --- |\n",
    );
    for class in Class::ALL {
        text += &format!("| `{class}` | {} |\n", class.advice());
    }
    text += "\n| code | part of the message | class |\n| --- | --- | --- |\n";
    for (code, part, class) in classify::known() {
        let part = if part.is_empty() { "—".to_owned() } else { format!("“{part}”") };
        text += &format!("| `{code}` | {part} | `{class}` |\n");
    }
    text += "| none, or any other | — | `unclear` |\n";
    golden(&root().join("docs/reference/errors.md"), &text);
}

/// Every metric that the program can export.
fn metrics() -> Vec<Family> {
    let metrics = Metrics::new().unwrap();
    let board = Arc::new(Board::default());
    board.write(|shown| {
        let target = Name::new("default");
        shown.targets.insert(target.clone(), None);
        for kind in ["Function", "Image", "Repository"] {
            let mut facet = evenkeel::daemon::board::KindStatus::default();
            facet.summary.listed = true;
            let mut decision = evenkeel::engine::prune::PruneDecision::default();
            decision.hash = "x".into();
            shown.prune_decisions.insert(target.clone(), Arc::new(decision));
            shown.facets.insert((target.clone(), kind), facet);
        }
        let key =
            evenkeel::engine::name::Key { target, kind: "Function", name: Name::new("resize") };
        let release = evenkeel::engine::name::Key { kind: "Release", ..key.clone() };
        for key in [key, release] {
            shown.rows.insert(key.clone(), row(key));
        }
    });
    let clock: Arc<dyn evenkeel::engine::time::Clock> = Arc::new(SystemClock::start());
    let exposition = Exposition::new(board, Arc::clone(&clock), MetricsDetail::Documents);
    let log: &dyn evenkeel::aws::calls::CallLog = &metrics;
    log.record(&evenkeel::aws::calls::CallRecord {
        target: &Name::new("default"),
        op: evenkeel::aws::op::Op::GetFunction,
        code: "ok",
        took: std::time::Duration::ZERO,
        waited: std::time::Duration::ZERO,
    });
    metrics.observe_everything();
    let happened =
        prometheus::TextEncoder::new().encode_to_string(&metrics.registry.gather()).unwrap();
    let mut text = happened;
    exposition.write(&mut |piece| {
        text += &piece;
        true
    });
    families(&text)
}

/// A metric's name, what it is, its help and its labels.
struct Family {
    name: String,
    kind: String,
    help: String,
    labels: Vec<String>,
}

/// The metrics of a page, by name.
fn families(page: &str) -> Vec<Family> {
    let blocks = page.split("# HELP ").skip(1);
    let mut all: Vec<Family> = blocks
        .map(|block| {
            let mut lines = block.lines();
            let (name, help) = lines.next().unwrap().split_once(' ').unwrap();
            let kind = lines.next().unwrap().rsplit(' ').next().unwrap();
            let sample = lines.next().unwrap();
            let labels =
                sample.split_once('{').map_or("", |(_, it)| it.rsplit_once('}').unwrap().0);
            let labels = labels.split(',').filter_map(|it| Some(it.split_once('=')?.0.to_owned()));
            let labels = labels.filter(|it| it != "le").collect();
            Family { name: name.into(), kind: kind.into(), help: help.into(), labels }
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn row(key: evenkeel::engine::name::Key) -> ShownRow {
    let reason = evenkeel::engine::diff::Reason::new("InSync", "");
    let row = Row::new(key, Status::Synced, reason, jiff::Timestamp::UNIX_EPOCH);
    let row = Row { wanted: true, percent: Some(0), ..row };
    let max_age = std::time::Duration::from_secs(100);
    ShownRow { row: Arc::new(row), times: RowTimes { max_age, ..RowTimes::default() } }
}

const METRICS: &str = "\
# Metrics

Generated from the program. `/metrics` speaks the classic Prometheus text format; `promtool check metrics` finds nothing to say about it.
Metric names and labels are an interface. *O* stands for the labels `kind`, `name`, `target` of one object; its series leave with it. With
`--metrics-detail full` each facet has series of its own, with a label `facet` besides.
Besides these there is `process_*` under its usual names.

";

#[test]
fn the_metrics_reference_is_generated() {
    let mut text = METRICS.to_owned();
    text += "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n";
    for family in metrics().iter().filter(|it| !it.name.starts_with("process_")) {
        let mut labels: Vec<&str> = family.labels.iter().map(String::as_str).collect();
        labels.sort_unstable();
        labels.retain(|it| *it != "facet");
        if ["kind", "name", "target"].iter().all(|it| labels.contains(it)) {
            labels.retain(|it| !["kind", "name", "target"].contains(it));
            labels.insert(0, "*O*");
        }
        let Family { name, kind, help, .. } = family;
        text += &format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", "));
    }
    text += "\n| label | values |\n| --- | --- |\n";
    let row = |label: &str, words: Vec<&str>| format!("| {label} | `{}` |\n", words.join("` `"));
    text += &row("status", Status::ALL.map(Status::as_str).to_vec());
    text += &row("cause", Cause::ALL.map(Cause::as_str).to_vec());
    text += &row("result, of drift", Outcome::ALL.map(Outcome::as_str).to_vec());
    text += &row("reason, of a target on hold", evenkeel::daemon::exposition::PAUSES.to_vec());
    text += &row("reason, of the prune gate", PruneBlock::ALL.map(PruneBlock::as_str).to_vec());
    text += &row("trigger", Trigger::ALL.map(Trigger::as_str).to_vec());
    let refreshes = RefreshResult::ALL.map(RefreshResult::as_str).to_vec();
    text += &row("result, of a request to read", refreshes);
    text += &row("result, of a release", Ending::ALL.map(Ending::as_str).to_vec());
    text += ALERTS;
    golden(&root().join("docs/reference/metrics.md"), &text);
}

/// Reasons are an interface: people search for them, alerts match them.
#[test]
fn every_reason_is_documented() {
    let text = page("status.md");
    let mut reasons = BTreeSet::new();
    for path in walk(&root().join("src")) {
        reasons.extend(reasons_in(&fs::read_to_string(&path).unwrap()));
    }
    assert!(reasons.len() > 20, "{reasons:?}");
    let missing: Vec<&String> =
        reasons.iter().filter(|it| !text.contains(&format!("`{it}`"))).collect();
    assert!(missing.is_empty(), "not in docs/reference/status.md: {missing:?}");
}

/// The reasons in a source file: the first argument of `Reason::new` and of the helpers around it.
fn reasons_in(code: &str) -> Vec<String> {
    let pascal = |it: &&str| {
        it.chars().next().is_some_and(|c| c.is_ascii_uppercase())
            && it.chars().all(|c| c.is_ascii_alphanumeric())
            && it.chars().any(|c| c.is_ascii_lowercase())
    };
    let code = code.split("#[cfg(test)]").next().unwrap_or(code);
    let mut found = Vec::new();
    for marker in ["Reason::new(", "wait(", "reason(", "Some((", "=> \""] {
        for part in code.split(marker).skip(1) {
            let part = if marker.ends_with('"') {
                part
            } else {
                let Some(part) = part.trim_start().strip_prefix('"') else { continue };
                part
            };
            let word = part.split('"').next().unwrap_or_default();
            let relevant = marker != "=> \"" || code.contains("pub fn reason_code(class: Class)");
            if pascal(&word) && relevant {
                found.push(word.to_owned());
            }
        }
    }
    found
}

/// Every rail names tests that there are.
#[test]
fn every_rail_is_held_by_a_test() {
    let text = fs::read_to_string(root().join("docs/rails.md")).unwrap();
    let rows = text.lines().take_while(|it| !it.starts_with("## The prune gate"));
    let rows: Vec<&str> = rows.filter(|it| it.starts_with("| ")).skip(2).collect();
    assert!(rows.len() > 20);
    assert_held(&rows);
}

/// The one route that does something is protected by what there is.
#[test]
fn every_protection_of_reads_on_request_is_held_by_a_test() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows = text.split("### Reads on request").nth(1).unwrap().lines();
    let rows = rows.take_while(|it| !it.starts_with("## ")).filter(|it| it.starts_with("| "));
    let rows: Vec<&str> = rows.skip(2).collect();
    assert!(rows.len() > 3);
    assert_held(&rows);
}

/// The last column of each row names tests, and all of them are there.
fn assert_held(rows: &[&str]) {
    let mut code = String::new();
    for path in ["tests/it", "tests/e2e", "src/engine", "src/daemon"]
        .iter()
        .flat_map(|it| walk(&root().join(it)))
    {
        if path.extension().is_some_and(|it| it == "rs" || it == "py") {
            code += &fs::read_to_string(path).unwrap();
        }
    }
    for row in rows {
        let named = row.rsplit("| ").next().unwrap().split('`').skip(1).step_by(2);
        let missing = |name: &&str| {
            !code.contains(&format!("fn {name}(")) && !code.contains(&format!("def {name}("))
        };
        let named: Vec<&str> = named.collect();
        assert!(!named.is_empty(), "no test: {row}");
        let missing: Vec<&&str> = named.iter().filter(|it| missing(it)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// What stands in quotes last before the end of each macro that writes to the log.
fn log_messages(text: &str) -> Vec<String> {
    let starts = ["info!(", "warn!(", "error!("];
    let after = |start: &&str| text.match_indices(*start).map(|(at, it)| at + it.len()).collect();
    let mut found = Vec::new();
    for at in starts.iter().flat_map(|it| -> Vec<usize> { after(it) }) {
        let Some((call, _)) = text[at..].split_once(");") else { continue };
        let Some(message) = call.rsplit('"').nth(1) else { continue };
        found.push(message.split("\\\n").next().unwrap().trim().to_owned());
    }
    found
}

#[test]
fn every_line_of_the_log_is_documented() {
    let page = page("logs.md");
    let mut seen = 0;
    for entry in ["src/daemon", "src/cli"].iter().flat_map(|it| walk(&root().join(it))) {
        for message in log_messages(&fs::read_to_string(&entry).unwrap()) {
            seen += 1;
            // A problem of a manifest has words of its own, and the warning about the address stands with it.
            let own = message == "{}" || message.starts_with("everybody who can reach");
            assert!(own || page.contains(&message), "{}: `{message}`", entry.display());
        }
    }
    assert!(seen > 25, "{seen}");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries.flat_map(|it| if it.is_dir() { walk(&it) } else { vec![it] }).collect()
}
