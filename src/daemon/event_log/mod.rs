//! What happened, lately: the last changes of each object, and events. In memory alone: a restart begins again, since
//! what is true stands in AWS's tags, and every line of it in the log (docs/adr/0026-page.md).

mod store;

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

pub(crate) use self::store::{
    EVENTS_MAX, EntryKind, EventReason, EventStore, FieldChange, HistoryEntry, LoggedEvent, Subject,
};
use crate::engine::name::Key;

/// What happened lately, shared between who writes it and who reads it.
pub(crate) struct EventLog {
    store: Mutex<EventStore>,
    newest: watch::Sender<u64>,
    /// Tells the numbers of this process from another's.
    life: String,
}

impl EventLog {
    /// An empty one, begun at this moment.
    pub(crate) fn new(at: Timestamp) -> Self {
        let life = format!("{:x}", at.as_millisecond());
        Self { store: Mutex::default(), newest: watch::Sender::new(0), life }
    }

    /// Reads in it.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&EventStore) -> T) -> T {
        look(&self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of the newest event, as it changes.
    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// How others refer to an event; a number of another process's is none of ours.
    pub(crate) fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.life)
    }

    /// The number that an id of ours stands for.
    pub(crate) fn number(&self, id: &str) -> Option<u64> {
        let (life, number) = id.rsplit_once('-')?;
        (life == self.life).then(|| number.parse().ok())?
    }

    /// Writes down what happened to an object.
    pub(crate) fn entry(&self, key: &Key, entry: HistoryEntry) {
        self.write(|store| store.entry(key, entry));
    }

    /// Writes down an event.
    pub(crate) fn event(&self, event: LoggedEvent) {
        self.write(|store| store.event(event));
    }

    fn write(&self, change: impl FnOnce(&mut EventStore)) {
        let newest = {
            let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut store);
            store.newest()
        };
        self.newest.send_if_modified(|it| std::mem::replace(it, newest) != newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::name::Name;

    #[test]
    fn ids_of_another_life_are_not_ours() {
        let one = EventLog::new(Timestamp::from_second(1_700_000_000).unwrap());
        let other = EventLog::new(Timestamp::from_second(1_700_000_001).unwrap());
        assert_eq!(one.number(&one.id(7)), Some(7));
        for id in [other.id(7), "7".into(), "-".into(), String::new(), format!("{}x", one.id(7))] {
            assert_eq!(one.number(&id), None, "{id}");
        }
    }

    #[test]
    fn a_facet_that_changes_all_the_time_leaves_the_others_their_history() {
        let event_log = EventLog::new(Timestamp::UNIX_EPOCH);
        let key = |kind| Key { target: Name::new("a"), kind, name: Name::new("b") };
        let write = |kind| {
            let entry = HistoryEntry::new(&key(kind), Timestamp::UNIX_EPOCH, EntryKind::Applied);
            event_log.entry(&key(kind), entry);
        };
        write("Function");
        for _ in 0..=store::HISTORY_MAX {
            write("Url");
        }
        let known = |kind| event_log.read(|it| it.history(&[key(kind)]).len());
        assert_eq!((known("Function"), known("Url")), (1, store::HISTORY_MAX));
    }

    #[test]
    fn whoever_waits_hears_of_events_and_not_of_changes() {
        let at = Timestamp::UNIX_EPOCH;
        let event_log = EventLog::new(at);
        let mut newest = event_log.newest();
        newest.mark_unchanged();
        let key = Key { target: Name::new("a"), kind: "Function", name: Name::new("b") };
        event_log.entry(&key, HistoryEntry::new(&key, at, EntryKind::Drifted));
        assert!(!newest.has_changed().unwrap());
        let reason = EventReason::warning("Drifted");
        event_log.event(LoggedEvent::new(at, Subject::Object(key), reason, "x"));
        assert!(newest.has_changed().unwrap());
    }
}
