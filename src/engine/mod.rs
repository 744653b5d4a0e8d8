//! The control loop as a value. It never waits, never reads the clock, never fails and knows no AWS.
//!
//! Read in this order: [`kind`] (the contract), [`sight`] and [`diff`] (its words), [`verdict`] (the
//! rules), [`memory`] (what is remembered of one object), [`engine`](mod@engine) (who is next).

mod answers;
mod backoff;
mod brake;
pub mod breaker;
pub mod canonical;
mod consider;
pub mod desired;
pub mod diff;
#[expect(clippy::module_inception, reason = "the engine is the heart of the engine room")]
pub mod engine;
pub mod facts;
pub mod failure;
mod fight;
pub mod gate;
pub mod hex;
pub mod kind;
mod lists;
pub mod memory;
pub mod name;
mod object;
mod orphans;
mod own;
pub mod page;
pub mod place;
pub mod policy;
pub mod prune;
mod queue;
pub mod record;
mod rows;
pub mod secret;
mod show;
pub mod sight;
pub mod status;
pub mod suspend;
pub mod tags;
mod tally;
pub mod time;
pub mod verdict;
mod wishes;
pub mod work;
