//! Keeps AWS Lambda functions in the state that their manifests describe.
//!
//! ```text
//!  manifests/ ──source──▶ documents ──expand──▶ Desired<K> ─┐
//!                                                           ├─ judge ─▶ Verdict ─▶ Work ─▶ AWS
//!  AWS ──list / get──▶ Observed<K::Live> ───────────────────┘                        │
//!         ▲──────────────────────── read again ◀─────────────────────────────────────┘
//! ```
//!
//! Words: a *document* describes an *object*; its *spec* is its desired state, its *live* what AWS last said,
//! in the same words; what is *observed* is unknown, absent or present; a *diff* holds the fields that differ and
//! the *steps* that repair them; a *verdict* is what to do about one object; *work* goes to the driver, *events*
//! come back; a *row* is what people read. ARCHITECTURE.md has the words of Kubernetes beside them.
//!
//! Read in this order: [`engine::kind`] (the contract), [`engine::verdict`] (the rules),
//! [`engine::engine`] (who is next), [`kinds::function`] (a kind), `daemon::driver` (the calls).
//!
//! Invariants: `engine` never waits, never reads the clock, never fails and knows no AWS; a step rests on
//! an exact read that began after the last write; one thing at a time for an object; not knowing never
//! acts; a secret cannot be printed.

pub mod aws;
pub mod cli;
pub mod daemon;
pub mod engine;
pub mod import;
pub mod kinds;
pub mod manifest;
pub mod registry;
pub mod shape;
