//! The control loop as a value. It never waits, never reads the clock, never fails and knows no AWS.
//!
//! Read in this order: [`kind`] (the contract), [`observed`] and [`diff`] (its words), [`verdict`] (the
//! rules), [`memory`] (what is remembered of one object), [`engine`](mod@engine) (who is next).

pub mod audit;
mod audit_schedule;
mod backoff;
mod brake;
pub mod breaker;
pub mod bulk_rows;
pub mod canonical;
pub mod case;
pub mod count;
mod counts;
pub mod desired;
pub mod diff;
#[expect(clippy::module_inception, reason = "the engine is the heart of the engine room")]
pub mod engine;
pub mod facet;
pub mod facts;
pub mod failure;
mod fight;
pub mod gate;
mod group;
pub mod hex;
pub mod kind;
mod lists;
mod mass_drift;
mod membership;
pub mod memory;
pub mod name;
mod object;
mod objects;
pub mod observed;
mod on_applied;
mod on_bulk_rows;
mod on_desired;
mod on_read;
mod orphans;
mod own;
pub mod page;
pub mod partition;
pub mod place;
pub mod policy;
pub mod preview;
pub mod priority;
pub mod prune;
mod queue;
mod reconcile;
pub mod record;
mod relist;
mod requested;
pub mod resource;
mod rollout;
mod rows;
pub mod schedule;
pub mod secret;
mod show;
pub mod status;
mod summarize;
pub mod summary;
pub mod suspension;
pub mod tags;
pub mod time;
pub mod verdict;
pub mod work;
mod writes;
