//! The one route that does something: it asks for reads.

use std::collections::BTreeSet;

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    context::{AppState, RefreshAccess},
    error::{ApiError, ApiResult, Problem, json},
};
use crate::{
    daemon::{
        metrics::RefreshResult,
        objects::object_key,
        refresh::{Admission, DOCUMENTS_MAX, RefreshQueue, TooOften},
        view::{View, state::API_VERSION},
    },
    engine::{name::Key, status::Row},
};

/// A header that pages of other sites cannot send without being asked first whether they may (CORS).
pub(crate) const REQUEST_HEADER: &str = "X-Evenkeel-Request";
/// How much a request may hold.
const BODY_MAX: usize = 32 * 1024;

/// What to read again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefreshRequest)]
pub(super) struct RefreshWish {
    /// Objects, each as `resize`, `Function/resize` or `default/Function/resize`; the documents that they are parts
    /// of, or are, are read with everything that belongs to them. Empty: everything.
    #[serde(default)]
    #[schema(max_items = 60)]
    objects: Vec<String>,
}

/// What was asked for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Refresh)]
pub(super) struct RefreshView {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// Everything, at the pace of a first audit.
    everything: bool,
    /// The keys of the documents that are to be read at once; empty if everything is.
    documents: Vec<String>,
    /// How many documents are to be read.
    count: usize,
    /// All of this had been asked for a moment before, and is read once.
    coalesced: bool,
}

/// What is meant.
enum RefreshScope {
    /// Everything, which is so many documents.
    All(usize),
    Documents(BTreeSet<Key>),
}

impl RefreshScope {
    fn count(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Documents(keys) => keys.len(),
        }
    }

    /// The keys of what is meant by name.
    fn keys(&self) -> Vec<String> {
        match self {
            Self::All(_) => Vec::new(),
            Self::Documents(keys) => keys.iter().map(ToString::to_string).collect(),
        }
    }

    /// Puts it into the queue.
    fn ask(&self, queue: &RefreshQueue) -> Result<Admission, ApiError> {
        let (asked, what) = match self {
            Self::All(_) => (queue.all(), "everything was asked for less than a minute ago"),
            Self::Documents(keys) => (
                queue.documents(keys),
                "more documents are asked for than may be read on request in a minute",
            ),
        };
        asked.map_err(|TooOften { after }| {
            let seconds = after.as_secs_f64().ceil();
            ApiError::too_often(format!("{what}; ask again in {seconds} s"), after)
        })
    }
}

/// Reads AWS again now
///
/// Objects by name are read at once, everything at the pace of a first audit, both within the budgets of calls. It
/// causes reads and nothing else; what they show is treated as ever. At most 60 documents by name and one reading of
/// everything a minute, for all who ask together. `Host` must name loopback, the address that the request comes to, or
/// what `--allowed-host` names; where Evenkeel does not listen on loopback, it needs `--allow-refresh`.
#[utoipa::path(post, path = "/refresh", tag = "objects",
    params(("X-Evenkeel-Request" = String, Header, pattern = "^1$", description = "`1`: pages of other sites cannot send it")),
    request_body(content = Option<RefreshWish>, content_type = "application/json"),
    responses(
        (status = 202, description = "What was asked for; `audited` of each object says when it has been read", body = RefreshView),
        (status = 400, description = "The body is not understood, or asks for too much at once", body = Problem),
        (status = 403, description = "Whoever asks may not", body = Problem),
        (status = 404, description = "There is no such object", body = Problem),
        (status = 413, description = "The body has more than 32 KiB", body = Problem),
        (status = 415, description = "The body is no JSON", body = Problem),
        (status = 429, description = "Too much has been asked for in the last minute", body = Problem,
         headers(("Retry-After" = u64, description = "After how many seconds the same may be asked for"))),
    )
)]
pub(super) async fn refresh(State(app): State<AppState>, request: Request) -> ApiResult {
    let made = answer(&app, request).await;
    app.metrics.refresh(match &made {
        Ok(it) if it.coalesced => RefreshResult::Coalesced,
        Ok(_) => RefreshResult::Granted,
        Err(it) if it.status == StatusCode::FORBIDDEN => RefreshResult::Forbidden,
        Err(it) if it.status == StatusCode::TOO_MANY_REQUESTS => RefreshResult::Limited,
        Err(_) => RefreshResult::Invalid,
    });
    Ok((StatusCode::ACCEPTED, json(&made?)?).into_response())
}

