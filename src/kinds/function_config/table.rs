//! How the table of fields is written: what can be done with a value, and a line for each member.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::engine::diff::Shown;

/// The value of a field.
pub trait FieldValue {
    /// As a plan shows it. Values that it shows alike are equal.
    fn shown(&self) -> Shown;
    /// As it stands in a manifest.
    fn json(&self) -> Value;
}

/// A text, of which the empty one means "not set".
impl FieldValue for String {
    fn shown(&self) -> Shown {
        Shown::open(if self.is_empty() { "(unset)" } else { self })
    }

    fn json(&self) -> Value {
        json!(self)
    }
}

impl FieldValue for i32 {
    fn shown(&self) -> Shown {
        Shown::open(self)
    }

    fn json(&self) -> Value {
        json!(self)
    }
}

impl FieldValue for bool {
    fn shown(&self) -> Shown {
        Shown::open(self)
    }

    fn json(&self) -> Value {
        json!(self)
    }
}

impl FieldValue for Vec<String> {
    fn shown(&self) -> Shown {
        shown_list(self)
    }

    fn json(&self) -> Value {
        json!(self)
    }
}

impl FieldValue for BTreeSet<String> {
    fn shown(&self) -> Shown {
        shown_list(self)
    }

    fn json(&self) -> Value {
        json!(self)
    }
}

/// A list, in brackets.
pub(super) fn shown_list<'a>(items: impl IntoIterator<Item = &'a String>) -> Shown {
    let items: Vec<&str> = items.into_iter().map(String::as_str).collect();
    Shown::open(format!("[{}]", items.join(", ")))
}

/// A line of the table: a member of `spec`, and the field of `Config` that holds it. A member may be a value, a struct
/// with one value (`"name" / "value": place`), a struct of several (`"name": place { "value": part }`), or one that a
/// function may not have (`place?`), which is left to others only as a whole.
macro_rules! member {
    (@ $name:literal $place:ident [$($field:expr),+]) => {
        ConfigMember {
            name: $name,
            fields: &[$($field),+],
            same: |one, other| one.$place == other.$place,
            copy: |from, to| to.$place.clone_from(&from.$place),
            hashed: |it| json!(it.$place),
        }
    };
    ($name:literal: $place:ident) => {
        member!(@ $name $place [field!($name, $place)])
    };
    ($name:literal / $value:literal: $place:ident) => {
        member!(@ $name $place [field!(concat!($name, "/", $value), $place)])
    };
    ($name:literal: $place:ident { $($value:literal: $part:ident),+ $(,)? }) => {
        member!(@ $name $place [$(field!(concat!($name, "/", $value), $place.$part)),+])
    };
    ($name:literal: $place:ident? { $($value:literal: $part:ident),+ $(,)? }) => {
        member!(@ $name $place [$(ConfigField {
            path: concat!($name, "/", $value),
            get: |it| Some(&it.$place.as_ref()?.$part),
            copy: |from, to| to.$place.clone_from(&from.$place),
        }),+])
    };
}

/// A field that every function has, and where it stands in `Config`.
macro_rules! field {
    ($path:expr, $($place:ident).+) => {
        ConfigField {
            path: $path,
            get: |it| Some(&it.$($place).+),
            copy: |from, to| to.$($place).+.clone_from(&from.$($place).+),
        }
    };
}

pub(super) use {field, member};
