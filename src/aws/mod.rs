//! Everything that talks to AWS, but for the translation of each kind: clients, budgets, failures.

pub mod cloud;
