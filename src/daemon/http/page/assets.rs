//! The files that pages use. Their paths name their content, so a browser may keep them for ever.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

use crate::engine::hex::hex;

/// How much of the hash stands in a path.
const DIGITS: usize = 12;

/// A file.
pub(super) struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    path: String,
}

impl Asset {
    fn new(name: &'static str, kind: &'static str, text: &'static str) -> Self {
        let print = hex(&Sha256::digest(text.as_bytes()));
        let print = print.get(..DIGITS).unwrap_or_default();
        Self { name, kind, text, path: format!("/assets/{print}/{name}") }
    }

    /// Where it is served.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

/// How everything looks.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("page.css", "text/css; charset=utf-8", include_str!("assets/page.css"))
});
/// What keeps a page fresh.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("page.js", "text/javascript; charset=utf-8", include_str!("assets/page.js"))
});
/// The picture in the tab.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")));

/// Answers with an asset, by the hash and the name in its path; 404 if the hash is not that of this
/// version's asset.
pub(super) async fn asset(Path((print, name)): Path<(String, String)>) -> Response {
    let wanted = format!("/assets/{print}/{name}");
    let all = [&*STYLE, &*SCRIPT, &*ICON];
    if let Some(it) = all.into_iter().find(|it| it.path == wanted) {
        let headers = [
            (header::CONTENT_TYPE, it.kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        return (headers, it.text).into_response();
    }
    // A page of an earlier version asks for its own.
    let known = all.into_iter().any(|it| it.name == name);
    let text = if known { "of another version\n" } else { "there is no such file\n" };
    (StatusCode::NOT_FOUND, text).into_response()
}
