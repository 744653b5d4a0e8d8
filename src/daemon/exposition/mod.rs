//! The metrics that say what is: read from the board at each scrape. A series lives exactly as long as
//! its object.

mod objects;
mod values;

use std::{collections::BTreeMap, sync::Arc};

use self::{
    objects::SeriesSubject,
    values::{count, flag, seconds},
};
use super::{
    board::{Board, BoardState, KindStatus},
    objects::{BoardObject, documents},
    text::{ExpositionWriter, Family},
};
use crate::{
    engine::{
        kind::Kind as _,
        prune::PruneBlock,
        status::Status,
        time::{Clock, Mono},
    },
    kinds::{DOCUMENTS, function::Function},
};

/// Why a target may be on hold: a closed list, since it is a label.
pub const PAUSES: [&str; 4] =
    ["WrongAccount", "CredentialsInvalid", "IdentityUnknown", "PauseFile"];

/// Of what there are series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsDetail {
    /// Sums alone: some servers are too small for a dozen series for each of ten thousand functions.
    Aggregate,
    /// Each document.
    Documents,
    /// Each document, and each of its facets besides.
    Full,
}

/// Turns the board into metrics.
pub struct Exposition {
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
    detail: MetricsDetail,
}

impl Exposition {
    /// A view of this board.
    pub fn new(board: Arc<Board>, clock: Arc<dyn Clock>, detail: MetricsDetail) -> Self {
        Self { board, clock, detail }
    }
}

impl Exposition {
    /// Hands all metrics to `take`, in the classic Prometheus text format and in pieces: those of a
    /// large fleet take tens of megabytes. Ends early once `take` returns `false`.
    pub fn write(&self, take: &mut dyn FnMut(String) -> bool) {
        let now = self.clock.now().mono;
        // A copy of what stands there: writing it out takes longer than a driver should wait.
        let shown = &self.board.read(BoardState::clone);
        let mut writer = ExpositionWriter::new(take);
        let all = documents(shown);
        if self.detail != MetricsDetail::Aggregate {
            let facets = self.detail == MetricsDetail::Full;
            let subjects =
                all.iter().flat_map(|it| SeriesSubject::all(it, facets)).collect::<Vec<_>>();
            writer.objects(&subjects, &revision(shown));
        }
        writer.sums(shown, &all);
        writer.engines(shown);
        writer.targets(shown);
        writer.queues(shown, now);
        writer.rails(shown);
        writer.source(shown);
        writer.end();
    }
}