async fn answer(app: &AppState, request: Request) -> Result<RefreshView, ApiError> {
    permit(app.refresh_access, request.headers())?;
    let names = wish(request).await?.objects;
    let scope = app.render(move |_, view| scope(view, &names)).await?;
    let coalesced = scope.ask(&app.refresh_queue)? == Admission::Coalesced;
    Ok(RefreshView {
        api_version: API_VERSION,
        everything: matches!(scope, RefreshScope::All(_)),
        documents: scope.keys(),
        count: scope.count(),
        coalesced,
    })
}

/// Whether reads may be asked for here, and by a request like this. The host has been looked at before.
fn permit(access: RefreshAccess, headers: &HeaderMap) -> Result<(), ApiError> {
    if access == RefreshAccess::Closed {
        let text = "other machines can reach this Evenkeel, so reads cannot be asked for; start it with \
                    --allow-refresh, or let it listen on loopback";
        return Err(ApiError::new(StatusCode::FORBIDDEN, text));
    }
    if headers.get(REQUEST_HEADER).is_some_and(|it| it == "1") {
        return Ok(());
    }
    let text = format!("the header `{REQUEST_HEADER}: 1` is needed");
    Err(ApiError::new(StatusCode::FORBIDDEN, text))
}

/// Reads what a request asks for. A body that is empty or `null` asks for everything.
async fn wish(request: Request) -> Result<RefreshWish, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let essence = kind.map(|it| it.to_str().unwrap_or_default().split(';').next());
    let essence = essence.map(|it| it.unwrap_or_default().trim());
    if essence.is_some_and(|it| !it.eq_ignore_ascii_case("application/json")) {
        let text = "the body must be JSON: Content-Type: application/json";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let large = |_| {
        let text = format!("the body could not be read, or has more than {BODY_MAX} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    };
    let body = to_bytes(request.into_body(), BODY_MAX).await.map_err(large)?;
    if body.is_empty() {
        return Ok(RefreshWish::default());
    }
    let bad = |error: serde_json::Error| {
        let text = format!("the body is not as {{\"objects\": [\"resize\"]}}: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, text)
    };
    // Only an object: serde takes an array for the fields of a structure in their order.
    let members: Option<Map<String, Value>> = serde_json::from_slice(&body).map_err(bad)?;
    let Some(members) = members else { return Ok(RefreshWish::default()) };
    serde_json::from_value(Value::Object(members)).map_err(bad)
}

/// Finds the documents that are meant. Fails if a name is no object's, or they are more than may ever be asked for.
fn scope(view: &View, names: &[String]) -> Result<RefreshScope, ApiError> {
    if names.is_empty() {
        return Ok(RefreshScope::All(view.documents().count()));
    }
    let many = |count: usize, what: &str| {
        let text = format!(
            "{count} {what}: at most {DOCUMENTS_MAX} documents can be asked for by name; ask for everything"
        );
        ApiError::new(StatusCode::BAD_REQUEST, text)
    };
    let max = usize::try_from(DOCUMENTS_MAX).unwrap_or(usize::MAX);
    if names.len() > max {
        return Err(many(names.len(), "names"));
    }
    let mut found = BTreeSet::new();
    let mut unknown: BTreeSet<&String> = names.iter().collect();
    for row in view.rows() {
        let document = object_key(&row.key);
        let called = names.iter().filter(|it| is_called(row, &document, it)).collect::<Vec<_>>();
        unknown.retain(|it| !called.contains(it));
        if !called.is_empty() {
            found.insert(document);
        }
    }
    if let Some(name) = unknown.first() {
        return Err(ApiError::new(StatusCode::NOT_FOUND, format!("there is no object `{name}`")));
    }
    if found.len() > max {
        return Err(many(found.len(), "documents have these names"));
    }
    Ok(RefreshScope::Documents(found))
}

/// Whether an object is called so, in the words of `evenkeel status`: by its name or its document's, with its kind, or by
/// its whole key.
fn is_called(row: &Row, document: &Key, name: &str) -> bool {
    let Key { target, kind, name: own } = &row.key;
    let is_own = |text: &str| below(text, kind) == Some(own.as_str());
    name == own.as_str()
        || name == document.name.as_str()
        || is_own(name)
        || below(name, target.as_str()).is_some_and(is_own)
}

/// What follows a part of a key and its slash.
fn below<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    text.strip_prefix(part)?.strip_prefix('/')
}
