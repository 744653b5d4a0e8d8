//! The handlers of the API.

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
use crate::daemon::{
    event_log::{EVENTS_MAX, HistoryEntry},
    objects::{BoardObject, FacetName, object_key},
    view::{
        Viewer,
        object::{ObjectView, object as object_json},
        params::ObjectParams,
        parse_key,
        plan::{PlanView, PlannedObjectView, planned},
        query::ObjectQuery,
        record::EventView,
        state::{API_VERSION, ObjectsView, SourceDetailView, TargetDetailView},
    },
};

/// All objects, or some
///
/// What manifests describe, each object with its facets (release, URL, permissions …) inside, and what is ours and no
/// manifest asks for any more.
#[utoipa::path(get, path = "/objects", tag = "objects", params(ObjectParams), responses(
    (status = 200, description = "Objects, targets and the source", body = ObjectsView<'_>),
    (status = 400, description = "The query is not understood", body = Problem),
))]
pub(super) async fn objects(
    State(app): State<AppState>,
    params: Result<Query<ObjectParams>, QueryRejection>,
) -> ApiResult {
    let Query(params) = params?;
    let (query, facets) = (ObjectQuery::parse(&params)?, params.facets != Some(false));
    app.render(move |_, view| json(&view.list(&query, facets))).await
}

/// Answers a request about one object with what `make` says of it, or with 404 if there is no object with this key.
async fn about(
    app: &AppState,
    key: Result<Path<String>, PathRejection>,
    make: impl FnOnce(&Viewer, &BoardObject) -> ApiResult + Send + 'static,
) -> ApiResult {
    let Path(text) = key?;
    let answer = app.render(move |viewer, view| {
        let key = parse_key(&text);
        if let Some(object) = key.as_ref().and_then(|it| view.object(it)) {
            return make(viewer, object);
        }
        let whole = key.as_ref().map(object_key).filter(|it| view.object(it).is_some());
        let message = match (whole, key) {
            (Some(object), Some(key)) => {
                let facet = FacetName::of(&key);
                format!("there is no object `{text}`; `{facet}` is a facet of `{object}`")
            }
            _ => format!("there is no object `{text}`"),
        };
        Err(ApiError::new(StatusCode::NOT_FOUND, message))
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
    about(&app, key, |_, it| json(&object_json(it, true))).await
}

/// What would be done to one object
#[utoipa::path(get, path = "/diffs/{*key}", tag = "objects",
    params(("key" = String, Path, description = "The key of an object", example = "default/Function/resize")),
    responses(
        (status = 200, description = "Every field that differs, and the steps", body = PlannedObjectView<'_>),
        (status = 400, description = "The key is no text", body = Problem),
        (status = 404, description = "There is no such object", body = Problem),
    )
)]
pub(super) async fn diff(
    State(app): State<AppState>,
    key: Result<Path<String>, PathRejection>,
) -> ApiResult {
    about(&app, key, |_, object| json(&planned(object))).await
}

/// What happened to an object and to its facets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = History)]
pub(super) struct HistoryView<'a> {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// The newest first; at most twenty for each object.
    changes: Vec<&'a HistoryEntry>,
}

/// What happened to one object and to its facets
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
    let make = |viewer: &Viewer, object: &BoardObject| {
        let changes = viewer.history(object);
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
/// Every object that is not as its manifest asks, with the steps that would repair it, held up or not.
#[utoipa::path(get, path = "/plan", tag = "objects", responses(
    (status = 200, description = "The plan", body = PlanView<'_>),
))]
pub(super) async fn plan(State(app): State<AppState>) -> ApiResult {
    app.render(|_, view| json(&view.plan(|_| true))).await
}
