//! What happened: every call, in order, and what it changed. Only ever appended to.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::time::Moment;

/// One call, or one thing that somebody else did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its number, from 0.
    pub number: u64,
    /// When it arrived, in seconds since the start.
    pub began: f64,
    /// When its answer went out, or the caller went away; null while it is under way.
    pub ended: Option<f64>,
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The access key's id; `rival` for a scripted hand.
    pub caller: String,
    /// The service.
    pub service: &'static str,
    /// The operation.
    pub operation: String,
    /// What it is about; empty if about nothing in particular.
    pub resource: String,
    /// The HTTP status that went out; 0 if none did.
    pub status: u16,
    /// AWS's code, of an error.
    pub code: Option<String>,
    /// The fault that was played, if any.
    pub fault: Option<&'static str>,
    /// The RevisionId that it came with.
    pub revision: Option<String>,
    /// Whether it is of a kind that may change something.
    pub write: bool,
    /// Whether it did change something.
    pub effect: bool,
    /// The object before, if it changed.
    pub before: Value,
    /// The object after, if it changed.
    pub after: Value,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Vec<Entry>,
}

impl Journal {
    /// Appends; the entry's number is set.
    pub(crate) fn append(&mut self, mut entry: Entry) -> u64 {
        entry.number = self.entries.len() as u64;
        let number = entry.number;
        self.entries.push(entry);
        number
    }

    /// What became of it.
    pub(crate) fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(number).ok()?)
    }

    /// The caller has its answer, or will never have one.
    pub(crate) fn end(&mut self, number: u64, now: Moment) {
        if let Some(entry) = self.entry(number).filter(|it| it.ended.is_none()) {
            entry.ended = Some(secs(now));
        }
    }

    /// Everything since an entry.
    pub fn since(&self, number: u64) -> &[Entry] {
        let from = usize::try_from(number).unwrap_or(usize::MAX).min(self.entries.len());
        self.entries.get(from..).unwrap_or_default()
    }
}

/// Seconds, to the millisecond.
pub(crate) fn secs(moment: Duration) -> f64 {
    (moment.as_secs_f64() * 1000.0).round() / 1000.0
}
