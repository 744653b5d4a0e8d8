//! Counters and histograms: what happened. What is, stands on the board, and `exposition.rs` reads it
//! there at each scrape, so that no series can outlive its object.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::text::Family;
use crate::{
    aws::calls::{CallLog, CallRecord},
    engine::{
        diff::Cause,
        kind::Kind,
        work::{Outcome, Trigger},
    },
    kinds::{ALL, DOCUMENTS, function::Function},
};

/// Seconds; calls to AWS take from some ten milliseconds to half a minute.
const CALL_BUCKETS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// Seconds; lists of large fleets take minutes.
const WORK_BUCKETS: [f64; 9] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0];

/// Everything that is counted.
pub struct Metrics {
    /// What all is registered in.
    pub registry: Registry,
    drift_detected: IntCounterVec,
    drift_corrected: IntCounterVec,
    drift_delays: HistogramVec,
    reconciles: IntCounterVec,
    durations: HistogramVec,
    loads: IntCounterVec,
    refreshes: IntCounterVec,
    requests: IntCounterVec,
    request_durations: HistogramVec,
    budget_waits: HistogramVec,
    queue_adds: IntCounterVec,
    queue_waits: HistogramVec,
    queue_durations: HistogramVec,
    queue_retries: IntCounterVec,
}

const DETECTED: Family<'_> = Family(
    "evenkeel_drift_detected_total",
    "How often an object began to drift.",
    &["kind", "cause"],
);
const CORRECTED: Family<'_> = Family(
    "evenkeel_drift_corrected_total",
    "How drift ended: repaired by us (success), not repaired by a step that failed (error), or ended \
     without us (external).",
    &["kind", "cause", "result"],
);
const DELAYS: Family<'_> = Family(
    "evenkeel_drift_detection_delay_seconds",
    "From the change in AWS, by LastModified, to our seeing it.",
    &["kind"],
);
const RECONCILES: Family<'_> = Family(
    "evenkeel_reconcile_total",
    "Steps that AWS accepted or refused, by what made us look.",
    &["kind", "result", "trigger"],
);
const DURATIONS: Family<'_> = Family(
    "evenkeel_reconcile_duration_seconds",
    "How long the phases of the loop take: list, look, apply.",
    &["kind", "phase"],
);
const LOADS: Family<'_> = Family(
    "evenkeel_source_loads_total",
    "How often the manifests were read: success, unchanged, torn, error.",
    &["result"],
);
const REFRESHES: Family<'_> = Family(
    "evenkeel_refresh_requests_total",
    "Requests to read AWS again, over HTTP: granted, all of it asked for already (coalesced), over the cap (limited), \
     not understood or of no known object (invalid), not allowed (forbidden).",
    &["result"],
);
const REQUESTS: Family<'_> = Family(
    "evenkeel_aws_requests_total",
    "Every call to AWS. The code is `ok`, a known AWS error code, or `other`.",
    &["target", "service", "operation", "code"],
);
const REQUEST_DURATIONS: Family<'_> = Family(
    "evenkeel_aws_request_duration_seconds",
    "How long AWS takes to answer.",
    &["service", "operation"],
);
const BUDGET_WAITS: Family<'_> =
    Family("evenkeel_aws_budget_wait_seconds", "How long calls wait for their turn.", &["bucket"]);
const QUEUE_ADDS: Family<'_> =
    Family("workqueue_adds_total", "How many looks and steps were handed out.", &["name"]);
const QUEUE_WAITS: Family<'_> = Family(
    "workqueue_queue_duration_seconds",
    "How long a look has been due when it begins.",
    &["name"],
);
const QUEUE_DURATIONS: Family<'_> =
    Family("workqueue_work_duration_seconds", "How long a look or a step takes.", &["name"]);

const QUEUE_RETRIES: Family<'_> = Family(
    "workqueue_retries_total",
    "How many looks and steps failed and are tried again.",
    &["name"],
);

