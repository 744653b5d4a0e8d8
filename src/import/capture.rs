//! What somebody changed in AWS, as edits of the manifest that there is: only what differs, and as little as says it.

use serde_json::{Map, Value};

use super::Left;
use crate::{
    kinds::{event_source::EventSource, part::Part, permissions::Permissions, release},
    manifest::Edit,
};

/// Where a document's own fields begin.
const SPEC: &str = "spec";
/// The member that holds event sources.
const SOURCES: &str = <EventSource as Part>::FIELD;
/// The member that holds statements of who may call.
const STATEMENTS: &str = <Permissions as Part>::FIELD;

/// A field that somebody changed.
#[derive(Debug, Clone, Copy)]
pub struct Changed<'a> {
    /// As a JSON Pointer below `spec`.
    pub path: &'a str,
    /// Of an event source: its ARN. Its path is that of a member of every source.
    pub source: Option<&'a str>,
}

/// The edits that make a document say what AWS has, and what no edit can say. `have` is the `spec` as it is written,
/// `want` the one that an import would write, `fill_in` puts an account and a Region in for what stands for them. Edits
/// are in the order in which they are to be made.
pub fn edits(
    (have, want): (&Map<String, Value>, &Map<String, Value>),
    changed: &[Changed<'_>],
    fill_in: &dyn Fn(&str) -> String,
) -> (Vec<Edit>, Vec<Left>) {
    let (have, want) = (Value::Object(have.clone()), Value::Object(want.clone()));
    let (mut edits, mut left) = (Vec::new(), Vec::new());
    for it in changed {
        let names: Vec<String> = it.path.split('/').skip(1).map(unescaped).collect();
        let found = match names.first().map(String::as_str) {
            Some(release::FIELD) => Err(
                "which version callers get is no field: `evenkeel rollback`, or `--resume`, says what they are to get",
            ),
            Some(SOURCES) if it.source.is_some() => {
                let list = (SOURCES, names.get(1..).unwrap_or_default());
                item((&have, &want), list, |one| {
                    text(one, "eventSourceArn").map(fill_in).as_deref() == it.source
                })
            }
            // A statement's row has its id and a hash of what it says.
            Some(STATEMENTS) if names.len() == 2 => {
                let sid = names.get(1).and_then(|it| Some(it.rsplit_once('-')?.0));
                item((&have, &want), (STATEMENTS, &[]), |it| text(it, "sid") == sid)
            }
            _ => member((Some(&have), Some(&want)), &names, &mut vec![SPEC.to_owned()]),
        };
        match found {
            Ok(edit) if edits.contains(&edit) => {}
            Ok(edit) => edits.push(edit),
            Err(why) => left.push(Left { path: it.path.to_owned(), why: why.to_owned() }),
        }
    }
    // Numbers of later items must hold until they are used.
    let rank = |it: &Edit| -> Vec<(Option<usize>, String)> {
        it.path.iter().map(|it| (it.parse().ok(), it.clone())).collect()
    };
    edits.sort_by_key(|it| std::cmp::Reverse(rank(it)));
    // What goes whole needs no edit within.
    let whole = edits.clone();
    edits.retain(|it| !whole.iter().any(|outer| it != outer && it.path.starts_with(&outer.path)));
    (edits, left)
}

fn text<'a>(item: &'a Value, member: &str) -> Option<&'a str> {
    item.get(member)?.as_str()
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

const UNSAID: &str = "what stands in AWS is nothing that a manifest says";

/// The edit that a path asks for: as deep as both sides go, and no deeper.
fn member(
    (have, want): (Option<&Value>, Option<&Value>),
    names: &[String],
    path: &mut Vec<String>,
) -> Result<Edit, &'static str> {
    let edit = |path: &[String], value: Option<&Value>| Edit {
        path: path.to_vec(),
        value: value.cloned(),
    };
    match (have, want) {
        (None, None) => Err(UNSAID),
        (Some(Value::Object(mine)), Some(Value::Object(theirs))) => {
            let Some((name, rest)) = names.split_first() else {
                return if have == want { Err(UNSAID) } else { Ok(edit(path, want)) };
            };
            let both = (mine.get(name), theirs.get(name));
            // An empty map says nothing, so it goes with its last member.
            if both.1.is_none() && both.0.is_some() && mine.len() == 1 && path.len() > 1 {
                return Ok(edit(path, None));
            }
            path.push(name.clone());
            member(both, rest, path)
        }
        (one, other) if one == other => Err(UNSAID),
        (_, want) => Ok(edit(path, want)),
    }
}

