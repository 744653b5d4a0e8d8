//! Pages for people: what the API says, as HTML. They work without JavaScript; one small script keeps them fresh.
//!
//! Names and messages come from manifests and from AWS, so they are hostile: templates escape everything, and the
//! policy in `layout.rs` lets nothing run that is not ours.

mod assets;
mod format;
mod layout;
mod object;
mod overview;
mod state;
mod table;

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::context::AppState;

/// The routes of the pages and their assets; any other path gets 404.
pub(super) fn router(app: AppState) -> Router {
    Router::new()
        .route("/", get(overview::overview))
        .route("/objects", get(table::table))
        .route("/objects/{*key}", get(object::object))
        .route("/events", get(state::events))
        .route("/source", get(state::source))
        .route("/targets", get(state::targets))
        .route("/assets/{print}/{name}", get(assets::asset))
        .fallback(nowhere)
        .with_state(app)
}

async fn nowhere() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here; see / and /api/v1/openapi.json\n")
        .into_response()
}
