//! What a driver is given besides its engine and its client of AWS, and how its tasks answer.

use std::sync::Arc;

use tokio::sync::{Notify, Semaphore, mpsc, watch};

use crate::{
    daemon::{
        audit_plan::AuditPlan,
        board::Board,
        event_log::EventLog,
        fact_bus::{FactBus, FactInbox},
        metrics::Metrics,
        pause::PauseFile,
    },
    engine::{
        failure::{Class, Failure},
        name::Name,
        resource::Resource,
        time::Clock,
        work::Event,
    },
};

/// How many events may wait. Senders wait when it is full.
pub(crate) const EVENTS_MAX: usize = 1024;

/// Everything that a driver needs besides its engine and its cloud.
pub(crate) struct Ports<R: Resource> {
    /// The target.
    pub target: Name,
    /// Events from outside.
    pub events: mpsc::Receiver<Event<R>>,
    /// The way back for answers.
    pub answers: mpsc::Sender<Event<R>>,
    /// Facts of other kinds.
    pub inbox: FactInbox,
    /// Who wants to hear ours.
    pub fact_bus: FactBus,
    /// What everybody sees.
    pub board: Arc<Board>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What happened.
    pub event_log: Arc<EventLog>,
    /// How often the audit may read; `None`: everything is read once.
    pub audits: Option<Arc<AuditPlan>>,
    /// The writes that may be under way at once in the target: its engines share them.
    pub write_slots: Arc<Semaphore>,
    /// What holds all writes while it exists.
    pub pause: PauseFile,
    /// Rung when it is another set of objects that nobody wants.
    pub prune_input: Arc<Notify>,
    /// Rung when credentials are refused.
    pub credentials_refused: Arc<Notify>,
    /// `true`: stop.
    pub stop: watch::Receiver<bool>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Sends an answer, unless nobody listens any more.
pub(super) async fn send<R: Resource>(answers: &mpsc::Sender<Event<R>>, event: Event<R>) {
    if answers.send(event).await.is_err() {
        tracing::debug!("an answer came after the end");
    }
}

/// Refused credentials concern the whole target.
pub(super) fn report_credentials(failure: &Failure, credentials_refused: &Notify) {
    if failure.class == Class::Credentials {
        credentials_refused.notify_one();
    }
}
