//! What must hold, whatever the weather: read off the stand-in's journal.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use evenkeel_sim::journal::Entry;
use serde_json::{Map, Value};

use crate::scene::FOREIGN;

/// How long a manifest must have been gone before its function is.
const GRACE: f64 = 60.0;
/// Writes that one reason to write may take: code, configuration, tags, the record; and the blocks, each with a
/// note of it, and six for permissions that all change; a version, the alias, its tag and a version that failed;
/// three for each block that moves to the alias or from it; and an event source that is changed, recorded and gone.
const STEPS: usize = 4 + 4 * 2 + 6 + 4 + 3 * 3 + 3;

/// Calls that take the revision that was seen.
const GUARDED: [&str; 4] =
    ["UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"];

/// What people did.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// How often each function was changed, or asked to change.
    touched: BTreeMap<String, usize>,
    /// Since when manifests are gone.
    pub(crate) gone: BTreeMap<String, Duration>,
    pub(crate) restarts: usize,
}

impl Told {
    pub(crate) fn touch<S: ToString>(&mut self, names: impl IntoIterator<Item = S>) {
        for name in names {
            *self.touched.entry(name.to_string()).or_default() += 1;
        }
    }
}

/// What a scene came to, in numbers.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) calls: usize,
    pub(crate) writes: usize,
    pub(crate) faults: usize,
    pub(crate) calm: Duration,
}

impl Sum {
    pub(crate) fn of(journal: &[Entry], calm: Duration) -> Self {
        let ours = || journal.iter().filter(|it| is_ours(it));
        Self {
            calls: ours().count(),
            writes: ours().filter(|it| it.effect).count(),
            faults: ours().filter(|it| it.fault.is_some()).count(),
            calm,
        }
    }
}

fn is_ours(entry: &Entry) -> bool {
    entry.caller.starts_with("AKIARUN")
}

/// All laws; the first that is broken is the error. `before` is where the journal stood when all was well.
pub(crate) fn hold(
    journal: &[Entry],
    observe: bool,
    (told, before): (&Told, usize),
) -> Result<(), String> {
    let writes: Vec<&Entry> = journal.iter().filter(|it| is_ours(it) && it.write).collect();
    if observe {
        return none(writes.first(), "a write in mode observe");
    }
    // A read that comes too late may not show a name that is taken: then AWS refuses to make it twice.
    let refused = |it: &&&Entry| it.operation == "CreateFunction" && !it.effect;
    let foreign = |it: &&&Entry| FOREIGN.contains(&it.resource.as_str()) && !refused(it);
    let foreign = writes.iter().find(foreign);
    none(foreign, "a write to what is not ours")?;
    let late = |it: &&&Entry| usize::try_from(it.number).is_ok_and(|it| it >= before);
    at_rest(writes.iter().filter(late).copied())?;
    let blind =
        writes.iter().find(|it| GUARDED.contains(&it.operation.as_str()) && it.revision.is_none());
    none(blind, "an update without a revision")?;
    one_at_a_time(&writes)?;
    only_usable(&writes)?;
    deletions(&writes, told)?;
    no_more_than_needed(journal, &writes, told)
}

/// Once all is well nothing is written but records, each once: a record follows what it is about by a step, since
/// it is written when a read has shown that it is true.
fn at_rest<'a>(late: impl Iterator<Item = &'a Entry>) -> Result<(), String> {
    let mut written = BTreeSet::new();
    for entry in late {
        let Some(records) = records(entry) else {
            return Err(format!("a write though nothing differs: {entry:?}"));
        };
        // One function may have several event sources.
        let object = (&entry.resource, entry.before["mapping"]["UUID"].to_string());
        if let Some(twice) =
            records.into_iter().find(|it| !written.insert((object.clone(), it.clone())))
        {
            return Err(format!("the record {twice} is written again: {entry:?}"));
        }
    }
    Ok(())
}

