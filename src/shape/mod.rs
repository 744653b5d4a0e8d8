//! What a field may hold, said once, as data. The reader checks manifests against it, editors get it
//! as a JSON Schema, people as a table: three views that cannot part. Where it is AWS's constraint, it says which member
//! of the API it mirrors, and where it is known from.

mod constraint;
mod constraint_table;
mod constraints;
mod field;
pub mod pages;
mod reference;
mod schema;

pub use self::{
    constraint::{
        ConstraintPart, DocPage, FieldRule, MODEL, MODEL_DATE, ModelDifference, Provenance,
    },
    constraint_table::{constraints_json, constraints_table, rules_table},
    constraints::{Constraint, HeldPart, KindConstraints, constraints, of_rule, unnamed},
    field::{DURATION, Field, Map, Shape, Text, count_top_level_fields, join, top_level_fields},
    reference::reference,
    schema::schema,
};
