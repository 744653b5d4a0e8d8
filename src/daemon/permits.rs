//! One write permit for each function and each repository, across all kinds: whoever writes to one, or to
//! something that hangs on it, holds it for the length of the call.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::engine::name::Name;

/// The permits of one target.
#[derive(Debug, Clone, Default)]
pub struct Permits(Arc<Mutex<BTreeSet<Subject>>>);

/// What is written to: a function or a repository.
type Subject = (&'static str, Name);

/// The right to write to one of them, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    permits: Permits,
    subject: Subject,
}

impl Permits {
    /// The permit for one of them, if nobody has it.
    pub fn take(&self, kind: &'static str, name: &Name) -> Option<Permit> {
        let subject = (kind, name.clone());
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(subject.clone());
        new.then(|| Permit { permits: self.clone(), subject })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_for_each() {
        let permits = Permits::default();
        let (a, b) = (Name::new("a"), Name::new("b"));
        let take = |kind, name| permits.take(kind, name);
        let held = take("Function", &a);
        assert!(held.is_some() && take("Function", &a).is_none());
        assert!(take("Function", &b).is_some() && take("Repository", &a).is_some());
        drop(held);
        assert!(take("Function", &a).is_some());
    }
}
