//! What differs between an event source as it should be and as it is, and the steps that repair it.

use std::{collections::BTreeSet, time::Duration};

use super::{
    config::{Config, MappingFields},
    live::{Live, Mapping},
    spec::{DesiredMapping, KIND, Spec, invokes},
    step::{CreateMapping, Sent, Step, kind},
};
use crate::{
    engine::{
        diff::{Cause, Change, Diff, Fingerprint, Origin, Planned, Reason, Shown, Wait},
        facts::Facts,
        observed::{Known, Reading},
        record::Record,
        tags::{self, APPLIED, Claim, DesiredTags, TagSpec, TagSteps, Tags},
    },
    kinds::block::{
        At,
        host::{missing, no_alias},
    },
};

/// How soon to come back to a mapping that AWS is at work on: it takes up to a minute.
const BUSY_RECHECK: Duration = Duration::from_secs(5);
/// The steps that repair tags.
const STEPS: TagSteps = TagSteps { set: kind::TAGS, unset: kind::NONE };
/// The member that holds them.
const FIELD: &str = "/eventSources";
/// How the function that is invoked is called among the fields.
const FUNCTION: &str = "functionName";

/// Compares an event source with its document. While AWS is at work on the mapping, it only waits.
/// Steps wait until the function is there, ours and at rest, and its alias is there.
pub(super) fn diff(spec: &Spec, reading: &Reading<Live>, facts: &Facts) -> Diff<Step> {
    let mut diff = Diff::default();
    let Live { host, mapping } = &reading.live;
    if let Some(busy) = mapping.as_ref().and_then(|it| it.busy.clone()) {
        let reason = Reason::new("EventSourceBusy", busy);
        diff.waits.push(Wait { reason, on: None, recheck: Some(BUSY_RECHECK), soon: true });
        return diff;
    }
    match (&spec.desired, mapping) {
        (Some(desired), Some(mapping)) => {
            MappingComparison { spec, desired, mapping, exact: reading.exact }.compare(&mut diff);
        }
        (Some(desired), None) => create(spec, desired, &mut diff),
        (None, Some(mapping)) if is_ours(spec, mapping) => take_away(mapping, &mut diff),
        (None, Some(mapping)) if spec.guards && reading.exact => {
            let wait = match host {
                Some(host) => host.claimed(&spec.function, &spec.owner, facts),
                None => Some(missing(&spec.function, facts)),
            };
            match wait {
                Some(wait) => diff.waits.push(wait),
                None => unasked(spec, mapping, &mut diff),
            }
        }
        // Gone as wanted, or there and not watched, or shown only by a list, without tags.
        (None, Some(_) | None) => {}
    }
    // A list does not show the function.
    if reading.exact && spec.desired.is_some() && !diff.steps.is_empty() {
        let wait = match host {
            Some(host) => host.wait(&spec.function, &spec.owner, facts),
            None => Some(missing(&spec.function, facts)),
        };
        let at = At { function: spec.function.clone(), qualifier: spec.alias.clone() };
        if let Some(wait) = wait.or_else(|| no_alias(&at, facts)) {
            diff.steps.clear();
            diff.waits.insert(0, wait);
        }
    }
    diff
}

/// Adds the step that makes the mapping. It sends only what differs from AWS's defaults. The tags
/// claim the mapping and record it as applied, since all is in one call.
fn create(spec: &Spec, desired: &DesiredMapping, diff: &mut Diff<Step>) {
    let invokes = invokes(&spec.function, spec.alias.as_ref());
    let unset = Config::unset(desired.source).fields(&invokes);
    let fields = desired.config.fields(&invokes);
    diff.preview.push(format!("{FIELD}/eventSourceArn"), &desired.address.arn);
    for path in differing(&fields, &unset) {
        let value = fields.get(path).map(String::as_str).unwrap_or_default();
        diff.preview.push(format!("{FIELD}/{path}"), value);
    }
    let mut tags = desired.ownership.tags();
    tags.insert(APPLIED.into(), desired.record(&invokes).text());
    let step = Step::Create(Box::new(CreateMapping {
        address: desired.address.clone(),
        source: desired.source,
        invokes,
        chosen: desired.chosen.clone(),
        sent: Sent {
            config: desired.config.clone(),
            members: members(&differing(&fields, &unset)),
        },
        tags,
    }));
    let fingerprint = Fingerprint::of(format!("{step:?}").as_bytes());
    let desired = Shown { text: "present".into(), fingerprint };
    let change = change(FIELD.into(), desired, Shown::open("absent"), kind::CREATE);
    diff.changes.push(Change { origin: Origin::NoRecord, ..change });
    diff.steps.push(Planned::new(kind::CREATE, step));
}

