//! What Evenkeel would do, object by object: the plan, as pages, the API and the command line show it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::{
    object::{DifferenceView, differences},
    problems::{breakers, problems},
    reasons::ReasonView,
    state::API_VERSION,
    viewer::View,
};
use crate::{
    daemon::objects::{BoardObject, FacetName},
    engine::{
        diff::Cause,
        hex::hex,
        kind::Kind as _,
        name::Key,
        policy::Mode,
        preview::DeletedPart,
        status::{Row, Status},
    },
    kinds::function::Function,
};

/// What will become of an object. A closed list; each object is counted under one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PlanOutcome {
    /// It is created.
    Create,
    /// Some of its fields are changed.
    Update,
    /// It is deleted.
    Delete,
    /// It is as its manifest asks.
    Unchanged,
    /// It differs, and something must happen first; or AWS is at work on it.
    Waiting,
    /// Evenkeel does not touch it until a person decides.
    Refused,
    /// AWS reports it as failed.
    Failed,
    /// Writes to it are held on request.
    Suspended,
    /// It is not known how it is.
    Unknown,
    /// It is ours, no manifest asks for it, and it is left as it is.
    Left,
}

impl PlanOutcome {
    /// All of them, in the order of a summary.
    pub(crate) const ALL: [Self; 10] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Unchanged,
        Self::Waiting,
        Self::Refused,
        Self::Failed,
        Self::Suspended,
        Self::Unknown,
        Self::Left,
    ];

    /// What becomes of an object that no manifest asks for, by the reason of its status.
    pub(crate) fn of_orphan(reason: &str) -> Self {
        if DELETING.contains(&reason) { Self::Delete } else { Self::Left }
    }

    /// The word in a count for people, as `to create`.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Create => "to create",
            Self::Update => "to update",
            Self::Delete => "to delete",
            Self::Left => "left, which no manifest asks for",
            Self::Unchanged
            | Self::Waiting
            | Self::Refused
            | Self::Failed
            | Self::Suspended
            | Self::Unknown => self.as_str(),
        }
    }

    /// The word in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Unchanged => "unchanged",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
            Self::Left => "left",
        }
    }
}

/// What is done to a facet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// It is created.
    Create,
    /// Some of its fields are changed.
    Update,
    /// It is deleted.
    Delete,
    /// Nothing.
    None,
}

/// What Evenkeel would do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plan)]
pub(crate) struct PlanView<'a> {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// `Plan`.
    kind: &'static str,
    /// How many objects have which outcome; each object is counted once.
    pub(crate) summary: BTreeMap<&'static str, usize>,
    /// A hash of everything that would be done: equal plans have equal hashes. `evenkeel apply --expect` takes it.
    pub(crate) hash: String,
    /// What is wrong besides the objects, one line each: faults in manifests, targets on hold, deletions that a person
    /// must confirm.
    pub(crate) problems: Vec<String>,
    /// The objects that are not unchanged, or of which there is something to say, in the order of their keys.
    pub(crate) objects: Vec<PlannedObjectView<'a>>,
}

/// What would be done to an object.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlannedObject)]
pub(crate) struct PlannedObjectView<'a> {
    /// `target/Kind/name`.
    pub(crate) key: String,
    /// The kind.
    pub(crate) kind: &'a str,
    /// The name in AWS.
    pub(crate) name: &'a str,
    /// The target.
    pub(crate) target: &'a str,
    /// Where it is written, as `team/resize.yaml:3`; null if nowhere.
    pub(crate) manifest: Option<String>,
    /// What becomes of it.
    pub(crate) outcome: PlanOutcome,
    /// Its facets of which there is something to say, the object itself first.
    pub(crate) facets: Vec<PlannedFacetView<'a>>,
}

/// What would be done to a facet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlannedFacet)]
pub(crate) struct PlannedFacetView<'a> {
    /// The member of `spec`, as `url` or `eventSources[ARN]`; of the object itself its kind, as `function`.
    pub(crate) facet: String,
    /// What is done.
    pub(crate) action: Action,
    /// Every field of what is created, as far as AWS would not choose it by itself; of a function its architecture in
    /// any case, since images are built for one.
    pub(crate) fields: Vec<NewFieldView<'a>>,
    /// Every field that differs.
    pub(crate) changes: Vec<DifferenceView<'a>>,
    /// The steps, in order, one line each.
    pub(crate) steps: Vec<&'a str>,
    /// What holds the steps up, or why there are none; null: nothing.
    pub(crate) waits: Option<ReasonView>,
    /// What is worth knowing besides.
    pub(crate) notes: Vec<&'a str>,
}

