//! What happened, as JSON: events and the changes of an object.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::viewer::Viewer;
use crate::{
    daemon::{
        event_log::{HistoryEntry, LoggedEvent, Subject},
        objects::{BoardObject, FacetPath},
    },
    engine::name::Key,
};

/// Something that happened. What happens again is the same event with a higher count and a new id.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// To be given as `Last-Event-ID`; another process's ids are other ones.
    pub id: String,
    /// The key of an object, the name of a target, or `source`.
    pub subject: String,
    /// Which facet of the object it is about, as `url` or `eventSources[ARN]`; null if it is about no object.
    pub facet: Option<String>,
    /// Whether the subject is an `object`, a `target` or the `source`.
    pub about: &'static str,
    /// `Normal`, or `Warning` if a person should look.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// In PascalCase.
    pub reason: &'static str,
    /// In words.
    pub message: String,
    /// How often it happened.
    pub count: u64,
    /// When for the first time.
    pub first: Timestamp,
    /// When for the last time.
    pub last: Timestamp,
}

impl Viewer {
    /// Shows an event as the API does, with an id that no other process gives.
    pub(crate) fn event(&self, event: &LoggedEvent) -> EventView {
        let (subject, facet) = match &event.subject {
            Subject::Object(key) => {
                let FacetPath { object, facet } = FacetPath::of(key);
                (object.to_string(), Some(facet.to_string()))
            }
            Subject::Target(_) | Subject::Source => (event.subject.to_string(), None),
        };
        EventView {
            id: self.event_log.id(event.number),
            subject,
            facet,
            about: match event.subject {
                Subject::Object(_) => "object",
                Subject::Target(_) => "target",
                Subject::Source => "source",
            },
            kind: if event.reason.warning { "Warning" } else { "Normal" },
            reason: event.reason.code,
            message: event.message.clone(),
            count: event.count,
            first: event.first,
            last: event.last,
        }
    }

    /// The newest events, the newest first.
    pub(crate) fn newest(&self, count: usize) -> Vec<EventView> {
        let events: Vec<Arc<LoggedEvent>> =
            self.event_log.read(|store| store.events().take(count).cloned().collect());
        events.iter().map(|it| self.event(it)).collect()
    }

    /// The events of an object and of its facets, the newest first.
    pub(crate) fn events_of(&self, object: &BoardObject) -> Vec<EventView> {
        let keys = keys(object);
        let ours = |it: &&Arc<LoggedEvent>| matches!(&it.subject, Subject::Object(key) if keys.contains(key));
        let events: Vec<Arc<LoggedEvent>> =
            self.event_log.read(|store| store.events().filter(ours).cloned().collect());
        events.iter().map(|it| self.event(it)).collect()
    }

    /// What happened to an object and to its facets, the newest first.
    pub(crate) fn history(&self, object: &BoardObject) -> Vec<Arc<HistoryEntry>> {
        self.event_log.read(|store| store.history(&keys(object)))
    }
}

fn keys(object: &BoardObject) -> Vec<Key> {
    object.facets.iter().map(|it| it.key.clone()).collect()
}
