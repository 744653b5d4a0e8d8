//! The metrics that say what is: read from the board at each scrape. A series lives exactly as long as
//! its object.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use prometheus::{
    GaugeVec, IntCounterVec, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};

use super::board::{Board, Shown};
use crate::engine::{
    diff::Cause,
    kind::Kind as _,
    status::{Row, Status},
    time::{Clock, Mono},
};
use crate::kinds::{function::Function, image::Image};

/// The labels of one object.
const O: [&str; 3] = ["target", "kind", "name"];

/// Turns the board into metrics.
pub struct Exposition {
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
}

impl Exposition {
    /// A view of this board.
    pub fn new(board: Arc<Board>, clock: Arc<dyn Clock>) -> Self {
        Self { board, clock }
    }
}

impl Collector for Exposition {
    fn desc(&self) -> Vec<&Desc> {
        // Unchecked, in the registry's words: the series come and go with the objects.
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let now = self.clock.now().mono;
        self.board.read(|shown| {
            let mut page = Page::default();
            page.objects(shown);
            page.engines(shown, now);
            page.source(shown);
            page.finish()
        })
    }
}

#[derive(Default)]
struct Page {
    families: Vec<MetricFamily>,
}

impl Page {
    /// One gauge family; `fill` sets its values.
    fn gauge(&mut self, name: &str, help: &str, labels: &[&str], fill: impl FnOnce(&GaugeVec)) {
        let gauge = GaugeVec::new(Opts::new(name, help), labels).expect("names are constant");
        fill(&gauge);
        self.families.extend(gauge.collect().into_iter().filter(|it| !it.get_metric().is_empty()));
    }

    fn finish(self) -> Vec<MetricFamily> {
        self.families
    }

    /// One gauge for each row that a manifest wants.
    fn each(&mut self, name: &str, help: &str, shown: &Shown, value: impl Fn(&Row) -> f64) {
        self.gauge(name, help, &O, |gauge| {
            for row in documents(shown) {
                gauge.with_label_values(&labels(row)).set(value(row));
            }
        });
    }

    fn objects(&mut self, shown: &Shown) {
        let status: Vec<&str> = O.into_iter().chain(["status"]).collect();
        self.gauge("evenkeel_object_status", "The object's status, as a set.", &status, |gauge| {
            for (row, status) in documents(shown).flat_map(|row| Status::ALL.map(|it| (row, it))) {
                let [target, kind, name] = labels(row);
                let value = f64::from(u8::from(row.status == status));
                gauge.with_label_values(&[target, kind, name, status.as_str()]).set(value);
            }
        });
        let cause: Vec<&str> = O.into_iter().chain(["cause"]).collect();
        let help = "Whether somebody changed the object in AWS, by what was changed.";
        self.gauge("evenkeel_object_drift", help, &cause, |gauge| {
            for (row, cause) in documents(shown).flat_map(|row| Cause::ALL.map(|it| (row, it))) {
                let [target, kind, name] = labels(row);
                let value = f64::from(u8::from(row.causes.contains(&cause)));
                gauge.with_label_values(&[target, kind, name, cause.as_str()]).set(value);
            }
        });
        let drifted = |row: &Row| row.changes.iter().filter(|it| it.origin.is_drift()).count();
        let help = "How many fields somebody changed in AWS.";
        self.each("evenkeel_object_drift_fields", help, shown, |row| count(drifted(row)));
        let help = "Since when the object has drifted; 0 if it has not.";
        self.each("evenkeel_object_drift_since_timestamp_seconds", help, shown, |row| {
            row.drift_since.map_or(0.0, seconds)
        });
        let help = "When a list or a look last confirmed the object.";
        self.each("evenkeel_object_last_observed_timestamp_seconds", help, shown, |row| {
            row.observed.map_or(0.0, seconds)
        });
        let help = "When the object was last read exactly.";
        self.each("evenkeel_object_last_audited_timestamp_seconds", help, shown, |row| {
            row.audited.map_or(0.0, seconds)
        });
        let suspended = |row: &Row| row.status == Status::Suspended;
        self.each("evenkeel_object_suspended", "Whether writes are held.", shown, |row| {
            f64::from(u8::from(suspended(row)))
        });
        let help = "Since when writes are held; 0 if they are not.";
        self.each("evenkeel_object_suspended_since_timestamp_seconds", help, shown, |row| {
            if suspended(row) { seconds(row.since) } else { 0.0 }
        });
        self.infos(shown);
        self.steps(shown);
        self.sums(shown);
    }

