//! The write gate, as far as desired states go; a fresh read and the permit are the engine's part.

use jiff::Timestamp;

use super::{diff::Reason, kind::Kind, policy::Mode, verdict::Case};

/// Why nothing may be written to a whole target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteStop {
    /// Why, in words.
    pub reason: Reason,
    /// Whether callers are saved all the same ([`Kind::rescues`]): nobody said to leave everything as it is.
    pub rescues: bool,
}

/// Why nothing may be written to an object just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// In words.
    pub reason: Reason,
    /// Whether a person asked for it.
    pub suspended: bool,
    /// When it opens by itself.
    pub until: Option<Timestamp>,
}

impl Gate {
    /// A gate that is shut for a reason of our own.
    pub fn shut(reason: Reason) -> Self {
        Self { reason, suspended: false, until: None }
    }

    fn suspended(message: String, until: Option<Timestamp>) -> Self {
        Self { reason: Reason::new("Suspended", message), suspended: true, until }
    }
}

/// Returns why nothing may be written to the object; `None` if it may. A hold, by tag or by
/// manifest, comes before the mode.
pub(super) fn gate<K: Kind>(case: &Case<'_, K>) -> Option<Gate> {
    let policy = &case.wanted.policy;
    if let Some(active) = case.memory.suspension.as_ref().and_then(|it| it.active(case.now.wall)) {
        return Some(Gate::suspended(active.message, Some(active.until)));
    }
    if let Some(suspend) = policy.suspend.as_ref().filter(|it| it.holds(case.now.wall)) {
        let until = suspend.until.map(|it| format!(" until {it}")).unwrap_or_default();
        let message = format!("suspended by the manifest{until}: {}", suspend.reason);
        return Some(Gate::suspended(message, suspend.until));
    }
    let message = match (case.settings.mode, policy.mode) {
        (Mode::Enforce, Mode::Enforce) => return None,
        (_, Mode::Observe) => "the manifest says `policy.mode: observe`",
        (Mode::Observe, Mode::Enforce) => {
            "this Evenkeel runs in mode observe: it reports and writes nothing"
        }
    };
    Some(Gate::shut(Reason::new("Observing", message)))
}
