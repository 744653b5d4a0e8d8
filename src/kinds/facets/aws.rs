//! The side of AWS of a function with everything that belongs to it.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::mpsc;

use super::list::each_facet;
use super::union::{FunctionFacet, FunctionReading, FunctionResource, FunctionSpec, FunctionStep};
use crate::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{AwsKind, AwsResource, Cloud, Priority, ResourceCloud},
        op::Bucket,
    },
    engine::{
        facet::{FacetId, FacetKey},
        failure::Failure,
        name::Name,
        observed::Reading,
        page::Page,
        time::Mono,
    },
};

/// How many pages of one list may wait.
const PAGES_MAX: usize = 4;

macro_rules! clouds {
    ($($variant:ident($field:ident): $kind:ty;)*) => {
        /// One target, as a function and everything that belongs to it see it.
        pub struct FunctionClouds {
            $($field: <$kind as AwsKind>::Cloud,)*
        }

        impl AwsResource for FunctionResource {
            type Cloud = FunctionClouds;

            fn read_costs(facet: FacetId) -> &'static [(Bucket, f64)] {
                match FunctionFacet::of(facet) {
                    $(FunctionFacet::$variant => <$kind>::READ_COSTS,)*
                }
            }

            fn open(clients: &Clients, calls: &Arc<Calls>) -> FunctionClouds {
                FunctionClouds { $($field: <$kind>::open(clients, Arc::clone(calls)),)* }
            }
        }

        impl ResourceCloud<FunctionResource> for FunctionClouds {
            async fn list(
                &self,
                facet: FacetId,
                wanted: Arc<BTreeMap<Name, FunctionSpec>>,
                pages: mpsc::Sender<Page<FunctionReading>>,
            ) -> Result<(), Failure> {
                match FunctionFacet::of(facet) {
                    $(FunctionFacet::$variant => {
                        let own = wanted.iter().filter_map(|(name, it)| match it {
                            FunctionSpec::$variant(it) => Some((name.clone(), Arc::clone(it))),
                            _ => None,
                        });
                        let own = Arc::new(own.collect());
                        let wrap = |it| FunctionReading::$variant(Box::new(it));
                        let (sender, receiver) = mpsc::channel(PAGES_MAX);
                        let list = Box::pin(self.$field.list(own, sender));
                        tokio::join!(list, pass_on(receiver, pages, wrap)).0
                    })*
                }
            }

            async fn get(
                &self,
                key: &FacetKey,
                wanted: Option<&FunctionSpec>,
                priority: Priority,
            ) -> Result<(Option<FunctionReading>, Mono), Failure> {
                match FunctionFacet::of(key.facet) {
                    $(FunctionFacet::$variant => {
                        let wanted = wanted.and_then(|it| match it {
                            FunctionSpec::$variant(it) => Some(&**it),
                            _ => None,
                        });
                        let read = Box::pin(self.$field.get(key.name(), wanted, priority));
                        let (found, started) = read.await?;
                        Ok((found.map(|it| FunctionReading::$variant(Box::new(it))), started))
                    })*
                }
            }

            async fn apply(&self, step: &FunctionStep) -> Result<(), Failure> {
                match step {
                    $(FunctionStep::$variant(it) => Box::pin(self.$field.apply(it)).await,)*
                }
            }
        }
    };
}
each_facet!(clouds);

/// Sends the pages of one facet on in the words of all facets.
async fn pass_on<L>(
    mut own: mpsc::Receiver<Page<Reading<L>>>,
    pages: mpsc::Sender<Page<FunctionReading>>,
    wrap: fn(Reading<L>) -> FunctionReading,
) {
    while let Some(page) = own.recv().await {
        if pages.send(page.map(wrap)).await.is_err() {
            break;
        }
    }
}
