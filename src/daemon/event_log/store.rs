//! What is remembered of what happened, as a value. Bounded: a fleet that is turned upside down every minute takes no
//! more memory than one that rests.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    daemon::objects::FacetPath,
    engine::name::{Key, Name},
};

/// How many changes are remembered of one object.
pub(crate) const HISTORY_MAX: usize = 20;
/// How many of all objects together; the oldest go first.
const CHANGES_MAX: usize = 20_000;
/// How many events are remembered.
pub(crate) const EVENTS_MAX: usize = 1_000;
/// How many fields of one change are remembered.
const FIELDS_MAX: usize = 50;

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// An object.
    Object(Key),
    /// A target.
    Target(Name),
    /// The directory of manifests.
    Source,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(key) => key.fmt(f),
            Self::Target(name) => name.fmt(f),
            Self::Source => f.write_str("source"),
        }
    }
}

/// Why an event happened, and whether a person should read it: `reason` and `type` of a Kubernetes event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventReason {
    /// In PascalCase.
    pub code: &'static str,
    /// Whether it is a warning.
    pub warning: bool,
}

impl EventReason {
    /// Of an event that needs nobody.
    pub(crate) fn normal(code: &'static str) -> Self {
        Self { code, warning: false }
    }

    /// Of an event that a person should read.
    pub(crate) fn warning(code: &'static str) -> Self {
        Self { code, warning: true }
    }
}

/// Something worth telling. What happens again is the same event with a higher count, and stands at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggedEvent {
    /// Where it stands among all: what is newer is higher.
    pub number: u64,
    /// What it is about.
    pub subject: Subject,
    /// Why it happened.
    pub reason: EventReason,
    /// In words.
    pub message: String,
    /// How often it happened.
    pub count: u64,
    /// When for the first time.
    pub first: Timestamp,
    /// When for the last time.
    pub last: Timestamp,
}

impl LoggedEvent {
    /// An event that has happened once, and has no number yet.
    pub(crate) fn new(
        at: Timestamp,
        subject: Subject,
        reason: EventReason,
        message: impl Into<String>,
    ) -> Self {
        let message = message.into();
        Self { number: 0, subject, reason, message, count: 1, first: at, last: at }
    }
}

/// One thing that happened to an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Change)]
pub(crate) struct HistoryEntry {
    /// The object, as `target/Kind/name`.
    pub key: String,
    /// Which facet of it, as `url` or `eventSources[ARN]`.
    pub facet: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: EntryKind,
    /// The step, as an operator reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What made Evenkeel look: `manifest`, `resync`, `fact` or `retry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<&'static str>,
    /// The fields that changed, without secrets.
    pub fields: Vec<FieldChange>,
    /// Why it failed, or in what way it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The image that was wanted then, 12 hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The revision of the manifests that counted then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// How long the call took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

impl HistoryEntry {
    /// An entry that says what happened to which object, and when. All else is empty.
    pub(crate) fn new(key: &Key, at: Timestamp, what: EntryKind) -> Self {
        let FacetPath { object, facet } = FacetPath::of(key);
        Self {
            key: object.to_string(),
            facet: facet.to_string(),
            at,
            what,
            step: None,
            trigger: None,
            fields: Vec::new(),
            message: None,
            digest: None,
            revision: None,
            took_ms: None,
        }
    }
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = What)]
pub(crate) enum EntryKind {
    /// AWS accepted a step of ours.
    Applied,
    /// AWS refused it, or it did not get there.
    Failed,
    /// Another party changed it in AWS.
    Drifted,
    /// What another party changed is as it should be again.
    Corrected,
    /// No manifest asks for it any more.
    Orphaned,
    /// It is being deleted.
    Deleting,
}

