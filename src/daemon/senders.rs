//! Where the engines of one target take their events.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::{
    engine::{
        bulk_rows::BulkRows,
        diff::Reason,
        gate::WriteStop,
        prune::PruneDecision,
        resource::Resource,
        time::Mono,
        work::{Event, Refresh},
    },
    kinds::facets::each_resource,
    manifest::DesiredResources,
};

macro_rules! senders {
    ($($field:ident: $resource:ty;)*) => {
        /// Where each engine takes its events.
        #[derive(Clone)]
        pub(super) struct EngineSenders {
            $(pub(super) $field: mpsc::Sender<Event<$resource>>,)*
        }

        impl EngineSenders {
            /// Sends each engine what is wanted of it; `false` if they have ended.
            pub(super) async fn desire(&self, desired: DesiredResources) -> bool {
                $(self.$field.send(Event::Desired(desired.$field)).await.is_ok())&&*
            }

            /// Sends all engines the same.
            pub(super) async fn broadcast(&self, message: Broadcast) -> bool {
                $(self.$field.send(message.clone().into()).await.is_ok())&&*
            }

            /// Sends all engines what a bulk read shows, if it shows anything: each knows what of it it holds.
            pub(super) async fn bulk_rows(&self, rows: BulkRows) {
                let sent = rows.is_empty() || self.broadcast(Broadcast::BulkRows(rows.into())).await;
                if !sent {
                    tracing::debug!("a bulk read came after the end");
                }
            }
        }
    };
}
each_resource!(senders);

macro_rules! count {
    ($($field:ident: $resource:ty;)*) => {
        /// How many engines a target has.
        pub(super) const ENGINES: usize = [$(<$resource as Resource>::NAME),*].len();
    };
}
each_resource!(count);

/// An event that all engines of a target get alike.
#[derive(Clone)]
pub(super) enum Broadcast {
    Paused(Option<Reason>),
    WriteStop(Option<WriteStop>),
    Reread(Mono),
    PruneDecided(Arc<PruneDecision>),
    BulkRows(Arc<BulkRows>),
    Refresh(Arc<Refresh>),
}

impl<R: Resource> From<Broadcast> for Event<R> {
    fn from(message: Broadcast) -> Self {
        match message {
            Broadcast::Paused(why) => Self::Paused(why),
            Broadcast::WriteStop(why) => Self::WriteStop(why),
            Broadcast::Reread(at) => Self::Reread(at),
            Broadcast::PruneDecided(decision) => Self::PruneDecided(decision),
            Broadcast::BulkRows(rows) => Self::BulkRows(rows),
            Broadcast::Refresh(asked) => Self::Refresh(asked),
        }
    }
}
