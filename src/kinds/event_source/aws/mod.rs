//! The verbs for event sources: ListEventSourceMappings, which shows all but tags, a read of one with its tags and
//! its function, and the calls that change something.

mod read;
mod write;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use super::{
    EventSource,
    live::{Live, Mapping},
    source::Address,
    spec::Spec,
    step::Step,
};
use crate::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{AwsKind, Cloud, Got, Pages, Priority},
        op::Bucket,
    },
    engine::{failure::Failure, name::Name, observed::Reading, page::Page, tags::OWNER},
    kinds::block::aws::{Connection, host},
};

impl AwsKind for EventSource {
    type Cloud = Connection;
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::Lambda, 2.0)];

    fn open(clients: &Clients, calls: Arc<Calls>) -> Connection {
        Connection { clients: clients.clone(), calls }
    }
}

impl Cloud<EventSource> for Connection {
    /// Sends all rows in one page: two mappings may have one name (of a function and of its alias),
    /// and only among all can the same one be shown every time.
    async fn list(
        &self,
        wanted: Arc<BTreeMap<Name, Arc<Spec>>>,
        pages: Pages<EventSource>,
    ) -> Result<(), Failure> {
        let (all, started) = read::mappings(self, None, Priority::List).await?;
        let mut rows: BTreeMap<Name, Mapping> = BTreeMap::new();
        for mapping in all {
            let name = mapping.address.name();
            let wanted = wanted.get(&name).map(|it| &**it);
            match rows.entry(name) {
                Entry::Vacant(it) => drop(it.insert(mapping)),
                Entry::Occupied(mut it) if rank(&mapping, wanted) < rank(it.get(), wanted) => {
                    it.insert(mapping);
                }
                Entry::Occupied(_) => {}
            }
        }
        let row = |(name, mapping)| {
            let live = Live { host: None, mapping: Some(mapping) };
            (name, Reading { live, revision: None, exact: false })
        };
        let rows = rows.into_iter().map(row).collect();
        // Nobody listens any more if that fails.
        pages.send(Page { started, rows }).await.ok();
        Ok(())
    }

    /// Reads the mapping with this name and its tags; of several, the first by `rank`. The function
    /// is read too if the mapping is wanted or an Evenkeel keeps it.
    async fn get(
        &self,
        name: &Name,
        wanted: Option<&Spec>,
        priority: Priority,
    ) -> Result<Got<EventSource>, Failure> {
        let Some(address) = Address::read(name) else { return Ok((None, self.calls.now())) };
        let (all, asked) = read::mappings(self, address.listed_by(), priority).await?;
        let mut began = asked;
        let mut found: Vec<Mapping> = Vec::new();
        for mapping in all.into_iter().filter(|it| it.address == address) {
            found.extend(read::whole(self, mapping, priority).await?);
        }
        let mapping =
            found.into_iter().min_by(|one, other| rank(one, wanted).cmp(&rank(other, wanted)));
        // Whoever asks AWS to leave a function alone means this too.
        let host = if wanted.is_some() || mapping.as_ref().is_some_and(|it| is_kept(it, None)) {
            let function = self.function(&address.function, priority).await?;
            began = began.min(function.began);
            function.found.map(|it| host(&it, self.calls.wall()))
        } else {
            None
        };
        let there = host.is_some() || mapping.is_some();
        let live = Live { host, mapping };
        let reading = there.then_some(Reading { live, revision: None, exact: true });
        Ok((reading, began))
    }

    async fn apply(&self, step: &Step) -> Result<(), Failure> {
        write::apply(self, step).await
    }
}

/// A function and an alias of it may each have a mapping of one source. What we keep comes first, then what
/// invokes the right one.
fn rank<'a>(mapping: &'a Mapping, wanted: Option<&Spec>) -> (bool, bool, &'a str) {
    let right = wanted.is_some_and(|it| it.alias == mapping.alias);
    (!is_kept(mapping, wanted), !right, &mapping.uuid)
}

/// Whether we keep it; where nothing is wanted, whether any Evenkeel does.
fn is_kept(mapping: &Mapping, wanted: Option<&Spec>) -> bool {
    let owner = mapping.tags.get().and_then(|it| it.get(OWNER));
    owner.is_some_and(|owner| wanted.is_none_or(|it| it.owner == *owner))
}
