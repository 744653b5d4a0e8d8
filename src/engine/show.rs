//! Putting rows up, and telling what is new in them.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    diff::{Cause, Planned, Reason},
    engine::Engine,
    facet::{FacetId, FacetKey},
    failure::chain,
    object::Facet,
    resource::Resource,
    rows::{self, Blank, Frame},
    status::{Row, RowTimes, ShownRow, Status},
    verdict::Judgement,
    work::{ObjectEvent, Outcome, Work},
};

impl<R: Resource> Engine<R> {
    /// Says why nothing is known of an object.
    pub(super) fn not_seen(&self, facet: FacetId, object: &Facet<R>) -> Blank {
        let reason = if let Some(why) = &self.paused {
            why.clone()
        } else if let Some((_, failure)) = object.unread.as_deref() {
            Reason::new("ReadFailed", chain(failure))
        } else if let Some(failure) = &self.group(facet).lists.failure {
            Reason::new("ListFailed", chain(failure))
        } else {
            Reason::new("NotObserved", "it has not been looked at yet")
        };
        Blank { status: Status::Unknown, reason }
    }

    /// Collects the parts of a row that no verdict decides, such as the mode that holds and the
    /// time of the next read.
    fn frame(&self, key: &FacetKey, object: &Facet<R>) -> Frame {
        let spec = object.wanted.as_ref().map(|it| &it.spec);
        let mode = object
            .wanted
            .as_ref()
            .map_or(self.settings.mode, |it| self.settings.mode.stricter(it.policy.mode));
        Frame {
            key: self.key(key),
            mode,
            digests: R::digests(key.facet, spec, object.observed.as_ref(), &self.facts),
            details: R::details(spec, object.observed.reading()),
            wall: self.now.wall,
            now: self.now.mono,
            orphan: object.is_orphan(key, &self.settings),
            freshness: self.freshness(key.facet, object),
            paused: self.paused.clone(),
        }
    }

    /// Collects the times of a row.
    fn times(&self, key: &FacetKey, object: &Facet<R>) -> RowTimes {
        RowTimes {
            observed: object.confirmed.map(|it| it.wall),
            audited: object.audited.map(|it| it.wall),
            max_age: self.age_limit(key.facet, object),
            next_check: self.schedule.when(key).and_then(|at| {
                let ahead = jiff::SignedDuration::try_from(at.since(self.now.mono)).ok()?;
                self.now.wall.checked_add(ahead).ok()
            }),
        }
    }

    pub(super) fn show_blank(&mut self, key: &FacetKey, blank: Blank) {
        let Some(object) = self.objects.get(key) else { return };
        let row = rows::blank(self.frame(key, object), object, blank);
        self.show(key, row);
    }

    /// Shows an object that no manifest asks for with the step that deletes it, and with what goes then.
    pub(super) fn show_deletion(
        &mut self,
        key: &FacetKey,
        blank: Blank,
        planned: &Planned<R::Step>,
    ) {
        let Some(object) = self.objects.get(key) else { return };
        let mut row = rows::blank(self.frame(key, object), object, blank);
        row.steps = vec![planned.step.to_string()];
        let preview = object.observed.reading().map(|it| R::deletion(key, it));
        row.preview = preview.filter(|it| !it.is_empty()).map(Box::new);
        self.show(key, row);
    }

    pub(super) fn show_judged(&mut self, key: &FacetKey, judgement: &Judgement<R::Step>) {
        let Some(object) = self.objects.get(key) else { return };
        let row = rows::judged(self.frame(key, object), object, judgement);
        self.show(key, row);
    }

    /// Puts a row up and reports what is new in it: another status or reason, drift that began,
    /// drift that ended. What is only watched has a row while something differs.
    fn show(&mut self, key: &FacetKey, row: Row) {
        let Some(object) = self.objects.get(key) else { return };
        let times = self.times(key, object);
        let Some(object) = self.objects.get_mut(key) else { return };
        let before = object.row.as_deref();
        let only_watched = object.wanted.as_ref().is_some_and(|it| R::is_guard(&it.spec));
        let silent = only_watched && row.changes.is_empty();
        if silent && before.is_none() {
            return;
        }
        if before == Some(&row) {
            self.show_times(key, times);
            return;
        }
        let (from, reason) = before.map_or((Status::Unknown, ""), |it| (it.status, it.reason.code));
        if row.status != from || row.reason.code != reason {
            let busy = row.holds("Reconciling");
            let turned =
                ObjectEvent::Turned { from, to: row.status, reason: row.reason.clone(), busy };
            self.out.push(Work::Report(key.clone(), turned));
        }
        // What is unknown is told neither as new drift nor as repaired.
        if row.status != Status::Unknown {
            let none = BTreeSet::new();
            let changed = object.observed.reading().and_then(R::changed_at);
            let ago = changed.and_then(|at| self.now.wall.duration_since(at).try_into().ok());
            let was = before.map_or(&none, |it| &it.causes);
            for cause in row.causes.difference(was) {
                // What AWS says of the last change is about these two alone.
                let delay = ago.filter(|_| matches!(cause, Cause::Image | Cause::Config));
                self.out.push(Work::Report(key.clone(), ObjectEvent::Drifted(*cause, delay)));
            }
            for cause in was.difference(&row.causes) {
                let outcome = Outcome::of(object.repaired.remove(cause));
                self.out.push(Work::Report(key.clone(), ObjectEvent::Corrected(*cause, outcome)));
            }
        }
        let row = (!silent).then(|| ShownRow { row: Arc::new(row), times });
        object.row.clone_from(&row);
        self.changed.insert(key.clone(), row);
    }

    /// A list or a read confirmed what we know: only times change.
    pub(super) fn refresh_times(&mut self, key: &FacetKey) {
        let Some(object) = self.objects.get(key) else { return };
        let times = self.times(key, object);
        self.show_times(key, times);
    }

    fn show_times(&mut self, key: &FacetKey, times: RowTimes) {
        let row = self.objects.get_mut(key).and_then(|it| it.row.as_mut());
        if let Some(row) = row.filter(|it| it.times != times) {
            row.times = times;
            self.changed.insert(key.clone(), Some(row.clone()));
        }
    }
}
