//! The control loop as a value. It never waits, never reads the clock, never fails and knows no AWS.
//!
//! Read in this order: [`kind`] (the contract), [`sight`] and [`diff`] (its words), [`verdict`] (the
//! rules), [`object`] (what is remembered of one object), [`engine`](mod@engine) (who is next).

pub mod diff;
pub mod facts;
pub mod failure;
pub mod kind;
pub mod name;
pub mod page;
pub mod place;
pub mod policy;
pub mod secret;
pub mod sight;
pub mod time;
