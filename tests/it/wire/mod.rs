//! The verbs of the kinds over HTTP, on recorded answers.

mod blocks;
mod ecr;
mod event_source;
mod function;
