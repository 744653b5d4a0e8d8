//! Golden plans, a folder of texts each.

mod function;
mod parts;
mod repository;