    fn infos(&mut self, shown: &Shown) {
        let more = ["mode", "desired_digest", "live_digest", "revision"];
        let all: Vec<&str> = O.into_iter().chain(more).collect();
        let revision = shown.source.snapshot.as_ref().and_then(|it| it.revision.clone());
        let revision = revision.unwrap_or_default();
        let help = "What the object is; always 1.";
        self.gauge("evenkeel_object_info", help, &all, |gauge| {
            for row in documents(shown) {
                let [target, kind, name] = labels(row);
                let (mode, digests) = (row.mode.as_str(), &row.digests);
                let values = [target, kind, name, mode, &digests.desired, &digests.live, &revision];
                gauge.with_label_values(&values).set(1.0);
            }
        });
    }

    fn steps(&mut self, shown: &Shown) {
        let all: Vec<&str> = O.into_iter().chain(["result"]).collect();
        let opts = Opts::new("evenkeel_object_steps_total", "Steps that AWS accepted or refused.");
        let counter = IntCounterVec::new(opts, &all).expect("names are constant");
        for row in documents(shown) {
            let [target, kind, name] = labels(row);
            let steps = row.steps_done;
            for (result, count) in [("success", steps.success), ("error", steps.error)] {
                counter.with_label_values(&[target, kind, name, result]).inc_by(count);
            }
        }
        let some = counter.collect().into_iter().filter(|it| !it.get_metric().is_empty());
        self.families.extend(some);
    }

    fn sums(&mut self, shown: &Shown) {
        let mut sums: BTreeMap<(&str, &str, Status), usize> = BTreeMap::new();
        for (target, kind) in shown.engines.keys().filter(|(_, kind)| *kind == Function::NAME) {
            for status in Status::ALL {
                sums.insert((target.as_str(), kind, status), 0);
            }
        }
        for row in documents(shown) {
            let [target, kind, _] = labels(row);
            *sums.entry((target, kind, row.status)).or_default() += 1;
        }
        let labels = ["target", "kind", "status"];
        self.gauge("evenkeel_objects", "Objects by status.", &labels, |gauge| {
            for ((target, kind, status), sum) in sums {
                gauge.with_label_values(&[target, kind, status.as_str()]).set(count(sum));
            }
        });
    }

    fn engines(&mut self, shown: &Shown, now: Mono) {
        let both = ["target", "kind"];
        let pulses =
            || shown.engines.iter().map(|((target, kind), it)| ([target.as_str(), *kind], it));
        let functions = || pulses().filter(|([_, kind], _)| *kind == Function::NAME);
        let help = "Functions in AWS that no manifest wants and that are not ours.";
        self.gauge("evenkeel_objects_unmanaged", help, &both, |gauge| {
            functions().for_each(|(it, pulse)| {
                gauge.with_label_values(&it).set(count(pulse.summary.unmanaged));
            });
        });
        let help = "What part of the image functions in AWS a manifest wants.";
        self.gauge("evenkeel_coverage_ratio", help, &["target"], |gauge| {
            functions().filter(|(_, it)| it.summary.listed).for_each(|([target, _], pulse)| {
                let it = &pulse.summary;
                let all = it.managed + it.unmanaged + it.orphans;
                let ratio = if all == 0 { 1.0 } else { count(it.managed) / count(all) };
                gauge.with_label_values(&[target]).set(ratio);
            });
        });
        let help = "Functions that are ours and that no manifest wants.";
        self.gauge("evenkeel_prune_candidates", help, &["target"], |gauge| {
            functions().for_each(|([target, _], pulse)| {
                gauge.with_label_values(&[target]).set(count(pulse.summary.orphans));
            });
        });
        let help = "How long the slow rotation takes to read every object exactly.";
        self.gauge("evenkeel_audit_period_seconds", help, &both, |gauge| {
            pulses().for_each(|(it, pulse)| {
                gauge.with_label_values(&it).set(pulse.summary.audit_period.as_secs_f64());
            });
        });
        let help = "The pause between two lists.";
        self.gauge("evenkeel_resync_interval_seconds", help, &both, |gauge| {
            pulses().for_each(|(it, pulse)| {
                gauge.with_label_values(&it).set(pulse.summary.resync.as_secs_f64());
            });
        });
        self.gauge(
            "evenkeel_target_paused",
            "Whether and why a target is on hold.",
            &["target", "reason"],
            |gauge| {
                for (target, said) in &shown.targets {
                    for reason in PAUSES {
                        let value = said.as_ref().is_some_and(|it| it.reason == reason);
                        gauge
                            .with_label_values(&[target.as_str(), reason])
                            .set(f64::from(u8::from(value)));
                    }
                }
            },
        );
        self.queues(shown, now);
    }

