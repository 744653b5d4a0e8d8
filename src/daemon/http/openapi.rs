//! The API as a document: made from the handlers, so that neither can be without the other.

use axum::Router;
use utoipa::{OpenApi, openapi::Paths};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{api, context::AppState, refresh, stream};

/// What is said of the API as a whole.
#[derive(OpenApi)]
#[openapi(info(
    title = "Evenkeel",
    version = "v1",
    description = "How AWS Lambda functions and ECR repositories are doing, compared with their manifests. \
                   Without passwords: whoever can reach the port may read. Nothing can be changed; one route asks for reads. Fields are added, never \
                   renamed. A key is `target/Kind/name`; its slashes may stand in a path as they are.",
    license(name = "Apache-2.0", identifier = "Apache-2.0"),
))]
struct ApiDoc;

/// The routes of the API, each with its part of the OpenAPI document.
fn routes() -> OpenApiRouter<AppState> {
    let api = OpenApiRouter::new()
        .routes(routes!(api::objects))
        .routes(routes!(api::object))
        .routes(routes!(api::diff))
        .routes(routes!(api::history))
        .routes(routes!(api::events))
        .routes(routes!(stream::follow))
        .routes(routes!(api::source))
        .routes(routes!(api::targets))
        .routes(routes!(api::plan))
        .routes(routes!(refresh::refresh))
        .routes(routes!(document));
    OpenApiRouter::with_openapi(ApiDoc::openapi()).nest("/api/v1", api)
}

/// The handlers.
pub(super) fn router(app: AppState) -> Router {
    routes().with_state(app).split_for_parts().0
}

/// This document
///
/// The API in the words of OpenAPI 3.1.
#[utoipa::path(get, path = "/openapi.json", tag = "about", responses(
    (status = 200, description = "An OpenAPI document", body = Object),
))]
async fn document() -> axum::Json<utoipa::openapi::OpenApi> {
    axum::Json(openapi())
}

/// Makes the OpenAPI document of the API from the descriptions of its handlers.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = routes().into_openapi();
    let paths = std::mem::take(&mut document.paths);
    let mut named = Paths::new();
    named.extensions = paths.extensions;
    // The handlers' wildcards take slashes; the document has no word for that.
    let renamed = paths.paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item));
    named.paths = renamed.collect();
    document.paths = named;
    document
}