/// The edit of one item of a list, or of one that is gone; `is` tells it from the others, on both sides.
fn item(
    (have, want): (&Value, &Value),
    (list, names): (&str, &[String]),
    is: impl Fn(&Value) -> bool,
) -> Result<Edit, &'static str> {
    let items = |spec: &Value| -> Vec<Value> {
        spec.get(list).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let (mine, theirs) = (items(have), items(want));
    let found = theirs.iter().find(|it| is(it));
    let Some(at) = mine.iter().position(&is) else { return Err(UNSAID) };
    let mut path = vec![SPEC.to_owned(), list.to_owned()];
    if found.is_none() && mine.len() == 1 {
        return Ok(Edit { path, value: Some(Value::Array(Vec::new())) });
    }
    path.push(at.to_string());
    member((mine.get(at), found), names, &mut path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each edit as its path and what is put there.
    fn check(have: &Value, want: &Value, changed: &[(&str, &str)], expected: &[(&str, Value)]) {
        let spec = |it: &Value| it.as_object().unwrap().clone();
        let changed: Vec<Changed<'_>> = changed
            .iter()
            .map(|(path, source)| Changed { path, source: (!source.is_empty()).then_some(*source) })
            .collect();
        let fill_in = |text: &str| text.replace("${target.region}", "eu-central-1");
        let (edits, left) = edits((&spec(have), &spec(want)), &changed, &fill_in);
        let mut found: Vec<(String, Value)> = edits
            .into_iter()
            .map(|it| (it.path.join("."), it.value.unwrap_or_else(|| json!("(gone)"))))
            .collect();
        found.extend(left.into_iter().map(|it| (it.path, json!("(left)"))));
        let expected: Vec<(String, Value)> =
            expected.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_what_differs_is_edited_as_deep_as_it_can_be() {
        let have = json!({
            "memorySize": 512, "timeout": 30, "role": "mine",
            "environment": { "variables": { "A": "1", "B": "2" } },
            "tags": { "team": "x" }, "permissions": [{ "sid": "a" }, { "sid": "a-b" }],
        });
        let want = json!({
            "memorySize": 1024, "role": "mine", "description": "by hand",
            "environment": { "variables": { "A": { "keep": true }, "C": { "keep": true } } },
            "permissions": [{ "sid": "c" }, { "sid": "a-b", "principal": "s3" }],
        });
        let gone = || json!("(gone)");
        check(&have, &want, &[("/memorySize", "")], &[("spec.memorySize", json!(1024))]);
        check(&have, &want, &[("/timeout", "")], &[("spec.timeout", gone())]);
        check(&have, &want, &[("/description", "")], &[("spec.description", json!("by hand"))]);
        check(
            &have,
            &want,
            &[
                ("/environment/variables/A", ""),
                ("/environment/variables/B", ""),
                ("/environment/variables/C", ""),
            ],
            &[
                ("spec.environment.variables.C", json!({ "keep": true })),
                ("spec.environment.variables.B", gone()),
                ("spec.environment.variables.A", json!({ "keep": true })),
            ],
        );
        // An empty map is no way to say nothing.
        check(&have, &want, &[("/tags/team", "")], &[("spec.tags", gone())]);
        let some =
            [("/permissions/a-1", ""), ("/permissions/a-b-2", ""), ("/permissions/a-b-3", "")];
        let other = json!({ "sid": "a-b", "principal": "s3" });
        check(
            &have,
            &want,
            &some,
            &[("spec.permissions.1", other), ("spec.permissions.0", gone())],
        );
        let whole = json!([{ "sid": "c" }, { "sid": "a-b", "principal": "s3" }]);
        check(&have, &want, &[("/permissions", ""), some[0]], &[("spec.permissions", whole)]);
        for path in ["/state", "/role", "/release", "/lastUpdateStatus"] {
            check(&have, &want, &[(path, "")], &[(path, json!("(left)"))]);
        }
    }

    #[test]
    fn event_sources_are_told_apart_by_what_they_read_from() {
        let one = |name: &str| format!("arn:aws:sqs:${{target.region}}:1:{name}");
        let arn = |name: &str| format!("arn:aws:sqs:eu-central-1:1:{name}");
        let have = json!({ "eventSources": [
            { "eventSourceArn": one("a"), "batchSize": 1 },
            { "eventSourceArn": one("b") },
            { "eventSourceArn": one("c"), "enabled": false },
        ] });
        let want = json!({ "eventSources": [
            { "eventSourceArn": arn("c") },
            { "eventSourceArn": arn("a"), "batchSize": 5 },
        ] });
        let changed = [
            ("/eventSources/batchSize", arn("a")),
            ("/eventSources", arn("b")),
            ("/eventSources/enabled", arn("c")),
        ];
        let changed: Vec<(&str, &str)> =
            changed.iter().map(|(path, arn)| (*path, arn.as_str())).collect();
        check(
            &have,
            &want,
            &changed,
            &[
                ("spec.eventSources.2.enabled", json!("(gone)")),
                ("spec.eventSources.1", json!("(gone)")),
                ("spec.eventSources.0.batchSize", json!(5)),
            ],
        );
        let last = json!({ "eventSources": [{ "eventSourceArn": one("b") }] });
        check(
            &last,
            &json!({}),
            &[("/eventSources", &arn("b"))],
            &[("spec.eventSources", json!([]))],
        );
    }
}
