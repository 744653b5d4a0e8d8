//! The reads of a driver: lists and exact reads, each as a task that answers with an event.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::mpsc;
use tracing::{Instrument as _, info_span, warn};

use super::{
    event_loop::Driver,
    ports::{report_credentials, send},
};
use crate::{
    aws::{cloud::Cloud, read_priority::ReadPriority},
    daemon::objects::FacetPath,
    engine::{
        failure::{Failure, chain},
        kind::Kind,
        name::Name,
        page::Page,
        work::{Event, Priority, ReadResult},
    },
};

/// How many pages of one list may wait.
const PAGES_MAX: usize = 4;

impl<K: Kind, C: Cloud<K>> Driver<K, C> {
    /// Starts a task that lists the objects, passes each page to the engine as it comes, and ends
    /// with [`Event::ListEnded`], also after a failure. `wanted` is for kinds that can list only
    /// what they are asked for.
    pub(super) fn list(&mut self, wanted: Arc<BTreeMap<Name, Arc<K::Spec>>>) {
        let (cloud, answers) = (Arc::clone(&self.cloud), self.ports.answers.clone());
        let (metrics, clock) = (Arc::clone(&self.ports.metrics), Arc::clone(&self.ports.clock));
        let credentials_refused = Arc::clone(&self.ports.credentials_refused);
        let span = info_span!("list", target = %self.ports.target, kind = K::NAME);
        let task = async move {
            let (sender, mut pages) = mpsc::channel(PAGES_MAX);
            let began = clock.now().mono;
            let forward = pass_on(&mut pages, &answers);
            let (result, ()) = tokio::join!(cloud.list(wanted, sender), forward);
            metrics.duration(K::NAME, "list", clock.now().mono.since(began));
            if let Err(failure) = &result {
                report_credentials(failure, &credentials_refused);
                warn!(class = %failure.class, error = chain(failure), "list broke off");
            }
            send(&answers, Event::ListEnded(result)).await;
        };
        self.reads.spawn(task.instrument(span));
    }

    /// Starts a task that reads one object exactly and answers with [`Event::Read`]. `wanted` is
    /// `None` for an object that no manifest asks for.
    pub(super) fn read(&mut self, name: Name, wanted: Option<Arc<K::Spec>>, priority: Priority) {
        self.under_way.insert(name.clone(), self.ports.clock.now().mono);
        let (cloud, answers) = (Arc::clone(&self.cloud), self.ports.answers.clone());
        let (metrics, clock) = (Arc::clone(&self.ports.metrics), Arc::clone(&self.ports.clock));
        let credentials_refused = Arc::clone(&self.ports.credentials_refused);
        metrics.work(K::NAME);
        let read_priority = ReadPriority::new(priority);
        self.read_priorities.insert(name.clone(), read_priority.clone());
        let FacetPath { object, facet } = FacetPath::of(&self.key(&name));
        let span = info_span!("look", %object, %facet);
        let task = async move {
            let began = clock.now().mono;
            let read = cloud.get(&name, wanted.as_deref(), priority);
            let result = read_priority.scope(Box::pin(read)).await;
            metrics.duration(K::NAME, "look", clock.now().mono.since(began));
            let (found, started) = match result {
                Ok((found, started)) => (Ok(found), started),
                Err(failure) => {
                    metrics.retry(K::NAME);
                    report_credentials(&failure, &credentials_refused);
                    unread(&failure, wanted.is_some());
                    (Err(failure), began)
                }
            };
            send(&answers, Event::Read(ReadResult { name, started, found })).await;
        };
        self.reads.spawn(task.instrument(span));
    }

    /// Makes a read under way more urgent than it began.
    pub(super) fn raise_priority(&self, name: &Name, priority: Priority) {
        if let Some(read_priority) = self.read_priorities.get(name) {
            read_priority.raise(priority);
        }
    }
}

/// Sends pages on as they come.
async fn pass_on<K: Kind>(pages: &mut mpsc::Receiver<Page<K>>, answers: &mpsc::Sender<Event<K>>) {
    while let Some(page) = pages.recv().await {
        send(answers, Event::Page(page)).await;
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
