//! What differs between a repository as it should be and as it is, and the steps that repair it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    ignore::IgnoredRepositoryField,
    live::Live,
    policy, preview,
    spec::{Spec, config_hash},
    step::{Step, kind},
};
use crate::engine::{
    diff::{Cause, Change, Diff, Fingerprint, Origin, Planned, Reason, Shown, Wait},
    name::Name,
    observed::{Known, Reading},
    record::Record,
    tags::{self, APPLIED, DesiredTags, MANAGES, TagSteps, Tags},
};

/// The steps that repair tags.
const STEPS: TagSteps = TagSteps { set: kind::TAGS, unset: kind::UNTAG };
/// The blocks that AWS cannot tag, by their fields.
const LIFECYCLE: &str = "lifecyclePolicy";
const ACCESS: &str = "repositoryPolicy";

/// Makes the repository in one step. Its policies follow; the tags claim them already.
pub(super) fn create(name: &Name, spec: &Spec) -> Diff<Step> {
    let mut tags = spec.tags.set.clone();
    tags.extend(spec.ownership.tags());
    tags.extend(manages(&blocks(spec)).map(|it| (MANAGES.to_owned(), it)));
    let step = Step::Create {
        name: name.clone(),
        config: spec.config.clone(),
        encryption: spec.encryption.clone(),
        tags,
    };
    let change = Change {
        path: String::new(),
        desired: Shown {
            text: "present".into(),
            fingerprint: Fingerprint::of(format!("{step:?}").as_bytes()),
        },
        live: Shown::open("absent"),
        cause: Cause::Missing,
        origin: Origin::NoRecord,
        step: kind::CREATE,
    };
    let steps = vec![Planned::new(kind::CREATE, step)];
    Diff { changes: vec![change], steps, preview: preview::preview(spec), ..Diff::default() }
}

/// Compares a repository with its document: settings, encryption, both policies, tags.
pub(super) fn diff(name: &Name, spec: &Spec, reading: &Reading<Live>) -> Diff<Step> {
    let comparison = RepositoryComparison::new(name, spec, reading);
    let mut diff = Diff::default();
    comparison.config(&mut diff);
    comparison.encryption(&mut diff);
    let lifecycle = comparison.block(&comparison.lifecycle(), &mut diff);
    let access = comparison.block(&comparison.access(), &mut diff);
    let kept = lifecycle.into_iter().chain(access).collect();
    comparison.tags(&kept, &mut diff);
    diff
}

struct RepositoryComparison<'a> {
    name: &'a Name,
    spec: &'a Spec,
    live: &'a Live,
    exact: bool,
    origin: Origin,
    record: Option<Record>,
    /// The blocks that we have applied.
    managed: BTreeSet<&'a str>,
}

/// One field on both sides, as people may see it.
struct FieldComparison {
    desired: Shown,
    live: Shown,
}

/// A policy that AWS cannot tag, on both sides.
struct PolicyComparison {
    field: &'static str,
    /// In the one form that all of equal meaning have.
    wanted: Option<Value>,
    live: Known<Option<Value>>,
    ignored: bool,
    /// Whether what is there may be taken over without a word, since only AWS made it.
    free: bool,
    step: Planned<Step>,
    /// The step that takes it away.
    removal: Planned<Step>,
}

