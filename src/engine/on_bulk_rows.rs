//! Rows of bulk reads: each nominates what it shows otherwise than the last exact read did.

use super::{
    bulk_rows::BulkRows, engine::Engine, facet::FacetKey, observed::Observation as _,
    resource::Resource,
};

impl<R: Resource> Engine<R> {
    /// Takes in rows that a bulk read shows otherwise than the one before. The index behind it may lag behind a write
    /// of ours too: then the row before was old news, and this one is what is held already. An object that nobody
    /// has read exactly will be read anyway.
    pub(super) fn on_bulk_rows(&mut self, rows: &BulkRows) {
        let mut doubtful: Vec<FacetKey> = Vec::new();
        for (key, object) in self.objects.iter() {
            let spec = object.wanted.as_ref().map(|it| &it.spec);
            let reading = object.observed.reading().filter(|it| it.is_exact());
            if reading.is_some_and(|it| R::bulk_row_differs(key, spec, it, rows)) {
                doubtful.push(key.clone());
            }
        }
        for key in doubtful {
            self.nominate(&key);
        }
    }
}
