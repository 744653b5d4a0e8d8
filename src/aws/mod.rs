//! Everything that talks to AWS, but for the translation of each kind (`kinds/*/aws.rs`).
//!
//! Read in this order: [`cloud`] (the three verbs), [`op`] (the calls that we make, and the quota that
//! each one spends), [`calls`] (the one door that every call goes through), [`budget`] (who may call
//! when), [`classify`] (what a failure asks of us), [`missing`] (which failure says that there is nothing), [`bulk`] (what many
//! resources are like, by few calls), [`read_priority`] (a read that waits for its turn and becomes more urgent), [`clients`] (how the
//! SDK is set up), [`http_client`] and [`proxies`] (by which way calls go).

pub mod budget;
pub mod bulk;
pub mod calls;
pub mod classify;
pub mod clients;
pub mod cloud;
mod credentials;
pub mod date;
mod failure;
mod function_answers;
pub mod function_reads;
pub mod http_client;
pub mod identity;
pub mod invoke;
mod limiter;
pub mod log_events;
pub mod loopback;
pub mod missing;
pub mod op;
pub mod pager;
mod profile;
pub mod proxies;
pub mod read_priority;
pub mod registry;
pub mod scrub;