impl<'a> RepositoryComparison<'a> {
    /// Puts both sides next to each other and tells who moved. For that, the live side is hashed as
    /// the record was: what is left to others or not managed enters as the document has it.
    fn new(name: &'a Name, spec: &'a Spec, reading: &'a Reading<Live>) -> Self {
        let live = &reading.live;
        let record = Record::read(&live.tags);
        // What is not managed, or left to others, is no part of the hash.
        let mut config = live.config.clone();
        let ignores = |field| spec.ignored.contains(&field);
        if ignores(IgnoredRepositoryField::Mutability) {
            config.image_tag_mutability.clone_from(&spec.config.image_tag_mutability);
        }
        if ignores(IgnoredRepositoryField::Exclusions) {
            config.exclusions.clone_from(&spec.config.exclusions);
        }
        if ignores(IgnoredRepositoryField::Scanning) {
            config.scan_on_push = spec.config.scan_on_push;
        }
        let side = |wanted: &Option<Value>, live: &Known<Option<Value>>, ignored| match wanted {
            Some(_) if !ignores(ignored) => live.get().cloned().flatten(),
            wanted => wanted.clone(),
        };
        let lifecycle = side(&spec.lifecycle, &live.lifecycle, IgnoredRepositoryField::Lifecycle);
        let about = spec.policy.as_ref();
        let shown = known(&live.policy, |it| policy::concern(it, about));
        let access = side(&spec.policy, &shown, IgnoredRepositoryField::Policy);
        let live_hash = config_hash(&config, lifecycle.as_ref(), access.as_ref());
        let origin = Record::config_origin(record.as_ref(), &live_hash, &spec.config_hash);
        let managed = live.tags.get().and_then(|it| it.get(MANAGES)).map(String::as_str);
        let managed = managed.unwrap_or_default().split('/').filter(|it| !it.is_empty()).collect();
        Self { name, spec, live, exact: reading.exact, origin, record, managed }
    }

    fn ignores(&self, field: &IgnoredRepositoryField) -> bool {
        self.spec.ignored.contains(field)
    }

    fn change(&self, path: &str, shown: FieldComparison, step: &'static str) -> Change {
        let FieldComparison { desired, live } = shown;
        let origin = self.origin;
        Change { path: path.into(), desired, live, cause: Cause::Config, origin, step }
    }

    /// Adds what differs of mutability and scanning, with their steps. Mutability and its
    /// exclusions go in one call, so one that is left to others is sent as it is.
    fn config(&self, diff: &mut Diff<Step>) {
        let (wanted, live) = (&self.spec.config, &self.live.config);
        let mut changes = Vec::new();
        let (it, was) = (&wanted.image_tag_mutability, &live.image_tag_mutability);
        let (mut mutability, mut exclusions) = (it, &wanted.exclusions);
        if self.ignores(&IgnoredRepositoryField::Mutability) {
            mutability = was;
        } else if it != was {
            let shown = FieldComparison { desired: Shown::open(it), live: Shown::open(was) };
            changes.push(self.change("/imageTagMutability", shown, kind::MUTABILITY));
        }
        if self.ignores(&IgnoredRepositoryField::Exclusions) {
            exclusions = &live.exclusions;
        } else if wanted.exclusions != live.exclusions {
            let (desired, live) = (listed(&wanted.exclusions), listed(&live.exclusions));
            let path = "/imageTagMutabilityExclusionFilters";
            changes.push(self.change(path, FieldComparison { desired, live }, kind::MUTABILITY));
        }
        if !changes.is_empty() {
            let step = Step::Mutability {
                name: self.name.clone(),
                mutability: mutability.clone(),
                exclusions: exclusions.clone(),
                shown: summary(&changes),
            };
            diff.steps.push(Planned::new(kind::MUTABILITY, step).in_lane("imageTagMutability"));
        }
        let (scan, was) = (wanted.scan_on_push, live.scan_on_push);
        if scan != was && !self.ignores(&IgnoredRepositoryField::Scanning) {
            let shown = FieldComparison { desired: Shown::open(scan), live: Shown::open(was) };
            let path = "/imageScanningConfiguration/scanOnPush";
            changes.push(self.change(path, shown, kind::SCANNING));
            let step = Step::Scanning { name: self.name.clone(), scan_on_push: scan };
            diff.steps
                .push(Planned::new(kind::SCANNING, step).in_lane("imageScanningConfiguration"));
        }
        diff.changes.extend(changes);
    }

