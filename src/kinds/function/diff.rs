//! What differs between a function as it should be and as it is, and the steps that mend it: code
//! first, then configuration, then tags, and at last the record of what was applied.

use std::collections::BTreeMap;

use super::{
    compare::{compare, summary},
    config::Config,
    hash::config_hash,
    ignore::Ignored,
    live::{Live, Package},
    resolve::{Resolved, resolve},
    spec::Spec,
    state,
    step::{Create, Step, Tag, UpdateCode, UpdateConfig, kind},
    tags::{self, APPLIED, Applied},
};
use crate::engine::{
    diff::{Cause, Change, Diff, Origin, Planned, Print, Said, Shown},
    facts::{Digest, Facts},
    name::Name,
    sight::{Known, Seen},
};

/// The one step that makes a function which is not there.
pub(super) fn create(name: &Name, spec: &Spec, facts: &Facts) -> Diff<Step> {
    let whole = format!("{}{}{:?}", spec.config_hash, spec.architecture, spec.tags);
    let values = spec.config.environment.values().map(|it| it.expose().to_owned());
    let whole = values.fold(whole, |text, value| text + "\n" + &value);
    let print = Print::of(whole.as_bytes());
    let mut diff = Diff {
        changes: vec![Change {
            path: String::new(),
            desired: Shown { text: "present".into(), print },
            live: Shown::open("absent"),
            cause: Cause::Missing,
            origin: Origin::NoRecord,
            step: kind::CREATE,
        }],
        ..Diff::default()
    };
    match resolve(spec, facts) {
        Ok(resolved) => {
            let mut tags = tags::desired(spec);
            tags.insert(APPLIED.into(), Applied::of(&resolved.digest, &spec.config_hash).text());
            let create = Create {
                name: name.clone(),
                image_uri: resolved.uri,
                architecture: spec.architecture.clone(),
                config: spec.config.clone(),
                tags,
            };
            diff.steps.push(Planned { kind: kind::CREATE, step: Step::Create(Box::new(create)) });
        }
        Err(hold) => diff.waits.push(hold),
    }
    diff
}

/// Everything that differs.
pub(super) fn diff(name: &Name, spec: &Spec, seen: &Seen<Live>, facts: &Facts) -> Diff<Step> {
    let live = &seen.live;
    let mut diff = Diff::default();
    if live.package == Package::Zip {
        let message = "a function of this name ships as a zip archive; AWS cannot turn it into an \
                       image function, so it must be deleted or the manifest renamed";
        diff.refusal = Some(Said::new("NotAnImage", message));
        return diff;
    }
    let sides = Sides::new(name, spec, live);
    let resolved = match resolve(spec, facts) {
        Ok(resolved) => Some(resolved),
        // What an image means that is left to others holds up nothing.
        Err(_) if sides.ignores(&Ignored::Image) => None,
        Err(hold) => {
            diff.waits.push(hold);
            None
        }
    };
    sides.code(resolved.as_ref(), seen, &mut diff);
    sides.config(seen, &mut diff);
    sides.tags(resolved.as_ref(), &mut diff);
    state::weigh(name, sides.code_step(resolved.as_ref(), seen), live, &mut diff);
    diff
}

/// Both sides of the comparison, and what was applied last.
struct Sides<'a> {
    name: &'a Name,
    spec: &'a Spec,
    live: &'a Live,
    /// The wanted configuration. What is left to others has its live value: it then neither makes a
    /// difference, nor is it overwritten within a struct that AWS replaces whole.
    wanted: Config,
    /// The live configuration. What AWS would not show of it is taken for what is wanted, for the same
    /// reasons.
    config: Config,
    applied: Option<Applied>,
    /// The hash of the live configuration.
    live_hash: String,
}