impl EntryKind {
    /// The word in JSON and on pages.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Failed => "failed",
            Self::Drifted => "drifted",
            Self::Corrected => "corrected",
            Self::Orphaned => "orphaned",
            Self::Deleting => "deleting",
        }
    }
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChangedField)]
pub(crate) struct FieldChange {
    /// A JSON Pointer below `spec`.
    pub path: String,
    /// What AWS had.
    pub before: String,
    /// What it has since.
    pub after: String,
}

/// Everything that is remembered.
#[derive(Debug, Default)]
pub(crate) struct EventStore {
    newest: u64,
    /// The highest number that was thrown away for want of room.
    lost: u64,
    events: VecDeque<Arc<LoggedEvent>>,
    written: u64,
    histories: BTreeMap<Key, VecDeque<(u64, Arc<HistoryEntry>)>>,
    /// In the order in which they were written. One that its own history has lost is still here.
    order: VecDeque<(u64, Key)>,
    entries: usize,
}

impl EventStore {
    /// The number of the newest event.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// Writes an event down under a new number. If one with the same subject, reason and message is
    /// known, that one moves to the end and its count goes up.
    pub(crate) fn event(&mut self, event: LoggedEvent) {
        self.newest += 1;
        let same = |it: &Arc<LoggedEvent>| {
            it.subject == event.subject && it.reason == event.reason && it.message == event.message
        };
        let known = self.events.iter().rposition(same).and_then(|at| self.events.remove(at));
        let (count, first) = known.map_or((1, event.first), |it| (it.count + 1, it.first));
        self.events.push_back(Arc::new(LoggedEvent { number: self.newest, count, first, ..event }));
        if self.events.len() > EVENTS_MAX
            && let Some(oldest) = self.events.pop_front()
        {
            self.lost = oldest.number;
        }
    }

