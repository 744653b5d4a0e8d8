//! Call budgets, as values: how many calls a second we may make, and who goes first. Pure;
//! `limiter.rs` does the waiting.
//!
//! A budget is three small token buckets with shares of the rate — what is urgent 60 %, lists 25 %, the
//! audit 15 % unless the operator says otherwise — and a fourth that takes what the three overflow. Everybody may draw on the
//! overflow. So nobody starves, and what is unused is lent.

use std::time::Duration;

use crate::engine::{time::Mono, work::Priority};

/// What the audit leaves is divided so between writes and urgent reads, and lists.
const SHARES: [f64; 2] = [0.7, 0.3];
/// Over how long the calls are counted that more urgent work makes.
const COUNTED: Duration = Duration::from_secs(30);
/// How long unused tokens are kept: one second's worth, so that a burst never exceeds AWS's own.
const BURST: f64 = 1.0;
/// How far throttling may slow us down.
const SLOWEST: f64 = 1.0 / 16.0;
/// Throttles that come together are one: they were on their way before we could slow down.
const TOGETHER: Duration = Duration::from_secs(1);
/// How long after the last throttle the rate takes its next step up.
const RECOVER_AFTER: Duration = Duration::from_secs(5);
/// The step up: from the slowest to the full rate in half a minute.
const RECOVER_BY: f64 = 1.5;

/// One budget.
#[derive(Debug)]
pub struct Budget {
    /// Calls a second when all is well.
    rate: f64,
    /// What part of it we use now.
    pace: f64,
    /// What part of the rate is that of urgent calls, of lists, of the audit.
    shares: [f64; 3],
    /// Tokens of the three shares.
    tokens: [f64; 3],
    /// Calls a second of everything but the audit, of late.
    urgent: f64,
    /// Tokens that the shares overflowed.
    spare: f64,
    filled: Mono,
    closed_until: Mono,
    paced: Mono,
    /// How many calls of each priority wait.
    waiting: [usize; 5],
    /// How many calls AWS has throttled.
    throttled: u64,
}

impl Budget {
    /// Makes a budget of `rate` calls a second, with all the tokens that it can hold. `audit_share`: the part of it
    /// that the audit may always have.
    pub fn new(rate: f64, audit_share: f64, now: Mono) -> Self {
        let [urgent, lists] = SHARES.map(|it| it * (1.0 - audit_share));
        let shares = [urgent, lists, audit_share];
        let mut budget = Self {
            rate,
            pace: 1.0,
            shares,
            urgent: 0.0,
            tokens: [0.0; 3],
            spare: 0.0,
            filled: now,
            closed_until: now,
            paced: now,
            waiting: [0; 5],
            throttled: 0,
        };
        for (tokens, share) in budget.tokens.iter_mut().zip(shares) {
            *tokens = size(rate, share);
        }
        budget
    }

    /// The rate as throttling leaves it now, in calls a second.
    pub fn rate_now(&self) -> f64 {
        self.rate * self.pace
    }

    /// Calls a second when all is well.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// How many calls a second more urgent work than the audit has made of late.
    pub fn urgent(&mut self, now: Mono) -> f64 {
        self.fill(now);
        self.urgent
    }

    /// How many calls wait.
    pub fn waiting(&self) -> usize {
        self.waiting.iter().sum()
    }

    /// How many calls AWS has throttled since the start.
    pub fn throttled_calls(&self) -> u64 {
        self.throttled
    }

    /// One more call of this priority waits.
    pub fn queue(&mut self, priority: Priority) {
        if let Some(waiting) = self.waiting.get_mut(priority.rank()) {
            *waiting += 1;
        }
    }

    /// It waits no longer, whether or not it got its token.
    pub fn unqueue(&mut self, priority: Priority) {
        if let Some(waiting) = self.waiting.get_mut(priority.rank()) {
            *waiting = waiting.saturating_sub(1);
        }
    }

    /// Takes a token for a call that was queued, or says how long to wait before asking again.
    pub fn take(&mut self, priority: Priority, now: Mono) -> Result<(), Duration> {
        self.fill(now);
        if now < self.closed_until {
            return Err(self.closed_until.since(now));
        }
        let share = share(priority);
        let first = !self.waiting.iter().take(priority.rank()).any(|it| *it > 0);
        // Within the urgent share the more urgent goes first; the overflow is for the first of all.
        let own = self.tokens.get_mut(share).filter(|it| **it >= 1.0 && (share > 0 || first));
        let tokens = own.or(Some(&mut self.spare).filter(|it| **it >= 1.0 && first));
        match tokens {
            Some(tokens) => {
                *tokens -= 1.0;
                if priority != Priority::Audit {
                    self.urgent += 1.0 / COUNTED.as_secs_f64();
                }
                Ok(())
            }
            None => Err(Duration::from_secs_f64((1.0 / self.rate_now()).clamp(0.001, 1.0))),
        }
    }

    /// Slows down, since AWS said that we call too often: halves the pace and takes all tokens
    /// away, once for throttles that come together. No token is given out before `retry_after`.
    pub fn throttled(&mut self, retry_after: Option<Duration>, now: Mono) {
        self.fill(now);
        self.throttled += 1;
        if self.pace >= 1.0 || now.since(self.paced) >= TOGETHER {
            self.pace = (self.pace / 2.0).max(SLOWEST);
            self.tokens = [0.0; 3];
            self.spare = 0.0;
        }
        self.paced = now;
        if let Some(wait) = retry_after {
            self.closed_until = self.closed_until.max(now.after(wait));
        }
    }

