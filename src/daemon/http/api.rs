//! The handlers of the API.

use std::sync::Arc;

use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    context::AppState,
    error::{ApiError, ApiResult, Problem, json},
};
use crate::{
    daemon::{
        event_log::{EVENTS_MAX, HistoryEntry},
        view::{
            View, Viewer,
            object::{DifferenceView, ObjectView, differences, object as object_json},
            params::ObjectParams,
            query::ObjectQuery,
            record::EventView,
            state::{API_VERSION, ObjectsView, SourceDetailView, TargetDetailView},
        },
    },
    engine::status::Row,
};

/// All objects, or some
///
/// Documents and their parts (URLs, permissions, releases …), each for itself; with `parts=false`, documents alone.
#[utoipa::path(get, path = "/objects", tag = "objects", params(ObjectParams), responses(
    (status = 200, description = "Objects, targets and the source", body = ObjectsView<'_>),
    (status = 400, description = "The query is not understood", body = Problem),
))]
pub(super) async fn objects(
    State(app): State<AppState>,
    params: Result<Query<ObjectParams>, QueryRejection>,
) -> ApiResult {
    let Query(params) = params?;
    let (query, sums) = (ObjectQuery::parse(&params)?, params.parts == Some(false));
    app.render(move |_, view| json(&view.list(&query, sums))).await
}

/// Answers a request about one object with what `make` says of its row, or with 404 if there is no
/// object with this key.
async fn about(
    app: &AppState,
    key: Result<Path<String>, PathRejection>,
    make: impl FnOnce(&Viewer, &View, &Arc<Row>) -> ApiResult + Send + 'static,
) -> ApiResult {
    let Path(key) = key?;
    let answer = app.render(move |viewer, view| match view.row(&key) {
        Some(row) => make(viewer, view, row),
        None => Err(ApiError::new(StatusCode::NOT_FOUND, format!("there is no object `{key}`"))),
    });
    answer.await
}

/// One object
#[utoipa::path(get, path = "/objects/{*key}", tag = "objects",
    params(("key" = String, Path, description = "The key of an object", example = "default/Function/resize")),
    responses(
        (status = 200, description = "The object", body = ObjectView<'_>),
        (status = 400, description = "The key is no text", body = Problem),
        (status = 404, description = "There is no such object", body = Problem),
    )
)]
pub(super) async fn object(
    State(app): State<AppState>,
    key: Result<Path<String>, PathRejection>,
) -> ApiResult {
    about(&app, key, |_, view, row| json(&object_json(view, row))).await
}

/// What differs in an object and in its parts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Diff)]
pub(super) struct DiffView<'a> {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// The objects that differ, the document's own one first.
    objects: Vec<ObjectDiffView<'a>>,
}

/// What differs in an object, and what would be done.
#[derive(Serialize, ToSchema)]
#[schema(as = Differing)]
pub(super) struct ObjectDiffView<'a> {
    /// The object.
    key: String,
    /// How it is doing.
    status: &'a str,
    /// Why, in PascalCase.
    reason: &'a str,
    /// Why, in words.
    message: &'a str,
    /// Every field that differs.
    changes: Vec<DifferenceView<'a>>,
    /// The steps that would mend it, in order.
    steps: &'a [String],
}

/// Shows in which fields an object differs, and the steps that would repair it.
fn differing(row: &Row) -> ObjectDiffView<'_> {
    ObjectDiffView {
        key: row.key.to_string(),
        status: row.status.as_str(),
        reason: row.reason.code,
        message: &row.reason.message,
        changes: differences(row),
        steps: &row.steps,
    }
}

fn diff_of<'a>(rows: impl Iterator<Item = &'a Arc<Row>>) -> DiffView<'a> {
    let differs = |it: &&Arc<Row>| it.differs() || !it.changes.is_empty();
    DiffView {
        api_version: API_VERSION,
        objects: rows.filter(differs).map(|it| differing(it)).collect(),
    }
}

/// What differs in one object and in its parts
#[utoipa::path(get, path = "/diffs/{*key}", tag = "objects",
    params(("key" = String, Path, description = "The key of an object", example = "default/Function/resize")),
    responses(
        (status = 200, description = "What differs; empty: nothing", body = DiffView<'_>),
        (status = 400, description = "The key is no text", body = Problem),
        (status = 404, description = "There is no such object", body = Problem),
    )
)]
pub(super) async fn diff(
    State(app): State<AppState>,
    key: Result<Path<String>, PathRejection>,
) -> ApiResult {
    about(&app, key, |_, view, row| json(&diff_of(view.family(row).into_iter()))).await
}

/// What happened to an object and to its parts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = History)]
pub(super) struct HistoryView<'a> {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// The newest first; at most twenty for each object.
    changes: Vec<&'a HistoryEntry>,
}

/// What happened to one object and to its parts
///
/// Since Evenkeel started: what is older stands in its log.
#[utoipa::path(get, path = "/history/{*key}", tag = "objects",
    params(("key" = String, Path, description = "The key of an object", example = "default/Function/resize")),
    responses(
        (status = 200, description = "Changes", body = HistoryView<'_>),
        (status = 400, description = "The key is no text", body = Problem),
        (status = 404, description = "There is no such object", body = Problem),
    )
)]
pub(super) async fn history(
    State(app): State<AppState>,
    key: Result<Path<String>, PathRejection>,
) -> ApiResult {
    let make = |viewer: &Viewer, view: &View, row: &Arc<Row>| {
        let changes = viewer.history(view, row);
        let changes = changes.iter().map(|it| &**it).collect();
        json(&HistoryView { api_version: API_VERSION, changes })
    };
    about(&app, key, make).await
}

/// What happened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Events)]
pub(super) struct EventsView {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// The newest first; at most a thousand.
    events: Vec<EventView>,
}

/// What happened lately
///
/// Since Evenkeel started. The same as a stream: `/api/v1/events/stream`.
#[utoipa::path(get, path = "/events", tag = "events", responses(
    (status = 200, description = "Events", body = EventsView),
))]
pub(super) async fn events(State(app): State<AppState>) -> ApiResult {
    let made = app.render(|viewer, _| {
        json(&EventsView { api_version: API_VERSION, events: viewer.newest(EVENTS_MAX) })
    });
    made.await
}

/// The directory of manifests
#[utoipa::path(get, path = "/source", tag = "state", responses(
    (status = 200, description = "Files, and what is wrong with them", body = SourceDetailView),
))]
pub(super) async fn source(State(app): State<AppState>) -> ApiResult {
    app.render(|_, view| json(&view.source())).await
}

/// The targets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Targets)]
pub(super) struct TargetsView {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// In the order in which they were declared.
    targets: Vec<TargetDetailView>,
}

/// Targets and their budgets
#[utoipa::path(get, path = "/targets", tag = "state", responses(
    (status = 200, description = "Targets", body = TargetsView),
))]
pub(super) async fn targets(State(app): State<AppState>) -> ApiResult {
    let made = app.render(|viewer, view| {
        json(&TargetsView {
            api_version: API_VERSION,
            targets: view.targets(&viewer.about.targets),
        })
    });
    made.await
}

/// What is to be done
///
/// Every object that differs, with the steps that would mend it, held up or not.
#[utoipa::path(get, path = "/plan", tag = "objects", responses(
    (status = 200, description = "Objects that differ", body = DiffView<'_>),
))]
pub(super) async fn plan(State(app): State<AppState>) -> ApiResult {
    app.render(|_, view| json(&diff_of(view.rows()))).await
}
