//! Facts on their way between the engines of one target. Each engine has a box; what is put in twice before
//! it is taken out counts once, so that nobody waits for anybody and a ring of engines cannot stand still.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::engine::{
    facts::{Fact, FactKey},
    resource::Resource,
};

/// Facts that one engine tells.
pub(crate) type FactUpdates = Vec<(FactKey, Option<Fact>)>;

/// Which facts a resource wants to hear.
type Hears = fn(&FactKey) -> bool;

/// Where facts for one engine arrive.
#[derive(Clone, Default)]
pub(crate) struct FactInbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<Waiting>,
    rung: Notify,
}

#[derive(Default)]
struct Waiting {
    facts: BTreeMap<FactKey, Option<Fact>>,
    batches: u64,
}

impl FactInbox {
    fn put(&self, facts: FactUpdates) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.facts.extend(facts);
        waiting.batches += 1;
        drop(waiting);
        self.0.rung.notify_one();
    }

    /// Waits until something is in it.
    pub(super) async fn rung(&self) {
        self.0.rung.notified().await;
    }

    /// Takes everything out, and says how many batches that was.
    pub(super) fn take(&self) -> (FactUpdates, u64) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Waiting { facts, batches } = std::mem::take(&mut *waiting);
        (facts.into_iter().collect(), batches)
    }
}

/// The boxes of all engines of one target.
#[derive(Clone, Default)]
pub(crate) struct FactBus(Vec<(&'static str, Hears, FactInbox)>);

impl FactBus {
    /// A box for one engine.
    pub(super) fn open<R: Resource>(&mut self) -> FactInbox {
        let inbox = FactInbox::default();
        let hears: Hears = |key| R::FACETS.iter().any(|it| (it.hears)(key));
        self.0.push((R::NAME, hears, inbox.clone()));
        inbox
    }

    /// Puts facts into the box of every other engine that hears them. Returns how many boxes that
    /// were: each gets one batch.
    pub(super) fn send(&self, from: &'static str, facts: &FactUpdates) -> u64 {
        let mut sent = 0;
        for (kind, hears, inbox) in &self.0 {
            let heard: FactUpdates = facts.iter().filter(|(key, _)| hears(key)).cloned().collect();
            if *kind != from && !heard.is_empty() {
                inbox.put(heard);
                sent += 1;
            }
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{name::Name, resource::Single},
        kinds::{facets::FunctionResource, image::Image},
    };

    #[test]
    fn facts_reach_those_who_hear_them_and_pile_up_as_one() {
        let mut fact_bus = FactBus::default();
        let (functions, images) =
            (fact_bus.open::<FunctionResource>(), fact_bus.open::<Single<Image>>());
        let key = FactKey::Repository(Name::new("a"));
        let told = |exists| vec![(key.clone(), Some(Fact::Repository(exists)))];
        assert_eq!(fact_bus.send("Repository", &told(false)), 1);
        assert_eq!(fact_bus.send("Repository", &told(true)), 1);
        assert_eq!(functions.take(), (told(true), 2));
        assert_eq!(functions.take(), (FactUpdates::new(), 0));
        assert_eq!(images.take(), (FactUpdates::new(), 0));
        assert_eq!(fact_bus.send("Function", &told(true)), 0);
    }
}
