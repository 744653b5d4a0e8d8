//! Image references as people write them: `[registry/]repository:tag` or `[registry/]repository@sha256:…`.

use std::fmt;

use crate::engine::facts::Digest;

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
    /// The whole host.
    pub host: String,
    /// Twelve digits.
    pub account_id: String,
    /// As `eu-central-1`.
    pub region: String,
}

impl ImageRef {
    /// Reads a reference; the error says what is wrong and, after `; `, what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
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

fn split(rest: &str) -> Result<(&str, Reference), String> {
    if let Some((repository, digest)) = rest.split_once('@') {
        if repository.contains(':') {
            return Err("the image names a tag and a digest; keep one of them".into());
        }
        let bad = || {
            "what follows `@` is not a digest; it should be `sha256:` and 64 of 0-9a-f".to_owned()
        };
        if !digest.starts_with("sha256:") {
            return Err(bad());
        }
        return Ok((repository, Reference::Digest(Digest::parse(digest).ok_or_else(bad)?)));
    }
    let Some((repository, tag)) = rest.split_once(':') else {
        return Err(format!(
            "the image names neither tag nor digest; write `{rest}:TAG` or `{rest}@sha256:…`"
        ));
    };
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let other = |c: char| first(c) || c == '.' || c == '-';
    let good = tag.chars().next().is_some_and(first) && tag.chars().all(other) && tag.len() <= 128;
    if !good {
        return Err(
            "the tag is not one; use 1 to 128 of A-Za-z0-9_.- and begin with none of .-".into()
        );
    }
    Ok((repository, Reference::Tag(tag.to_owned())))
}

/// ECR's rule for repository names (ECR API reference, CreateRepository).
fn check_repository(name: &str) -> Result<(), String> {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let part = |part: &str| {
        part.chars().all(|c| edge(c) || matches!(c, '.' | '_' | '-'))
            && part.starts_with(edge)
            && part.ends_with(edge)
    };
    if (2..=256).contains(&name.len()) && name.split('/').all(part) {
        return Ok(());
    }
    Err(format!(
        "`{name}` is not a repository name; use 2 to 256 of a-z0-9._-/ with a letter or digit at both \
         ends of each part"
    ))
}

impl Registry {
    fn parse(host: &str) -> Result<Self, String> {
        let own = "leave the registry out for the account's own, or write \
                   `ACCOUNT.dkr.ecr.REGION.amazonaws.com`";
        if host.contains("ecr-fips") {
            return Err(format!("Lambda takes no image from the FIPS endpoint `{host}`; {own}"));
        }
        let parts: Vec<&str> = host.split('.').collect();
        let (account_id, region) = match parts.as_slice() {
            [account, "dkr", "ecr", region, "amazonaws", "com"]
            | [account, "dkr", "ecr", region, "amazonaws", "com", "cn"] => (*account, *region),
            _ => {
                return Err(format!(
                    "Lambda runs images from private ECR registries only, and `{host}` is none; push \
                     the image to ECR; {own}"
                ));
            }
        };
        if account_id.len() != 12 || !account_id.bytes().all(|it| it.is_ascii_digit()) {
            return Err(format!("`{account_id}` is no account id of twelve digits; {own}"));
        }
        Ok(Self { host: host.into(), account_id: account_id.into(), region: region.into() })
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
            &digest,
        ] {
            assert_eq!(ImageRef::parse(good).map(|it| it.to_string()).as_deref(), Ok(good));
        }
    }

    #[test]
    fn bad_references_say_what_to_do() {
        let check = |text: &str, part: &str| {
            let message = ImageRef::parse(text).unwrap_err();
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
        check("12.dkr.ecr.eu-west-1.amazonaws.com/xx:1", "account id");
        check("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/xx:1", "FIPS");
    }
}