impl ExpositionWriter<'_> {
    /// Writes how many documents have which status, with 0 for a status that none has.
    fn sums(&mut self, shown: &BoardState, all: &[BoardObject]) {
        let mut sums: BTreeMap<[String; 3], usize> = BTreeMap::new();
        let label = |target: &str, kind: &str, status: Status| {
            [target.to_owned(), kind.to_owned(), status.as_str().to_owned()]
        };
        for (target, kind, _) in engines(shown) {
            sums.extend(Status::ALL.map(|it| (label(target, kind, it), 0)));
        }
        for it in all {
            let label = label(it.key().target.as_str(), it.key().kind, it.status);
            *sums.entry(label).or_default() += 1;
        }
        let family =
            Family("evenkeel_objects", "Objects by status.", &["target", "kind", "status"]);
        self.gauge(&family, sums.into_iter().map(|(labels, sum)| (labels, count(sum))));
    }

    /// Writes what the engines count: unmanaged objects, coverage, candidates for deletion, and how
    /// often they list and audit. Coverage comes only after the first complete list.
    fn engines(&mut self, shown: &BoardState) {
        let help = "Objects in AWS that no manifest wants and that are not ours.";
        let labels = |target: &str, kind: &str| [target.to_owned(), kind.to_owned()];
        self.gauge(
            &Family("evenkeel_objects_unmanaged", help, &["target", "kind"]),
            engines(shown)
                .map(|(target, kind, it)| (labels(target, kind), count(it.summary.unmanaged))),
        );
        let help = "What part of the image functions in AWS a manifest wants.";
        let listed = functions(shown).filter(|(_, it)| it.summary.listed);
        self.gauge(
            &Family("evenkeel_coverage_ratio", help, &["target"]),
            listed.map(|(target, it)| ([target.to_owned()], coverage(it))),
        );
        let help = "Objects that are ours and that no manifest wants.";
        let mut orphans: BTreeMap<&str, usize> = BTreeMap::new();
        for (target, _, engine) in engines(shown) {
            *orphans.entry(target).or_default() += engine.summary.orphans;
        }
        self.gauge(
            &Family("evenkeel_prune_candidates", help, &["target"]),
            orphans.into_iter().map(|(target, sum)| ([target.to_owned()], count(sum))),
        );
        let all = || {
            shown
                .facets
                .iter()
                .map(|((target, kind), it)| ([target.to_string(), (*kind).to_owned()], &it.summary))
        };
        let help = "How often the audit reads each managed object exactly.";
        self.gauge(
            &Family("evenkeel_audit_period_seconds", help, &["target", "kind"]),
            all().map(|(labels, it)| (labels, it.audit_periods.managed.as_secs_f64())),
        );
        self.gauge(
            &Family(
                "evenkeel_resync_interval_seconds",
                "The pause between two lists.",
                &["target", "kind"],
            ),
            all().map(|(labels, it)| (labels, it.resync.as_secs_f64())),
        );
    }

    fn targets(&mut self, shown: &BoardState) {
        let all = shown.targets.iter().flat_map(|it| PAUSES.map(|reason| (it, reason)));
        let samples = all.map(|((target, paused), code)| {
            let paused = paused.iter().chain(&shown.held).any(|it| it.code == code);
            ([target.to_string(), code.to_owned()], flag(paused))
        });
        let help = "Whether and why a target is on hold.";
        self.gauge(&Family("evenkeel_target_paused", help, &["target", "reason"]), samples);
    }

    /// Writes whether the rails hold something up: the prune gate, the breaker, and the waves of an
    /// update of many objects.
    fn rails(&mut self, shown: &BoardState) {
        let targets = || shown.targets.keys();
        let all = targets().flat_map(|target| PruneBlock::ALL.map(|block| (target, block)));
        let samples = all.map(|(target, block)| {
            let decision = shown.prune_decisions.get(target).and_then(|it| it.blocked.as_ref());
            let blocked = decision.is_some_and(|(it, _)| *it == block);
            ([target.to_string(), block.as_str().to_owned()], flag(blocked))
        });
        let help = "Whether and why objects that could be deleted are not.";
        self.gauge(&Family("evenkeel_prune_blocked", help, &["target", "reason"]), samples);
        let help = "The hash that confirms the deletion of all candidates; always 1.";
        let hashes = shown.prune_decisions.iter().filter(|(_, it)| !it.hash.is_empty());
        self.gauge(
            &Family("evenkeel_prune_info", help, &["target", "hash"]),
            hashes.map(|(target, it)| ([target.to_string(), it.hash.clone()], 1.0)),
        );
        let help = "Whether writing has stopped since too much has drifted at once.";
        self.gauge(
            &Family("evenkeel_breaker_open", help, &["target"]),
            targets().map(|target| {
                let ours = shown.facets.iter().filter(|((it, _), _)| it == target);
                let open = ours.into_iter().any(|(_, it)| it.summary.broken.is_some());
                ([target.to_string()], flag(open))
            }),
        );
        let help = "Whether the update of many objects has stopped at a failure.";
        self.gauge(
            &Family("evenkeel_rollout_halted", help, &["target", "kind"]),
            engines(shown).map(|(target, kind, it)| {
                let halted = it.summary.waves.as_ref().is_some_and(|it| it.halted);
                ([target.to_owned(), kind.to_owned()], flag(halted))
            }),
        );
        let help = "How many objects wait for their wave.";
        self.gauge(
            &Family("evenkeel_rollout_waiting", help, &["target", "kind"]),
            engines(shown).map(|(target, kind, it)| {
                let waves = it.summary.waves.as_ref();
                let waiting = waves.map_or(0, |it| it.members - it.released);
                ([target.to_owned(), kind.to_owned()], count(waiting))
            }),
        );
    }

    /// Writes the depth of the queues and the age of the work under way, of all targets together.
    /// The names are those of Kubernetes controllers, so that existing dashboards work.
    fn queues(&mut self, shown: &BoardState, now: Mono) {
        let mut sums: BTreeMap<&str, (usize, f64, f64)> = BTreeMap::new();
        for ((_, kind), engine) in &shown.facets {
            let (depth, unfinished, longest) = sums.entry(kind).or_default();
            *depth += engine.summary.depth;
            *unfinished += engine.unfinished.as_secs_f64();
            *longest = longest.max(engine.oldest.map_or(0.0, |it| now.since(it).as_secs_f64()));
        }
        let all = || sums.iter().map(|(kind, it)| ([(*kind).to_owned()], it));
        let family = Family("workqueue_depth", "Looks and steps that are due.", &["name"]);
        self.gauge(&family, all().map(|(labels, it)| (labels, count(it.0))));
        let help = "For how long all work under way has been so.";
        let family = Family("workqueue_unfinished_work_seconds", help, &["name"]);
        self.gauge(&family, all().map(|(labels, it)| (labels, it.1)));
        let help = "For how long the oldest work under way has been so.";
        let family = Family("workqueue_longest_running_processor_seconds", help, &["name"]);
        self.gauge(&family, all().map(|(labels, it)| (labels, it.2)));
    }

    /// Writes how reading the manifests goes, which commit they are at, and which version this is.
    fn source(&mut self, shown: &BoardState) {
        let snapshot = shown.source.snapshot.as_deref();
        let files = snapshot.map_or((0, 0, 0), |it| (it.valid, it.invalid, it.ignored));
        let states = [("valid", files.0), ("invalid", files.1), ("ignored", files.2)];
        self.gauge(
            &Family("evenkeel_source_manifests", "Files by state.", &["state"]),
            states.into_iter().map(|(state, files)| ([state.to_owned()], count(files))),
        );
        let help = "Number of documents of other tools, which are skipped.";
        let family = Family("evenkeel_manifest_documents_skipped", help, &[]);
        let skipped = snapshot.map_or(0, |it| it.skipped.count());
        self.gauge(&family, std::iter::once(([""; 0], count(skipped))));
        let help = "When the directory was last read well.";
        let at = seconds(shown.source.good_at);
        self.gauge(
            &Family("evenkeel_source_last_success_timestamp_seconds", help, &[]),
            std::iter::once(([""; 0], at)),
        );
        let help = "The commit of the manifests; always 1.";
        let family = Family("evenkeel_source_info", help, &["revision"]);
        self.gauge(&family, std::iter::once(([revision(shown)], 1.0)));
        let family = Family(
            "evenkeel_build_info",
            "The version of Evenkeel; always 1.",
            &["version", "revision"],
        );
        let version = env!("CARGO_PKG_VERSION").to_owned();
        // Set by whoever builds a release; a working copy has none.
        let revision = option_env!("EVENKEEL_REVISION").unwrap_or_default().to_owned();
        self.gauge(&family, std::iter::once(([version, revision], 1.0)));
    }
}

