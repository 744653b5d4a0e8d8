//! All objects of an engine, each with its facets.

use std::collections::BTreeMap;

use super::{
    facet::{FacetId, FacetKey},
    name::Name,
    object::Facet,
    resource::Resource,
};

/// Objects by name. An object is there while one of its facets is.
pub(super) struct Objects<R: Resource> {
    all: BTreeMap<Name, Vec<Slot<R>>>,
    /// How many there are of each facet.
    sizes: BTreeMap<FacetId, usize>,
}

/// A facet in its object. Boxed, since facets come and go, and what they hold is large.
struct Slot<R: Resource> {
    key: FacetKey,
    facet: Box<Facet<R>>,
}

/// Not derived: that would ask for `R: Default`.
impl<R: Resource> Default for Objects<R> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), sizes: BTreeMap::new() }
    }
}

impl<R: Resource> Objects<R> {
    /// The facet with this key.
    pub(super) fn get(&self, key: &FacetKey) -> Option<&Facet<R>> {
        let slots = self.all.get(&key.object)?;
        let at = slots.binary_search_by(|it| it.key.cmp(key)).ok()?;
        slots.get(at).map(|it| &*it.facet)
    }

    /// The facet with this key, to be changed.
    pub(super) fn get_mut(&mut self, key: &FacetKey) -> Option<&mut Facet<R>> {
        let slots = self.all.get_mut(&key.object)?;
        let at = slots.binary_search_by(|it| it.key.cmp(key)).ok()?;
        slots.get_mut(at).map(|it| &mut *it.facet)
    }

    /// Whether there is such a facet.
    pub(super) fn contains_key(&self, key: &FacetKey) -> bool {
        self.get(key).is_some()
    }

    /// Puts a facet in the place of the one with this key, if there is one.
    pub(super) fn insert(&mut self, key: FacetKey, facet: Facet<R>) {
        let facet = Box::new(facet);
        let slots = self.all.entry(key.object.clone()).or_default();
        match slots.binary_search_by(|it| it.key.cmp(&key)) {
            Ok(at) => {
                if let Some(slot) = slots.get_mut(at) {
                    slot.facet = facet;
                }
            }
            Err(at) => {
                *self.sizes.entry(key.facet).or_default() += 1;
                slots.reserve_exact(1);
                slots.insert(at, Slot { key, facet });
            }
        }
    }

    /// Takes a facet out; with its last facet the object goes.
    pub(super) fn remove(&mut self, key: &FacetKey) -> Option<Box<Facet<R>>> {
        let slots = self.all.get_mut(&key.object)?;
        let at = slots.binary_search_by(|it| it.key.cmp(key)).ok()?;
        let slot = slots.remove(at);
        if slots.is_empty() {
            self.all.remove(&key.object);
        }
        if let Some(size) = self.sizes.get_mut(&key.facet) {
            *size = size.saturating_sub(1);
        }
        Some(slot.facet)
    }

    /// The facets of one object.
    pub(super) fn of(&self, object: &Name) -> impl Iterator<Item = (&FacetKey, &Facet<R>)> {
        self.all.get(object).into_iter().flatten().map(|it| (&it.key, &*it.facet))
    }

    /// All facets of all objects.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&FacetKey, &Facet<R>)> {
        self.all.values().flatten().map(|it| (&it.key, &*it.facet))
    }

    /// All facets of all objects, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&FacetKey, &mut Facet<R>)> {
        self.all.values_mut().flatten().map(|it| (&it.key, &mut *it.facet))
    }

    /// How many objects have this facet; of a collection, how many items there are.
    pub(super) fn len(&self, facet: FacetId) -> usize {
        self.sizes.get(&facet).copied().unwrap_or_default()
    }

    /// All keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &FacetKey> {
        self.iter().map(|(key, _)| key)
    }
}
