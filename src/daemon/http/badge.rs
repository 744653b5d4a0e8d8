//! Badges: how one object, or all of them, are doing, as a small picture for other people's pages.

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::Desk;
use crate::{daemon::view::View, engine::status::Status};

/// The way to badges.
pub(super) fn router(desk: Desk) -> Router {
    Router::new().route("/badge.svg", get(all)).route("/badge/{*key}", get(one)).with_state(desk)
}

async fn all(State(desk): State<Desk>) -> Response {
    let (word, colour) = desk.make(|_, view| sum(view)).await;
    picture(&word, colour)
}

async fn one(State(desk): State<Desk>, Path(key): Path<String>) -> Response {
    let status = desk.make(move |_, view| {
        let key = key.strip_suffix(".svg").unwrap_or(&key);
        let row = view.row(key)?;
        Some(view.document(&row.key).map_or(row.status, |it| it.status))
    });
    match status.await {
        Some(status) => picture(status.as_str(), colour(status)),
        None => (StatusCode::NOT_FOUND, "there is no such object\n").into_response(),
    }
}

/// What is worst, and how often.
fn sum(view: &View) -> (String, &'static str) {
    let worst = view.documents().iter().map(|it| it.status).max_by_key(|it| it.severity());
    match worst {
        None => ("no objects".to_owned(), GREY),
        Some(worst) => {
            let count = view.documents().iter().filter(|it| it.status == worst).count();
            (format!("{count} {}", worst.as_str()), colour(worst))
        }
    }
}

const GREY: &str = "#6b7280";

fn colour(status: Status) -> &'static str {
    match status {
        Status::Synced => "#15803d",
        Status::Pending | Status::Progressing => "#1d4ed8",
        Status::Drifted => "#b45309",
        Status::Refused | Status::Failed => "#b91c1c",
        Status::Suspended => "#6d28d9",
        Status::Unknown => GREY,
    }
}

/// Two boxes with a word in each. All words are ours: nothing needs to be escaped.
fn picture(word: &str, colour: &str) -> Response {
    let right = 16 + 7 * word.len();
    let (width, middle) = (68 + right, 68 + right / 2);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"20\" role=\"img\" aria-label=\"evenkeel: \
         {word}\"><title>evenkeel: {word}</title><rect width=\"68\" height=\"20\" fill=\"#374151\"/><rect x=\"68\" \
         width=\"{right}\" height=\"20\" fill=\"{colour}\"/><g fill=\"#fff\" text-anchor=\"middle\" \
         font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\"><text x=\"34\" y=\"14\">evenkeel</text><text \
         x=\"{middle}\" y=\"14\">{word}</text></g></svg>\n"
    );
    ([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response()
}
