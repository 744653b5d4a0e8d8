//! The source, the targets and the plan as JSON: interfaces, documented in `docs/reference/api.md`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    object::{ObjectView, object},
    query::ObjectQuery,
    reasons::ReasonView,
    viewer::{TargetInfo, View},
};
use crate::{
    aws::calls::Allowance,
    daemon::{
        board::{KindStatus, SourceStatus},
        source::SourceError,
    },
    engine::{diff::Reason, name::Name, prune::PruneDecision},
    manifest::Diagnostic,
};

/// The version of everything that this API gives.
pub(crate) const API_VERSION: &str = "evenkeel.dev/v1";

/// Objects, and what there is besides to be known of them all.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Objects)]
pub(crate) struct ObjectsView<'a> {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// `ObjectList`.
    kind: &'static str,
    /// How many objects of documents there are in each status, whatever the query asks for.
    counts: BTreeMap<&'static str, usize>,
    /// The objects of this page.
    objects: Vec<ObjectView<'a>>,
    /// How many there are on all pages.
    total: usize,
    /// The `cursor` of the next page; null if there is none.
    next: Option<String>,
    /// The targets.
    targets: Vec<TargetView>,
    /// The manifests.
    source: SourceView,
}

/// A target: one account in one Region.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Target)]
pub(crate) struct TargetView {
    /// Its name.
    pub name: String,
    /// Why nothing is read or written; null: it is.
    pub paused: Option<ReasonView>,
    /// Why nothing is written; null: it is.
    pub held: Option<ReasonView>,
    /// What would be deleted; null if nothing has been ruled.
    pub prune: Option<PruneView>,
    /// Updates of many objects that are under way.
    pub rollouts: Vec<RolloutView>,
}

/// What would be deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = Prune)]
pub(crate) struct PruneView {
    /// How many objects.
    pub candidates: usize,
    /// The hash that confirms exactly these.
    pub hash: String,
    /// Why they are not deleted.
    pub blocked: Option<ReasonView>,
}

/// An update of many objects.
#[derive(Serialize, ToSchema)]
#[schema(as = Rollout)]
pub(crate) struct RolloutView {
    /// The kind of the objects.
    pub kind: &'static str,
    /// How many.
    pub members: usize,
    /// How many may be updated by now.
    pub released: usize,
    /// Which wave this is, from 1.
    pub wave: usize,
    /// Whether a failure has stopped it.
    pub halted: bool,
}

/// The directory of manifests.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Source)]
pub(crate) struct SourceView {
    /// The path, as the operator gave it.
    pub path: String,
    /// The git commit, where there is one.
    pub revision: Option<String>,
    /// A hash of the content that counts.
    pub snapshot: Option<String>,
    /// When it was last read well.
    pub read_at: Option<Timestamp>,
    /// What is wrong with the directory itself; then what was last read well still counts.
    pub error: Option<String>,
    /// Why some changes, or all, bring no file system event and are only seen every 30 seconds; null: all bring one.
    pub polling: Option<String>,
    /// Documents without fault.
    pub documents: usize,
    /// Files without fault.
    pub valid: usize,
    /// Files with one.
    pub invalid: usize,
    /// Files that are no manifests.
    pub ignored: usize,
    /// Documents of other tools.
    pub skipped: usize,
    /// Everything that is wrong.
    pub notes: Vec<DiagnosticView>,
    /// Targets that manifests name and nobody declared.
    pub strays: Vec<String>,
}