/// Whether its tags say that we keep it, and that they are about it. A mapping that is adopted is
/// asked for, so it does not come here.
fn is_ours(spec: &Spec, mapping: &Mapping) -> bool {
    let own = tags::object(KIND, &mapping.address.name());
    match Claim::of(Some(&mapping.tags)) {
        Claim::Owner { id, object, .. } => id == spec.owner && object == Some(own),
        Claim::ReadOnly | Claim::Unreadable(_) | Claim::Nobody | Claim::CloudFormation(_) => false,
    }
}

/// Reports a mapping that no document ever asked for, on a function that is ours. It is deleted
/// only if the document says so and no owner's tags are on it; otherwise a wait says whose it is.
fn unasked(spec: &Spec, mapping: &Mapping, diff: &mut Diff<Step>) {
    let Mapping { address, uuid, tags, .. } = mapping;
    let words = format!("events from {}", address.source());
    // One that comes back is another.
    let live = Shown { text: words.clone(), fingerprint: Fingerprint::of(uuid.as_bytes()) };
    let change = change(FIELD.into(), Shown::open("absent"), live, kind::EXTRA);
    diff.changes.push(Change { origin: Origin::Drift, cause: Cause::Unmanaged, ..change });
    let next = match Claim::of(Some(tags)) {
        Claim::Nobody if spec.exclusive => {
            let step = Step::Delete { address: address.clone(), uuid: uuid.clone() };
            diff.steps.push(Planned::new(kind::EXTRA, step));
            return;
        }
        Claim::Nobody | Claim::ReadOnly => {
            "describe it, take it away, or let Evenkeel do that with `policy.exclusive: true` \
             beside `eventSources`"
                .into()
        }
        Claim::Unreadable(why) => format!("whose it is cannot be told: {why}"),
        Claim::CloudFormation(stack) => format!("the stack {stack} made it; take it out of that"),
        Claim::Owner { id, object, .. } => {
            let object = object.as_deref().unwrap_or("another object");
            format!("its tags say that it is {object} of the Evenkeel `{id}`")
        }
    };
    let message = format!("no manifest asks for this: {words}; {next}");
    let reason = Reason::new("UnmanagedChange", message);
    diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
}

/// Adds the step that deletes a mapping of ours: its document does not ask for it any more.
fn take_away(mapping: &Mapping, diff: &mut Diff<Step>) {
    let (absent, present) = (Shown::open("absent"), Shown::open("present"));
    diff.changes.push(change(FIELD.into(), absent, present, kind::DELETE));
    let (address, uuid) = (mapping.address.clone(), mapping.uuid.clone());
    diff.steps.push(Planned::new(kind::DELETE, Step::Delete { address, uuid }));
}

struct MappingComparison<'a> {
    spec: &'a Spec,
    desired: &'a DesiredMapping,
    mapping: &'a Mapping,
    exact: bool,
}

