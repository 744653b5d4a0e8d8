//! What opens functions to others at places other than a block's own. Reading all aliases and versions of a function
//! takes as many calls as there are of them, so only the audit reads them again: a read before a step, or after
//! it, has what the last one saw.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{Connection, FacetClient, Others};
use crate::{
    aws::cloud::Priority,
    engine::{
        failure::{Class, Failure, chain},
        name::Name,
        observed::Known,
    },
    kinds::block::{At, Block, Extra},
};

/// What was seen last, by function.
pub(super) struct Survey<B: Block>(Mutex<BTreeMap<Name, PlacesReading<B>>>);

struct PlacesReading<B: Block> {
    /// The block's own place, which is left out.
    own: At,
    found: Known<Vec<Extra<B::Call>>>,
}

impl<B: Block> Default for Survey<B> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<B: FacetClient> Survey<B> {
    /// Returns what opens a function to others at other places; [`Known::No`] where our credentials
    /// may not see it, or a read failed. The last answer is given again unless the audit
    /// asks. An error is one that holds up all calls, as throttling.
    pub(super) async fn of(
        &self,
        connection: &Connection,
        others: Others<'_>,
    ) -> Result<Known<Vec<Extra<B::Call>>>, Failure> {
        let before = || self.with(|all| all.get(others.function).and_then(|it| it.at(others.own)));
        if let Some(found) = before().filter(|_| others.priority != Priority::Audit) {
            return Ok(found);
        }
        let found = match B::elsewhere(connection, others).await {
            Ok(found) => Known::Yes(found),
            Err(failure) if matches!(failure.class, Class::Throttled | Class::Credentials) => {
                return Err(failure);
            }
            Err(failure) if failure.class == Class::Denied => Known::No(chain(&failure)),
            // It may be over by the next read, so it is not kept.
            Err(failure) => return Ok(Known::No(chain(&failure))),
        };
        let reading = PlacesReading { own: others.own.clone(), found: found.clone() };
        self.with(|all| all.insert(others.function.clone(), reading));
        Ok(found)
    }
}

impl<B: Block> Survey<B> {
    /// Forgets what was seen of a function, since something is about to change at one of its
    /// places. A change of the block's own place does not concern it.
    pub(super) fn forget_unless_own(&self, at: &At) {
        self.with(|all| {
            if all.get(&at.function).is_some_and(|it| it.own != *at) {
                all.remove(&at.function);
            }
        });
    }

    /// Forgets what was seen of a function that is not there any more.
    pub(super) fn forget(&self, function: &Name) {
        self.with(|all| all.remove(function));
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<Name, PlacesReading<B>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<B: Block> PlacesReading<B> {
    /// What was seen, if the block's own place is still the same.
    fn at(&self, own: &At) -> Option<Known<Vec<Extra<B::Call>>>> {
        (self.own == *own).then(|| self.found.clone())
    }
}
