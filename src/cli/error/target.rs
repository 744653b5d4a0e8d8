//! Accounts and Regions that cannot be reached, and what is wrong with the file that declares them.

use std::path::PathBuf;

use super::manifest::joined;
use crate::{
    aws::clients::ClientError, kinds::function::image_ref::ImageRefError, manifest::Diagnostic,
};

/// Why there is no way to a target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// `--targets` names a file that declares none.
    #[error("{}", path.display())]
    File { path: PathBuf, source: TargetsFileError },
    /// The settings of the environment cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The file of `--ca-file`, `AWS_CA_BUNDLE`, `SSL_CERT_FILE` or the profile's `ca_bundle` is no such file.
    #[error("{} holds no certificate that can be used; it should be in PEM", path.display())]
    NoCertificates { path: PathBuf },
    #[error("the credentials belong to account {account}")]
    Account { account: String },
}

/// What is wrong with a file of targets.
#[derive(Debug, thiserror::Error)]
pub enum TargetsFileError {
    /// It is no YAML, or more than one document.
    #[error("{}", joined(diagnostics))]
    Syntax { diagnostics: Vec<Diagnostic> },
    /// It has other fields.
    #[error(transparent)]
    Fields(#[from] serde_json::Error),
    /// It has nothing.
    #[error("it declares no target")]
    Empty,
    #[error("the target `{name}` is declared twice")]
    Twice { name: String },
    /// One of them is wrong.
    #[error("the target `{name}`")]
    Target { name: String, source: TargetFault },
}

/// What is wrong with a target.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetFault {
    #[error("that is no name for a target; use 1 to 32 of a-z 0-9 -")]
    Name,
    #[error("its `accountId` is not twelve digits; put it in quotes")]
    AccountId,
    #[error("`{region}` is no Region, as `eu-central-1` is one")]
    Region { region: String },
    #[error("`{arn}` is not the ARN of a role")]
    RoleArn { arn: String },
    #[error("the role `{arn}` is of another account than {account_id}")]
    RoleAccount { arn: String, account_id: String },
    #[error(
        "the role `{arn}` is of another partition than the Region, where ARNs begin with `arn:{partition}:`"
    )]
    RolePartition { arn: String, partition: &'static str },
    #[error("an `externalId` goes with a `roleArn`")]
    ExternalId,
    #[error(transparent)]
    RegistryHost { source: Box<ImageRefError> },
    #[error("`{registry}` is no registry; write `ACCOUNT.dkr.ecr.REGION.amazonaws.com`")]
    Registry { registry: String },
    #[error("its `share` is not between 0.01 and 1")]
    Share,
}
