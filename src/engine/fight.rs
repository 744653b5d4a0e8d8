//! The fight detector: another party keeps changing back what we keep repairing. After a few rounds the object
//! is left alone for a while, since the two would go on for ever and each round costs calls, locks the
//! function and hides who else is at it.
//!
//! Heat goes up by one with each field that is repaired again, and cools by itself.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    diff::Change,
    time::{Mono, Now},
};

/// So much heat is a fight.
const FIGHT: f64 = 5.0;
/// Below this it is over.
const CALM: f64 = 1.0;
/// How long a fighting object is left alone the first time; then twice as long each time.
const FIRST: Duration = Duration::from_mins(5);
/// And at most this long.
const LONGEST: Duration = Duration::from_hours(1);
/// Heat cools to a third in so many resyncs, and not in less than a minute: a change is seen at the next
/// list at the earliest, so that a fight is never faster than they are.
const COOL_RESYNCS: u32 = 10;
const COOL_LEAST: Duration = Duration::from_mins(1);

/// What is remembered of one object's fights.
#[derive(Debug, Default)]
pub(super) struct Fight {
    heat: f64,
    at: Mono,
    /// Fields that were repaired before, by step and path.
    mended: BTreeSet<(&'static str, String)>,
    /// Fields that were repaired more than once: what the fight is about.
    fields: BTreeSet<String>,
    /// Until when the object is left alone, on both clocks.
    until: Option<(Mono, Timestamp)>,
    times: u32,
}

impl Fight {
    /// How long heat lasts where lists come this often.
    pub(super) fn lasts(resync: Duration) -> Duration {
        COOL_LEAST.max(resync * COOL_RESYNCS)
    }

    /// Takes in that AWS accepted a step which ends `changes`. The heat goes up if one of them is
    /// drift that was repaired before; at [`FIGHT`] the object is left alone, each time twice as
    /// long. `lasts`: in what time heat cools to a third.
    pub(super) fn mending(&mut self, changes: &[Change], lasts: Duration, now: Now) {
        self.cool(lasts, now.mono);
        let drifted = changes.iter().filter(|it| it.origin.is_drift());
        let mut again = false;
        for change in drifted {
            if !self.mended.insert((change.step, change.path.clone())) {
                self.fields.insert(change.path.clone());
                again = true;
            }
        }
        if !again {
            return;
        }
        self.heat += 1.0;
        if self.heat >= FIGHT {
            let pause = (FIRST * 2_u32.saturating_pow(self.times)).min(LONGEST);
            let wall = now.wall.checked_add(SignedDuration::try_from(pause).unwrap_or_default());
            self.until = Some((now.mono.after(pause), wall.unwrap_or(now.wall)));
            self.times += 1;
        }
    }

    /// What the fight is about: the paths of the fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(String::as_str)
    }

    /// Until when the object is to be left alone, if it is.
    pub(super) fn until(&self, now: Now) -> Option<Timestamp> {
        self.until.filter(|(mono, _)| *mono > now.mono).map(|(_, wall)| wall)
    }

    /// Lets the heat cool for the time that has passed, ends a pause that is over, and forgets the
    /// fight once the object has been calm for long enough.
    fn cool(&mut self, lasts: Duration, now: Mono) {
        if let Some((until, _)) = self.until.filter(|(mono, _)| *mono <= now) {
            // On parole: the next round at once is the next fight.
            self.until = None;
            self.heat = FIGHT;
            self.at = until;
        }
        let passed = now.since(self.at).as_secs_f64();
        self.heat *= (-passed / lasts.as_secs_f64()).exp();
        self.at = now;
        if self.heat < CALM && passed > lasts.as_secs_f64() {
            self.times = 0;
            self.mended.clear();
            self.fields.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::diff::{Cause, Origin, Shown};

    fn at(seconds: u64) -> Now {
        let mono = Mono(Duration::from_secs(seconds));
        let wall = Timestamp::from_second(seconds.try_into().unwrap()).unwrap();
        Now { mono, wall }
    }

    fn change(path: &str) -> Change {
        Change {
            path: path.into(),
            desired: Shown::open(1),
            live: Shown::open(2),
            cause: Cause::Config,
            origin: Origin::Drift,
            step: "configuration",
        }
    }

    /// The second at which it becomes a fight, if another party changes a field back every so often.
    fn fights_at(every: u64, resync: u64) -> Option<u64> {
        let lasts = Fight::lasts(Duration::from_secs(resync));
        let mut fight = Fight::default();
        (0..40).map(|round| round * every).find(|second| {
            fight.mending(&[change("/memorySize")], lasts, at(*second));
            fight.until(at(*second)).is_some()
        })
    }

    #[test]
    fn a_fight_is_seen_at_the_pace_of_the_lists() {
        // The first repair is none, and heat cools a little from round to round.
        assert_eq!(fights_at(1, 5), Some(6));
        assert_eq!(fights_at(30, 30), Some(210));
        // A team that runs Terraform every ten minutes is a matter for people.
        assert_eq!(fights_at(600, 30), None);
    }

    #[test]
    fn different_fields_are_no_fight() {
        let lasts = Fight::lasts(Duration::from_secs(30));
        let mut fight = Fight::default();
        for field in 0..20 {
            fight.mending(&[change(&format!("/{field}"))], lasts, at(field));
        }
        assert_eq!(fight.until(at(20)), None);
        assert_eq!(fight.fields().count(), 0);
        fight.mending(&[change("/3"), change("/20")], lasts, at(21));
        assert_eq!(fight.fields().collect::<Vec<_>>(), ["/3"]);
    }

    #[test]
    fn the_pause_doubles_and_a_long_peace_is_forgotten() {
        let lasts = Fight::lasts(Duration::from_secs(30));
        let mut fight = Fight::default();
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..6 {
            while fight.until(at(now)).is_none() {
                now += 1;
                fight.mending(&[change("/timeout")], lasts, at(now));
            }
            let until = fight.until(at(now)).unwrap().as_second();
            pauses.push(until - i64::try_from(now).unwrap());
            now = u64::try_from(until).unwrap();
        }
        assert_eq!(pauses, [300, 600, 1200, 2400, 3600, 3600]);
        now += 100_000;
        fight.mending(&[change("/timeout")], lasts, at(now));
        assert_eq!((fight.until(at(now)), fight.times), (None, 0));
    }
}
