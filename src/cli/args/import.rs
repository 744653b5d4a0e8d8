//! The arguments of `import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::access::{AWS, AccessArgs};
use crate::{
    cli::parse::pointer, engine::name::Owner, import::SourceFormat, kinds::function::export::Values,
};

/// The arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The functions in AWS that are to get manifests, with what hangs on them and the repositories of their images.
    /// With --capture: the documents, as `resize`, `Function/resize` or `Repository/thumbnails`.
    #[arg(value_name = "NAME", required_unless_present_any = ["all", "from"])]
    pub(in crate::cli) names: Vec<String>,
    /// All functions of the account and Region that ship as container images. With --capture: all documents.
    #[arg(long, conflicts_with_all = ["names", "from"])]
    pub(in crate::cli) all: bool,
    /// A file of another tool's, instead of AWS; may be given several times. `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "names")]
    pub(in crate::cli) from: Vec<PathBuf>,
    /// Which tool wrote it, if the file itself does not show it.
    #[arg(long, value_name = "FORM", requires = "from")]
    pub(in crate::cli) form: Option<FormArg>,
    /// Where the manifests go: a directory, one file for each. Without it they are printed.
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,
    /// Write over manifests that are there.
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Write what another party changed in AWS into the manifests that there are, instead of repairing it: an edit of
    /// those values alone, which keeps comments and order. What the manifests changed themselves stays.
    #[arg(long, requires = "manifest", conflicts_with_all = ["from", "dir", "force", "form"])]
    pub(in crate::cli) capture: bool,
    /// The manifests that are edited: a file or a directory.
    #[arg(long, env = "EVENKEEL_MANIFEST", value_name = "FILE")]
    pub(in crate::cli) manifest: Option<PathBuf>,
    /// Capture this field too, and what is in it, whoever changed it: a JSON Pointer below `spec`, as `plan` shows it
    /// (`/tags`), of an event source with what it reads from (`/eventSources@ARN`); may be given several times. Who
    /// changed a tag, for one, stands nowhere.
    #[arg(long, value_name = "POINTER", requires = "capture", value_parser = pointer)]
    pub(in crate::cli) field: Vec<String>,
    /// Who this Evenkeel is: only what carries its name is compared.
    #[arg(long, env = "EVENKEEL_OWNER", value_name = "ID")]
    pub(in crate::cli) owner: Option<Owner>,
    /// The file with the secret key that `run` has, so that a changed environment value can be told from a change of
    /// the manifest.
    #[arg(long, env = "EVENKEEL_HASH_KEY_FILE", value_name = "FILE")]
    pub(in crate::cli) hash_key_file: Option<PathBuf>,
    /// What is written for the values of environment variables in AWS: `{ keep: true }`, which leaves them alone, a
    /// placeholder that is refused until somebody fills it in, or the values themselves, in the open.
    #[arg(long, env = "EVENKEEL_VALUES", default_value = "keep", value_name = "HOW")]
    pub(in crate::cli) values: ValuesArg,
    /// Which target they are in, if there are several.
    #[arg(long, env = "EVENKEEL_TARGET", value_name = "TARGET", help_heading = AWS)]
    pub(in crate::cli) target: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) access: AccessArgs,
}

/// `--form`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum FormArg {
    /// AWS Controllers for Kubernetes.
    Ack,
    /// CloudFormation, and the Serverless Application Model.
    Cloudformation,
    /// lambroll's `function.json`.
    Lambroll,
    /// What `terraform show -json` prints.
    Terraform,
}

impl From<FormArg> for SourceFormat {
    fn from(form: FormArg) -> Self {
        match form {
            FormArg::Ack => Self::Ack,
            FormArg::Cloudformation => Self::CloudFormation,
            FormArg::Lambroll => Self::Lambroll,
            FormArg::Terraform => Self::Terraform,
        }
    }
}

/// `--values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ValuesArg {
    /// They stay in AWS, and nobody sees them.
    Keep,
    /// Something that is refused.
    Placeholder,
    /// As they are.
    Open,
}

impl From<ValuesArg> for Values {
    fn from(values: ValuesArg) -> Self {
        match values {
            ValuesArg::Keep => Self::Kept,
            ValuesArg::Placeholder => Self::Placeholder,
            ValuesArg::Open => Self::Open,
        }
    }
}
