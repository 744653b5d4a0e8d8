//! The verbs of the kinds over HTTP, on recorded answers.

mod blocks;
mod bulk;
mod ecr;
mod event_source;
mod function;
mod release;
