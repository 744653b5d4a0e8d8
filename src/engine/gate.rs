//! The write gate, as far as wishes go; a fresh look and the permit are the engine's part.

use jiff::Timestamp;

use super::{diff::Said, kind::Kind, policy::Mode, verdict::Case};

/// Why nothing may be written to a whole target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Why, in words.
    pub said: Said,
    /// Whether callers are saved all the same ([`Kind::rescues`]): nobody said to leave everything as it is.
    pub rescues: bool,
}

/// Why nothing may be written to an object just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// In words.
    pub said: Said,
    /// Whether a person asked for it.
    pub suspended: bool,
    /// When it opens by itself.
    pub until: Option<Timestamp>,
}

impl Gate {
    /// A gate that is shut for a reason of our own.
    pub fn shut(said: Said) -> Self {
        Self { said, suspended: false, until: None }
    }

    fn suspended(message: String, until: Option<Timestamp>) -> Self {
        Self { said: Said::new("Suspended", message), suspended: true, until }
    }
}

/// Whether the gate is shut.
pub(super) fn gate<K: Kind>(case: &Case<'_, K>) -> Option<Gate> {
    let policy = &case.wanted.policy;
    if let Some(held) = case.memory.hold.as_ref().and_then(|it| it.held(case.now.wall)) {
        return Some(Gate::suspended(held.message, Some(held.until)));
    }
    if let Some(suspend) = policy.suspend.as_ref().filter(|it| it.holds(case.now.wall)) {
        let until = suspend.until.map(|it| format!(" until {it}")).unwrap_or_default();
        let message = format!("suspended by the manifest{until}: {}", suspend.reason);
        return Some(Gate::suspended(message, suspend.until));
    }
    let message = match (case.settings.mode, policy.mode) {
        (Mode::Enforce, Mode::Enforce) => return None,
        (Mode::Observe, _) => "this Evenkeel runs in mode observe: it reports and writes nothing",
        (Mode::Enforce, Mode::Observe) => "the manifest says `policy.mode: observe`",
    };
    Some(Gate::shut(Said::new("Observing", message)))
}