    /// All events, the newest first.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Arc<LoggedEvent>> {
        self.events.iter().rev()
    }

    /// The events after a number, the oldest first; `None` if some of them are gone, or if there is no such number.
    pub(crate) fn after(&self, number: u64) -> Option<Vec<Arc<LoggedEvent>>> {
        let known = (self.lost..=self.newest).contains(&number);
        let from = self.events.partition_point(|it| it.number <= number);
        known.then(|| self.events.range(from..).cloned().collect())
    }

    /// Writes down what happened to an object. If there are too many entries, the oldest go: those
    /// of this object first, then of all.
    pub(crate) fn entry(&mut self, key: &Key, mut entry: HistoryEntry) {
        entry.fields.truncate(FIELDS_MAX);
        self.written += 1;
        self.entries += 1;
        self.order.push_back((self.written, key.clone()));
        let history = self.histories.entry(key.clone()).or_default();
        history.push_back((self.written, Arc::new(entry)));
        if history.len() > HISTORY_MAX {
            history.pop_front();
            self.entries -= 1;
        }
        while self.entries > CHANGES_MAX || self.order.len() > 2 * CHANGES_MAX {
            self.forget_oldest();
        }
    }

    /// Forgets the oldest entry of all objects, and a history that is empty without it. If the
    /// entry's own history has lost it before, only `order` gets shorter.
    fn forget_oldest(&mut self) {
        let Some((number, key)) = self.order.pop_front() else { return };
        let Some(history) = self.histories.get_mut(&key) else { return };
        if history.front().is_some_and(|(oldest, _)| *oldest == number) {
            history.pop_front();
            self.entries -= 1;
        }
        if history.is_empty() {
            self.histories.remove(&key);
        }
    }

    /// What is remembered of all objects, the oldest first.
    pub(crate) fn entries(&self) -> Vec<(Key, Arc<HistoryEntry>)> {
        let known = self.histories.iter();
        let all = known.flat_map(|(key, entries)| entries.iter().map(move |it| (key, it)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, (number, _))| *number);
        all.into_iter().map(|(key, (_, entry))| (key.clone(), Arc::clone(entry))).collect()
    }

    /// What happened to some objects, the newest first.
    pub(crate) fn history(&self, keys: &[Key]) -> Vec<Arc<HistoryEntry>> {
        let known = keys.iter().filter_map(|key| self.histories.get(key));
        let mut all: Vec<_> = known.flatten().collect();
        all.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        all.into_iter().map(|(_, entry)| Arc::clone(entry)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::name::Name;

    fn key(name: &str) -> Key {
        Key { target: Name::new("default"), kind: "Function", name: Name::new(name) }
    }

    fn event(second: i64, message: &str) -> LoggedEvent {
        let at = Timestamp::from_second(second).unwrap();
        let subject = Subject::Object(key("resize"));
        LoggedEvent::new(at, subject, EventReason::normal("Applied"), message)
    }

    fn entry(step: &str) -> HistoryEntry {
        let blank = HistoryEntry::new(&key("x"), Timestamp::UNIX_EPOCH, EntryKind::Applied);
        HistoryEntry { step: Some(step.into()), ..blank }
    }

    fn steps(store: &EventStore, key: &Key) -> Vec<String> {
        let history = store.history(std::slice::from_ref(key));
        history.iter().map(|it| it.step.clone().unwrap()).collect()
    }

    #[test]
    fn what_happens_again_is_counted_and_stands_at_the_end() {
        let mut store = EventStore::default();
        for (second, message) in [(1, "a"), (2, "b"), (3, "a")] {
            store.event(event(second, message));
        }
        let told: Vec<_> = store
            .events()
            .map(|it| {
                (
                    it.number,
                    it.message.as_str(),
                    it.count,
                    it.first.as_second(),
                    it.last.as_second(),
                )
            })
            .collect();
        assert_eq!(told, [(3, "a", 2, 1, 3), (2, "b", 1, 2, 2)]);
    }

    #[test]
    fn whoever_comes_back_gets_what_he_missed_or_is_told_that_it_is_gone() {
        let mut store = EventStore::default();
        for second in 0..5 {
            store.event(event(second, &second.to_string()));
        }
        let numbers = |store: &EventStore, after| {
            store.after(after).map(|all| all.iter().map(|it| it.number).collect::<Vec<_>>())
        };
        assert_eq!(numbers(&store, 3), Some(vec![4, 5]));
        assert_eq!(numbers(&store, 5), Some(vec![]));
        assert_eq!(numbers(&store, 6), None, "of another life");
        for second in 5..i64::try_from(EVENTS_MAX).unwrap() + 2 {
            store.event(event(second, &second.to_string()));
        }
        assert_eq!(store.events().count(), EVENTS_MAX);
        assert_eq!(numbers(&store, 1), None);
        assert_eq!(numbers(&store, 2).map(|it| it.len()), Some(EVENTS_MAX));
    }

    #[test]
    fn an_object_keeps_its_last_twenty_and_all_keep_no_more_than_there_is_room_for() {
        let mut store = EventStore::default();
        let (one, other) = (key("one"), key("other"));
        for at in 0..25 {
            store.entry(&one, entry(&at.to_string()));
        }
        assert_eq!(steps(&store, &one).len(), HISTORY_MAX);
        assert_eq!(
            (steps(&store, &one)[0].as_str(), steps(&store, &one)[19].as_str()),
            ("24", "5")
        );
        for at in 0..CHANGES_MAX {
            store.entry(&key(&format!("many-{at}")), entry("x"));
        }
        assert_eq!(store.entries, CHANGES_MAX);
        assert!(steps(&store, &one).is_empty() && !store.histories.contains_key(&one));
        // One that changes all the time does not push out the others, nor fill the order.
        for at in 0..3 * CHANGES_MAX {
            store.entry(&other, entry(&at.to_string()));
        }
        assert_eq!(steps(&store, &other).len(), HISTORY_MAX);
        assert!(store.order.len() <= 2 * CHANGES_MAX, "{}", store.order.len());
        let held: usize = store.histories.values().map(VecDeque::len).sum();
        assert_eq!(held, store.entries);
    }
}