/// A field of what is created.
#[derive(Serialize, ToSchema)]
#[schema(as = NewField)]
pub(crate) struct NewFieldView<'a> {
    /// A JSON Pointer below `spec`.
    pub(crate) path: &'a str,
    /// The value, without secrets.
    pub(crate) value: &'a str,
}

/// The conditions that are worth a line in a plan.
const NOTES: [&str; 11] = [
    "Adopting",
    "ExtraTags",
    "Ignored",
    "ImageWaiting",
    "LifecyclePolicy",
    "OtherSettings",
    "RepositoryPolicy",
    "SetElsewhere",
    "Suspended",
    "Versions",
    "Warning",
];
/// The reasons of what is about to be done: nothing holds it up.
const ACTING: [&str; 5] = ["Observing", "Creating", "Updating", "Repairing", "InSync"];
/// The reasons of an orphan that is to be deleted, now or once a person agrees.
const DELETING: [&str; 3] = ["Pruning", "PruneWaiting", "PruneUnconfirmed"];

impl View {
    /// The plan for all objects that `chosen` takes.
    pub(crate) fn plan(&self, chosen: impl Fn(&BoardObject) -> bool) -> PlanView<'_> {
        let chosen: Vec<&BoardObject> = self.objects().iter().filter(|it| chosen(it)).collect();
        let mut all: Vec<PlannedObjectView<'_>> = chosen.iter().map(|it| planned(it)).collect();
        // Whoever only looks is not stopped by the breaker; whoever applies this is.
        let broken: BTreeSet<&str> =
            breakers(&self.shown).map(|(target, ..)| target.as_str()).collect();
        for it in all.iter_mut().filter(|it| broken.contains(it.target)) {
            if matches!(it.outcome, PlanOutcome::Create | PlanOutcome::Update | PlanOutcome::Delete)
            {
                it.outcome = PlanOutcome::Waiting;
            }
        }
        let mut summary: BTreeMap<_, _> = PlanOutcome::ALL.map(|it| (it.as_str(), 0)).into();
        for it in &all {
            *summary.entry(it.outcome.as_str()).or_default() += 1;
        }
        let told = |it: &PlannedObjectView<'_>| {
            it.outcome != PlanOutcome::Unchanged || !it.facets.is_empty()
        };
        let objects: Vec<_> = all.into_iter().filter(told).collect();
        let hash = hash(&objects);
        let problems = problems(&self.shown, &chosen);
        PlanView { api_version: API_VERSION, kind: "Plan", summary, hash, problems, objects }
    }
}

impl PlanView<'_> {
    /// Whether anything would be done.
    pub(crate) fn acts(&self) -> bool {
        let waits = |it: &PlannedObjectView<'_>| it.facets.iter().any(|it| it.waits.is_some());
        self.objects.iter().any(|it| match it.outcome {
            PlanOutcome::Create | PlanOutcome::Update => true,
            // A deletion that a person has not confirmed is none.
            PlanOutcome::Delete => !waits(it),
            _ => false,
        })
    }
}

/// How many hex digits of the hash people see and type.
const DIGITS: usize = 16;

/// A hash of what would be done to these objects. What holds it up, and notes, are no part of it: they may name times.
fn hash(objects: &[PlannedObjectView<'_>]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update(text.len().to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for object in objects {
        add(&object.key);
        add(object.outcome.as_str());
        for facet in &object.facets {
            add(&facet.facet);
            facet.fields.iter().for_each(|it| [it.path, it.value].into_iter().for_each(&mut add));
            for it in &facet.changes {
                [it.path, it.live, it.desired].into_iter().for_each(&mut add);
            }
            facet.steps.iter().copied().for_each(&mut add);
        }
    }
    let mut text = hex(&hasher.finalize());
    text.truncate(DIGITS);
    text
}

impl View {
    /// What will become of each object that `chosen` takes.
    pub(crate) fn outcomes(
        &self,
        chosen: impl Fn(&BoardObject) -> bool,
    ) -> impl Iterator<Item = (&Key, PlanOutcome)> {
        let chosen = self.objects().iter().filter(move |it| chosen(it));
        chosen.map(|it| (it.key(), planned(it).outcome))
    }
}

