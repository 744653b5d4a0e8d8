//! What pages and the API show: the board as it stood at one moment, and everything that is read off it.
//!
//! Nobody is shown what was true before he asked; who asks within a tenth of a second of others gets the same copy as
//! they, so that fifty open pages cost the engines ten copies a second and no more.

pub mod age;
pub mod object;
pub mod params;
pub mod query;
pub mod reasons;
pub mod record;
pub mod state;
mod viewer;

pub use self::viewer::{About, TargetInfo, View, Viewer};
