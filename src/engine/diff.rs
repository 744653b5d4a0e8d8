//! The difference between a spec and what is live: which fields differ, and the steps that repair them.

use std::{
    collections::BTreeMap,
    fmt,
    hash::{Hash, Hasher},
    time::Duration,
};

use super::{facts::FactKey, preview::Preview};

/// The step that only writes down what was applied.
pub(super) const RECORD: &str = "record";

/// Everything that a kind has to say about one object. Several things can be true at once: an image
/// that is not pushed yet holds up the code, and the memory is repaired all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff<S> {
    /// The fields that differ, in the order in which they are shown.
    pub changes: Vec<Change>,
    /// The steps that repair them, in order. The engine does the first one that nothing holds up and reads again.
    pub steps: Vec<Planned<S>>,
    /// What holds up the rest.
    pub waits: Vec<Wait>,
    /// The step that would delete an object which failed at its creation, so that it can be made again.
    /// Done only if this process made it and never saw it usable.
    pub replace: Option<Planned<S>>,
    /// Why we will not touch the object at all; then `steps` are not done.
    pub refusal: Option<Reason>,
    /// What AWS says is broken about the object itself; it is never called synced then.
    pub failed: Option<Reason>,
    /// Why a part of the object that a manifest asks for could not be read; it is never called synced then.
    pub unreadable: Option<Reason>,
    /// Facts about the object that are neither difference nor hindrance, by condition name.
    pub conditions: BTreeMap<&'static str, Reason>,
    /// What a plan says besides: the fields of what will be created, and what follows.
    pub preview: Preview,
}

/// Not derived: that would ask for `S: Default`.
impl<S> Default for Diff<S> {
    fn default() -> Self {
        Self {
            changes: Vec::new(),
            steps: Vec::new(),
            waits: Vec::new(),
            replace: None,
            refusal: None,
            failed: None,
            unreadable: None,
            conditions: BTreeMap::new(),
            preview: Preview::default(),
        }
    }
}

impl<S> Diff<S> {
    /// The same with steps in other words.
    pub fn map<T>(self, map: impl Fn(S) -> T) -> Diff<T> {
        Diff {
            changes: self.changes,
            steps: self.steps.into_iter().map(|it| it.map(&map)).collect(),
            waits: self.waits,
            replace: self.replace.map(|it| it.map(&map)),
            refusal: self.refusal,
            failed: self.failed,
            unreadable: self.unreadable,
            conditions: self.conditions,
            preview: self.preview,
        }
    }

    /// Notes that AWS does not show a part that a manifest asks for, so that it is left alone and nothing is claimed
    /// of it. `condition`: its word; `what`: the part; `why`: what AWS said.
    pub fn hide(&mut self, condition: &'static str, what: &str, why: &str) -> Reason {
        let message = format!("AWS does not show {what}, so it is left alone: {why}");
        let reason = Reason::new("Unreadable", message);
        self.conditions.insert(condition, reason.clone());
        self.unreadable.get_or_insert_with(|| reason.clone());
        reason
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The JSON Pointer of the field below `spec`, as `/memorySize`.
    pub path: String,
    /// What the manifest asks for.
    pub desired: Shown,
    /// What AWS has.
    pub live: Shown,
    /// Under which cause the difference is counted if it is drift.
    pub cause: Cause,
    /// Who moved: the manifest, or another party in AWS.
    pub origin: Origin,
    /// The step that repairs it ([`Planned::kind`]).
    pub step: &'static str,
}

/// A value as people may see it. Secrets show only that they exist; `fingerprint` still tells two apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What is printed.
    pub text: String,
    /// A fingerprint of the true value, in memory only.
    pub fingerprint: Fingerprint,
}

/// A fingerprint: equal values have equal fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    const OF_NOTHING: Self = Self(0xcbf2_9ce4_8422_2325);

    /// The fingerprint of some bytes, the same in every run (it enters golden files).
    pub fn of(bytes: &[u8]) -> Self {
        let mut found = Self::OF_NOTHING;
        found.write(bytes);
        found
    }

    /// The fingerprint of a value with all that is in it.
    pub fn of_value(value: &impl Hash) -> Self {
        let mut found = Self::OF_NOTHING;
        value.hash(&mut found);
        found
    }
}

/// FNV-1a: values here are compared by us with values of ours; nobody gains from a collision.
impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        self.0 = bytes.iter().fold(self.0, fold);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Shown {
    /// A value that may be shown. It may be anybody's: what would speak to a terminal becomes a space.
    pub fn open(value: impl fmt::Display) -> Self {
        let mut text = value.to_string();
        let fingerprint = Fingerprint::of(text.as_bytes());
        if text.contains(char::is_control) {
            text = text.replace(char::is_control, " ");
        }
        Self { text, fingerprint }
    }

    /// A value that may not be shown; `word` stands in for it.
    pub fn sealed(word: &str, value: &str) -> Self {
        Self { text: word.into(), fingerprint: Fingerprint::of(value.as_bytes()) }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident: $word:literal;)*) => {
        /// Under which word a drifted field is counted. A closed list: it is a metric label.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Cause {
            $($(#[$doc])* $cause,)*
        }

        impl Cause {
            /// Every cause, in the order of the reference page.
            pub const ALL: [Self; [$($word,)*].len()] = [$(Self::$cause,)*];

            /// The word in labels and docs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$cause => $word,)*
                }
            }
        }
    };
}

