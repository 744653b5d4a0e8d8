//! One write permit for each function, across all kinds: whoever writes to a function, or to something
//! that hangs on it, holds it for the length of the call.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::engine::name::Name;

/// The permits of one target.
#[derive(Debug, Clone, Default)]
pub struct Permits(Arc<Mutex<BTreeSet<Name>>>);

/// The right to write to one function, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    permits: Permits,
    name: Name,
}

impl Permits {
    /// The permit for a function, if nobody has it.
    pub fn take(&self, name: &Name) -> Option<Permit> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        new.then(|| Permit { permits: self.clone(), name: name.clone() })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_for_each_function() {
        let permits = Permits::default();
        let (a, b) = (Name::new("a"), Name::new("b"));
        let held = permits.take(&a);
        assert!(held.is_some() && permits.take(&a).is_none() && permits.take(&b).is_some());
        drop(held);
        assert!(permits.take(&a).is_some());
    }
}
