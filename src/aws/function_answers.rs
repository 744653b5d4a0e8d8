//! GetFunction's answers that may serve several reads of the audit.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use tokio::sync::Semaphore;

use crate::engine::{name::Name, time::Mono};

/// How old an answer may be that serves another read of the audit.
const SHARED_FOR: Duration = Duration::from_secs(10);

/// The answers that may serve others, by function.
#[derive(Default)]
pub(super) struct FunctionAnswers(Mutex<SharedAnswers>);

#[derive(Default)]
struct SharedAnswers {
    slots: BTreeMap<Name, Arc<AnswerSlot>>,
    /// When the answers came, the oldest first.
    ages: VecDeque<(Mono, Name)>,
}

/// The last answer about one function.
pub(super) struct AnswerSlot {
    /// Taken by the read of the audit that asks, so that the others wait for its answer.
    pub(super) asking: Semaphore,
    answer: Mutex<Option<FunctionAnswer>>,
}

impl Default for AnswerSlot {
    fn default() -> Self {
        Self { asking: Semaphore::new(1), answer: Mutex::default() }
    }
}

/// What GetFunction said of a function.
#[derive(Clone)]
pub struct FunctionAnswer {
    /// The function; `None`: there is none.
    pub found: Option<Arc<GetFunctionOutput>>,
    /// The moment that it speaks for: when the request began, or, of a function that is not there, when it began to
    /// wait for its turn.
    pub began: Mono,
}

impl FunctionAnswers {
    fn shared(&self) -> MutexGuard<'_, SharedAnswers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of a function. Those whose answers are too old to serve anybody go.
    pub(super) fn slot(&self, name: &Name, now: Mono) -> Arc<AnswerSlot> {
        let mut shared = self.shared();
        while let Some((_, old)) = shared.ages.pop_front_if(|(at, _)| now.since(*at) > SHARED_FOR) {
            let Some(slot) = shared.slots.get(&old) else { continue };
            if Arc::strong_count(slot) > 1 {
                // Somebody asks with it.
                shared.ages.push_back((now, old));
            } else if slot.recent(now).is_none() {
                shared.slots.remove(&old);
            }
        }
        shared.ages.push_back((now, name.clone()));
        Arc::clone(shared.slots.entry(name.clone()).or_default())
    }
}

impl AnswerSlot {
    pub(super) fn recent(&self, now: Mono) -> Option<FunctionAnswer> {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        answer.clone().filter(|it| now.since(it.began) <= SHARED_FOR)
    }

    /// Keeps an answer, unless a later one is there.
    pub(super) fn keep(&self, new: &FunctionAnswer) {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.as_ref().is_none_or(|it| it.began <= new.began) {
            *answer = Some(new.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    fn answer(seconds: u64) -> FunctionAnswer {
        FunctionAnswer { found: None, began: at(seconds) }
    }

    #[test]
    fn an_answer_serves_others_for_ten_seconds() {
        let slot = AnswerSlot::default();
        slot.keep(&answer(100));
        let began = |now| slot.recent(at(now)).map(|it| it.began);
        assert_eq!((began(100), began(110), began(111)), (Some(at(100)), Some(at(100)), None));
        slot.keep(&answer(105));
        // One that was long on its way does not take the place of a later one.
        slot.keep(&answer(103));
        assert_eq!(began(111), Some(at(105)));
    }

    #[test]
    fn what_serves_nobody_any_more_is_forgotten() {
        let reads = FunctionAnswers::default();
        let held = reads.slot(&Name::new("held"), at(0));
        for second in 0..1000 {
            let name = Name::new(format!("f{second}"));
            reads.slot(&name, at(second)).keep(&answer(second));
        }
        let shared = reads.shared();
        assert!(shared.slots.len() <= 13, "{}", shared.slots.len());
        assert!(shared.slots.contains_key(&Name::new("held")), "somebody asks with it");
        drop(held);
    }
}