impl MappingComparison<'_> {
    /// Adds what differs between the mapping and the document, and the steps: one update of the
    /// members that differ, then the tags. Filters that AWS does not show count as the wanted ones,
    /// so they make no difference and are not sent.
    fn compare(&self, diff: &mut Diff<Step>) {
        let Self { spec, desired, mapping, .. } = self;
        let mut live = mapping.config.clone().concerning(&desired.config, desired.source);
        if let Some(why) = &mapping.filters_unread {
            live.filters.clone_from(&desired.config.filters);
            // That a list does not show them is no news.
            if self.exact {
                diff.hide("BlockUnknown", "filterCriteria", why);
            }
        }
        let wanted_at = invokes(&spec.function, spec.alias.as_ref());
        let live_at = invokes(&spec.function, mapping.alias.as_ref());
        let record = Record::read(&mapping.tags);
        let (was, is) =
            (live.hash(desired.source, &live_at), desired.config.hash(desired.source, &wanted_at));
        let origin = Record::config_origin(record.as_ref(), &was, &is);
        let (fields, live) = (desired.config.fields(&wanted_at), live.fields(&live_at));
        let paths = differing(&fields, &live);
        let shown = |fields: &MappingFields, path: &str| {
            fields.get(path).map_or_else(|| Shown::open("(unset)"), Shown::open)
        };
        diff.changes.extend(paths.iter().map(|path| {
            let (desired, live) = (shown(&fields, path), shown(&live, path));
            Change { origin, ..change(format!("{FIELD}/{path}"), desired, live, kind::UPDATE) }
        }));
        if !paths.is_empty() {
            let members = members(&paths);
            let step = Step::Update {
                address: mapping.address.clone(),
                uuid: mapping.uuid.clone(),
                invokes: members.contains(FUNCTION).then_some(wanted_at.clone()),
                shown: summary(&diff.changes),
                sent: Box::new(Sent { config: desired.config.clone(), members }),
            };
            diff.steps.push(Planned::new(kind::UPDATE, step));
        }
        self.chosen(diff);
        self.tags(record.as_ref(), &desired.record(&wanted_at), diff);
    }

    /// Adds a wait if something differs that AWS lets be chosen only once: no step repairs it.
    fn chosen(&self, diff: &mut Diff<Step>) {
        let differing = self.desired.chosen.differing(&self.mapping.chosen);
        if differing.is_empty() {
            return;
        }
        diff.changes.extend(differing.into_iter().map(|(path, wanted, live)| {
            let (desired, live) = (Shown::open(wanted), Shown::open(live));
            change(format!("{FIELD}/{path}"), desired, live, kind::NONE)
        }));
        let message = "Lambda lets it be chosen only when a mapping is made: delete the mapping, so that it is \
                       made anew, or write into the manifest what there is";
        let reason = Reason::new("Immutable", message);
        diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
    }

    /// Adds our own tags where they differ and, once no other step is left, the record of what was
    /// applied. Does nothing while the tags are not known.
    fn tags(&self, record: Option<&Record>, wanted: &Record, diff: &mut Diff<Step>) {
        let Known::Yes(live) = &self.mapping.tags else { return };
        let ours = self.desired.ownership.tags();
        let found = tags::compare(
            &DesiredTags { spec: &TagSpec::default(), ours: &ours },
            live,
            |_| false,
            &STEPS,
        );
        // What AWS does not show may be anything: a record of it would be a guess.
        let settled = diff.steps.is_empty() && diff.unreadable.is_none();
        diff.changes.extend(found.changes);
        let mut set = found.set;
        let kind = if set.is_empty() { kind::RECORD } else { kind::TAGS };
        if settled && record != Some(wanted) {
            set.insert(APPLIED.into(), wanted.text());
        }
        if set.is_empty() {
            return;
        }
        let Mapping { address, arn, .. } = self.mapping.clone();
        let step = Step::Tag { address, arn, shown: pairs(&set), tags: set };
        // Whose it is, is written before anything else.
        diff.steps.insert(0, Planned::new(kind, step));
    }
}

impl DesiredMapping {
    /// What is written down once it is as it should be.
    fn record(&self, invokes: &str) -> Record {
        Record::of(None, &self.config.hash(self.source, invokes))
    }
}

/// What differs though nobody has changed it: an edit, or a choice that AWS lets be made only once.
fn change(path: String, desired: Shown, live: Shown, step: &'static str) -> Change {
    Change { path, desired, live, cause: Cause::EventSource, origin: Origin::Pending, step }
}

/// The paths of the fields that differ.
fn differing(wanted: &MappingFields, live: &MappingFields) -> BTreeSet<&'static str> {
    let paths = wanted.keys().chain(live.keys()).copied();
    paths.filter(|path| wanted.get(path) != live.get(path)).collect()
}

/// The members that hold them: each is sent whole.
fn members(paths: &BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    paths.iter().filter_map(|path| path.split('/').next()).collect()
}

fn summary(changes: &[Change]) -> String {
    let lines = changes.iter().map(|it| {
        let field = it.path.trim_start_matches(FIELD).trim_start_matches('/').replace('/', ".");
        format!("{field} {} → {}", it.live, it.desired)
    });
    lines.collect::<Vec<_>>().join(", ")
}

fn pairs(tags: &Tags) -> String {
    let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{key} {value}")).collect();
    pairs.join(", ")
}

#[cfg(test)]
mod tests;
