//! The arguments of `test`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    access::{AWS, AccessArgs},
    output::Output,
    publish::ImageBuilder,
    scope::ScopeArgs,
};

/// The arguments of `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArgs,
    /// Where the tests run: through the alias in AWS that callers use, or in a container on this machine; `auto`:
    /// in AWS where the function is there, and here before its first deploy.
    #[arg(long = "on", env = "EVENKEEL_TEST_ON", default_value = "auto", value_name = "WHERE")]
    pub(in crate::cli) on: On,
    /// Run this image on this machine instead of the one that the manifest names, which is pulled: a directory with a
    /// Dockerfile, which is built, a directory in OCI layout, an archive, or the name of an image that is here.
    #[arg(long, value_name = "DIR|IMAGE")]
    pub(in crate::cli) image: Option<String>,
    /// The Dockerfile; that of the directory, if it is not said.
    #[arg(long, value_name = "FILE", requires = "image")]
    pub(in crate::cli) dockerfile: Option<PathBuf>,
    /// What builds and runs images on this machine; the first of these that is there and answers, if it is not said.
    #[arg(long, env = "EVENKEEL_BUILDER", value_name = "BUILDER")]
    pub(in crate::cli) builder: Option<ImageBuilder>,
    /// A file that gets the results as JUnit XML too.
    #[arg(long, env = "EVENKEEL_JUNIT", value_name = "FILE")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// For people or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: Output,
    /// Which target they are in, if there are several.
    #[arg(long, env = "EVENKEEL_TARGET", value_name = "TARGET", help_heading = AWS)]
    pub(in crate::cli) target: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) access: AccessArgs,
}

/// Where tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum On {
    /// In AWS where the function is there, here before its first deploy.
    Auto,
    /// In AWS.
    Aws,
    /// On this machine.
    Local,
}