/// One thing that is wrong with a manifest.
#[derive(Serialize, ToSchema)]
#[schema(as = Note)]
pub(crate) struct DiagnosticView {
    /// Below the watched directory.
    pub file: String,
    /// From 1; 0 if the whole file is meant.
    pub line: u32,
    /// From 1; 0 if the whole line is meant.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The line, without values that may be secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

/// The directory in detail.
#[derive(Serialize, ToSchema)]
#[schema(as = SourceDetail)]
pub(crate) struct SourceDetailView {
    /// The directory.
    #[serde(flatten)]
    pub source: SourceView,
    /// The files that have documents in them.
    pub files: Vec<FileView>,
    /// The documents that stand at their last good version, since their present text cannot be used.
    pub frozen: Vec<String>,
}

/// A manifest.
#[derive(Serialize, ToSchema)]
#[schema(as = File)]
pub(crate) struct FileView {
    /// Below the watched directory.
    pub file: String,
    /// How many documents of it count.
    pub documents: usize,
    /// How many things are wrong with it.
    pub notes: usize,
}

/// A target in detail.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TargetDetail)]
pub(crate) struct TargetDetailView {
    /// The target.
    #[serde(flatten)]
    pub target: TargetView,
    /// Its Region.
    pub region: String,
    /// The account, once AWS has said whose the credentials are.
    pub account_id: Option<String>,
    /// The mass-drift breaker, by kind, where it is open.
    pub breakers: Vec<BreakerView>,
    /// How many calls a second it may make, by AWS's quotas.
    pub budgets: Vec<BudgetView>,
    /// What each engine is doing.
    pub engines: Vec<EngineView>,
}

/// An open breaker: so many objects have drifted at once that nothing is written.
#[derive(Serialize, ToSchema)]
#[schema(as = Breaker)]
pub(crate) struct BreakerView {
    /// The kind.
    pub kind: &'static str,
    /// How many have drifted.
    pub drifted: usize,
    /// Of how many.
    pub of: usize,
    /// The hash that confirms the mending of exactly these.
    pub hash: String,
}

/// What may be called, and how often.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Budget)]
pub(crate) struct BudgetView {
    /// Which of AWS's quotas: a service, or one of its calls.
    pub name: &'static str,
    /// Calls a second when all is well.
    pub rate: f64,
    /// Calls a second as throttling leaves it now.
    pub rate_now: f64,
    /// How many calls wait.
    pub waiting: usize,
    /// How many calls AWS has throttled since the start.
    pub throttled: u64,
}

/// An engine: the part that keeps one kind of objects in one target.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Engine)]
pub(crate) struct EngineView {
    /// The kind.
    pub kind: &'static str,
    /// Whether a complete list has been read since the start.
    pub listed: bool,
    /// The pause between two lists, in seconds.
    pub resync_seconds: f64,
    /// How often the audit reads each managed object exactly, in seconds.
    pub audit_period_seconds: f64,
    /// Objects in AWS that are wanted.
    pub managed: usize,
    /// Objects in AWS that nobody wants and that are not ours.
    pub unmanaged: usize,
    /// Objects in AWS that are ours and that nobody wants.
    pub orphans: usize,
    /// Looks that are due and have not begun.
    pub depth: usize,
    /// Looks and steps under way.
    pub under_way: usize,
}

impl View {
    /// The objects that a query asks for; `facets`: with their facets.
    pub(crate) fn list(&self, query: &ObjectQuery, facets: bool) -> ObjectsView<'_> {
        let selected = self.select(query);
        ObjectsView {
            api_version: API_VERSION,
            kind: "ObjectList",
            counts: self.counts(),
            objects: selected.items.iter().map(|it| object(it, facets)).collect(),
            total: selected.total,
            next: selected.next,
            targets: self.shown.targets.keys().map(|name| self.target(name)).collect(),
            source: source(&self.shown.source),
        }
    }

    /// What the API shows of a target wherever it names one.
    fn target(&self, name: &Name) -> TargetView {
        let paused = self.shown.targets.get(name).and_then(Option::as_ref);
        TargetView {
            name: name.to_string(),
            paused: paused.map(reason),
            held: self.shown.held.as_ref().map(reason),
            prune: self.shown.prune_decisions.get(name).map(|it| prune(it)),
            rollouts: self.engines_of(name).filter_map(|(kind, it)| rollout(kind, it)).collect(),
        }
    }

