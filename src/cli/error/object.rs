//! Objects in AWS that are not there or not as a command needs them, and calls that AWS refuses.

use crate::engine::{
    failure::{AwsError, Class, Failure},
    name::{Name, Owner},
};

/// Why nothing can be done with an object in AWS.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// A call failed.
    #[error(transparent)]
    Call(Failure),
    /// A call failed that a person made with rights of his own: the report says what to do about it.
    #[error(transparent)]
    OwnCall(Failure),
    /// There are no credentials, so that AWS was not asked: the message says what to do.
    #[error(transparent)]
    NoCredentials(AwsError),
    #[error("there is no {kind}/{name}")]
    Missing { kind: &'static str, name: Name },
    #[error("there is no function {name}")]
    NoFunction { name: Name },
    #[error("there is no function {name} in {region}")]
    NoFunctionIn { name: Name, region: String },
    #[error(
        "there is no function {name} in {region}; is its name right (that in AWS, if the manifest has a \
         `functionName`), and has it been applied?"
    )]
    NotApplied { name: Name, region: String },
    #[error("there is no repository {name} in {region}")]
    NoRepositoryIn { name: Name, region: String },
    #[error(
        "there is no log group {group}: Lambda makes it when the function first runs, if its role may \
         (AWSLambdaBasicExecutionRole); try `evenkeel invoke {name}`"
    )]
    NoLogGroup { group: String, name: Name },
    #[error(
        "function {name} ships as an archive, and Evenkeel keeps those that ship as container images"
    )]
    Archive { name: Name },
    #[error("{kind}/{name} is not kept by the Evenkeel `{owner}`")]
    NotOurs { kind: &'static str, name: Name, owner: Owner },
    #[error("nothing is ever written to {kind}/{name}")]
    NeverWritten { kind: &'static str, name: Name },
    #[error("function {name} has no alias that the Evenkeel `{owner}` keeps")]
    NoAlias { name: Name, owner: Owner },
    #[error("version {version} of function {name} is {why}")]
    UnusableVersion { version: u64, name: Name, why: String },
    #[error(
        "it is not known which version the callers of function {name} got before; name one with `--to`"
    )]
    NoVersionBefore { name: Name },
    #[error("the alias of function {name} leads to version {version} already")]
    AlreadyThere { name: Name, version: u64 },
    #[error("nothing of function {name} is held back")]
    NothingRejected { name: Name },
    #[error("the alias leads to no version")]
    AliasWithoutVersion,
}

impl ObjectError {
    /// Why it is not known whose the credentials are.
    pub(in crate::cli) fn identity(failure: Failure) -> Self {
        match (failure.class, &failure.cause.code) {
            (Class::Credentials, None) => Self::NoCredentials(failure.cause),
            _ => Self::OwnCall(failure),
        }
    }

    /// Returns what a person can do about a call that failed with the person's own rights, as the
    /// end of a sentence; empty for all other errors.
    pub(super) fn advice(&self) -> &'static str {
        let Self::OwnCall(failure) = self else { return "" };
        match failure.class {
            Class::Denied => {
                "; ask for the permission that it names (deploy/iam/README.md lists them all)"
            }
            Class::Credentials => "; log in again, or set AWS_PROFILE",
            Class::Throttled => "; try again in a moment",
            _ => "",
        }
    }
}
