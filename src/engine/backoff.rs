//! How long to leave something alone after a failure. Chance is a hash of the name and the attempt, so
//! that a story told twice goes the same way and a thousand objects do not come back as one herd.

use std::time::Duration;

use super::{diff::Fingerprint, failure::Class, name::Name};

/// The first pause. A throttle or a hiccup is usually over by then.
const BASE: Duration = Duration::from_secs(1);
/// The longest pause: an outage of an hour should not cost more than a few minutes after its end.
const DELAY_MAX: Duration = Duration::from_mins(5);
/// Lambda finishes an update in a few seconds; sooner reads only spend calls that all share.
const BUSY_RECHECK: Duration = Duration::from_secs(5);
/// An image or a role that is not there yet: a person or a pipeline is at work on it.
const INPUT_RECHECK: Duration = Duration::from_mins(1);
/// Permissions are changed by people.
const DENIED_RECHECK: Duration = Duration::from_mins(5);
/// What AWS refuses as it stands seldom becomes right by itself; a quota that was raised does.
const INVALID_RECHECK: Duration = Duration::from_hours(1);
/// How many failures in a row a single run sits out before it says what is left.
pub(super) const PATIENCE: u32 = 4;

/// Returns how long to wait after the `attempt`-th failure in a row (from 1), unless a change of
/// the object asks for another try before. It is the same for the same name and attempt.
pub(super) fn pause(class: Class, name: &Name, attempt: u32) -> Duration {
    match class {
        Class::Busy => jitter(BUSY_RECHECK, name, attempt),
        // A lost race is settled by reading again; a race that is lost again and again is a fight.
        Class::Precondition | Class::Gone if attempt <= 1 => Duration::ZERO,
        Class::MissingInput => jitter(INPUT_RECHECK, name, attempt),
        Class::Denied => jitter(DENIED_RECHECK, name, attempt),
        Class::Invalid => jitter(INVALID_RECHECK, name, attempt),
        Class::Precondition
        | Class::Gone
        | Class::Throttled
        | Class::Unclear
        | Class::Credentials => backoff(name, attempt),
    }
}

/// Whether a single run waits for the next try.
pub(super) fn soon(class: Class, attempt: u32) -> bool {
    match class {
        Class::Busy => true,
        Class::Throttled | Class::Unclear | Class::Precondition | Class::Gone => attempt < PATIENCE,
        Class::Credentials | Class::MissingInput | Class::Denied | Class::Invalid => false,
    }
}

fn backoff(name: &Name, attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    jitter(BASE.saturating_mul(1 << doublings).min(DELAY_MAX), name, attempt)
}

/// Between half of `full` and all of it.
fn jitter(full: Duration, name: &Name, attempt: u32) -> Duration {
    full.mul_f64(0.5 + 0.5 * share(name, attempt))
}

/// A number from 0 to 1 that is always the same for the same name and attempt.
pub(super) fn share(name: &Name, attempt: u32) -> f64 {
    let Fingerprint(hash) = Fingerprint::of(format!("{name}#{attempt}").as_bytes());
    // FNV mixes its high bits last; fold them in, and keep 32 bits, which an f64 holds exactly.
    let folded = u32::try_from((hash ^ (hash >> 32)) & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(folded) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_stay_within_bounds_and_repeat() {
        let name = Name::new("resize");
        for attempt in 1..40 {
            let pause = backoff(&name, attempt);
            assert_eq!(pause, backoff(&name, attempt));
            let full = BASE.saturating_mul(1 << (attempt - 1).min(16)).min(DELAY_MAX);
            assert!(pause >= full / 2 && pause <= full, "{attempt}: {pause:?}");
        }
        assert_ne!(backoff(&name, 5), backoff(&Name::new("other"), 5));
    }

    #[test]
    fn names_spread_over_the_whole_range() {
        let low = (0..1000).filter(|n| share(&Name::new(format!("f{n}")), 0) < 0.5).count();
        assert!((400..600).contains(&low), "{low} of 1000 below the middle");
    }

    #[test]
    fn a_lost_race_is_looked_at_at_once_but_not_for_ever() {
        let name = Name::new("resize");
        assert_eq!(pause(Class::Precondition, &name, 1), Duration::ZERO);
        assert!(pause(Class::Precondition, &name, 2) > Duration::ZERO);
    }
}
