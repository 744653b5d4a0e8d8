//! Two configurations side by side: which fields differ, and the members of
//! UpdateFunctionConfiguration that repair them.

use std::collections::{BTreeMap, BTreeSet};

use super::step::kind;
use crate::{
    engine::{
        diff::{Cause, Change, Origin, Shown},
        secret::Secret,
    },
    kinds::function_config::config::{Config, ENVIRONMENT, MEMBERS},
};

/// Compares two configurations. Returns the fields that differ, in the order of a plan.
pub(super) fn compare(desired: &Config, live: &Config, origin: Origin) -> Vec<Change> {
    let mut found = ChangeList { changes: Vec::new(), origin };
    for member in desired.differing(live) {
        for field in member.fields {
            // No patch gives or takes a capacity provider: where only one side has one, the caller
            // says so.
            if let (Some(desired), Some(live)) = ((field.get)(desired), (field.get)(live)) {
                found.push(field.path, desired.shown(), live.shown());
            }
        }
        if member.name == ENVIRONMENT {
            found.variables(&desired.environment, &live.environment);
        }
    }
    found.changes
}

/// The members of the configuration that these changes are in.
pub(super) fn members(changes: &[Change]) -> BTreeSet<&'static str> {
    let is_in = |member: &str, it: &Change| it.path.split('/').nth(1) == Some(member);
    let names = MEMBERS.iter().map(|it| it.name);
    names.filter(|name| changes.iter().any(|it| is_in(name, it))).collect()
}

struct ChangeList {
    changes: Vec<Change>,
    origin: Origin,
}

impl ChangeList {
    /// Notes a difference, if there is one.
    fn push(&mut self, path: &str, desired: Shown, live: Shown) {
        if desired == live {
            return;
        }
        self.changes.push(Change {
            path: format!("/{path}"),
            desired,
            live,
            cause: Cause::Config,
            origin: self.origin,
            step: kind::CONFIGURATION,
        });
    }

    /// Compares the environment variables. Their names are shown, their values never.
    fn variables(&mut self, desired: &BTreeMap<String, Secret>, live: &BTreeMap<String, Secret>) {
        let names: BTreeSet<&String> = desired.keys().chain(live.keys()).collect();
        for name in names {
            let show = |value: Option<&Secret>| match value {
                Some(value) => Shown::sealed("(secret)", value.expose()),
                None => Shown::open("(absent)"),
            };
            let pointer = name.replace('~', "~0").replace('/', "~1");
            let path = format!("{ENVIRONMENT}/variables/{pointer}");
            self.push(&path, show(desired.get(name)), show(live.get(name)));
        }
    }
}

/// Changes on one line, for the step that repairs them: `memorySize 128 → 256, tags.team (absent) → x`.
pub(super) fn summary(changes: &[Change], step: &str) -> String {
    let own = changes.iter().filter(|it| it.step == step);
    let lines = own.map(|it| {
        let field = it.path.trim_start_matches('/').replace('/', ".");
        let field = field.replace("~1", "/").replace("~0", "~");
        match (it.live.text.as_str(), it.desired.text.as_str()) {
            ("(secret)", "(secret)") => format!("{field} changed"),
            (live, desired) => format!("{field} {live} → {desired}"),
        }
    });
    lines.collect::<Vec<_>>().join(", ")
}