fn counter(registry: &Registry, family: &Family<'_>) -> Result<IntCounterVec, prometheus::Error> {
    let Family(name, help, labels) = *family;
    let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

/// Makes and registers a family of histograms with these buckets.
fn histogram(
    registry: &Registry,
    family: &Family<'_>,
    buckets: &[f64],
) -> Result<HistogramVec, prometheus::Error> {
    let Family(name, help, labels) = *family;
    let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    let histogram = HistogramVec::new(opts, labels)?;
    registry.register(Box::new(histogram.clone()))?;
    Ok(histogram)
}

impl Metrics {
    /// Registers everything, with every closed label at zero: a counter that appears only with its
    /// first event hides that event from `rate`.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let metrics = Self {
            drift_detected: counter(&registry, &DETECTED)?,
            drift_corrected: counter(&registry, &CORRECTED)?,
            drift_delays: histogram(&registry, &DELAYS, &WORK_BUCKETS)?,
            reconciles: counter(&registry, &RECONCILES)?,
            durations: histogram(&registry, &DURATIONS, &WORK_BUCKETS)?,
            loads: counter(&registry, &LOADS)?,
            refreshes: counter(&registry, &REFRESHES)?,
            requests: counter(&registry, &REQUESTS)?,
            request_durations: histogram(&registry, &REQUEST_DURATIONS, &CALL_BUCKETS)?,
            budget_waits: histogram(&registry, &BUDGET_WAITS, &CALL_BUCKETS)?,
            queue_adds: counter(&registry, &QUEUE_ADDS)?,
            queue_waits: histogram(&registry, &QUEUE_WAITS, &WORK_BUCKETS)?,
            queue_durations: histogram(&registry, &QUEUE_DURATIONS, &WORK_BUCKETS)?,
            queue_retries: counter(&registry, &QUEUE_RETRIES)?,
            registry,
        };
        metrics.zero();
        Ok(metrics)
    }

    /// Makes the counters whose labels are all known before anything happens, at zero.
    fn zero(&self) {
        for kind in DOCUMENTS {
            self.zero_kind(kind);
        }
        for result in ["success", "unchanged", "torn", "error"] {
            self.loads.with_label_values(&[result]);
        }
        for result in RefreshResult::ALL.map(RefreshResult::as_str) {
            self.refreshes.with_label_values(&[result]);
        }
        for kind in ALL {
            self.queue_adds.with_label_values(&[kind]);
            self.queue_retries.with_label_values(&[kind]);
        }
    }

    /// Makes the counters of drift and of steps for one kind of document, at zero.
    fn zero_kind(&self, kind: &str) {
        for cause in Cause::ALL.map(Cause::as_str) {
            self.drift_detected.with_label_values(&[kind, cause]);
            for outcome in Outcome::ALL {
                self.drift_corrected.with_label_values(&[kind, cause, outcome.as_str()]);
            }
        }
        for result in ["success", "error"] {
            for trigger in Trigger::ALL {
                self.reconciles.with_label_values(&[kind, result, trigger.as_str()]);
            }
        }
    }

    /// Gives every histogram a first value, so that a test sees every family.
    pub fn observe_everything(&self) {
        for phase in ["list", "look", "apply"] {
            self.duration(Function::NAME, phase, Duration::ZERO);
        }
        self.drift_delays.with_label_values(&[Function::NAME]).observe(0.0);
        self.waited(Function::NAME, Duration::ZERO);
    }

    pub(super) fn drifted(&self, kind: &str, cause: Cause, delay: Option<Duration>) {
        self.drift_detected.with_label_values(&[kind, cause.as_str()]).inc();
        if let Some(delay) = delay {
            self.drift_delays.with_label_values(&[kind]).observe(delay.as_secs_f64());
        }
    }

    pub(super) fn retry(&self, kind: &str) {
        self.queue_retries.with_label_values(&[kind]).inc();
    }

    pub(super) fn corrected(&self, kind: &str, cause: Cause, outcome: Outcome) {
        let labels = [kind, cause.as_str(), outcome.as_str()];
        self.drift_corrected.with_label_values(&labels).inc();
    }

    pub(super) fn step(&self, kind: &str, success: bool, trigger: Trigger) {
        let result = if success { "success" } else { "error" };
        self.reconciles.with_label_values(&[kind, result, trigger.as_str()]).inc();
    }

    pub(super) fn waited(&self, kind: &str, waited: Duration) {
        self.queue_waits.with_label_values(&[kind]).observe(waited.as_secs_f64());
    }

    pub(super) fn duration(&self, kind: &str, phase: &str, took: Duration) {
        self.durations.with_label_values(&[kind, phase]).observe(took.as_secs_f64());
        if phase != "list" {
            self.queue_durations.with_label_values(&[kind]).observe(took.as_secs_f64());
        }
    }

    pub(super) fn work(&self, kind: &str) {
        self.queue_adds.with_label_values(&[kind]).inc();
    }

    pub(super) fn load(&self, result: &str) {
        self.loads.with_label_values(&[result]).inc();
    }

    pub(super) fn refresh(&self, result: RefreshResult) {
        self.refreshes.with_label_values(&[result.as_str()]).inc();
    }
}

/// How a request to read again was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshResult {
    /// The engines are asked for a read.
    Granted,
    /// All of it had been asked for a moment before.
    Coalesced,
    /// More than the cap allows.
    Limited,
    /// It is not understood, or names no object.
    Invalid,
    /// Whoever asks may not.
    Forbidden,
}

impl RefreshResult {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Granted, Self::Coalesced, Self::Limited, Self::Invalid, Self::Forbidden];

    /// The word in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Coalesced => "coalesced",
            Self::Limited => "limited",
            Self::Invalid => "invalid",
            Self::Forbidden => "forbidden",
        }
    }
}

impl CallLog for Metrics {
    fn record(&self, call: &CallRecord<'_>) {
        let (service, operation) = (call.op.service(), call.op.name());
        let labels = [call.target.as_str(), service, operation, call.code];
        self.requests.with_label_values(&labels).inc();
        let durations = self.request_durations.with_label_values(&[service, operation]);
        durations.observe(call.took.as_secs_f64());
        let bucket = call.op.bucket().as_str();
        self.budget_waits.with_label_values(&[bucket]).observe(call.waited.as_secs_f64());
    }
}
