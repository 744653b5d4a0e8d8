//! Answers of the API, good and bad.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::rejection::{PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::daemon::view::query::BadQuery;

/// Why a request cannot be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// In words.
    error: String,
}

/// A request that cannot be answered.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    message: String,
    /// After how long the same may be asked for again.
    after: Option<Duration>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), after: None }
    }

    /// Too much was asked for; after this time it may be asked for again.
    pub(super) fn too_often(message: impl Into<String>, after: Duration) -> Self {
        Self { after: Some(after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut answer = (self.status, Json(Problem { error: self.message })).into_response();
        // In whole seconds, so that whoever waits so long is not too early.
        let after = self.after.map(|it| it.as_secs() + u64::from(it.subsec_nanos() > 0));
        let after = after.map(|it| (header::RETRY_AFTER, HeaderValue::from(it)));
        answer.headers_mut().extend(after);
        answer
    }
}

impl From<BadQuery> for ApiError {
    fn from(bad: BadQuery) -> Self {
        Self::new(StatusCode::BAD_REQUEST, bad.to_string())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(bad: QueryRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, bad.body_text())
    }
}

impl From<PathRejection> for ApiError {
    fn from(bad: PathRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, bad.body_text())
    }
}

/// An answer in JSON, or why there is none.
pub(super) type ApiResult = Result<Response, ApiError>;

/// Answers with a value as JSON.
pub(super) fn json(value: &impl Serialize) -> ApiResult {
    let broken = |error: serde_json::Error| {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    };
    let body = serde_json::to_vec(value).map_err(broken)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::from(body)).into_response())
}