    /// Adds a wait if the encryption differs: ECR lets it be chosen only once, so no step repairs
    /// it.
    fn encryption(&self, diff: &mut Diff<Step>) {
        let Some(wanted) = &self.spec.encryption else { return };
        let live = &self.live.encryption;
        // An alias or a bare id cannot be told from the ARN that ECR shows.
        let arn = |key: &Option<String>| {
            key.clone().filter(|it| it.starts_with("arn:") && it.contains(":key/"))
        };
        let keys = (arn(&wanted.kms_key), arn(&live.kms_key));
        let key = matches!(keys, (Some(wanted), Some(live)) if wanted != live);
        let differs = wanted.encryption_type != live.encryption_type || key;
        if !differs || self.ignores(&IgnoredRepositoryField::Encryption) {
            return;
        }
        let show = |it: &super::spec::Encryption| {
            Shown::open(
                [&*it.encryption_type, it.kms_key.as_deref().unwrap_or("")].join(" ").trim(),
            )
        };
        let shown = FieldComparison { desired: show(wanted), live: show(live) };
        let change = self.change("/encryptionConfiguration", shown, kind::CREATE);
        // Nobody can have changed it.
        diff.changes.push(Change { origin: Origin::Pending, ..change });
        let message = "ECR lets the encryption be chosen only when a repository is made: make a new one, \
                       or write into the manifest what there is";
        let reason = Reason::new("Immutable", message);
        diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
    }

    /// The lifecycle policy on both sides, and the steps that write it and delete it.
    fn lifecycle(&self) -> PolicyComparison {
        let put = |text| {
            let step = Step::Lifecycle { name: self.name.clone(), text };
            Planned::new(kind::LIFECYCLE, step).in_lane(LIFECYCLE)
        };
        PolicyComparison {
            field: LIFECYCLE,
            wanted: self.spec.lifecycle.as_ref().map(policy::lifecycle),
            live: known(&self.live.lifecycle, |it| Some(policy::lifecycle(it))),
            ignored: self.ignores(&IgnoredRepositoryField::Lifecycle),
            free: false,
            step: put(self.spec.lifecycle.as_ref().map(Value::to_string)),
            removal: put(None),
        }
    }

    /// The repository policy on both sides, but for the statement that Lambda adds. Both steps keep
    /// that statement, so a removal may write a policy.
    fn access(&self) -> PolicyComparison {
        let live = self.live.policy.get().and_then(Option::as_ref);
        let put = |desired: Option<&Value>| {
            let text = policy::with_lambdas(desired, live).as_ref().map(Value::to_string);
            Planned::new(kind::POLICY, Step::Policy { name: self.name.clone(), text })
                .in_lane(ACCESS)
        };
        PolicyComparison {
            field: ACCESS,
            wanted: self.spec.policy.as_ref().and_then(policy::access),
            live: known(&self.live.policy, |it| {
                policy::concern(it, self.spec.policy.as_ref()).as_ref().and_then(policy::access)
            }),
            ignored: self.ignores(&IgnoredRepositoryField::Policy),
            free: live.is_some_and(|it| policy::concern(it, None).is_none()),
            step: put(self.spec.policy.as_ref()),
            removal: put(None),
        }
    }

