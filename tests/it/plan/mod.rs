//! Golden plans: what AWS answers and a manifest in, the plan out. A folder holds texts of one sort: above the line
//! `== plan` stands, in sections, what differs from an object that is as it should be; below it the plan, which
//! `UPDATE_EXPECT=1` writes.

mod function;
mod parts;
mod repository;

use std::{collections::BTreeMap, fmt::Display, fs, sync::Arc};

use evenkeel::{
    engine::{
        desired::DesiredObject,
        facet::FacetKey,
        facts::Facts,
        kind::Kind,
        memory::Memory,
        name::Name,
        observed::{Observed, Reading},
        resource::Single,
        time::{Mono, Now},
        verdict::{Case, Judgement, Verdict, judge},
    },
    manifest::DesiredState,
};
use serde_json::{Value, json};

use crate::common::{cases, desired, golden, settings};

/// Holds each text of a folder against what is planned on its input.
fn hold(folder: &str, plan: impl Fn(&Input) -> String) {
    for case in cases(&format!("plan/{folder}"), &["txt"]) {
        let text = fs::read_to_string(&case).unwrap();
        let (input, _) = text.split_once("== plan\n").unwrap_or((&text, ""));
        golden(&case, &format!("{input}== plan\n{}", plan(&Input::of(input))));
    }
}

/// What stands above the plan: `== name`, and what follows.
struct Input(BTreeMap<String, String>);

impl Input {
    fn of(text: &str) -> Self {
        let mut sections = BTreeMap::new();
        let mut name = String::new();
        for line in text.lines() {
            if let Some(new) = line.strip_prefix("== ") {
                new.clone_into(&mut name);
                sections.insert(name.clone(), String::new());
            } else if let Some(section) = sections.get_mut(&name) {
                *section += line;
                section.push('\n');
            }
        }
        Self(sections)
    }

    /// A section, if it is there.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A section; what is not there is empty.
    fn section(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// A section as members of `spec`.
    fn members(&self, name: &str) -> String {
        members(self.section(name))
    }

    /// AWS's answer about an object that is as it should be, with the difference that the input names; `None`: it is
    /// not there.
    fn answer(&self, mut base: Value) -> Option<Value> {
        match self.section("live").trim() {
            "absent" => return None,
            "" => {}
            patch => merge(&mut base, serde_json::from_str(patch).unwrap()),
        }
        Some(base)
    }
}

/// Lines, indented below `spec`.
fn members(lines: &str) -> String {
    lines.lines().map(|it| format!("  {it}\n")).collect()
}

/// What a manifest asks for.
fn asked(text: &str) -> DesiredState {
    desired(text, true, Mono::default())
}

/// JSON merge patch (RFC 7396).
fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    let into = into.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            into.remove(&key);
        } else {
            merge(into.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// Judges an object that nothing is remembered of.
fn judged<K: Kind>(
    name: &Name,
    wanted: &DesiredObject<Arc<K::Spec>>,
    observed: &Observed<Reading<K::Live>>,
    facts: &Facts,
) -> Judgement<K::Step> {
    assert!(!matches!(observed, Observed::Unknown), "a plan without a read");
    let (settings, memory) = (settings(), Memory::default());
    let now = Now { mono: Mono::default(), wall: jiff::Timestamp::UNIX_EPOCH };
    let (settings, memory) = (&settings, &memory);
    let key = &FacetKey::base(name.clone());
    judge::<Single<K>>(&Case { key, wanted, observed, facts, settings, memory, now })
}

/// The lines of a plan; `sends` says what is to be shown of what a step sends.
fn lines<S: Display>(
    judgement: &Judgement<S>,
    sends: impl Fn(&S) -> Option<String>,
) -> Vec<String> {
    let mut lines = vec![match &judgement.verdict {
        Verdict::InSync => "in sync".to_owned(),
        Verdict::Act(planned) => format!("act: {}", planned.kind),
        Verdict::Wait(wait) => format!("wait: {}: {}", wait.reason.code, wait.reason.message),
        Verdict::Refuse(reason) => format!("refuse: {}: {}", reason.code, reason.message),
    }];
    for change in &judgement.diff.changes {
        let (origin, cause) = (change.origin.as_str(), change.cause.as_str());
        let (path, live, desired) = (&change.path, &change.live, &change.desired);
        lines.push(format!("  {path}: {live} → {desired} ({origin}, {cause})"));
    }
    for planned in &judgement.diff.steps {
        lines.push(format!("  step {}: {}", planned.kind, planned.step));
        lines.extend(sends(&planned.step).map(|it| format!("    sends {it}")));
    }
    let waits = judgement.diff.waits.iter();
    lines.extend(waits.map(|it| format!("  waits: {}: {}", it.reason.code, it.reason.message)));
    let failed = judgement.diff.failed.iter();
    lines.extend(failed.map(|it| format!("  failed: {}: {}", it.code, it.message)));
    let conditions = judgement.diff.conditions.iter();
    lines.extend(conditions.map(|(kind, it)| format!("  {kind}: {}: {}", it.code, it.message)));
    lines
}