/// The records that a call writes or takes away; `None` if it changes anything else, or nothing. Records are the tags
/// that say what was applied last, of a function or of an event source, and the descriptions of aliases.
fn records(entry: &Entry) -> Option<BTreeSet<String>> {
    let ours = |key: &str| key == "evenkeel.dev/applied" || key.starts_with("evenkeel.dev/block/");
    let part = |picture: &Value| {
        let mut rest = picture.as_object()?.clone();
        let notes = rest.remove("notes").unwrap_or_default();
        // It moves with each tag.
        if let Some(configuration) = rest.get_mut("configuration").and_then(Value::as_object_mut) {
            configuration.remove("RevisionId");
        }
        let tags = rest.get_mut("tags")?.as_object_mut()?;
        let (records, others) =
            std::mem::take(tags).into_iter().partition::<Map<_, _>, _>(|(key, _)| ours(key));
        *tags = others;
        let notes = notes.as_object().cloned().unwrap_or_default();
        Some((rest, records.into_iter().chain(notes).collect::<BTreeMap<_, _>>()))
    };
    let ((rest, was), (same, is)) = (part(&entry.before)?, part(&entry.after)?);
    let keys = was.keys().chain(is.keys()).filter(|key| was.get(*key) != is.get(*key));
    let keys: BTreeSet<String> = keys.cloned().collect();
    (rest == same && !keys.is_empty()).then_some(keys)
}

fn none(found: Option<&&Entry>, what: &str) -> Result<(), String> {
    match found {
        None => Ok(()),
        Some(entry) => Err(format!("{what}: {entry:?}")),
    }
}

/// Never two writes to one function at once. Of two processes, one of them killed, that cannot be asked.
fn one_at_a_time(writes: &[&Entry]) -> Result<(), String> {
    let mut last: BTreeMap<(&str, &str), &Entry> = BTreeMap::new();
    for entry in writes {
        let key = (entry.caller.as_str(), entry.resource.as_str());
        let before = last.insert(key, entry);
        if let Some(before) = before
            && before.ended.is_none_or(|it| it > entry.began)
        {
            return Err(format!("two writes at once: {before:?} and {entry:?}"));
        }
    }
    Ok(())
}

/// An alias is never led to a version that is not Active.
fn only_usable(writes: &[&Entry]) -> Result<(), String> {
    let moves = ["CreateAlias", "UpdateAlias"];
    let moves = writes.iter().filter(|it| moves.contains(&it.operation.as_str()) && it.effect);
    let usable = |entry: &Entry| {
        let all = entry.after["aliases"].as_object().into_iter().flatten();
        let mut states = all.flat_map(|(_, it)| it.as_object().into_iter().flatten());
        states.all(|(_, state)| state == "Active")
    };
    match moves.into_iter().find(|it| it.after.is_object() && !usable(it)) {
        Some(entry) => Err(format!("an alias that leads nowhere good: {entry:?}")),
        None => Ok(()),
    }
}

/// A deletion rests on a manifest that has long been gone, and on the live tag; or the function failed at
/// its creation.
fn deletions(writes: &[&Entry], told: &Told) -> Result<(), String> {
    let deletions = writes.iter().filter(|it| it.operation == "DeleteFunction" && it.effect);
    for entry in deletions {
        let config = &entry.before["configuration"];
        // With a version alone nothing changes that is kept here.
        if config["State"] == "Failed" || !config.is_object() {
            continue;
        }
        let gone = told.gone.get(&entry.resource).map(Duration::as_secs_f64);
        let allowed = entry.before["tags"]["evenkeel.dev/deletion"] == "delete";
        if gone.is_none_or(|it| entry.began < it + GRACE) || !allowed {
            return Err(format!("a deletion outside its gate: {entry:?}"));
        }
    }
    Ok(())
}