    /// Adds what differs of one policy, and its step. Returns the policy's field if the tag
    /// `evenkeel.dev/manages` is to name it, by which it is ours to change and delete; `None` if
    /// not.
    fn block(&self, block: &PolicyComparison, diff: &mut Diff<Step>) -> Option<&'static str> {
        let field = block.field;
        let ours = self.managed.contains(field);
        let live = match &block.live {
            _ if block.ignored => return ours.then_some(field),
            Known::Yes(live) => live,
            Known::No(why) => {
                // That a list does not show it is no news.
                if block.wanted.is_some() && self.exact {
                    diff.hide(condition(field), field, why);
                }
                return ours.then_some(field);
            }
        };
        let (desired, found) = (shown(block.wanted.as_ref()), shown(live.as_ref()));
        let change = self.change(
            &format!("/{field}"),
            FieldComparison { desired, live: found },
            block.step.kind,
        );
        match (&block.wanted, live) {
            (Some(wanted), Some(live)) if wanted == live => {}
            (Some(_), Some(_)) if !ours && !self.spec.adopts && !block.free => {
                let message = format!(
                    "it has a {field} that Evenkeel did not write; to replace it, set `policy.adopt: true`"
                );
                let reason = Reason::new("NotOwned", message);
                diff.changes.push(change);
                diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
                return None;
            }
            (Some(_), _) => {
                diff.changes.push(change);
                diff.steps.push(block.step.clone());
            }
            (None, Some(_)) if ours => {
                diff.changes.push(change);
                diff.steps.push(block.removal.clone());
                return Some(field);
            }
            (None, Some(_)) => {
                let message =
                    format!("it has a {field} that no manifest describes; it is left alone");
                diff.conditions.insert(condition(field), Reason::new("Unmanaged", message));
                return None;
            }
            (None, None) => return None,
        }
        Some(field)
    }

    /// Adds the tags that differ, with `kept` in `evenkeel.dev/manages`, and, once nothing else is
    /// to do, the record of what was applied. Does nothing while tags are unknown.
    fn tags(&self, kept: &BTreeSet<&str>, diff: &mut Diff<Step>) {
        let Known::Yes(live) = &self.live.tags else { return };
        let others = |key: &str| {
            self.ignores(&IgnoredRepositoryField::Tags)
                || self.ignores(&IgnoredRepositoryField::Tag(key.to_owned()))
        };
        let settled = diff.steps.is_empty() && diff.waits.is_empty();
        // What AWS does not show may be anything: a record of it would be a guess.
        let settled = settled && diff.unreadable.is_none();
        let mut ours = self.spec.ownership.tags();
        ours.extend(manages(kept).map(|it| (MANAGES.to_owned(), it)));
        let mut found = tags::compare(
            &DesiredTags { spec: &self.spec.tags, ours: &ours },
            live,
            others,
            &STEPS,
        );
        if !ours.contains_key(MANAGES) && live.contains_key(MANAGES) {
            found.unset.insert(MANAGES.into());
        }
        diff.changes.extend(found.changes);
        diff.conditions.extend(tags::left(&found.extra));
        let (name, arn) = (self.name.clone(), self.spec.arn.clone());
        let mut set = found.set;
        let kind = if set.is_empty() { kind::RECORD } else { kind::TAGS };
        let record = Record::of(None, &self.spec.config_hash);
        if settled && self.record.as_ref() != Some(&record) {
            set.insert(APPLIED.into(), record.text());
        }
        if !set.is_empty() {
            let shown = pairs(&set);
            let step = Step::Tag { name: name.clone(), arn: arn.clone(), tags: set, shown };
            // Whose it is, and what of it is ours, is written before anything else.
            let at = if kind == kind::TAGS { 0 } else { diff.steps.len() };
            diff.steps.insert(at, Planned::new(kind, step));
        }
        if !found.unset.is_empty() {
            let keys: Vec<&str> = found.unset.iter().map(String::as_str).collect();
            let shown = keys.join(", ");
            let step = Step::Untag { name, arn, keys: found.unset, shown };
            diff.steps.push(Planned::new(kind::UNTAG, step).in_lane("tags"));
        }
    }
}

fn known(
    side: &Known<Option<Value>>,
    form: impl Fn(&Value) -> Option<Value>,
) -> Known<Option<Value>> {
    match side {
        Known::Yes(value) => Known::Yes(value.as_ref().and_then(form)),
        Known::No(why) => Known::No(why.clone()),
    }
}

/// The blocks that the document describes.
fn blocks(spec: &Spec) -> BTreeSet<&'static str> {
    let lifecycle = spec.lifecycle.as_ref().map(|_| LIFECYCLE);
    lifecycle.into_iter().chain(spec.policy.as_ref().map(|_| ACCESS)).collect()
}

/// The value of the tag `evenkeel.dev/manages`.
fn manages(blocks: &BTreeSet<&str>) -> Option<String> {
    let names: Vec<&str> = blocks.iter().copied().collect();
    (!names.is_empty()).then(|| names.join("/"))
}

fn condition(field: &str) -> &'static str {
    if field == LIFECYCLE { "LifecyclePolicy" } else { "RepositoryPolicy" }
}

fn shown(policy: Option<&Value>) -> Shown {
    policy.map_or_else(|| Shown::open("(absent)"), Shown::open)
}

fn listed(items: &BTreeSet<String>) -> Shown {
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    Shown::open(format!("[{}]", items.join(", ")))
}

fn summary(changes: &[Change]) -> String {
    let lines = changes.iter().map(|it| {
        let field = it.path.trim_start_matches('/').replace('/', ".");
        format!("{field} {} → {}", it.live, it.desired)
    });
    lines.collect::<Vec<_>>().join(", ")
}

fn pairs(tags: &Tags) -> String {
    let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{key} {value}")).collect();
    pairs.join(", ")
}
