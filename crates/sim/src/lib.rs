//! A stand-in for AWS that a controller can be proved on: Lambda, ECR, Application Auto Scaling, CloudWatch Logs,
//! Resource Groups Tagging, STS and a part of CloudWatch over HTTP, with states, revisions, quotas, lags and faults.
//!
//! [`world::World`] is a value: a call and the time go in, an answer comes out; everything that happens is
//! decided by a seed. [`server`] puts it behind a socket. [`admin`] is the door for those who test:
//! `/_sim/…` seeds images, scripts faults and invocations, and reads the journal.
//!
//! Read in this order: [`call`], [`world`], `lambda`, [`fault`], [`server`].
//!
//! What it does not do is listed in `docs/stand-in.md`.

#![expect(
    clippy::indexing_slicing,
    reason = "a member that JSON lacks reads as null; nothing else is indexed"
)]

pub mod admin;
pub mod call;
mod chance;
mod cloudwatch;
mod ecr;
pub mod fault;
mod image;
pub mod journal;
mod lambda;
mod logs;
mod name;
mod others;
mod quota;
mod route;
mod run;
mod scaling;
pub mod server;
mod sts;
mod tagging;
pub mod time;
mod wire;
pub mod world;
