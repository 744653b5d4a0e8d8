//! What our own steps asked for since an object was last seen as its spec asks, and which fields another party had
//! changed by then. A value that we asked for a moment ago is no drift, however fast the next edit follows.

use std::collections::BTreeMap;

use super::diff::{Cause, Change, Fingerprint, Origin};

/// So many specs are remembered, the newest.
const SPECS_MAX: usize = 4;
/// So many values of one field are remembered, the newest.
const VALUES_MAX: usize = 8;

/// What steps asked for, and what was counted as drift meanwhile.
pub(super) struct Requested<S> {
    /// The specs for which a step began, the newest last.
    specs: Vec<S>,
    /// The values that steps were to set, by the path of their field, the newest last.
    values: BTreeMap<String, Vec<Fingerprint>>,
    /// The fields that were counted as drift, and as which.
    drifted: BTreeMap<String, Origin>,
    /// Whether more was asked for than is remembered.
    overflowed: bool,
}

/// What a spec says of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpecMatch {
    /// The live value is what the spec asks for.
    Asked,
    /// The spec asks for another value.
    Other,
    /// It cannot be told, since the spec is about something else at this path.
    Unknown,
}

/// Not derived: that would ask for `S: Default`.
impl<S> Default for Requested<S> {
    fn default() -> Self {
        Self {
            specs: Vec::new(),
            values: BTreeMap::new(),
            drifted: BTreeMap::new(),
            overflowed: false,
        }
    }
}

impl<S: PartialEq + Clone> Requested<S> {
    /// A step for this spec begins, which is to end `changes`.
    pub(super) fn begin(&mut self, spec: &S, changes: &[Change]) {
        let known = self.specs.contains(spec);
        if !known {
            self.specs.push(spec.clone());
        }
        self.overflowed |= cut(&mut self.specs, SPECS_MAX);
        for Change { path, desired, .. } in changes {
            let values = self.values.entry(path.clone()).or_default();
            values.retain(|it| *it != desired.fingerprint);
            values.push(desired.fingerprint);
            self.overflowed |= cut(values, VALUES_MAX);
        }
    }

    /// These fields have been counted as drift: an edit on top of that ends it for none of them.
    pub(super) fn drifted<'a>(&mut self, changes: impl Iterator<Item = &'a Change>) {
        self.drifted.extend(changes.map(|it| (it.path.clone(), it.origin)));
    }

    /// What a settled read shows: a field that is as it should be again has drifted no more.
    pub(super) fn shown(&mut self, differs: impl Fn(&str) -> bool) {
        self.drifted.retain(|path, _| differs(path));
    }

    /// The specs for which a step began.
    pub(super) fn specs(&self) -> &[S] {
        &self.specs
    }

    /// Whether a step was to set the field to the value that it has.
    pub(super) fn is_value(&self, change: &Change) -> bool {
        let values = self.values.get(&change.path);
        values.is_some_and(|it| it.contains(&change.live.fingerprint))
    }

    /// As which drift the field was counted, if it was.
    pub(super) fn counted(&self, change: &Change) -> Option<Origin> {
        self.drifted.get(&change.path).copied()
    }

    /// Whether more was asked for than is remembered, so that a value which is not remembered
    /// proves nothing.
    pub(super) fn has_overflowed(&self) -> bool {
        self.overflowed
    }
}

impl SpecMatch {
    /// What two specs say together: what one of them asks for is asked for.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Asked, _) | (_, Self::Asked) => Self::Asked,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Other, Self::Other) => Self::Other,
        }
    }

    /// Says whether the live value of a field is what a spec asks for, given the field's difference
    /// from another spec and all differences of the live object from this one.
    pub(super) fn of(change: &Change, differences: &[Change]) -> Self {
        let alike = |it: &Change| {
            it.path == change.path
                && it.live.fingerprint == change.live.fingerprint
                && it.step == change.step
        };
        let mut near = differences.iter().filter(|it| is_near(&it.path, &change.path));
        match near.next() {
            None => Self::Asked,
            Some(first) if alike(first) && near.all(alike) => Self::Other,
            Some(_) => Self::Unknown,
        }
    }
}

/// Whether who changed a field is asked at all: what AWS says of an object's state, and what nobody
/// asks for, no spec of ours can have asked for.
pub(super) fn is_ours_to_ask(cause: Cause) -> bool {
    !matches!(cause, Cause::State | Cause::Unmanaged)
}

/// Whether one of two fields is the other, or holds it.
fn is_near(one: &str, other: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    holds(one, other) || holds(other, one)
}

/// Drops the oldest beyond `max`; says whether there were any.
fn cut<T>(all: &mut Vec<T>, max: usize) -> bool {
    let surplus = all.len().saturating_sub(max);
    all.drain(..surplus);
    surplus > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::diff::Shown;

    fn change(path: &str, live: &str, desired: &str) -> Change {
        Change {
            path: path.into(),
            desired: Shown::open(desired),
            live: Shown::open(live),
            cause: Cause::Config,
            origin: Origin::Unclear,
            step: "step",
        }
    }

    #[test]
    fn what_was_asked_for_is_known_by_field_and_value() {
        let mut asked = Requested::default();
        asked.begin(&1, &[change("/a", "0", "1")]);
        asked.begin(&2, &[change("/a", "1", "2"), change("/b", "0", "2")]);
        assert!(asked.is_value(&change("/a", "1", "3")) && asked.is_value(&change("/a", "2", "3")));
        assert!(
            !asked.is_value(&change("/a", "0", "3")) && !asked.is_value(&change("/b", "1", "3"))
        );
        assert_eq!((asked.specs().len(), asked.has_overflowed()), (2, false));
    }

    #[test]
    fn what_is_forgotten_proves_nothing() {
        let mut specs = Requested::default();
        for spec in 0..5 {
            assert!(!specs.has_overflowed());
            specs.begin(&spec, &[]);
        }
        assert!(specs.has_overflowed());
        let mut values = Requested::default();
        for value in 0..9 {
            assert!(!values.has_overflowed());
            values.begin(&(), &[change("/a", "", &value.to_string())]);
        }
        assert!(values.has_overflowed() && values.is_value(&change("/a", "8", "")));
        // The same value again is not one more.
        let mut again = Requested::default();
        for _ in 0..20 {
            again.begin(&(), &[change("/a", "", "1")]);
        }
        assert!(!again.has_overflowed());
    }

    #[test]
    fn a_spec_speaks_of_the_same_difference_only() {
        let is = |differences: &[Change]| SpecMatch::of(&change("/a/b", "1", "2"), differences);
        assert_eq!(is(&[]), SpecMatch::Asked);
        assert_eq!(is(&[change("/a/bc", "1", "3"), change("/c", "1", "3")]), SpecMatch::Asked);
        assert_eq!(is(&[change("/a/b", "1", "3")]), SpecMatch::Other);
        // The whole is another one, or is not there.
        for whole in ["/a", "", "/a/b/c"] {
            assert_eq!(is(&[change(whole, "1", "3")]), SpecMatch::Unknown, "{whole}");
            let both = [change("/a/b", "1", "3"), change(whole, "1", "3")];
            assert_eq!(is(&both), SpecMatch::Unknown, "{whole}");
        }
        assert_eq!(is(&[change("/a/b", "9", "3")]), SpecMatch::Unknown);
    }
}
