//! The kinds of objects that Evenkeel keeps: one folder each. This file is the only list of them.

pub mod document;
pub mod function;
pub mod image;
pub mod repository;