/// The engines that keep documents, by target and kind.
fn engines(shown: &BoardState) -> impl Iterator<Item = (&str, &'static str, &KindStatus)> {
    let all = shown.facets.iter().filter(|((_, kind), _)| DOCUMENTS.contains(kind));
    all.map(|((target, kind), engine)| (target.as_str(), *kind, engine))
}

/// The engines that keep functions, by target.
fn functions(shown: &BoardState) -> impl Iterator<Item = (&str, &KindStatus)> {
    let all = shown.facets.iter().filter(|((_, kind), _)| *kind == Function::NAME);
    all.map(|((target, _), engine)| (target.as_str(), engine))
}

fn coverage(engine: &KindStatus) -> f64 {
    let it = &engine.summary;
    let all = it.managed + it.unmanaged + it.orphans;
    if all == 0 { 1.0 } else { count(it.managed) / count(all) }
}

fn revision(shown: &BoardState) -> String {
    shown.source.snapshot.as_ref().and_then(|it| it.revision.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{daemon::clock::SystemClock, engine::name::Name};

    /// What reads a facet takes quotas of its own, so that its queue and its audit are told apart.
    #[test]
    fn each_facet_has_series_of_its_queue_and_audit() {
        let board = Arc::new(Board::default());
        for kind in ["Function", "Url"] {
            let facet = (Name::new("default"), kind);
            board.write(|it| it.facets.insert(facet, KindStatus::default()));
        }
        let clock = Arc::new(SystemClock::start());
        let mut text = String::new();
        Exposition::new(board, clock, MetricsDetail::Documents).write(&mut |piece| {
            text += &piece;
            true
        });
        for (family, label) in [
            ("workqueue_depth", "name"),
            ("workqueue_unfinished_work_seconds", "name"),
            ("workqueue_longest_running_processor_seconds", "name"),
            ("evenkeel_audit_period_seconds", "kind"),
            ("evenkeel_resync_interval_seconds", "kind"),
        ] {
            let start = format!("{family}{{");
            let series: Vec<&str> = text.lines().filter(|it| it.starts_with(&start)).collect();
            for kind in ["Function", "Url"] {
                let own = format!("{label}=\"{kind}\"");
                assert!(series.iter().any(|it| it.contains(&own)), "{family} of {kind}: {text}");
            }
        }
    }
}
