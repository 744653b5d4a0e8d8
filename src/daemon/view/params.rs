//! The query of a list of objects, as an address has it, and how OpenAPI describes it.

use serde::Deserialize;
use utoipa::openapi::{
    RefOr,
    schema::{ObjectBuilder, Schema, Type},
};

use crate::{
    engine::{diff::Cause, status::Status},
    kinds::TAGGED,
};

/// Which objects.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ObjectParams {
    /// Only those of this target.
    pub target: String,
    /// Only those of this kind.
    #[param(schema_with = kinds)]
    pub kind: String,
    /// Only those with one of these statuses, with commas between them: the worst of their facets counts.
    #[param(schema_with = statuses)]
    pub status: String,
    /// Only those of which a facet drifted under one of these causes, with commas between them.
    #[param(schema_with = causes)]
    pub cause: String,
    /// Only those with all of these labels, as `team=imaging,stage=prod`.
    #[param(schema_with = labels)]
    pub label: String,
    /// Only those with this text in key, reason, message, labels or the manifest's path; case does not count.
    pub q: String,
    /// In which order. Those alike come by their keys.
    #[param(schema_with = orders)]
    pub sort: String,
    /// `false`: objects without their facets.
    #[param(value_type = bool, required = false)]
    pub facets: Option<bool>,
    /// How many at most, from 1 to 1000; all if it is left out.
    #[param(schema_with = limits)]
    pub limit: String,
    /// `next` of the page before. Pages fit together as long as nothing changes.
    #[param(schema_with = cursors)]
    pub cursor: String,
}

fn pattern(pattern: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).into()
}

/// Words of a closed list, with commas between them.
fn some_of<const N: usize>(words: [&str; N]) -> RefOr<Schema> {
    let word = words.join("|");
    pattern(&format!("^(({word})(,({word}))*)?$"))
}

fn kinds() -> RefOr<Schema> {
    pattern(&format!("^({})?$", TAGGED.join("|")))
}

fn orders() -> RefOr<Schema> {
    pattern(&format!("^({})?$", SortOrder::ALL.map(SortOrder::as_str).join("|")))
}

fn statuses() -> RefOr<Schema> {
    some_of(Status::ALL.map(Status::as_str))
}

fn causes() -> RefOr<Schema> {
    some_of(Cause::ALL.map(Cause::as_str))
}

fn labels() -> RefOr<Schema> {
    pattern("^([^=,]+=[^,]*(,[^=,]+=[^,]*)*)?$")
}

fn limits() -> RefOr<Schema> {
    pattern("^([1-9][0-9]{0,2}|1000)?$")
}

fn cursors() -> RefOr<Schema> {
    pattern(r"^(-?[0-9]{1,18}~[^/]+/[^/]+/[\s\S]+)?$")
}

/// In which order objects come. Those alike come by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SortOrder {
    /// By their keys.
    #[default]
    Key,
    /// The worst first.
    Status,
    /// The longest drift first.
    Drift,
    /// The last that changed first.
    Since,
    /// The one first that was confirmed longest ago.
    Observed,
}

impl SortOrder {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Key, Self::Status, Self::Drift, Self::Since, Self::Observed];

    /// The word in a query.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Status => "status",
            Self::Drift => "drift",
            Self::Since => "since",
            Self::Observed => "observed",
        }
    }
}