impl<'a> Sides<'a> {
    fn new(name: &'a Name, spec: &'a Spec, live: &'a Live) -> Self {
        let (mut wanted, mut config) = (spec.config.clone(), live.config.clone());
        for field in &spec.ignored {
            field.copy(&live.config, &mut wanted);
        }
        if live.environment_error.is_some() {
            config.environment.clone_from(&wanted.environment);
        }
        if live.image_error.is_some() {
            config.image.clone_from(&wanted.image);
        }
        // The hash is about what we keep: what is left to others counts as wanted.
        let mut kept = config.clone();
        for field in &spec.ignored {
            field.copy(&spec.config, &mut kept);
        }
        let ignored = spec.ignored.contains(&Ignored::Architectures);
        let architecture = if ignored { &spec.architecture } else { &live.architecture };
        let live_hash = config_hash(name.as_str(), (&kept, architecture), spec.hash_key.as_ref());
        let applied = Applied::read(&live.tags);
        Self { name, spec, live, wanted, config, applied, live_hash }
    }

    fn ignores(&self, field: &Ignored) -> bool {
        self.spec.ignored.contains(field)
    }

    /// What AWS would not show, by the name of the condition that says so.
    fn hidden(&self) -> impl Iterator<Item = (&'static str, &'static str, &String)> {
        let environment = self.live.environment_error.iter();
        let image = self.live.image_error.iter();
        environment
            .map(|why| ("EnvironmentUnknown", "the environment", why))
            .chain(image.map(|why| ("ImageConfigUnknown", "imageConfig", why)))
    }

    /// Who moved, when the images differ.
    fn image_origin(&self, desired: &Digest) -> Origin {
        let Some(applied) = &self.applied else { return Origin::NoRecord };
        origin(applied.is_digest(self.live.digest.as_ref()), applied.is_digest(Some(desired)))
    }

    /// Who moved, when the configurations differ.
    fn config_origin(&self) -> Origin {
        let Some(applied) = &self.applied else { return Origin::NoRecord };
        if self.live_hash == self.spec.config_hash {
            // Only values of the environment differ, and those the hash does not hold.
            return Origin::NoRecord;
        }
        origin(applied.is_config(&self.live_hash), applied.is_config(&self.spec.config_hash))
    }

    fn code(&self, resolved: Option<&Resolved>, seen: &Seen<Live>, diff: &mut Diff<Step>) {
        let before = diff.changes.len();
        let change = |path: &str, desired: Shown, live: Shown, origin: Origin| Change {
            path: path.into(),
            desired,
            live,
            cause: Cause::Image,
            origin,
            step: kind::CODE,
        };
        let (live, spec) = (self.live, self.spec);
        if let Some(Resolved { digest, .. }) = resolved.filter(|_| !self.ignores(&Ignored::Image)) {
            let repository = live.repository.get().unwrap_or(&spec.image.repository);
            if live.digest.as_ref() != Some(digest) {
                let was = live.digest.as_ref().map_or(Shown::open("(unknown)"), shown);
                let origin = self.image_origin(digest);
                diff.changes.push(change("/image", shown(digest), was, origin));
            } else if *repository != spec.image.repository {
                let (desired, was) = (Shown::open(&spec.image.repository), Shown::open(repository));
                diff.changes.push(change("/image/repository", desired, was, Origin::NoRecord));
            }
        }
        if live.architecture != spec.architecture && !self.ignores(&Ignored::Architectures) {
            let (desired, was) = (Shown::open(&spec.architecture), Shown::open(&live.architecture));
            diff.changes.push(change("/architectures/0", desired, was, self.config_origin()));
        }
        if diff.changes.len() > before
            && let Some(mut step) = self.code_step(resolved, seen)
        {
            step.shown = summary(&diff.changes, kind::CODE);
            diff.steps.push(Planned { kind: kind::CODE, step: Step::UpdateCode(step) });
        }
    }

    /// The step that deploys the image, whether or not it is needed.
    fn code_step(&self, resolved: Option<&Resolved>, seen: &Seen<Live>) -> Option<UpdateCode> {
        resolved.map(|resolved| UpdateCode {
            name: self.name.clone(),
            image_uri: resolved.uri.clone(),
            architecture: self.spec.architecture.clone(),
            revision_id: seen.revision.clone(),
            shown: "deploy the same image again".into(),
        })
    }