    /// Adds the tokens of the time that has passed; what a share cannot hold goes to the overflow.
    /// Also speeds up by a step if there was no throttle for a while.
    fn fill(&mut self, now: Mono) {
        let passed = now.since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        let rate = self.rate_now();
        self.urgent *= (-passed / COUNTED.as_secs_f64()).exp();
        for (tokens, share) in self.tokens.iter_mut().zip(self.shares) {
            let full = size(rate, share);
            let sum = *tokens + passed * rate * share;
            *tokens = sum.min(full);
            self.spare += sum - *tokens;
        }
        self.spare = self.spare.min(size(rate, 1.0));
        if self.pace < 1.0 && now.since(self.paced) >= RECOVER_AFTER {
            self.pace = (self.pace * RECOVER_BY).min(1.0);
            self.paced = now;
        }
    }
}

/// How many tokens a share holds at most: at least one, or it could never be spent.
fn size(rate: f64, share: f64) -> f64 {
    (rate * share * BURST).max(1.0)
}

fn share(priority: Priority) -> usize {
    match priority {
        Priority::Write | Priority::InFlight | Priority::Mover => 0,
        Priority::List => 1,
        Priority::Audit => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono(Duration::from_millis(millis))
    }

    /// How many calls each of `wanting` gets in ten seconds, if all ask all the time.
    fn ten_seconds(budget: &mut Budget, wanting: &[Priority]) -> Vec<usize> {
        for priority in wanting {
            budget.queue(*priority);
        }
        let mut got = vec![0; wanting.len()];
        for millis in 0..10_000 {
            for (got, priority) in got.iter_mut().zip(wanting) {
                *got += std::iter::from_fn(|| budget.take(*priority, at(millis)).ok()).count();
            }
        }
        got
    }

    #[test]
    fn alone_everybody_may_use_the_whole_rate() {
        for priority in Priority::ALL {
            let got = ten_seconds(&mut Budget::new(50.0, 0.15, at(0)), &[priority]);
            // One second's worth of burst comes on top.
            assert!((495..=560).contains(&got[0]), "{priority:?}: {got:?}");
        }
    }

    #[test]
    fn together_nobody_starves_and_the_urgent_get_most() {
        let wanting = [Priority::Audit, Priority::List, Priority::Write];
        let got = ten_seconds(&mut Budget::new(50.0, 0.15, at(0)), &wanting);
        let sum: usize = got.iter().sum();
        assert!((495..=560).contains(&sum), "{got:?}");
        assert!(got[0] >= 70 && got[1] >= 120 && got[2] >= 295, "{got:?}");
    }

    #[test]
    fn a_write_goes_before_a_look() {
        let got =
            ten_seconds(&mut Budget::new(10.0, 0.15, at(0)), &[Priority::Mover, Priority::Write]);
        assert_eq!(got[0], 0, "{got:?}");
    }

    #[test]
    fn a_throttle_slows_down_for_a_while() {
        let mut budget = Budget::new(16.0, 0.15, at(0));
        for _ in 0..10 {
            budget.throttled(None, at(0));
        }
        assert!((budget.rate_now() - 8.0).abs() < 0.01, "{}", budget.rate_now());
        for second in 1..10 {
            budget.throttled(None, at(second * 1000));
        }
        assert!((budget.rate_now() - 1.0).abs() < 0.01, "{}", budget.rate_now());
        for second in 10..60 {
            budget.fill(at(second * 1000));
        }
        assert!((budget.rate_now() - 16.0).abs() < 0.01, "{}", budget.rate_now());
    }

    #[test]
    fn what_is_urgent_is_counted_for_a_while() {
        let mut budget = Budget::new(10.0, 0.15, at(0));
        ten_seconds(&mut budget, &[Priority::Audit]);
        assert!(budget.urgent(at(10_000)) < 0.01);
        let mut budget = Budget::new(10.0, 0.15, at(0));
        ten_seconds(&mut budget, &[Priority::Mover]);
        let busy = budget.urgent(at(10_000));
        assert!((2.0..4.0).contains(&busy), "{busy}");
        assert!(budget.urgent(at(100_000)) < 0.2);
    }

    #[test]
    fn the_share_of_the_audit_can_be_larger() {
        let wanting = [Priority::Audit, Priority::List, Priority::Write];
        let got = ten_seconds(&mut Budget::new(50.0, 0.5, at(0)), &wanting);
        assert!(got[0] >= 245, "{got:?}");
    }

    #[test]
    fn retry_after_is_obeyed() {
        let mut budget = Budget::new(100.0, 0.15, at(0));
        budget.throttled(Some(Duration::from_secs(3)), at(0));
        assert_eq!(budget.take(Priority::Write, at(1000)), Err(Duration::from_secs(2)));
        assert_eq!(budget.take(Priority::Write, at(3001)), Ok(()));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut budget = Budget::new(1.0, 0.15, at(5000));
        for priority in Priority::ALL {
            while budget.take(priority, at(5000)).is_ok() {}
        }
        assert!(budget.take(Priority::Write, at(1000)).is_err());
    }
}
