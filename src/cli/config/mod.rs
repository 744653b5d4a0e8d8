//! The config file: whom the commands act for, and where, for a user who does not want to repeat it.

mod error;
mod file;
pub(in crate::cli) mod key;
pub(in crate::cli) mod setting;
mod show;

pub use self::error::{ConfigError, ConfigFault};
pub(in crate::cli) use self::{
    file::{ConfigFile, formats},
    show::show,
};