/// Each reason to write costs a few writes, and each failure one more try.
fn no_more_than_needed(journal: &[Entry], writes: &[&Entry], told: &Told) -> Result<(), String> {
    let mut effects: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in writes {
        let failed = entry.status >= 300 || entry.status == 0 || entry.fault.is_some();
        *effects.entry(&entry.resource).or_default() += usize::from(entry.effect);
        *reasons.entry(&entry.resource).or_default() += usize::from(failed);
    }
    for entry in journal.iter().filter(|it| it.caller == "rival") {
        *reasons.entry(&entry.resource).or_default() += 1;
    }
    for (name, effects) in effects {
        let touched = told.touched.get(name).copied().unwrap_or_default();
        let reasons = reasons.get(name).copied().unwrap_or_default();
        let most = STEPS * (1 + touched + reasons + told.restarts);
        if effects > most {
            return Err(format!("{effects} writes to {name}, for {reasons} reasons"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use evenkeel_sim::{
        call::{Call, Caller, Service},
        world::{Options, World},
    };
    use serde_json::json;

    use super::*;

    const ACCOUNT: &str = "123456789012";

    /// A daemon's calls, one a second.
    struct Calls {
        world: World,
        now: Duration,
    }

    impl Calls {
        fn new() -> Self {
            let mut calls = Self { world: World::new(Options::default()), now: Duration::ZERO };
            let manifest = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {}, "layers": [] }).to_string();
            let image = json!({ "imageManifest": manifest, "imageTag": "v1" });
            calls.by((Service::Ecr, "CreateRepository"), ("jobs", ""), json!({}));
            calls.by((Service::Ecr, "PutImage"), ("jobs", ""), image);
            let uri = format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/jobs:v1");
            let role = format!("arn:aws:iam::{ACCOUNT}:role/job");
            let function = json!({ "FunctionName": "job", "PackageType": "Image", "Code": { "ImageUri": uri }, "Role": role });
            calls.lambda("CreateFunction", "", function);
            calls.now += Duration::from_mins(1);
            calls
        }

        fn by(
            &mut self,
            (service, operation): (Service, &'static str),
            (resource, part): (&str, &str),
            body: Value,
        ) -> Entry {
            self.now += Duration::from_secs(1);
            let (account, region) = (ACCOUNT.into(), "us-east-1".into());
            let caller = Caller { account, region, key: "AKIARUN1".into() };
            let mut call = Call::by(caller, (service, operation), (resource, body));
            call.rest = vec![part.to_owned()];
            self.world.by_call(&call, self.now).unwrap();
            self.world.journal().since(0).last().unwrap().clone()
        }

        /// A call about the function itself, or, where `part` names one, about its alias or mapping.
        fn lambda(&mut self, operation: &'static str, part: &str, body: Value) -> Entry {
            let resource =
                if part.contains(':') || operation.ends_with("SourceMapping") && !part.is_empty() {
                    ""
                } else {
                    "job"
                };
            self.by((Service::Lambda, operation), (resource, part), body)
        }

        /// Makes an event source; its UUID and its ARN.
        fn mapping(&mut self, queue: &str) -> (String, String) {
            let queue = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}");
            let body = json!({ "FunctionName": "job", "EventSourceArn": queue });
            let made = self.lambda("CreateEventSourceMapping", "", body).after;
            self.now += Duration::from_mins(2);
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            (text("UUID"), text("EventSourceMappingArn"))
        }
    }

    fn applied(value: &str) -> Value {
        json!({ "Tags": { "evenkeel.dev/applied": value } })
    }

    #[test]
    fn the_record_of_an_event_source_follows_its_update_once() {
        let mut calls = Calls::new();
        let (uuid, arn) = calls.mapping("jobs");
        let (_, other) = calls.mapping("more");
        let update = calls.lambda("UpdateEventSourceMapping", &uuid, json!({ "BatchSize": 7 }));
        assert_eq!(update.resource, "job");
        assert_eq!(records(&update), None);
        let record = calls.lambda("TagResource", &arn, applied("v1:-:1"));
        let theirs = calls.lambda("TagResource", &other, applied("v1:-:1"));
        assert_eq!(record.resource, "job");
        at_rest([&record, &theirs].into_iter()).unwrap();
        let again = calls.lambda("TagResource", &arn, applied("v1:-:2"));
        at_rest([&record, &again].into_iter()).unwrap_err();
        let nothing = calls.lambda("TagResource", &arn, applied("v1:-:2"));
        at_rest([&nothing].into_iter()).unwrap_err();
        let owner = json!({ "Tags": { "evenkeel.dev/owner": "others" } });
        let owner = calls.lambda("TagResource", &arn, owner);
        at_rest([&owner].into_iter()).unwrap_err();
    }

    #[test]
    fn the_description_of_an_alias_is_a_record_and_where_it_leads_is_none() {
        let mut calls = Calls::new();
        calls.lambda("PublishVersion", "", json!({}));
        calls.now += Duration::from_mins(1);
        let alias = json!({ "Name": "live", "FunctionVersion": "1" });
        calls.lambda("CreateAlias", "", alias);
        let note = json!({ "Description": "evenkeel current=1" });
        let note = calls.lambda("UpdateAlias", "live", note);
        at_rest([&note].into_iter()).unwrap();
        let moved = calls.lambda("UpdateAlias", "live", json!({ "FunctionVersion": "$LATEST" }));
        at_rest([&moved].into_iter()).unwrap_err();
        let record =
            json!({ "Tags": { "evenkeel.dev/block/url": "1", "evenkeel.dev/applied": "1" } });
        let arn = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:job");
        let record = calls.by((Service::Lambda, "TagResource"), ("job", &arn), record);
        at_rest([&record].into_iter()).unwrap();
    }
}
