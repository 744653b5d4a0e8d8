//! Which profile credentials are looked for in, and what a person does when there are none.

use std::{error::Error, fmt};

use aws_credential_types::provider::{
    self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
};

/// A provider whose failures name the profile.
#[derive(Debug)]
pub(super) struct ProfileProvider {
    /// As in `AWS_PROFILE`; `None` if the environment names none.
    pub(super) profile: Option<String>,
    /// What looks for credentials.
    pub(super) source: SharedCredentialsProvider,
}

/// There are no credentials; the source says why.
#[derive(Debug, thiserror::Error)]
#[error("the profile gives no credentials")]
pub(super) struct NoCredentials {
    profile: Option<String>,
    source: CredentialsError,
}

impl ProfileProvider {
    async fn look(&self) -> provider::Result {
        let named = |source| {
            CredentialsError::provider_error(NoCredentials {
                profile: self.profile.clone(),
                source,
            })
        };
        self.source.provide_credentials().await.map_err(named)
    }
}

impl ProvideCredentials for ProfileProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.look())
    }
}

/// Why there are no credentials, as far as a person can do something about it.
enum Missing {
    /// The profile is in none of the files.
    Profile,
    /// Nobody has logged in by IAM Identity Center.
    Login,
    /// The login has ended.
    Expired,
    /// No place has any.
    Everywhere,
}

impl NoCredentials {
    /// What is missing and what to run, in one sentence; `None` if a provider was asked and says something else.
    pub(super) fn advice(&self) -> Option<String> {
        let missing = self.missing()?;
        let text = match (missing, self.profile.as_deref()) {
            (Missing::Profile, profile) => format!(
                "the profile `{}` is neither in ~/.aws/config nor in ~/.aws/credentials; `aws configure list-profiles` \
                 shows those that there are, and AWS_PROFILE names one",
                profile.unwrap_or("default")
            ),
            (Missing::Login, profile) => {
                format!("nobody is logged in to SSO with {}; {}", called(profile), login(profile))
            }
            (Missing::Expired, profile) => {
                format!("the SSO login of {} has expired; {}", called(profile), login(profile))
            }
            (Missing::Everywhere, profile) => format!(
                "there are none in the environment, in {}, for a web identity, for a container and for an instance; set \
                 AWS_PROFILE, or {}",
                called(profile),
                login(profile)
            ),
        };
        Some(text)
    }

    /// Tells the cases apart by the words of the SDK, whose types are its own.
    fn missing(&self) -> Option<Missing> {
        let mut texts = Vec::new();
        let mut next: Option<&(dyn Error + 'static)> = Some(&self.source);
        while let Some(error) = next {
            texts.push(error.to_string());
            next = error.source();
        }
        let any = |part: &str| texts.iter().any(|it| it.contains(part));
        if any("was not defined") {
            return Some(Missing::Profile);
        }
        // IAM Identity Center refuses a token whose end is not known here.
        if any("SSO token has expired") || any("UnauthorizedException") {
            return Some(Missing::Expired);
        }
        if any("cached SSO token") || any(".aws/sso/cache") {
            return Some(Missing::Login);
        }
        any("no credentials found in chain").then_some(Missing::Everywhere)
    }
}

fn called(profile: Option<&str>) -> impl fmt::Display {
    format!("the profile `{}`", profile.unwrap_or("default"))
}

/// The command that logs in.
fn login(profile: Option<&str>) -> String {
    match profile {
        Some(profile) => format!("run `aws sso login --profile {profile}`"),
        None => "run `aws sso login`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(profile: Option<&str>, source: CredentialsError) -> Option<String> {
        NoCredentials { profile: profile.map(str::to_owned), source }.advice()
    }

    #[test]
    fn what_to_do_is_told_where_a_person_can_do_it() {
        let wrapped = |text: &str| CredentialsError::provider_error(text.to_owned());
        let none = "no credentials found in chain. Attempted: profile";
        for (profile, text, part) in [
            (
                Some("dev"),
                "the SSO token has expired and cannot be refreshed",
                "`aws sso login --profile dev`",
            ),
            (
                Some("dev"),
                "UnauthorizedException: Session token not found",
                "login of the profile `dev` has expired",
            ),
            (
                Some("dev"),
                "failed to load the cached SSO token",
                "nobody is logged in to SSO with the profile `dev`",
            ),
            (Some("dev"), "failed to open `/home/x/.aws/sso/cache/1.json`", "nobody is logged in"),
            (Some("nope"), "profile `nope` was not defined", "the profile `nope` is neither in"),
            (None, none, "in the profile `default`"),
            (Some("dev"), none, "in the profile `dev`"),
        ] {
            let found = advice(profile, wrapped(text)).unwrap_or_default();
            assert!(found.contains(part), "{text}: {found}");
        }
        assert_eq!(advice(None, wrapped("access denied")), None);
    }
}
