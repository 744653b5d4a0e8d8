//! What another party changed in AWS, as edits of the manifest that there is: only what differs, and as little as says it.
//!
//! [`capture_spec`] puts what was changed into the document as it is written, field by field; [`edits`] is the way from the
//! one to the other. Both sides stay apart: what nobody asked for cannot get in between.

mod json_path;

use serde_json::{Map, Value};

pub(crate) use self::json_path::edits;
use super::document::Omission;
use crate::kinds::{
    event_source::{EventSource, doc::EventSourceDoc},
    part::Part,
    permissions::{self, Permissions, public},
    provisioned::Provisioned,
    release,
    url::Url,
};

/// The member that holds event sources.
const SOURCES: &str = <EventSource as Part>::FIELD;
/// The member that holds statements of who may call.
const STATEMENTS: &str = <Permissions as Part>::FIELD;
/// Lists whose order means nothing.
const SETS: [&str; 2] = ["subnetIds", "securityGroupIds"];

const UNSAID: &str = "what stands in AWS is nothing that a manifest says";
const RELEASED: &str = "which version callers get is no field: `evenkeel rollback`, or `--resume`, says what they are to get";
const RENAMED: &str = "its id in AWS is a hash of what it said, so what was put there cannot stay there: write it by hand, and `apply` gives it an id of its own";

const OPENED: &str = "`url.public` asks for it: take that out, and write `url.authType` and `permissions` as they are to be";

/// A field that another party changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangedField<'a> {
    /// As a JSON Pointer below `spec`.
    pub(crate) path: &'a str,
    /// Of an event source: its ARN, or `ARN/TOPIC`. Its path is that of a member of every source.
    pub(crate) source: Option<&'a str>,
}

impl ChangedField<'_> {
    /// As a person names it: `/memorySize`, `/eventSources/batchSize@ARN`.
    pub(crate) fn name(&self) -> String {
        self.source.map_or_else(|| self.path.to_owned(), |source| format!("{}@{source}", self.path))
    }

    /// Whether a person means it: by its own path or one above, of any event source or of one. A part that stands
    /// within another's member has to be named itself.
    pub(crate) fn is_named(&self, given: &str) -> bool {
        let (outer, only) = given.split_once('@').map_or((given, None), |it| (it.0, Some(it.1)));
        let apart = |path: &str| {
            path.strip_prefix('/').is_some_and(|it| it.starts_with(Provisioned::FIELD))
        };
        let rest = self.path.strip_prefix(outer);
        let below = rest.is_some_and(|it| it.is_empty() || it.starts_with('/'));
        below && apart(outer) == apart(self.path) && (only.is_none() || only == self.source)
    }
}

/// A document and what an import would write in its place.
#[derive(Clone, Copy)]
pub(crate) struct CaptureInput<'a> {
    /// The `spec` as it is written.
    pub(crate) written: &'a Map<String, Value>,
    /// The `spec` that an import would write.
    pub(crate) imported: &'a Map<String, Value>,
    /// What of AWS could not be read: it is not gone.
    pub(crate) unread: &'a [Omission],
    /// Puts an account and a Region in for what stands for them.
    pub(crate) fill_in: &'a dyn Fn(&str) -> String,
}

