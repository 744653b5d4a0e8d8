//! A function as it should be and as it is, side by side: what differs of its code and its configuration.

use super::{
    compare::{compare, members, summary},
    hash::config_hash,
    ignore::IgnoredField,
    live::Live,
    resolve::Resolved,
    spec::Spec,
    step::{Patch, Step, UpdateCode, UpdateConfig, kind},
};
use crate::{
    engine::{
        diff::{Cause, Change, Diff, Fingerprint, Origin, Planned, Reason, Shown, Wait},
        facts::Digest,
        name::Name,
        observed::Reading,
        record::Record,
        tags::IMAGE,
    },
    kinds::function_config::config::{CAPACITY, Config},
};

/// The reason of a hold because the tag moved.
pub(super) const MOVED: &str = "TagMoved";

/// The lane of code and configuration: the configuration may rest on the code, so it waits for it.
const LANE: &str = "function";

/// Both sides of the comparison, and what was applied last.
pub(super) struct Comparison<'a> {
    pub(super) name: &'a Name,
    pub(super) spec: &'a Spec,
    pub(super) live: &'a Live,
    /// The wanted configuration. What is left to others has its live value: it then neither makes a
    /// difference, nor is it overwritten within a struct that AWS replaces whole.
    wanted: Config,
    /// The live configuration. What AWS would not show of it is taken for what is wanted, for the same
    /// reasons.
    config: Config,
    pub(super) record: Option<Record>,
}

impl<'a> Comparison<'a> {
    /// Puts both sides next to each other. What is left to others takes its live value in `wanted`;
    /// what AWS hides takes its wanted value in `config`, so that neither makes a difference.
    pub(super) fn new(name: &'a Name, spec: &'a Spec, live: &'a Live) -> Self {
        let (mut wanted, mut config) = (asked(spec, live), live.config.clone());
        for field in &spec.ignored {
            field.copy(&live.config, &mut wanted);
        }
        if live.environment_error.is_some() {
            config.environment.clone_from(&wanted.environment);
        }
        if live.image_error.is_some() {
            config.image.clone_from(&wanted.image);
        }
        let record = Record::read(&live.tags);
        Self { name, spec, live, wanted, config, record }
    }

    pub(super) fn ignores(&self, field: &IgnoredField) -> bool {
        self.spec.ignored.contains(field)
    }

    /// What AWS would not show, by the name of the condition that says so.
    pub(super) fn hidden(&self) -> impl Iterator<Item = (&'static str, &'static str, &String)> {
        let environment = self.live.environment_error.iter();
        let image = self.live.image_error.iter();
        environment
            .map(|why| ("EnvironmentUnknown", "the environment", why))
            .chain(image.map(|why| ("ImageConfigUnknown", "imageConfig", why)))
    }

    /// Who moved, told by the record of what we applied.
    fn config_origin(&self) -> Origin {
        Record::config_origin(self.record.as_ref(), &self.live_hash(), &self.spec.config_hash)
    }

    /// The hash of the live configuration. It is about what we keep: what is left to others counts
    /// as wanted, the other way round than in `wanted`.
    fn live_hash(&self) -> String {
        let (spec, mut kept) = (self.spec, self.config.clone());
        let instances = spec.ignored.iter().any(|it| it.is_in(CAPACITY));
        if instances && kept.logging == spec.config.logging_on(&self.live.config) {
            kept.logging.clone_from(&spec.config.logging);
        }
        for field in &spec.ignored {
            field.copy(&spec.config, &mut kept);
        }
        if spec.leaves_concurrency {
            take_concurrency(&spec.config, &mut kept);
        }
        let ignored = self.ignores(&IgnoredField::Architectures);
        let architecture = if ignored { &spec.architecture } else { &self.live.architecture };
        config_hash(self.name.as_str(), &kept, architecture, spec.hash_key.as_ref())
    }

    /// Whether the tag that was deployed names another image now, and that is only to be reported.
    pub(super) fn has_moved(&self, resolved: &Resolved) -> bool {
        let deployed = self.live.tags.get().and_then(|it| it.get(IMAGE));
        let record = self.record.as_ref();
        self.spec.image.report_moves
            && deployed == Some(&resolved.source)
            && record.is_some_and(|it| !it.is_image(Some(&resolved.digest)))
    }

    /// Adds a wait if a variable with `keep: true` is not there: Evenkeel has no value to give it.
    /// Says nothing while AWS hides the environment.
    pub(super) fn missing_kept(&self, diff: &mut Diff<Step>) {
        let there = |name: &&String| self.config.environment.contains_key(*name);
        let missing: Vec<&str> =
            self.spec.kept.iter().filter(|it| !there(it)).map(String::as_str).collect();
        if missing.is_empty() || self.live.environment_error.is_some() {
            return;
        }
        let message = format!(
            "{} must be there, with a value that somebody else gives it, and is not; set it by hand",
            missing.join(", ")
        );
        let reason = Reason::new("NothingToKeep", message);
        diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
    }

