//! Why a command could not be done: a family of errors for each thing that people then have to do.
//!
//! A `Display` names what failed and leaves the cause to `source`; [`CliError::report`] prints both, once, with the
//! advice that ends the sentence.

mod builder;
mod daemon;
#[cfg(feature = "demo")]
mod demo;
mod file;
mod manifest;
mod object;
mod publish;
mod stdin;
mod target;
mod usage;
mod write_back;

#[cfg(feature = "demo")]
pub(super) use self::demo::DemoError;
pub use self::stdin::StdinError;
pub(super) use self::{
    builder::{BuilderError, UnavailableBuilder},
    daemon::DaemonError,
    file::FileError,
    manifest::ManifestError,
    object::ObjectError,
    publish::PublishError,
    target::{TargetError, TargetFault, TargetsFileError},
    usage::UsageError,
    write_back::{ObjectField, WriteBackError},
};
use super::config::ConfigError;
use crate::engine::failure::chain;

/// Why a command could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line asks for what cannot be.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The manifests cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifests cannot be edited.
    #[error(transparent)]
    WriteBack(#[from] WriteBackError),
    /// There is no way to the accounts and Regions that are meant.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// An object in AWS is not as it has to be, or AWS refuses a call.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A daemon does not start or does not answer.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// Docker, podman or buildah fails.
    #[error(transparent)]
    Builder(#[from] BuilderError),
    /// An image cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A signal ended the command.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The config file cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Manifests cannot be taken from standard input.
    #[error(transparent)]
    Stdin(#[from] StdinError),
    /// A result has no text.
    #[error(transparent)]
    Serialize(Box<dyn std::error::Error + Send + Sync>),
    /// The story cannot be played.
    #[cfg(feature = "demo")]
    #[error(transparent)]
    Demo(#[from] DemoError),
}

/// What a signal ended.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum Interrupted {
    /// A build, or whatever else docker, podman and buildah do.
    #[error("stopped by a signal")]
    Build,
    /// A round of work.
    #[error("stopped by a signal before everything was done")]
    Apply,
    /// `import --capture`.
    #[error("stopped by a signal before anything was written")]
    Capture,
    /// `test`.
    #[error("stopped by a signal before all tests had run")]
    Test,
}

impl CliError {
    /// The code that the process exits with: 1 is for commands that have been done and found a difference.
    pub fn exit_code(&self) -> u8 {
        2
    }

    /// All of it in one text: what failed, its causes, and what to do.
    pub fn report(&self) -> String {
        format!("{}{}", chain(self), self.advice())
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Usage(error) => error.advice(),
            Self::Object(error) => error.advice(),
            Self::Daemon(error) => error.advice(),
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, path::Path};

    use super::*;
    use crate::engine::failure::{AwsError, Class, Failure};

    fn check(error: impl Into<CliError>, expected: &str) {
        let error = error.into();
        assert_eq!(error.report(), expected);
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_report_names_each_cause_once_and_ends_with_advice() {
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        check(FileError::access(Path::new("a.yaml"))(denied()), "a.yaml: permission denied");
        check(FileError::Output(denied()), "cannot write the output: permission denied");
        let unwritable = || WriteBackError::Unwritable { path: "a.yaml".into(), source: denied() };
        check(unwritable(), "a.yaml: cannot be written: permission denied");
        let unpinned =
            WriteBackError::Unpinned { image: "x:v2".into(), error: Box::new(unwritable()) };
        check(unpinned, "a.yaml: cannot be written: permission denied; write `x:v2` there by hand");
        let failure = || Failure {
            class: Class::Credentials,
            op: "GetFunction",
            cause: AwsError { code: Some("ExpiredToken".into()), message: "expired".into() },
            retry_after: None,
        };
        check(ObjectError::Call(failure()), &chain(&failure()));
        let own = format!("{}; log in again, or set AWS_PROFILE", chain(&failure()));
        check(ObjectError::OwnCall(failure()), &own);
        let target = TargetsFileError::Target { name: "a".into(), source: TargetFault::Name };
        check(
            TargetError::File { path: "targets.yaml".into(), source: target },
            "targets.yaml: the target `a`: that is no name for a target; use 1 to 32 of a-z 0-9 -",
        );
        let source = serde_json::from_str::<u8>("x").unwrap_err();
        check(
            UsageError::Event { origin: "--payload".into(), inline: true, source },
            "--payload is no JSON: expected value at line 1 column 1; a text needs quotes of its own: --payload '\"text\"'",
        );
    }
}
