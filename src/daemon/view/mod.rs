//! What pages and the API show: the board as it stood at one moment, and everything that is read off it.
//!
//! Nobody is shown what was true before he asked; who asks within a tenth of a second of others gets the same copy as
//! they, so that fifty open pages cost the engines ten copies a second and no more.

pub(crate) mod age;
pub(crate) mod object;
pub(crate) mod params;
pub(crate) mod plan;
pub(crate) mod problems;
pub(crate) mod query;
pub mod reasons;
pub(crate) mod record;
pub(crate) mod state;
mod viewer;

pub(in crate::daemon) use self::viewer::parse_key;
pub(crate) use self::viewer::{About, TargetInfo, View, Viewer};
