//! What a field may hold, said once, as data. The reader checks manifests against it, editors get it
//! as a JSON Schema, people as a table: three views that cannot part.

mod field;
mod reference;
mod schema;

pub use self::{
    field::{DURATION, Field, Map, Shape, Text, count_top_level_fields, join, top_level_fields},
    reference::reference,
    schema::schema,
};
