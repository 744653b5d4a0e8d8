//! Image references as people write them: `[registry/]repository:tag` or `[registry/]repository@sha256:…`.

use std::fmt;

use crate::{
    engine::{
        facts::Digest,
        partition::{PARTITIONS, Partition},
    },
    kinds::repository_name::REPOSITORY_NAME,
};

/// A reference that Lambda could run: it names a tag or a digest, and a private ECR registry or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// The registry's host; `None` means the target's own.
    pub registry: Option<Registry>,
    /// As `team/resize`.
    pub repository: String,
    /// Which image of the repository.
    pub reference: Reference,
}

/// Which image of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// By a tag, which may move.
    Tag(String),
    /// By its digest, which cannot.
    Digest(Digest),
}

/// The host of a private ECR registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// The whole host, as Lambda takes it.
    pub host: String,
    /// The FIPS or dual-stack host that was written in its place, if one was.
    pub written: Option<String>,
    /// Twelve digits.
    pub account_id: String,
    /// As `eu-central-1`.
    pub region: String,
}

/// What to do about a registry that is none of Lambda's.
const OWN: &str =
    "leave the registry out for the account's own, or write `ACCOUNT.dkr.ecr.REGION.amazonaws.com`";

/// How the hosts of a partition end, if it has such hosts.
type Suffix = fn(&Partition) -> Option<&'static str>;

/// What the hosts of a registry are called, and how they end: the plain one, and those that lead to the same registry
/// by FIPS or by IPv6.
const HOSTS: [(&str, Suffix); 4] = [
    ("dkr.ecr.", |it| Some(it.suffix)),
    ("dkr.ecr-fips.", |it| Some(it.suffix)),
    ("dkr-ecr.", |it| it.dual_stack),
    ("dkr-ecr-fips.", |it| it.dual_stack),
];

/// Why a text is no reference: what is wrong and, after `; `, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageRefError {
    /// It names both.
    #[error("the image names a tag and a digest; keep one of them")]
    TagAndDigest,
    /// The digest is none.
    #[error("what follows `@` is not a digest; it should be `sha256:` and 64 of 0-9a-f")]
    Digest,
    /// It names neither. The text is what it names.
    #[error("the image names neither tag nor digest; write `{0}:TAG` or `{0}@sha256:…`")]
    Neither(String),
    /// The tag is none.
    #[error("the tag is not one; use 1 to 128 of A-Za-z0-9_.- and begin with none of .-")]
    Tag,
    /// The repository's name is none (ECR API reference, CreateRepository).
    #[error("`{0}` is not a repository name; use {words}", words = REPOSITORY_NAME.words)]
    Repository(String),
    /// A host of another partition than its Region's.
    #[error(
        "`{host}` is no registry: those of {region} are in the partition {partition}; write `{right}`"
    )]
    Partition {
        /// As written.
        host: String,
        /// As `eusc-de-east-1`.
        region: String,
        /// As `aws-eusc`.
        partition: &'static str,
        /// The host of that account and Region.
        right: String,
    },
    /// A host that is no private ECR registry.
    #[error(
        "Lambda runs images from private ECR registries only, and `{0}` is none; push the image to ECR; {OWN}"
    )]
    Host(String),
    /// The account in the host's name is none.
    #[error("`{0}` is no account id of twelve digits; {OWN}")]
    Account(String),
}

impl ImageRef {
    /// Reads a reference as people write it. Refuses what Lambda cannot run: no tag or digest, both
    /// of them, or a registry that is not a private ECR one.
    pub fn parse(text: &str) -> Result<Self, ImageRefError> {
        let (registry, rest) = match text.split_once('/') {
            // As Docker has it: a first part with a dot or a colon, or `localhost`, is a registry.
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
                (Some(Registry::parse(host)?), rest)
            }
            Some(_) | None => (None, text),
        };
        let (repository, reference) = split(rest)?;
        check_repository(repository)?;
        Ok(Self { registry, repository: repository.to_owned(), reference })
    }
}

/// Splits what follows the registry into the repository's name, which it does not check, and the
/// tag or digest, which it does.
fn split(rest: &str) -> Result<(&str, Reference), ImageRefError> {
    if let Some((repository, digest)) = rest.split_once('@') {
        if repository.contains(':') {
            return Err(ImageRefError::TagAndDigest);
        }
        let digest = Some(digest).filter(|it| it.starts_with("sha256:")).and_then(Digest::parse);
        return Ok((repository, Reference::Digest(digest.ok_or(ImageRefError::Digest)?)));
    }
    let Some((repository, tag)) = rest.split_once(':') else {
        return Err(ImageRefError::Neither(rest.to_owned()));
    };
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let other = |c: char| first(c) || c == '.' || c == '-';
    let good = tag.chars().next().is_some_and(first) && tag.chars().all(other) && tag.len() <= 128;
    if !good {
        return Err(ImageRefError::Tag);
    }
    Ok((repository, Reference::Tag(tag.to_owned())))
}

/// Refuses a name that breaks ECR's rule for repositories.
fn check_repository(name: &str) -> Result<(), ImageRefError> {
    let length = (REPOSITORY_NAME.min..=REPOSITORY_NAME.max).contains(&name.len());
    if length && REPOSITORY_NAME.fits(name) {
        return Ok(());
    }
    Err(ImageRefError::Repository(name.to_owned()))
}

