//! Times, events, images and addresses, as several pages show them.

use std::time::Duration;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    daemon::view::{View, age::age, record::EventView},
    engine::status::Row,
};

/// A moment, for people and for machines.
pub(super) struct TimeCell {
    /// In the form of RFC 3339, to the second.
    pub(super) iso: String,
    /// As `10m`.
    pub(super) ago: String,
}

impl TimeCell {
    pub(super) fn new(at: Timestamp, view: &View) -> Self {
        Self { iso: instant(at), ago: age(at, view.at.wall) }
    }

    pub(super) fn maybe(at: Option<Timestamp>, view: &View) -> Option<Self> {
        at.map(|at| Self::new(at, view))
    }
}

/// An event, for people.
pub(super) struct EventRow {
    /// The page of what it is about.
    pub(super) href: String,
    pub(super) last: TimeCell,
    pub(super) event: EventView,
}

impl EventRow {
    /// Makes a row of each event, with a link to the page of its subject.
    pub(super) fn all(events: Vec<EventView>, view: &View) -> Vec<Self> {
        let row = |event: EventView| Self {
            href: match event.about {
                "object" => href(&event.subject),
                "target" => "/targets".into(),
                _ => "/source".into(),
            },
            last: TimeCell::new(event.last, view),
            event,
        };
        events.into_iter().map(row).collect()
    }
}

/// A moment to the second.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How long until something, as `in 10m`.
pub(super) fn ahead(at: Option<Timestamp>, view: &View) -> String {
    match at {
        Some(at) if at > view.at.wall => format!("in {}", age(view.at.wall, at)),
        Some(_) => "now".into(),
        None => String::new(),
    }
}

/// A span of time in the one unit that says it best, as `90s`.
pub(super) fn span(time: Duration) -> String {
    let zero = Timestamp::UNIX_EPOCH;
    age(zero, zero.checked_add(time).unwrap_or(zero))
}

/// The reference of a function's image without its registry, as `team/resize:live`; empty where there is none.
pub(super) fn image(row: &Row) -> &str {
    let reference = row.details.iter().find(|(name, _)| *name == "image").map(|(_, text)| text);
    let reference = reference.map(String::as_str).unwrap_or_default();
    match reference.split_once('/') {
        Some((host, rest)) if host.contains('.') || host.contains(':') => rest,
        _ => reference,
    }
}

/// The images of an object: one if it runs what it should.
pub(super) fn digests(row: &Row) -> String {
    let (desired, live) = (row.digests.desired.as_str(), row.digests.live.as_str());
    match (desired, live) {
        _ if desired == live || desired.is_empty() => live.to_owned(),
        (_, "") => format!("→ {desired}"),
        _ => format!("{live} → {desired}"),
    }
}

/// What stands in a path as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':');

/// A text as a part of an address, its slashes kept.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// The page of an object.
pub(super) fn href(key: &str) -> String {
    format!("/objects/{}", encoded(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_holds_stays_within_its_address() {
        assert_eq!(href("default/Function/a-b_c:1"), "/objects/default/Function/a-b_c:1");
        let hostile = href("default/Function/\"><script>?#% ä");
        assert_eq!(hostile, "/objects/default/Function/%22%3E%3Cscript%3E%3F%23%25%20%C3%A4");
    }
}