causes! {
    /// The object is gone.
    Missing: "missing";
    /// Another image runs.
    Image: "image";
    /// A configuration field.
    Config: "config";
    /// AWS reports the object itself as failed.
    State: "state";
    /// A tag.
    Tags: "tags";
    /// The function's URL.
    Url: "url";
    /// Who may invoke it.
    Permissions: "permissions";
    /// What becomes of invocations that nobody waits for.
    AsyncInvoke: "async_invoke";
    /// Reserved concurrency.
    Concurrency: "concurrency";
    /// Provisioned concurrency, and what scales it.
    ProvisionedConcurrency: "provisioned_concurrency";
    /// Numbers of instances of one's own.
    Scaling: "scaling";
    /// What happens to a function that calls itself.
    Recursion: "recursion";
    /// The alias that callers use.
    Release: "release";
    /// Something that opens a function to others, and that no manifest asks for.
    Unmanaged: "unmanaged_change";
    /// What Lambda polls to invoke it.
    EventSource: "event_source";
    /// Where it logs, and for how long that is kept.
    LogGroup: "log_group";
}

/// Who moved, so that live and desired differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The manifest, or the tag in the registry: AWS still has what we applied last.
    Pending,
    /// Another party in AWS: the manifest still asks for what we applied last.
    Drift,
    /// Both, for certain: this process saw the field as an earlier spec asked, and AWS has neither that
    /// nor anything that a step of ours asked for since.
    Both,
    /// AWS has neither what was applied last nor what the manifest asks for. Kinds say so. The engine
    /// makes it [`Origin::Pending`] or [`Origin::Both`] where this process remembers enough; after a
    /// restart in the middle of an update nobody can tell, and it counts as nothing.
    Unclear,
    /// It is not there, though our tag says that it was made as the manifest asks. Kinds say so. The
    /// engine makes it [`Origin::Drift`] if this process saw it, [`Origin::Pending`] if a step of ours may
    /// have taken it away, and [`Origin::NoRecord`] if it may be still to come, since the tag is written
    /// first. What stays is drift by the tag's word alone.
    Gone,
    /// There is no record of what was applied last. The engine takes it for drift if this process saw
    /// the same spec in sync before, else for pending.
    NoRecord,
}

impl Origin {
    /// The word in plans and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending | Self::NoRecord => "pending",
            Self::Drift | Self::Gone => "drift",
            Self::Both | Self::Unclear => "both",
        }
    }

    /// Whether another party in AWS moved.
    pub fn is_drift(self) -> bool {
        matches!(self, Self::Drift | Self::Both | Self::Gone)
    }

    /// Whether that rests on more than a tag which is written before what it speaks of.
    pub fn is_certain(self) -> bool {
        self != Self::Gone
    }
}

/// A step and the name of its sort, by which changes refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned<S> {
    /// `create`, `code`, `configuration`, `tags`, `record`, ….
    pub kind: &'static str,
    /// One AWS call with every argument decided.
    pub step: S,
    /// Which changes of its kind it is about, and which other steps it needs.
    pub scope: Scope,
}

/// What of an object a step is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// The lane of a step that depends on the steps of the same lane only, and on the steps before it that have none:
    /// when AWS refuses a step, those of other lanes go on. `None`: it needs every step before it, and every step
    /// after it needs it.
    pub lane: Option<String>,
    /// The paths of the changes that it ends; none: all changes of its kind.
    pub paths: Vec<String>,
    /// Whether it does not end its changes by itself, so that the read that follows may show yet another live value:
    /// it makes room for the next step, or is one of several.
    pub partial: bool,
}

impl<S> Planned<S> {
    /// A step that ends all changes of its kind, and that all steps after it need.
    pub fn new(kind: &'static str, step: S) -> Self {
        Self { kind, step, scope: Scope::default() }
    }

    /// The same step in other words.
    pub fn map<T>(self, map: impl FnOnce(S) -> T) -> Planned<T> {
        Planned { kind: self.kind, step: map(self.step), scope: self.scope }
    }

    /// The same step in a lane of its own.
    #[must_use]
    pub fn in_lane(mut self, lane: &str) -> Self {
        self.scope.lane = Some(lane.to_owned());
        self
    }

    /// The same step, as one that may leave its changes with another live value.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.scope.partial = true;
        self
    }

    /// Whether it is about this change.
    pub fn is_about(&self, change: &Change) -> bool {
        let paths = &self.scope.paths;
        change.step == self.kind && (paths.is_empty() || paths.contains(&change.path))
    }
}

/// Returns what a step would do as a number: its text and the differences that it ends. The same
/// number is the same attempt, which waits after a failure; another one is tried at once.
pub fn step_fingerprint<S: fmt::Display>(planned: &Planned<S>, changes: &[Change]) -> Fingerprint {
    let mut text = format!("{}\n{}", planned.kind, planned.step);
    for change in changes.iter().filter(|it| planned.is_about(it)) {
        let (desired, live) = (change.desired.fingerprint, change.live.fingerprint);
        text.push_str(&["\n", &change.path, &format!(" {desired:?} {live:?}")].concat());
    }
    Fingerprint::of(text.as_bytes())
}

/// A machine-readable reason in PascalCase and a sentence for people, with the next thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// As `ImageMissing`: an interface, closed and documented.
    pub code: &'static str,
    /// In plain words.
    pub message: String,
}

impl Reason {
    /// A reason and its sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Something that must happen first. Waiting is not failing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Why, in words.
    pub reason: Reason,
    /// The fact that ends it, if another kind will tell.
    pub on: Option<FactKey>,
    /// When to read again, if nobody will tell; `None` leaves it to the audit.
    pub recheck: Option<Duration>,
    /// Whether AWS is at work and this ends by itself in seconds (an update in progress), so that a
    /// single run stays for it.
    pub soon: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_speak_to_a_terminal_and_stay_what_they_are() {
        let (loud, quiet) = (Shown::open("a\u{1b}[2Jb\n"), Shown::open("a [2Jb "));
        assert_eq!(loud.text, quiet.text);
        assert_ne!(loud.fingerprint, quiet.fingerprint);
    }
}