/// What would be done to one object.
pub(crate) fn planned(object: &BoardObject) -> PlannedObjectView<'_> {
    let base = &object.base;
    let follows = publishes(base);
    let mut facets: Vec<PlannedFacetView<'_>> =
        object.facets.iter().map(|it| facet(it, follows)).collect();
    if facets.iter().any(|it| it.action == Action::Delete) {
        facets.extend(base.preview.iter().flat_map(|it| &it.parts).map(deleted));
    }
    let acts = |it: &PlannedFacetView<'_>| it.action != Action::None && it.waits.is_none();
    let outcome = match object.status {
        _ if base.orphan => PlanOutcome::of_orphan(base.reason.code),
        Status::Unknown | Status::Unverified => PlanOutcome::Unknown,
        Status::Suspended => PlanOutcome::Suspended,
        Status::Failed => PlanOutcome::Failed,
        Status::Refused => PlanOutcome::Refused,
        Status::Synced => PlanOutcome::Unchanged,
        _ if !facets.iter().any(acts) => PlanOutcome::Waiting,
        _ if facets.first().is_some_and(|it| it.action == Action::Create) => PlanOutcome::Create,
        Status::Pending | Status::Drifted | Status::Progressing => PlanOutcome::Update,
    };
    PlannedObjectView {
        key: object.key().to_string(),
        kind: base.key.kind,
        name: base.key.name.as_str(),
        target: base.key.target.as_str(),
        manifest: base.manifest.as_ref().map(ToString::to_string),
        outcome,
        facets: facets.into_iter().filter(PlannedFacetView::is_told).collect(),
    }
}

/// Whether what will be done to a function makes something new to publish.
fn publishes(base: &Row) -> bool {
    let published = |cause| matches!(cause, Cause::Missing | Cause::Image | Cause::Config);
    base.key.kind == Function::NAME && base.changes.iter().any(|it| published(it.cause))
}

/// What becomes of a part of an object that is deleted. What stays is only noted.
fn deleted(part: &DeletedPart) -> PlannedFacetView<'_> {
    let (step, note) =
        if part.stays { (None, Some(&part.message)) } else { (Some(&part.message), None) };
    PlannedFacetView {
        facet: part.facet.clone(),
        action: if part.stays { Action::None } else { Action::Delete },
        fields: Vec::new(),
        changes: Vec::new(),
        steps: step.map(String::as_str).into_iter().collect(),
        waits: None,
        notes: note.map(String::as_str).into_iter().collect(),
    }
}

/// What would be done to a facet. `follows`: the object changes in a way that this one follows.
fn facet(row: &Row, follows: bool) -> PlannedFacetView<'_> {
    let preview = row.preview.as_deref();
    let creates = row.wanted && row.exists == Some(false) && !row.changes.is_empty();
    let foreseen: &[String] = match preview {
        Some(it) if follows && row.steps.is_empty() => &it.steps,
        Some(_) | None => &[],
    };
    let action = match () {
        () if creates => Action::Create,
        () if row.orphan && DELETING.contains(&row.reason.code) => Action::Delete,
        () if !row.wanted && row.exists == Some(true) && !row.steps.is_empty() => Action::Delete,
        () if !row.changes.is_empty() || !foreseen.is_empty() => Action::Update,
        () => Action::None,
    };
    let observed = row.manifest_mode == Mode::Observe && !row.changes.is_empty();
    let told = row.status == Status::Synced || ACTING.contains(&row.reason.code) && !observed;
    let notes = row.conditions.iter().filter(|it| NOTES.contains(&it.kind));
    let notes = notes.map(|it| it.message.as_str()).filter(|it| *it != row.reason.message);
    // What is left has a step too, which is not done.
    let done = !row.orphan || action == Action::Delete;
    let deletion = preview.filter(|_| action == Action::Delete);
    let known = deletion.into_iter().flat_map(|it| &it.notes).map(String::as_str);
    PlannedFacetView {
        facet: FacetName::of(&row.key).to_string(),
        action,
        fields: preview
            .filter(|_| creates)
            .into_iter()
            .flat_map(|it| &it.fields)
            .map(|it| NewFieldView { path: &it.path, value: &it.value })
            .collect(),
        changes: differences(row),
        steps: row.steps.iter().filter(|_| done).chain(foreseen).map(String::as_str).collect(),
        waits: (!told)
            .then(|| ReasonView { reason: row.reason.code, message: row.reason.message.clone() }),
        notes: notes.chain(known).collect(),
    }
}

impl PlannedFacetView<'_> {
    /// Whether all that is to be said of it is that it waits for the same as another facet, as where AWS does not answer.
    pub(crate) fn repeats(&self, other: &Self) -> bool {
        let silent =
            self.action == Action::None && self.changes.is_empty() && self.notes.is_empty();
        let reason = self.waits.as_ref().map(ReasonView::shared);
        silent && reason.is_some() && reason == other.waits.as_ref().map(ReasonView::shared)
    }

    /// Whether there is anything to say of it.
    fn is_told(&self) -> bool {
        self.action != Action::None || self.waits.is_some() || !self.notes.is_empty()
    }
}
