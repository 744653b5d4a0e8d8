//! What `status --wait` says while it waits: one line on standard error for each change.

use serde_json::Value;

use super::{
    out::{clean, note},
    rows::{wanted_objects, word},
};

/// How many objects a line names.
const NAMED_MAX: usize = 5;

/// The lines of one wait.
#[derive(Default)]
pub(super) struct WaitProgress {
    /// What was said last.
    last: String,
}

impl WaitProgress {
    /// Says what is waited for, unless that is what was said last. Nothing is said with `--quiet`.
    pub(super) fn say(&mut self, pending: String) {
        if pending != self.last {
            note(&format!("waiting: {}", clean(&pending)));
            self.last = pending;
        }
    }
}

/// The objects that have another status than the wanted one, with that and its reason:
/// `default/Function/resize is progressing (Updating)`.
pub(super) fn others(answer: &Value, wanted: &str) -> String {
    let others = wanted_objects(answer).filter(|it| word(it, "status") != wanted);
    let mut others: Vec<String> = others.map(other).collect();
    let more = others.len().saturating_sub(NAMED_MAX);
    others.truncate(NAMED_MAX);
    if more > 0 {
        others.push(format!("and {more} more"));
    }
    clean(&others.join(", "))
}

fn other(object: &Value) -> String {
    let text = format!("{} is {}", word(object, "key"), word(object, "status"));
    match word(object, "reason") {
        "" => text,
        reason => format!("{text} ({reason})"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_names_five_objects_and_counts_the_others() {
        let object = |number: usize| json!({ "key": format!("default/Function/{number}"), "status": "progressing", "reason": "Updating" });
        let mut objects: Vec<Value> = (0..2).map(object).collect();
        objects.push(json!({ "key": "default/Function/s", "status": "synced" }));
        objects.push(json!({ "key": "default/Function/o", "status": "orphan", "orphan": true }));
        let few = json!({ "objects": objects });
        assert_eq!(
            others(&few, "synced"),
            "default/Function/0 is progressing (Updating), default/Function/1 is progressing (Updating)"
        );
        assert!(others(&few, "progressing").ends_with("default/Function/s is synced"));
        let many = json!({ "objects": (0..7).map(object).collect::<Vec<_>>() });
        let text = others(&many, "synced");
        assert!(text.contains("Function/4 ") && text.ends_with(", and 2 more"), "{text}");
    }
}
