//! One write permit for each function and each repository, across all kinds: whoever writes to one, or to
//! something that belongs to it, holds it for the length of the call. Whoever read before the last such call
//! began to be answered does not get it: what was seen then may be no more.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::engine::{name::Name, time::Mono};

/// The permits of one target.
#[derive(Debug, Clone, Default)]
pub(crate) struct Permits(Arc<Mutex<PermitTable>>);

#[derive(Debug, Default)]
struct PermitTable {
    held: BTreeSet<PermitKey>,
    /// When the last write to each ended.
    last_writes: BTreeMap<PermitKey, Mono>,
}

/// What is written to: a function or a repository.
type PermitKey = (&'static str, Name);

/// The right to write to one of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: Permits,
    key: PermitKey,
}

impl Permits {
    /// Takes the permit of a function or repository for a write that rests on a read. `None` if it
    /// is held, or if a write has ended since the read began: what was read may be no more.
    pub(crate) fn take(
        &self,
        kind: &'static str,
        name: &Name,
        read_started: Mono,
    ) -> Option<Permit> {
        let key = (kind, name.clone());
        let mut table = self.lock();
        if table.last_writes.get(&key).is_some_and(|wrote| *wrote > read_started) {
            return None;
        }
        let new = table.held.insert(key.clone());
        new.then(|| Permit { permits: self.clone(), key })
    }

    fn lock(&self) -> MutexGuard<'_, PermitTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Gives the permit back after a call that ended at `now`, in success or not: what was read
    /// before that moment is no ground for another write.
    pub(crate) fn wrote(self, now: Mono) {
        self.permits.lock().last_writes.insert(self.key.clone(), now);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.lock().held.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_for_each() {
        let permits = Permits::default();
        let (a, b) = (Name::new("a"), Name::new("b"));
        let at = |seconds| Mono(std::time::Duration::from_secs(seconds));
        let take = |kind, name| permits.take(kind, name, at(5));
        let permit = take("Function", &a);
        assert!(permit.is_some() && take("Function", &a).is_none());
        assert!(take("Function", &b).is_some() && take("Repository", &a).is_some());
        drop(permit);
        let permit = take("Function", &a).unwrap();
        permit.wrote(at(7));
        // A read from before that write is no ground for another.
        assert!(take("Function", &a).is_none());
        assert!(permits.take("Function", &a, at(7)).is_some());
    }
}
