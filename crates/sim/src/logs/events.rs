//! What a group holds: events in the order in which they came, and the streams that they came by.

use std::collections::{BTreeMap, VecDeque};

/// How many events a group keeps; the oldest go.
const EVENTS_MAX: usize = 10_000;

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Grows with each event of a group.
    pub(crate) number: u64,
    pub(crate) stream: String,
    /// In milliseconds since 1970, as the next one.
    pub(crate) timestamp: i64,
    pub(crate) ingested: i64,
    pub(crate) message: String,
}

impl Event {
    /// Its id: 56 digits, the time first, so that it sorts as events do.
    pub(crate) fn id(&self) -> String {
        format!("{:020}{:036}", self.timestamp, self.number)
    }
}

/// What is known of a stream, also after its events are gone.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) created: i64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) ingested: i64,
}

/// What somebody wrote.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) group: String,
    pub(crate) stream: String,
    /// Each with its time, in milliseconds since 1970.
    pub(crate) records: Vec<(i64, String)>,
}

/// The events of a group.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(super) all: VecDeque<Event>,
    pub(super) streams: BTreeMap<String, Stream>,
    count: u64,
}

impl Events {
    pub(super) fn append(&mut self, written: Written, now: i64) {
        let Written { group: _, stream, records } = written;
        for (timestamp, message) in records {
            let begin =
                || Stream { created: now, first: timestamp, last: timestamp, ingested: now };
            let known = self.streams.entry(stream.clone()).or_insert_with(begin);
            known.first = known.first.min(timestamp);
            known.last = known.last.max(timestamp);
            known.ingested = now;
            self.count += 1;
            let (number, stream) = (self.count, stream.clone());
            self.all.push_back(Event { number, stream, timestamp, ingested: now, message });
        }
        while self.all.len() > EVENTS_MAX {
            self.all.pop_front();
        }
    }

    /// Some of them, by time.
    pub(super) fn sorted(&self, which: impl Fn(&Event) -> bool) -> Vec<&Event> {
        let mut found: Vec<&Event> = self.all.iter().filter(|it| which(it)).collect();
        found.sort_by_key(|it| (it.timestamp, it.number));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_events_go_and_ids_are_told_apart() {
        let mut events = Events::default();
        for number in 0..10_001 {
            let records = vec![(number, format!("{number}"))];
            events.append(Written { group: String::new(), stream: "s".into(), records }, 5);
        }
        assert_eq!((events.all.len(), events.all[0].message.as_str()), (EVENTS_MAX, "1"));
        assert_eq!(events.streams["s"].first, 0);
        assert_eq!(events.all[0].id().len(), 56);
        assert!(events.all[0].id() < events.all[1].id());
    }
}
