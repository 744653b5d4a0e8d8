//! What was shown before: for reads that come too late.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::function::Shown;
use crate::time::Moment;

/// How long it is kept.
const KEPT: Duration = Duration::from_mins(10);

/// One function's past and present.
#[derive(Debug, Default)]
struct Line {
    /// What was shown until when.
    before: VecDeque<(Moment, Option<Arc<Shown>>)>,
    now: Option<Arc<Shown>>,
}

/// All functions' past and present, by name.
#[derive(Debug, Default)]
pub(crate) struct Past {
    lines: BTreeMap<String, Line>,
}

impl Past {
    /// From now on a function is shown like this; `None`: it is not there.
    pub(crate) fn show(&mut self, name: &str, shown: Option<Shown>, now: Moment) {
        let line = self.lines.entry(name.to_owned()).or_default();
        if line.now.as_deref() == shown.as_ref() {
            return;
        }
        let before = std::mem::replace(&mut line.now, shown.map(Arc::new));
        line.before.push_back((now, before));
        let old = now.saturating_sub(KEPT);
        while line.before.front().is_some_and(|(until, _)| *until < old) {
            line.before.pop_front();
        }
        if line.now.is_none()
            && line.before.len() == 1
            && line.before.iter().all(|(_, it)| it.is_none())
        {
            self.lines.remove(name);
        }
    }

    /// What was shown at a moment.
    pub(crate) fn at(&self, name: &str, moment: Moment) -> Option<&Arc<Shown>> {
        self.lines.get(name)?.at(moment)
    }

    /// All functions that were there at a moment, by name, after a name.
    pub(crate) fn all_at<'a>(
        &'a self,
        after: &str,
        moment: Moment,
    ) -> impl Iterator<Item = (&'a str, &'a Arc<Shown>)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let rest = self.lines.range::<str, _>((Excluded(after), Unbounded));
        rest.filter_map(move |(name, line)| Some((name.as_str(), line.at(moment)?)))
    }
}

impl Line {
    fn at(&self, moment: Moment) -> Option<&Arc<Shown>> {
        let before = self.before.iter().find(|(until, _)| *until > moment);
        before.map_or(self.now.as_ref(), |(_, shown)| shown.as_ref())
    }
}
