//! Rows of bulk reads: each nominates what it shows otherwise than the last exact read did.

use super::{bulk_rows::BulkRows, engine::Engine, kind::Kind, name::Name};

impl<K: Kind> Engine<K> {
    /// Takes in rows that a bulk read shows otherwise than the one before. The index behind it may lag behind a write
    /// of ours too: then the row before was old news, and this one is what is held already. An object that nobody
    /// has read exactly will be read anyway.
    pub(super) fn on_bulk_rows(&mut self, rows: &BulkRows) {
        let mut doubtful: Vec<Name> = Vec::new();
        for (name, object) in &self.objects {
            let spec = object.wanted.as_ref().map(|it| &*it.spec);
            let reading = object.observed.reading().filter(|it| it.exact);
            if reading.is_some_and(|it| K::bulk_row_differs(name, spec, &it.live, rows)) {
                doubtful.push(name.clone());
            }
        }
        for name in doubtful {
            self.nominate(&name);
        }
    }
}
