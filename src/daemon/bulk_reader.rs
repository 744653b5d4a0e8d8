//! The tasks that read in bulk: tags of everything, and log groups. Once a resync, each tells the engines which rows
//! differ from those of the pass before; what differs from what they hold, they read exactly.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time,
};
use tracing::{info, warn};

use super::{board::Board, senders::EngineSenders, stop::stopped};
use crate::{
    aws::{bulk::BulkClient, calls::Calls, clients::Clients},
    engine::{
        bulk_rows::SeenRows,
        failure::{Class, Failure, chain},
        name::Name,
        time::{Clock, Mono},
    },
};

/// A pass may take at most this share of the time, as a list: one part in four.
const REST: u32 = 4;
/// Permissions are changed by people.
const DENIED_RECHECK: Duration = Duration::from_mins(5);
/// How soon to ask whether a target that is on hold goes on.
const HOLD_RECHECK: Duration = Duration::from_secs(1);
/// How many pages may wait for the engines.
const PAGES_MAX: usize = 4;

/// What is read in bulk.
pub(super) enum BulkSource {
    /// The tags of functions, repositories and event source mappings.
    Tags,
    /// The log groups with the names that documents ask for; none, no call.
    LogGroups(watch::Receiver<BTreeSet<String>>),
}

impl BulkSource {
    /// The word in the log.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::LogGroups(_) => "log groups",
        }
    }
}

/// What every such task of a target has.
#[derive(Clone)]
pub(super) struct BulkContext {
    pub(super) target: Name,
    pub(super) clients: Clients,
    pub(super) calls: Arc<Calls>,
    pub(super) senders: EngineSenders,
    pub(super) board: Arc<Board>,
    pub(super) clock: Arc<dyn Clock>,
    /// The pause between two passes.
    pub(super) resync: Duration,
    pub(super) stop: watch::Receiver<bool>,
}

/// One task.
pub(super) struct BulkReader {
    context: BulkContext,
    source: BulkSource,
    rows: SeenRows,
    /// How many pages the log groups with Lambda's own names had last.
    pages: Option<usize>,
    /// Why the last pass broke off.
    failed: Option<Class>,
}

impl BulkReader {
    /// A reader that has not started.
    pub(super) fn new(context: BulkContext, source: BulkSource) -> Self {
        Self { context, source, rows: SeenRows::default(), pages: None, failed: None }
    }

    /// Reads pass after pass until the daemon stops.
    pub(super) async fn run(mut self) {
        let mut stop = self.context.stop.clone();
        loop {
            let wait = tokio::select! {
                wait = self.turn() => wait,
                () = stopped(&mut stop) => return,
            };
            let wait = self.context.clock.real(wait);
            tokio::select! {
                () = time::sleep(wait) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// Reads once, unless the target is on hold. Returns how long to wait before the next turn.
    async fn turn(&mut self) -> Duration {
        let BulkContext { target, board, clock, resync, .. } = &self.context;
        // Unknown at first: nothing may be called before it is known whose the credentials are.
        let goes = board.read(|it| it.targets.get(target).is_some_and(Option::is_none));
        if !goes {
            return HOLD_RECHECK;
        }
        let (clock, resync) = (Arc::clone(clock), *resync);
        let began = clock.now().mono;
        let result = self.pass().await;
        let denied = result.as_ref().is_err_and(|it| it.class == Class::Denied);
        let asked = result.as_ref().err().and_then(|it| it.retry_after).unwrap_or_default();
        self.tell(result.err());
        if denied {
            return DENIED_RECHECK;
        }
        pause(resync, began, clock.now().mono).max(asked)
    }

    /// Says that bulk reads fail or go on, once each: the audit shows the same, later.
    fn tell(&mut self, failure: Option<Failure>) {
        let class = failure.as_ref().map(|it| it.class);
        let before = std::mem::replace(&mut self.failed, class);
        if before == class {
            return;
        }
        let (target, read) = (&self.context.target, self.source.as_str());
        if let Some(failure) = failure {
            let (class, error) = (failure.class, chain(&failure));
            warn!(%target, read, %class, error, "cannot read in bulk; the audit sees changes later");
        } else {
            info!(%target, read, "reads in bulk again");
        }
    }

    /// Reads all rows, and sends on those that differ from the pass before.
    async fn pass(&mut self) -> Result<(), Failure> {
        let Self { context, source, rows, pages, .. } = self;
        let BulkContext { clients, calls, senders, .. } = context;
        rows.begin();
        let (sender, mut receiver) = mpsc::channel(PAGES_MAX);
        let read = async {
            let sender = sender;
            let client = BulkClient { clients, calls, rows: &sender };
            match source {
                BulkSource::Tags => client.tags().await,
                BulkSource::LogGroups(names) => {
                    let names = names.borrow().clone();
                    *pages = client.log_groups(&names, *pages).await?.or(*pages);
                    Ok(())
                }
            }
        };
        let pass_on = async {
            while let Some(page) = receiver.recv().await {
                senders.bulk_rows(rows.news(page)).await;
            }
        };
        let (result, ()) = tokio::join!(Box::pin(read), pass_on);
        rows.end();
        result
    }
}

/// How long to wait after a pass that began then: until its period is over.
fn pause(resync: Duration, began: Mono, ended: Mono) -> Duration {
    let took = ended.since(began);
    resync.max(took * REST).saturating_sub(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_takes_at_most_a_quarter_of_the_time() {
        let at = |seconds| Mono(Duration::from_secs(seconds));
        let resync = Duration::from_secs(20);
        assert_eq!(pause(resync, at(100), at(101)), Duration::from_secs(19));
        assert_eq!(pause(resync, at(100), at(130)), Duration::from_secs(90));
    }
}