    fn engines_of<'a>(
        &'a self,
        name: &'a Name,
    ) -> impl Iterator<Item = (&'static str, &'a KindStatus)> {
        let ours = self.shown.facets.iter().filter(move |((target, _), _)| target == name);
        ours.map(|((_, kind), engine)| (*kind, engine))
    }

    /// What the API shows of each target in detail.
    pub(crate) fn targets(&self, infos: &[TargetInfo]) -> Vec<TargetDetailView> {
        let one = |target: &TargetInfo| TargetDetailView {
            target: self.target(&target.name),
            region: target.region.clone(),
            account_id: self.account(&target.name).map(ToOwned::to_owned),
            breakers: self
                .engines_of(&target.name)
                .filter_map(|(kind, it)| breaker(kind, it))
                .collect(),
            budgets: target.calls.allowances().into_iter().map(budget).collect(),
            engines: self.engines_of(&target.name).map(|(kind, it)| engine(kind, it)).collect(),
        };
        infos.iter().map(one).collect()
    }

    /// What the API shows of the directory of manifests in detail, file by file.
    pub(crate) fn source(&self) -> SourceDetailView {
        let state = &self.shown.source;
        let snapshot = state.snapshot.as_deref();
        let mut files: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for document in snapshot.iter().flat_map(|it| &it.documents) {
            files.entry(&document.origin.file).or_default().0 += 1;
        }
        for diagnostic in snapshot.iter().flat_map(|it| &it.diagnostics) {
            files.entry(&diagnostic.file).or_default().1 += 1;
        }
        let file = |(file, (documents, notes)): (&str, _)| FileView {
            file: file.to_owned(),
            documents,
            notes,
        };
        SourceDetailView {
            source: source(state),
            files: files.into_iter().map(file).collect(),
            frozen: snapshot.iter().flat_map(|it| &it.frozen).map(ToString::to_string).collect(),
        }
    }
}

fn reason(reason: &Reason) -> ReasonView {
    ReasonView { reason: reason.code, message: reason.message.clone() }
}

/// What the API shows of a prune decision.
fn prune(decision: &PruneDecision) -> PruneView {
    let blocked = decision.blocked.as_ref();
    let blocked = blocked
        .map(|(block, message)| ReasonView { reason: block.as_str(), message: message.clone() });
    PruneView { candidates: decision.candidates, hash: decision.hash.clone(), blocked }
}

fn rollout(kind: &'static str, engine: &KindStatus) -> Option<RolloutView> {
    let it = engine.summary.waves.as_ref()?;
    let (members, released) = (it.members, it.released);
    Some(RolloutView { kind, members, released, wave: it.wave, halted: it.halted })
}

fn breaker(kind: &'static str, engine: &KindStatus) -> Option<BreakerView> {
    let it = engine.summary.broken.as_ref()?;
    Some(BreakerView { kind, drifted: it.drifted, of: it.of, hash: it.hash.clone() })
}

fn budget(it: Allowance) -> BudgetView {
    let Allowance { bucket, rate, rate_now, waiting, throttled, urgent: _ } = it;
    BudgetView { name: bucket.as_str(), rate, rate_now, waiting, throttled }
}

/// What the API shows of an engine.
fn engine(kind: &'static str, engine: &KindStatus) -> EngineView {
    let it = &engine.summary;
    EngineView {
        kind,
        listed: it.listed,
        resync_seconds: it.resync.as_secs_f64(),
        audit_period_seconds: it.audit_periods.managed.as_secs_f64(),
        managed: it.managed,
        unmanaged: it.unmanaged,
        orphans: it.orphans,
        depth: it.depth,
        under_way: engine.under_way,
    }
}

/// What the API shows of the directory of manifests wherever it names it.
fn source(state: &SourceStatus) -> SourceView {
    let snapshot = state.snapshot.as_deref();
    SourceView {
        path: state.path.clone(),
        revision: snapshot.and_then(|it| it.revision.clone()),
        snapshot: snapshot.map(|it| it.id.clone()),
        read_at: state.good_at,
        error: state.error.as_ref().map(SourceError::text),
        polling: state.polling.clone(),
        documents: snapshot.map_or(0, |it| it.documents.len()),
        valid: snapshot.map_or(0, |it| it.valid),
        invalid: snapshot.map_or(0, |it| it.invalid),
        ignored: snapshot.map_or(0, |it| it.ignored),
        skipped: snapshot.map_or(0, |it| it.skipped.count()),
        notes: snapshot.iter().flat_map(|it| &it.diagnostics).map(diagnostic).collect(),
        strays: state.strays.clone(),
    }
}

fn diagnostic(diagnostic: &Diagnostic) -> DiagnosticView {
    let Diagnostic { file, line, column, message, hint, excerpt } = diagnostic.clone();
    DiagnosticView { file: file.to_string(), line, column, message, hint, excerpt }
}
