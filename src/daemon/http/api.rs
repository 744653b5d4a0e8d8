//! The handlers of the API.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use super::Desk;
use crate::{
    daemon::{
        event_log::{EVENTS_MAX, Entry},
        view::{
            View, Viewer,
            object::{Difference, ObjectJson, differences, object as object_json},
            query::{BadQuery, Order, Query as Wanted, Words},
            record::EventJson,
            state::{API_VERSION, Objects, SourceDetail, TargetDetail},
        },
    },
    engine::{
        diff::Cause,
        status::{Row, Status},
    },
    kinds::ALL,
};

/// Why a request cannot be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// In words.
    error: String,
}

/// A request that cannot be answered.
#[derive(Debug)]
pub(super) struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(Problem { error: self.1 })).into_response()
    }
}

impl From<BadQuery> for Refused {
    fn from(bad: BadQuery) -> Self {
        Self(StatusCode::BAD_REQUEST, bad.to_string())
    }
}

impl From<QueryRejection> for Refused {
    fn from(bad: QueryRejection) -> Self {
        Self(StatusCode::BAD_REQUEST, bad.body_text())
    }
}

impl From<PathRejection> for Refused {
    fn from(bad: PathRejection) -> Self {
        Self(StatusCode::BAD_REQUEST, bad.body_text())
    }
}

/// An answer in JSON, or why there is none.
type Answer = Result<Response, Refused>;

fn json(value: &impl Serialize) -> Answer {
    let broken =
        |error: serde_json::Error| Refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    let body = serde_json::to_vec(value).map_err(broken)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::from(body)).into_response())
}

/// Which objects.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those of this target.
    pub(super) target: String,
    /// Only those of this kind.
    #[param(schema_with = kinds)]
    pub(super) kind: String,
    /// Only those with one of these statuses, with commas between them.
    #[param(schema_with = statuses)]
    pub(super) status: String,
    /// Only those that drifted under one of these causes, with commas between them.
    #[param(schema_with = causes)]
    pub(super) cause: String,
    /// Only those with all of these labels, as `team=imaging,stage=prod`.
    #[param(schema_with = labels)]
    pub(super) label: String,
    /// Only those with this text in key, reason, message, labels or the manifest's path; case does not count.
    pub(super) q: String,
    /// In which order. Those alike come by their keys.
    #[param(schema_with = orders)]
    pub(super) sort: String,
    /// `false`: documents alone, each with its parts as one: `status` and `cause` then mean the whole.
    #[param(value_type = bool, required = false)]
    pub(super) parts: Option<bool>,
    /// How many at most, from 1 to 1000; all if it is left out.
    #[param(schema_with = limits)]
    pub(super) limit: String,
    /// `next` of the page before. Pages fit together as long as nothing changes.
    #[param(schema_with = cursors)]
    pub(super) cursor: String,
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
    pattern(&format!("^({})?$", ALL.join("|")))
}

fn orders() -> RefOr<Schema> {
    pattern(&format!("^({})?$", Order::ALL.map(Order::as_str).join("|")))
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

impl Which {
    /// What the words mean.
    pub(super) fn understand(&self) -> Result<Wanted, BadQuery> {
        Wanted::parse(&Words {
            target: &self.target,
            kind: &self.kind,
            status: &self.status,
            cause: &self.cause,
            label: &self.label,
            text: &self.q,
            sort: &self.sort,
            cursor: &self.cursor,
            limit: &self.limit,
        })
    }
}

/// All objects, or some
///
/// Documents and their parts (URLs, permissions, releases …), each for itself; with `parts=false`, documents alone.
#[utoipa::path(get, path = "/objects", tag = "objects", params(Which), responses(
    (status = 200, description = "Objects, targets and the source", body = Objects<'_>),
    (status = 400, description = "The query is not understood", body = Problem),
))]
pub(super) async fn objects(
    State(desk): State<Desk>,
    which: Result<Query<Which>, QueryRejection>,
) -> Answer {
    let Query(which) = which?;
    let (query, sums) = (which.understand()?, which.parts == Some(false));
    desk.make(move |_, view| json(&view.list(&query, sums))).await
}

/// Makes an answer about one object.
async fn about(
    desk: &Desk,
    key: Result<Path<String>, PathRejection>,
    make: impl FnOnce(&Viewer, &View, &Arc<Row>) -> Answer + Send + 'static,
) -> Answer {
    let Path(key) = key?;
    let answer = desk.make(move |viewer, view| match view.row(&key) {
        Some(row) => make(viewer, view, row),
        None => Err(Refused(StatusCode::NOT_FOUND, format!("there is no object `{key}`"))),
    });
    answer.await
}

/// One object
#[utoipa::path(get, path = "/objects/{*key}", tag = "objects",
    params(("key" = String, Path, description = "The key of an object", example = "default/Function/resize")),
    responses(
        (status = 200, description = "The object", body = ObjectJson<'_>),
        (status = 400, description = "The key is no text", body = Problem),
        (status = 404, description = "There is no such object", body = Problem),
    )
)]
pub(super) async fn object(
    State(desk): State<Desk>,
    key: Result<Path<String>, PathRejection>,
) -> Answer {
    about(&desk, key, |_, view, row| json(&object_json(view, row))).await
}