impl Registry {
    /// Reads the host of a private ECR registry, by whichever of its names: the plain one is what Lambda is
    /// documented to take. Refuses every other host.
    pub fn parse(written: &str) -> Result<Self, ImageRefError> {
        let host = written.to_ascii_lowercase();
        let other = || ImageRefError::Host(written.to_owned());
        let (account_id, rest) = host.split_once('.').ok_or_else(other)?;
        let form = |(name, suffix)| Some((rest.strip_prefix(name)?, suffix));
        let (rest, suffix): (&str, Suffix) = HOSTS.into_iter().find_map(form).ok_or_else(other)?;
        let (region, end) = rest.split_once('.').ok_or_else(other)?;
        let ends = |it: &Partition| suffix(it) == Some(end);
        if !PARTITIONS.iter().copied().any(ends) {
            return Err(other());
        }
        if account_id.len() != 12 || !account_id.bytes().all(|it| it.is_ascii_digit()) {
            return Err(ImageRefError::Account(account_id.to_owned()));
        }
        // A Region that is not known here is in the partition that its host says.
        let known = Partition::known(region);
        let partition = known.or_else(|| PARTITIONS.iter().copied().find(|it| ends(it)));
        let partition = partition.unwrap_or_else(|| Partition::of(region));
        let right = partition.registry(account_id, region);
        if !ends(partition) {
            let (host, region) = (written.to_owned(), region.to_owned());
            return Err(ImageRefError::Partition { host, region, partition: partition.id, right });
        }
        let (account_id, region) = (account_id.to_owned(), region.to_owned());
        let written = (right != written).then(|| written.to_owned());
        Ok(Self { host: right, written, account_id, region })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{}/", registry.host)?;
        }
        match &self.reference {
            Reference::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Reference::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_references_come_back_as_they_were() {
        let digest = format!("thumbs@sha256:{}", "a1".repeat(32));
        for good in [
            "thumbs:v1",
            "thumbnails/resize:v1.4",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/thumbnails/resize:latest",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/thumbs:_x",
            "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/thumbs:_x",
            "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov/thumbs:_x",
            &digest,
        ] {
            assert_eq!(ImageRef::parse(good).map(|it| it.to_string()), Ok(good.to_owned()));
        }
    }

    #[test]
    fn bad_references_say_what_to_do() {
        let check = |text: &str, part: &str| {
            let message = ImageRef::parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        };
        check("resize", "write `resize:TAG`");
        check("resize:", "not one");
        check("resize:v1@sha256:00", "keep one");
        check("resize@sha256:00", "not a digest");
        check("Resize:v1", "repository name");
        check("a//b:v1", "repository name");
        check("docker.io/library/python:3", "private ECR");
        check("public.ecr.aws/x/y:1", "private ECR");
        check("localhost:5000/x:1", "private ECR");
        check("a..b:v1", "repository name");
        check("a___b:v1", "repository name");
        check("a-_b:v1", "repository name");
        check("12.dkr.ecr.eu-west-1.amazonaws.com/xx:1", "account id");
        check("123456789012.dkr.ecr.us-east-1.example.com/xx:1", "private ECR");
        check("123456789012.dkr-ecr.us-iso-east-1.c2s.ic.gov/xx:1", "private ECR");
        let right = "partition aws-eusc; write `123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu`";
        check("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.com/xx:1", right);
        let right = "write `123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn`";
        check("123456789012.dkr.ecr-fips.cn-north-1.amazonaws.com/xx:1", right);
        check("123456789012.dkr-ecr.cn-north-1.on.aws/xx:1", right);
    }

    #[test]
    fn every_partition_has_its_registries() {
        for (region, end) in [
            ("us-gov-west-1", "amazonaws.com"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-iso-east-1", "c2s.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "cloud.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov"),
            // Whatever comes next.
            ("nz-north-1", "amazonaws.com"),
            ("eusc-fr-west-1", "amazonaws.eu"),
        ] {
            let text = format!("123456789012.dkr.ecr.{region}.{end}/xx:1");
            let image = ImageRef::parse(&text).unwrap();
            assert_eq!(image.to_string(), text);
            let registry = image.registry.unwrap();
            assert_eq!((registry.region.as_str(), registry.written), (region, None));
        }
    }

    #[test]
    fn other_names_of_a_registry_lead_to_the_plain_one() {
        for (host, right) in [
            ("dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1.amazonaws.com"),
            ("dkr-ecr.us-east-1.on.aws", "us-east-1.amazonaws.com"),
            ("dkr-ecr-fips.us-gov-west-1.on.aws", "us-gov-west-1.amazonaws.com"),
            ("dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1.amazonaws.com.cn"),
            ("DKR.ECR.us-east-1.amazonaws.com", "us-east-1.amazonaws.com"),
        ] {
            let written = format!("123456789012.{host}");
            let image = ImageRef::parse(&format!("{written}/xx:1")).unwrap();
            assert_eq!(image.to_string(), format!("123456789012.dkr.ecr.{right}/xx:1"));
            assert_eq!(image.registry.unwrap().written, Some(written));
        }
    }
}
