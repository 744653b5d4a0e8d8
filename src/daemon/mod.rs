//! The shell around the engines: the directory, the clock, the drivers, HTTP and logs.
//!
//! Read in this order: `run` (what is started), `wiring` and `target` (one target's part), `driver` (the calls
//! of one engine), [`board`] (what everybody sees).

mod audit_plan;
pub mod board;
mod bulk_reader;
pub mod clock;
mod driver;
pub(crate) mod event_log;
mod event_recorder;
pub mod exposition;
mod fact_bus;
mod health;
pub mod http;
pub mod metrics;
pub(crate) mod objects;
pub(crate) mod options;
pub(crate) mod pause;
mod prune;
mod reader;
pub(crate) mod refresh;
pub(crate) mod run;
mod senders;
pub mod source;
mod stop;
mod systemd;
mod target;
pub(crate) mod telemetry;
mod text;
pub mod view;
mod wiring;
