//! The reads of a driver: lists and exact reads, each as a task that answers with an event.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::mpsc;
use tracing::{Instrument as _, info_span, warn};

use super::{
    event_loop::Driver,
    ports::{report_credentials, send},
};
use crate::{
    aws::{
        cloud::{AwsResource, ResourceCloud as _},
        read_priority::ReadPriority,
    },
    daemon::objects::FacetPath,
    engine::{
        facet::{FacetId, FacetKey},
        failure::{Failure, chain},
        name::Name,
        page::Page,
        resource::{Resource, info},
        work::{Event, Priority, ReadResult},
    },
};

/// How many pages of one list may wait.
const PAGES_MAX: usize = 4;

impl<R: AwsResource> Driver<R> {
    /// Starts a task that lists one facet of the objects, passes each page to the engine as it comes, and ends
    /// with [`Event::ListEnded`], also after a failure. `wanted` is for kinds that can list only
    /// what they are asked for.
    pub(super) fn list(&mut self, facet: FacetId, wanted: Arc<BTreeMap<Name, R::Spec>>) {
        let kind = info::<R>(facet).kind;
        let (cloud, answers) = (Arc::clone(&self.cloud), self.ports.answers.clone());
        let (metrics, clock) = (Arc::clone(&self.ports.metrics), Arc::clone(&self.ports.clock));
        let credentials_refused = Arc::clone(&self.ports.credentials_refused);
        let span = info_span!("list", target = %self.ports.target, kind);
        let task = async move {
            let (sender, mut pages) = mpsc::channel(PAGES_MAX);
            let began = clock.now().mono;
            let forward = pass_on::<R>(facet, &mut pages, &answers);
            let (result, ()) = tokio::join!(cloud.list(facet, wanted, sender), forward);
            metrics.duration(kind, "list", clock.now().mono.since(began));
            if let Err(failure) = &result {
                report_credentials(failure, &credentials_refused);
                warn!(class = %failure.class, error = chain(failure), "list broke off");
            }
            send(&answers, Event::ListEnded(facet, result)).await;
        };
        self.reads.spawn(task.instrument(span));
    }

    /// Starts a task that reads one object exactly and answers with [`Event::Read`]. `wanted` is
    /// `None` for an object that no manifest asks for.
    pub(super) fn read(&mut self, key: FacetKey, wanted: Option<R::Spec>, priority: Priority) {
        let kind = info::<R>(key.facet).kind;
        self.under_way.insert(key.clone(), self.ports.clock.now().mono);
        let (cloud, answers) = (Arc::clone(&self.cloud), self.ports.answers.clone());
        let (metrics, clock) = (Arc::clone(&self.ports.metrics), Arc::clone(&self.ports.clock));
        let credentials_refused = Arc::clone(&self.ports.credentials_refused);
        metrics.work(kind);
        let read_priority = ReadPriority::new(priority);
        self.read_priorities.insert(key.clone(), read_priority.clone());
        let FacetPath { object, facet } = FacetPath::of(&self.key(&key));
        let span = info_span!("look", %object, %facet);
        let task = async move {
            let began = clock.now().mono;
            let read = cloud.get(&key, wanted.as_ref(), priority);
            let result = read_priority.scope(Box::pin(read)).await;
            metrics.duration(kind, "look", clock.now().mono.since(began));
            let (found, started) = match result {
                Ok((found, started)) => (Ok(found), started),
                Err(failure) => {
                    metrics.retry(kind);
                    report_credentials(&failure, &credentials_refused);
                    unread(&failure, wanted.is_some());
                    (Err(failure), began)
                }
            };
            send(&answers, Event::Read(ReadResult { key, started, found })).await;
        };
        self.reads.spawn(task.instrument(span));
    }

    /// Makes a read under way more urgent than it began.
    pub(super) fn raise_priority(&self, key: &FacetKey, priority: Priority) {
        if let Some(read_priority) = self.read_priorities.get(key) {
            read_priority.raise(priority);
        }
    }
}

/// Sends pages on as they come.
async fn pass_on<R: Resource>(
    facet: FacetId,
    pages: &mut mpsc::Receiver<Page<R::Reading>>,
    answers: &mpsc::Sender<Event<R>>,
) {
    while let Some(page) = pages.recv().await {
        send(answers, Event::Page(facet, page)).await;
    }
}

/// A read that failed. Who may not read what nobody asks for is not told so for ever.
fn unread(failure: &Failure, wanted: bool) {
    let (class, error) = (failure.class, chain(failure));
    if wanted {
        warn!(%class, error, "look failed");
    } else {
        tracing::debug!(%class, error, "look failed");
    }
}