/// Returns the written `spec` with the changed fields as AWS has them, and the fields that no
/// manifest can say, each with the reason.
pub(crate) fn capture_spec(
    input: CaptureInput<'_>,
    changed: &[ChangedField<'_>],
) -> (Map<String, Value>, Vec<Omission>) {
    let mut target = input.written.clone();
    let mut left = Vec::new();
    for it in changed {
        if let Err(why) = input.take(&mut target, it) {
            left.push(Omission { path: it.name(), why });
        }
    }
    (target, left)
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

impl CaptureInput<'_> {
    /// Puts one changed field into `target` as AWS has it. The error says why that cannot be: it is
    /// the version of a release, AWS did not show it, or no manifest can say it.
    fn take(
        &self,
        target: &mut Map<String, Value>,
        changed: &ChangedField<'_>,
    ) -> Result<(), String> {
        let names: Vec<String> = changed.path.split('/').skip(1).map(unescaped).collect();
        let below = |it: &&Omission| {
            let path: Vec<&str> = it.path.split('/').collect();
            path.len() <= names.len() && path.iter().zip(&names).all(|(one, other)| one == other)
        };
        if names.first().is_some_and(|it| it == release::FIELD) {
            return Err(RELEASED.into());
        }
        if self.is_of_public(&names) {
            return Err(OPENED.into());
        }
        if let Some(unread) = self.unread.iter().find(below) {
            return Err(unread.why.clone());
        }
        let rest = names.get(1..).unwrap_or_default();
        let done = match (names.first().map(String::as_str), changed.source, rest) {
            (Some(SOURCES), Some(source), rest) => self.source(target, source, rest),
            (Some(STATEMENTS), _, [id]) => self.statement(target, id),
            (Some(_), ..) => self.field(target, self.imported, &names),
            (None, ..) => Err(UNSAID),
        };
        done.map_err(ToOwned::to_owned)
    }

    /// Whether the field is one of those that a written `url.public` stands for.
    fn is_of_public(&self, names: &[String]) -> bool {
        let url = self.written.get(Url::FIELD).and_then(|it| it.get("public"));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let is = match names.as_slice() {
            [STATEMENTS, id] => permissions::sid(id).is_some_and(public::is_sid),
            [outer, inner] => *outer == Url::FIELD && *inner == "authType",
            _ => false,
        };
        is && url.is_some_and(|it| it == true)
    }

    /// Puts the field at `names` into `target` as `imported` has it. Where `imported` has none the
    /// field is taken out, with every map that held nothing else.
    fn field(
        &self,
        target: &mut Map<String, Value>,
        imported: &Map<String, Value>,
        names: &[String],
    ) -> Result<(), &'static str> {
        let (name, rest) = names.split_first().ok_or(UNSAID)?;
        let theirs = imported.get(name);
        if rest.is_empty() {
            let mine = target.get(name).cloned();
            let mut value = theirs.map(|it| self.kept(mine.as_ref(), it));
            ordered(name, mine.as_ref(), &mut value);
            apart(name, mine.as_ref(), &mut value);
            if value == mine {
                return Err(UNSAID);
            }
            match value {
                Some(value) => drop(target.insert(name.clone(), value)),
                None => drop(target.remove(name)),
            }
            return Ok(());
        }
        let none = Map::new();
        let theirs = match theirs {
            Some(Value::Object(theirs)) => Some(theirs),
            Some(_) => return Err(UNSAID),
            None => None,
        };
        if !target.contains_key(name) {
            // A new map holds what was changed, and nothing else of theirs.
            let mut new = Map::new();
            self.field(&mut new, theirs.unwrap_or(&none), rest)?;
            target.insert(name.clone(), Value::Object(new));
            return Ok(());
        }
        let Some(Value::Object(mine)) = target.get_mut(name) else { return Err(UNSAID) };
        self.field(mine, theirs.unwrap_or(&none), rest)?;
        if mine.is_empty() && theirs.is_none() {
            target.remove(name);
        }
        Ok(())
    }

    /// Puts the member at `rest` of one event source into `target`; takes the whole event source
    /// out if AWS has none with this address (`source`) any more.
    fn source(
        &self,
        target: &mut Map<String, Value>,
        source: &str,
        rest: &[String],
    ) -> Result<(), &'static str> {
        let is = |it: &Value| self.address(it).as_deref() == Some(source);
        let theirs = items(self.imported, SOURCES).iter().find(|it| is(it));
        let Some(Value::Array(all)) = target.get_mut(SOURCES) else { return Err(UNSAID) };
        let at = all.iter().position(is).ok_or(UNSAID)?;
        match (all.get_mut(at), theirs) {
            (Some(Value::Object(mine)), Some(Value::Object(theirs))) => {
                self.field(mine, theirs, rest)
            }
            (_, None) => {
                all.remove(at);
                Ok(())
            }
            _ => Err(UNSAID),
        }
    }

    /// `ARN`, or `ARN/TOPIC`: a cluster may have many.
    fn address(&self, item: &Value) -> Option<String> {
        let doc: EventSourceDoc = serde_json::from_value(item.clone()).ok()?;
        let arn = (self.fill_in)(&doc.event_source_arn);
        Some(doc.topic().map_or_else(|| arn.clone(), |it| format!("{arn}/{it}")))
    }

    /// Adds a statement that is new in AWS, or takes out one that is gone. `id` is that of its row,
    /// which holds the `sid`. One that both sides have is refused: its id in AWS is a hash of what
    /// it said before the change.
    fn statement(&self, target: &mut Map<String, Value>, id: &str) -> Result<(), &'static str> {
        let sid = permissions::sid(id).ok_or(UNSAID)?;
        let is = |it: &Value| it.get("sid").and_then(Value::as_str) == Some(sid);
        let theirs = items(self.imported, STATEMENTS).iter().find(|it| is(it));
        let none = || Value::Array(Vec::new());
        let Value::Array(all) = target.entry(STATEMENTS).or_insert_with(none) else {
            return Err(UNSAID);
        };
        match (all.iter().position(is), theirs) {
            (Some(at), None) => drop(all.remove(at)),
            (Some(_), Some(_)) => return Err(RENAMED),
            (None, Some(theirs)) => all.push(theirs.clone()),
            (None, None) => return Err(UNSAID),
        }
        Ok(())
    }

    /// Returns the value of AWS, but each part as the manifest writes it where both say the same
    /// once account and Region are filled in.
    fn kept(&self, mine: Option<&Value>, theirs: &Value) -> Value {
        match (mine, theirs) {
            (Some(Value::String(mine)), Value::String(theirs))
                if (self.fill_in)(mine) == *theirs =>
            {
                Value::String(mine.clone())
            }
            (Some(Value::Object(mine)), Value::Object(theirs)) => {
                let member =
                    |(key, it): (&String, &Value)| (key.clone(), self.kept(mine.get(key), it));
                Value::Object(theirs.iter().map(member).collect())
            }
            (Some(Value::Array(mine)), Value::Array(theirs)) => {
                let same = |it: &Value| mine.iter().find(|one| self.kept(Some(one), it) == **one);
                let item = |(at, it): (usize, &Value)| {
                    same(it).cloned().unwrap_or_else(|| self.kept(mine.get(at), it))
                };
                Value::Array(theirs.iter().enumerate().map(item).collect())
            }
            _ => theirs.clone(),
        }
    }
}

/// What has no order of its own keeps the one in which it is written.
fn ordered(name: &str, mine: Option<&Value>, value: &mut Option<Value>) {
    let (Some(Value::Array(mine)), Some(Value::Array(theirs))) = (mine, value) else { return };
    if SETS.contains(&name) {
        theirs.sort_by_key(|it| mine.iter().position(|one| one == it).unwrap_or(usize::MAX));
    }
}

/// Keeps provisioned concurrency as it is written while the map around it is replaced: it is an
/// object of its own, and is captured by its own name only.
fn apart(name: &str, mine: Option<&Value>, value: &mut Option<Value>) {
    let Some((outer, inner)) = Provisioned::FIELD.split_once('/') else { return };
    if name != outer {
        return;
    }
    let kept = mine.and_then(|it| it.get(inner)).cloned();
    let mut members = value.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    members.remove(inner);
    members.extend(kept.map(|it| (inner.to_owned(), it)));
    *value = (!members.is_empty()).then_some(Value::Object(members));
}

fn items<'a>(spec: &'a Map<String, Value>, list: &str) -> &'a [Value] {
    spec.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests;