    /// Adds what differs of image, repository and architecture, and the one step that repairs all
    /// of it. There is no step while the image is not resolved. A tag that moved and is only to be
    /// reported adds a wait instead.
    pub(super) fn code(
        &self,
        resolved: Option<&Resolved>,
        reading: &Reading<Live>,
        diff: &mut Diff<Step>,
    ) {
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
        if let Some(Resolved { digest, .. }) =
            resolved.filter(|_| !self.ignores(&IgnoredField::Image))
        {
            let repository = live.repository.get().unwrap_or(&spec.image.repository);
            if live.digest.as_ref() != Some(digest) {
                let was = live.digest.as_ref().map_or(Shown::open("(unknown)"), shown);
                let (record, live) = (self.record.as_ref(), live.digest.as_ref());
                let origin = Record::image_origin(record, live, digest);
                diff.changes.push(change("/image", shown(digest), was, origin));
            } else if *repository != spec.image.repository {
                // The record holds no repository, so it cannot tell who moved.
                let (desired, was) = (Shown::open(&spec.image.repository), Shown::open(repository));
                diff.changes.push(change("/image/repository", desired, was, Origin::NoRecord));
            }
        }
        if live.architecture != spec.architecture && !self.ignores(&IgnoredField::Architectures) {
            let (desired, was) = (Shown::open(&spec.architecture), Shown::open(&live.architecture));
            diff.changes.push(change("/architectures/0", desired, was, self.config_origin()));
        }
        if let Some(moved) = resolved.filter(|it| diff.changes.len() > before && self.has_moved(it))
        {
            let message = format!(
                "the tag {} names another image now, and `onTagMove: report` leaves the function as it \
                 is; to deploy it, name a new tag or set `onTagMove: deploy`",
                moved.source
            );
            let reason = Reason::new(MOVED, message);
            diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
            return;
        }
        if diff.changes.len() > before
            && let Some(mut step) = self.code_step(resolved, reading)
        {
            step.shown = summary(&diff.changes, kind::CODE);
            diff.steps.push(Planned::new(kind::CODE, Step::UpdateCode(step)).in_lane(LANE));
        }
    }

    /// Builds the step that deploys the image, whether or not it is needed; `None` while the image
    /// is not resolved. Its text is for a repair of the state; where something differs, the caller
    /// replaces it.
    pub(super) fn code_step(
        &self,
        resolved: Option<&Resolved>,
        reading: &Reading<Live>,
    ) -> Option<UpdateCode> {
        resolved.map(|resolved| UpdateCode {
            name: self.name.clone(),
            image_uri: resolved.uri.clone(),
            architecture: self.spec.architecture.clone(),
            revision_id: reading.revision.clone(),
            shown: "deploy the same image again".into(),
        })
    }

    /// Adds what differs of the configuration, and the one update that repairs it. Conditions tell
    /// what AWS hides and what is left to others.
    pub(super) fn config(&self, reading: &Reading<Live>, diff: &mut Diff<Step>) {
        self.chosen_once(diff);
        self.tell_ignored(diff);
        for (condition, what, why) in self.hidden() {
            diff.hide(condition, what, why);
        }
        // Most functions are as they should be.
        if self.wanted == self.config {
            return;
        }
        let changes = compare(&self.wanted, &self.config, self.config_origin());
        if changes.is_empty() {
            return;
        }
        let step = UpdateConfig {
            name: self.name.clone(),
            patch: Patch { members: members(&changes), config: self.wanted.clone() },
            direct_reads: self.live.unmanaged.direct_reads.clone(),
            revision_id: reading.revision.clone(),
            shown: summary(&changes, kind::CONFIGURATION),
        };
        diff.changes.extend(changes);
        diff.steps.push(
            Planned::new(kind::CONFIGURATION, Step::UpdateConfig(Box::new(step))).in_lane(LANE),
        );
    }

    /// Adds a wait if only one side has a capacity provider. Lambda lets that be chosen only when a
    /// function is made, so no step repairs it.
    fn chosen_once(&self, diff: &mut Diff<Step>) {
        let (wanted, live) = (self.wanted.capacity.is_some(), self.config.capacity.is_some());
        if wanted == live {
            return;
        }
        let shown = |managed| Shown::open(if managed { "present" } else { "absent" });
        diff.changes.push(Change {
            path: format!("/{CAPACITY}"),
            desired: shown(wanted),
            live: shown(live),
            cause: Cause::Config,
            origin: Origin::Pending,
            step: kind::NONE,
        });
        let message = "on whose instances a function runs is chosen when it is made: delete it, so that it is made \
                       anew, or give the document another functionName";
        let reason = Reason::new("Immutable", message);
        diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
    }

    /// Adds the condition `Ignored` if fields that are left to others differ from the manifest.
    /// Kept variables are not told: the manifest has no value that they could differ from.
    fn tell_ignored(&self, diff: &mut Diff<Step>) {
        if self.spec.ignored.is_empty() {
            return;
        }
        let mut changes = compare(&asked(self.spec, self.live), &self.wanted, Origin::NoRecord);
        // What AWS does not show is not known to differ.
        let hidden = self.live.environment_error.is_some();
        let kept = |path: &str| {
            let name = path.strip_prefix("/environment/variables/");
            name.is_some_and(|it| hidden || self.spec.kept.contains(it))
        };
        changes.retain(|it| !kept(&it.path));
        if !changes.is_empty() {
            let text = summary(&changes, kind::CONFIGURATION);
            let reason =
                Reason::new("LeftToOthers", format!("left to others, though it differs: {text}"));
            diff.conditions.insert("Ignored", reason);
        }
    }
}

/// The configuration that the document asks for, on the instances that the function is on.
fn asked(spec: &Spec, live: &Live) -> Config {
    let logging = spec.config.logging_on(&live.config);
    let mut asked = Config { logging, ..spec.config.clone() };
    if spec.leaves_concurrency {
        take_concurrency(&live.config, &mut asked);
    }
    asked
}

/// Copies how many requests a managed instance serves at once, where both run on such.
fn take_concurrency(from: &Config, to: &mut Config) {
    if let (Some(from), Some(to)) = (&from.capacity, &mut to.capacity) {
        to.concurrency = from.concurrency;
    }
}

/// A digest, short enough to read.
fn shown(digest: &Digest) -> Shown {
    Shown {
        text: format!("sha256:{}", digest.short(12)),
        fingerprint: Fingerprint::of(digest.hex().as_bytes()),
    }
}