    fn config(&self, seen: &Seen<Live>, diff: &mut Diff<Step>) {
        let (changes, patch) = compare(&self.wanted, &self.config, self.config_origin());
        self.tell_ignored(diff);
        for (condition, what, why) in self.hidden() {
            let message = format!("AWS does not show {what}, so it is left alone: {why}");
            diff.conditions.insert(condition, Said::new("Unreadable", message));
        }
        if changes.is_empty() {
            return;
        }
        let step = UpdateConfig {
            name: self.name.clone(),
            patch,
            revision_id: seen.revision.clone(),
            shown: summary(&changes, kind::CONFIGURATION),
        };
        diff.changes.extend(changes);
        diff.steps
            .push(Planned { kind: kind::CONFIGURATION, step: Step::UpdateConfig(Box::new(step)) });
    }

    /// Says what is left to others and differs from the manifest.
    fn tell_ignored(&self, diff: &mut Diff<Step>) {
        let (mut changes, _) = compare(&self.spec.config, &self.wanted, Origin::NoRecord);
        // What AWS does not show is not known to differ.
        if self.live.environment_error.is_some() {
            changes.retain(|it| !it.path.starts_with("/environment/"));
        }
        if !changes.is_empty() {
            let text = summary(&changes, kind::CONFIGURATION);
            let said =
                Said::new("LeftToOthers", format!("left to others, though it differs: {text}"));
            diff.conditions.insert("Ignored", said);
        }
    }

    fn tags(&self, resolved: Option<&Resolved>, diff: &mut Diff<Step>) {
        let Known::Yes(live) = &self.live.tags else { return };
        let mut desired = tags::desired(self.spec);
        let others = |key: &String| {
            self.spec.tags.contains_key(key)
                && (self.ignores(&Ignored::Tags) || self.ignores(&Ignored::Tag(key.clone())))
        };
        desired.retain(|key, _| !others(key));
        let settled = diff.steps.is_empty() && diff.waits.is_empty();
        let missing: Vec<(&String, &String)> =
            desired.iter().filter(|(key, value)| live.get(*key) != Some(value)).collect();
        for (key, value) in &missing {
            let was = live.get(*key).map_or_else(|| Shown::open("(absent)"), Shown::open);
            let pointer = key.replace('~', "~0").replace('/', "~1");
            diff.changes.push(Change {
                path: format!("/tags/{pointer}"),
                desired: Shown::open(value),
                live: was,
                cause: Cause::Tags,
                origin: Origin::NoRecord,
                step: kind::TAGS,
            });
        }
        let mut set: BTreeMap<String, String> =
            missing.iter().map(|(key, value)| ((*key).clone(), (*value).clone())).collect();
        let kind = if set.is_empty() { kind::RECORD } else { kind::TAGS };
        let mut shown: Vec<String> = Vec::new();
        if kind == kind::TAGS {
            shown.push(summary(&diff.changes, kind::TAGS));
        }
        if settled && let Some(applied) = self.stale_record(resolved) {
            shown.push(format!("record {applied}"));
            set.insert(APPLIED.into(), applied);
        }
        if !set.is_empty() {
            let (name, arn, shown) = (self.name.clone(), self.spec.arn.clone(), shown.join(", "));
            diff.steps.push(Planned { kind, step: Step::Tag(Tag { name, arn, tags: set, shown }) });
        }
    }

    /// What the record should say, if it says something else. It is written once it is true, and not
    /// while AWS hides part of the configuration.
    fn stale_record(&self, resolved: Option<&Resolved>) -> Option<String> {
        if self.hidden().next().is_some() {
            return None;
        }
        let theirs = self.ignores(&Ignored::Image);
        let digest = if theirs { self.live.digest.as_ref()? } else { &resolved?.digest };
        let applied = Applied::of(digest, &self.spec.config_hash);
        (self.applied.as_ref() != Some(&applied)).then(|| applied.text())
    }
}

/// A digest, short enough to read.
fn shown(digest: &Digest) -> Shown {
    Shown {
        text: format!("sha256:{}", digest.short(12)),
        print: Print::of(digest.hex().as_bytes()),
    }
}

/// Whether AWS still has what was applied, and whether the manifest still asks for it.
fn origin(live_is_applied: bool, desired_is_applied: bool) -> Origin {
    match (live_is_applied, desired_is_applied) {
        (true, _) => Origin::Pending,
        (false, true) => Origin::Drift,
        (false, false) => Origin::Both,
    }
}