    /// Under the names that Kubernetes controllers use, so that existing dashboards work.
    fn queues(&mut self, shown: &Shown, now: Mono) {
        for kind in [Function::NAME, Image::NAME] {
            debug_assert!(!kind.is_empty());
        }
        let mut sums: BTreeMap<&str, (usize, f64, f64)> = BTreeMap::new();
        for ((_, kind), pulse) in &shown.engines {
            let (depth, unfinished, longest) = sums.entry(kind).or_default();
            *depth += pulse.summary.depth;
            *unfinished += pulse.unfinished.as_secs_f64();
            *longest = longest.max(pulse.oldest.map_or(0.0, |it| now.since(it).as_secs_f64()));
        }
        self.gauge("workqueue_depth", "Looks and steps that are due.", &["name"], |gauge| {
            sums.iter().for_each(|(kind, it)| gauge.with_label_values(&[kind]).set(count(it.0)));
        });
        let help = "For how long all work under way has been so.";
        self.gauge("workqueue_unfinished_work_seconds", help, &["name"], |gauge| {
            sums.iter().for_each(|(kind, it)| gauge.with_label_values(&[kind]).set(it.1));
        });
        let help = "For how long the oldest work under way has been so.";
        self.gauge("workqueue_longest_running_processor_seconds", help, &["name"], |gauge| {
            sums.iter().for_each(|(kind, it)| gauge.with_label_values(&[kind]).set(it.2));
        });
    }

    fn source(&mut self, shown: &Shown) {
        let source = &shown.source;
        let files =
            source.snapshot.as_ref().map_or((0, 0, 0), |it| (it.valid, it.invalid, it.ignored));
        self.gauge("evenkeel_source_manifests", "Files by state.", &["state"], |gauge| {
            for (state, files) in [("valid", files.0), ("invalid", files.1), ("ignored", files.2)] {
                gauge.with_label_values(&[state]).set(count(files));
            }
        });
        let help = "When the directory was last read well.";
        self.gauge("evenkeel_source_last_success_timestamp_seconds", help, &[], |gauge| {
            gauge.with_label_values::<&str>(&[]).set(source.good_at.map_or(0.0, seconds));
        });
        let revision = source.snapshot.as_ref().and_then(|it| it.revision.clone());
        self.gauge(
            "evenkeel_source_info",
            "The commit of the manifests; always 1.",
            &["revision"],
            |gauge| {
                gauge.with_label_values(&[&revision.unwrap_or_default()]).set(1.0);
            },
        );
        let help = "The version of Evenkeel; always 1.";
        self.gauge("evenkeel_build_info", help, &["version"], |gauge| {
            gauge.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        });
    }
}

/// Why a target may be on hold: a closed list, since it is a label.
pub const PAUSES: [&str; 3] = ["WrongAccount", "CredentialsInvalid", "IdentityUnknown"];

/// The rows of objects that manifests describe. Images are only a means.
fn documents(shown: &Shown) -> impl Iterator<Item = &Row> {
    shown.rows.values().map(|it| &**it).filter(|it| it.key.kind == Function::NAME && !it.orphan)
}

fn labels(row: &Row) -> [&str; 3] {
    [row.key.target.as_str(), row.key.kind, row.key.name.as_str()]
}

#[expect(clippy::cast_precision_loss, reason = "counts of objects are far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