/// What differs in an object and in its parts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Diff<'a> {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// The objects that differ, the document's own one first.
    objects: Vec<Differing<'a>>,
}

/// What differs in an object, and what would be done.
#[derive(Serialize, ToSchema)]
pub(super) struct Differing<'a> {
    /// The object.
    key: String,
    /// How it is doing.
    status: &'a str,
    /// Why, in PascalCase.
    reason: &'a str,
    /// Why, in words.
    message: &'a str,
    /// Every field that differs.
    changes: Vec<Difference<'a>>,
    /// The steps that would mend it, in order.
    steps: &'a [String],
}

fn differing(row: &Row) -> Differing<'_> {
    Differing {
        key: row.key.to_string(),
        status: row.status.as_str(),
        reason: row.reason.code,
        message: &row.reason.message,
        changes: differences(row),
        steps: &row.steps,
    }
}

fn diff_of<'a>(rows: impl Iterator<Item = &'a Arc<Row>>) -> Diff<'a> {
    let differs = |it: &&Arc<Row>| it.differs() || !it.changes.is_empty();
    Diff {
        api_version: API_VERSION,
        objects: rows.filter(differs).map(|it| differing(it)).collect(),
    }
}

/// What differs in one object and in its parts
#[utoipa::path(get, path = "/diffs/{*key}", tag = "objects",
    params(("key" = String, Path, description = "The key of an object", example = "default/Function/resize")),
    responses(
        (status = 200, description = "What differs; empty: nothing", body = Diff<'_>),
        (status = 400, description = "The key is no text", body = Problem),
        (status = 404, description = "There is no such object", body = Problem),
    )
)]
pub(super) async fn diff(
    State(desk): State<Desk>,
    key: Result<Path<String>, PathRejection>,
) -> Answer {
    about(&desk, key, |_, view, row| json(&diff_of(view.family(row).into_iter()))).await
}

/// What happened to an object and to its parts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct History<'a> {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// The newest first; at most twenty for each object.
    changes: Vec<&'a Entry>,
}

/// What happened to one object and to its parts
///
/// Since Evenkeel started: what is older stands in its log.
#[utoipa::path(get, path = "/history/{*key}", tag = "objects",
    params(("key" = String, Path, description = "The key of an object", example = "default/Function/resize")),
    responses(
        (status = 200, description = "Changes", body = History<'_>),
        (status = 400, description = "The key is no text", body = Problem),
        (status = 404, description = "There is no such object", body = Problem),
    )
)]
pub(super) async fn history(
    State(desk): State<Desk>,
    key: Result<Path<String>, PathRejection>,
) -> Answer {
    let make = |viewer: &Viewer, view: &View, row: &Arc<Row>| {
        let changes = viewer.history(view, row);
        let changes = changes.iter().map(|it| &**it).collect();
        json(&History { api_version: API_VERSION, changes })
    };
    about(&desk, key, make).await
}

/// What happened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Events {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// The newest first; at most a thousand.
    events: Vec<EventJson>,
}

/// What happened lately
///
/// Since Evenkeel started. The same as a stream: `/api/v1/events/stream`.
#[utoipa::path(get, path = "/events", tag = "events", responses(
    (status = 200, description = "Events", body = Events),
))]
pub(super) async fn events(State(desk): State<Desk>) -> Answer {
    let made = desk.make(|viewer, _| {
        json(&Events { api_version: API_VERSION, events: viewer.newest(EVENTS_MAX) })
    });
    made.await
}

/// The directory of manifests
#[utoipa::path(get, path = "/source", tag = "state", responses(
    (status = 200, description = "Files, and what is wrong with them", body = SourceDetail),
))]
pub(super) async fn source(State(desk): State<Desk>) -> Answer {
    desk.make(|_, view| json(&view.source())).await
}

/// The targets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Targets {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// In the order in which they were declared.
    targets: Vec<TargetDetail>,
}

/// Targets and their budgets
#[utoipa::path(get, path = "/targets", tag = "state", responses(
    (status = 200, description = "Targets", body = Targets),
))]
pub(super) async fn targets(State(desk): State<Desk>) -> Answer {
    let made = desk.make(|viewer, view| {
        json(&Targets { api_version: API_VERSION, targets: view.targets(&viewer.sites) })
    });
    made.await
}

/// What is to be done
///
/// Every object that differs, with the steps that would mend it, held up or not.
#[utoipa::path(get, path = "/plan", tag = "objects", responses(
    (status = 200, description = "Objects that differ", body = Diff<'_>),
))]
pub(super) async fn plan(State(desk): State<Desk>) -> Answer {
    desk.make(|_, view| json(&diff_of(view.rows()))).await
}
