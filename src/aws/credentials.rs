//! What a failure to get credentials means. The providers of the SDK wrap whatever went wrong; only the cause below
//! says whether credentials were refused, or could not be fetched just now.

use std::error::Error;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::{
    assume_role::AssumeRoleError, assume_role_with_web_identity::AssumeRoleWithWebIdentityError,
};
use aws_smithy_runtime_api::{
    client::result::{ConnectorError, SdkError},
    http::Response,
};
use aws_smithy_types::error::{ErrorMetadata, metadata::ProvideErrorMetadata};

use super::{
    classify::{classify, label, root, service},
    profile::NoCredentials,
};
use crate::engine::failure::{AwsError, Class};

/// What the SDK's errors say of a request whose answer did not come, or was no answer of AWS's.
const UNANSWERED: [&str; 2] = ["request has timed out", "response error"];
/// How the provider for container credentials shows an HTTP status.
const STATUS: &str = "StatusCode(";

/// The class and cause of an error that comes from a provider of credentials; `None` for any other. It is
/// [`Class::Credentials`] if there is no provider, or AWS refuses; and [`Class::Unclear`], which is tried again
/// object by object, if the provider was throttled or did not answer: not [`Class::Throttled`], since that slows
/// down the calls of the service that was not even asked.
pub(super) fn failure(error: &(dyn Error + 'static)) -> Option<(Class, AwsError)> {
    let provider = chain(error).find(|it| it.is::<CredentialsError>())?;
    let named = chain(error).find_map(|it| it.downcast_ref::<NoCredentials>());
    if let Some(advice) = named.and_then(NoCredentials::advice) {
        let message = format!("no AWS credentials: {advice}");
        return Some((Class::Credentials, AwsError { code: None, message }));
    }
    let (class, what) = match class(provider) {
        Class::Credentials => (Class::Credentials, "no credentials"),
        _ => (Class::Unclear, "credentials could not be fetched"),
    };
    let message = format!("{what}: {}", words(provider).unwrap_or_else(|| root(error)));
    Some((class, AwsError { code: None, message }))
}

/// AWS's own words, if it answered.
fn words(provider: &(dyn Error + 'static)) -> Option<String> {
    let answer = chain(provider).find_map(|it| it.downcast_ref::<ErrorMetadata>())?;
    Some(format!("{}: {}", answer.code()?, answer.message()?))
}

/// What it means that a provider gives no credentials. An answer of STS decides; without one, the
/// innermost evidence: a provider that asks another one reports what became of that.
fn class(provider: &(dyn Error + 'static)) -> Class {
    let mut class = Class::Credentials;
    for error in chain(provider) {
        if let Some(decided) = decided(error) {
            return decided;
        }
        class = evidence(error).unwrap_or(class);
    }
    class
}

/// What one error of a chain says for good, whatever stands below it: what STS answered, that there
/// is no provider, that it took too long. `None` leaves it to the others.
fn decided(error: &(dyn Error + 'static)) -> Option<Class> {
    type Sts<E> = SdkError<E, Response>;
    if let Some(error) = error.downcast_ref::<Sts<AssumeRoleError>>() {
        return answered(error);
    }
    if let Some(error) = error.downcast_ref::<Sts<AssumeRoleWithWebIdentityError>>() {
        return answered(error);
    }
    match error.downcast_ref()? {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            Some(Class::Credentials)
        }
        CredentialsError::ProviderTimedOut(_) => Some(Class::Unclear),
        _ => None,
    }
}

/// What one error of a chain says, unless one below it says something else; `None` if it says
/// nothing.
fn evidence(error: &(dyn Error + 'static)) -> Option<Class> {
    if let Some(error) = error.downcast_ref::<ErrorMetadata>() {
        return error.code().map(|code| of_code(code, error.message()));
    }
    if let Some(error) = error.downcast_ref::<ConnectorError>() {
        return (!error.is_user()).then_some(Class::Unclear);
    }
    if let Some(ImdsError::ErrorResponse(answer)) = error.downcast_ref() {
        return passing(answer.response().status().as_u16());
    }
    let text = error.to_string();
    if UNANSWERED.contains(&text.as_str()) {
        return Some(Class::Unclear);
    }
    if let Some((_, rest)) = text.split_once(STATUS) {
        return rest.split(')').next()?.parse().ok().and_then(passing);
    }
    // The SDK's own types of errors, as those of IAM Identity Center, begin with the code.
    let code = text.split([':', ' ']).next()?;
    matches!(classify(Some(code), &text), Class::Throttled).then_some(Class::Unclear)
}

/// What STS answered.
fn answered<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> Option<Class> {
    let SdkError::ServiceError(context) = error else { return None };
    let status = passing(context.raw().status().as_u16());
    let (_, cause) = service(context.err(), context.raw());
    Some(status.unwrap_or_else(|| of_code(&cause.code.unwrap_or_default(), Some(&cause.message))))
}

/// What AWS says by its code. What is neither throttling nor a fault of AWS's own is a refusal.
fn of_code(code: &str, message: Option<&str>) -> Class {
    match classify(Some(code), message.unwrap_or_default()) {
        Class::Throttled => Class::Unclear,
        // A code that is not known here stands for a refusal, too: it came with the status of one.
        Class::Unclear if label(Some(code)) != "other" => Class::Unclear,
        _ => Class::Credentials,
    }
}

/// An HTTP status that is no refusal.
fn passing(status: u16) -> Option<Class> {
    (status == 429 || status >= 500).then_some(Class::Unclear)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| <dyn Error>::source(*error))
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    type Boxed = Box<dyn Error + Send + Sync>;

    fn answer(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), SdkBody::empty())
    }

    fn meta(code: &str) -> ErrorMetadata {
        ErrorMetadata::builder().code(code).message("words").build()
    }

    fn sts(status: u16, code: &str) -> Boxed {
        let error = AssumeRoleError::generic(meta(code));
        Box::new(SdkError::service_error(error, answer(status)))
    }

    fn web(status: u16, code: &str) -> Boxed {
        let error = AssumeRoleWithWebIdentityError::generic(meta(code));
        Box::new(SdkError::service_error(error, answer(status)))
    }

    /// What a call fails with whose credentials could not be got.
    fn of_provider(error: CredentialsError) -> Option<Class> {
        let error: SdkError<AssumeRoleError, Response> =
            SdkError::dispatch_failure(ConnectorError::other(error.into(), None));
        failure(&error).map(|it| it.0)
    }

    fn of(cause: impl Into<Boxed>) -> Option<Class> {
        of_provider(CredentialsError::provider_error(cause))
    }

    type Unanswered = SdkError<AssumeRoleError, Response>;

    #[test]
    fn who_is_throttled_or_gets_no_answer_is_not_refused() {
        let torn = || ConnectorError::io("connection reset".into());
        let slow = || ConnectorError::timeout("no connection in time".into());
        let rows: Vec<(&str, Boxed)> = vec![
            ("throttled", sts(400, "Throttling")),
            ("throttled, web identity", web(400, "ThrottlingException")),
            ("the status of a throttle", sts(429, "")),
            ("a fault of STS", sts(500, "InternalFailure")),
            ("no code", sts(503, "")),
            ("the identity provider is away", web(400, "IDPCommunicationError")),
            ("no answer in time", Box::new(Unanswered::timeout_error("late"))),
            ("a proxy's answer", Box::new(Unanswered::response_error("html", answer(502)))),
            ("torn", Box::new(Unanswered::dispatch_failure(torn()))),
            ("no connection in time", Box::new(Unanswered::dispatch_failure(slow()))),
            ("another service, throttled", Box::new(meta("TooManyRequestsException"))),
            ("IAM Identity Center, throttled", "TooManyRequestsException: slow down".into()),
            ("a container's endpoint", "Non-success status: StatusCode(503)".into()),
        ];
        for (what, cause) in rows {
            assert_eq!(of(cause), Some(Class::Unclear), "{what}");
        }
        let late = CredentialsError::provider_timed_out(std::time::Duration::from_secs(5));
        assert_eq!(of_provider(late), Some(Class::Unclear));
        // A role that is assumed with the credentials of another one.
        let inner = CredentialsError::provider_error(sts(400, "Throttling"));
        let outer = Unanswered::dispatch_failure(ConnectorError::other(inner.into(), None));
        assert_eq!(of(outer), Some(Class::Unclear));
    }

    #[test]
    fn who_is_refused_or_has_no_provider_is_told_so() {
        let rows: Vec<(&str, Boxed)> = vec![
            ("may not assume the role", sts(403, "AccessDenied")),
            ("expired", sts(403, "ExpiredToken")),
            ("a token of another", web(400, "InvalidIdentityToken")),
            ("unknown to the provider", web(403, "IDPRejectedClaim")),
            ("a Region that is off", sts(403, "RegionDisabledException")),
            ("a code that nobody knows", sts(400, "SomethingNew")),
            ("IAM Identity Center, refused", "UnauthorizedException: log in".into()),
            ("a container's endpoint", "Non-success status: StatusCode(403)".into()),
            ("no token file", std::io::Error::from(std::io::ErrorKind::NotFound).into()),
        ];
        for (what, cause) in rows {
            assert_eq!(of(cause), Some(Class::Credentials), "{what}");
        }
        // Nobody had any; that no metadata service answered is no news then.
        let away = ConnectorError::timeout("no metadata service".into());
        let none = CredentialsError::not_loaded(away);
        assert_eq!(of_provider(none), Some(Class::Credentials));
        let none = CredentialsError::not_loaded_no_source();
        let outer = Unanswered::dispatch_failure(ConnectorError::other(none.into(), None));
        assert_eq!(of(outer), Some(Class::Credentials));
        let bad = CredentialsError::invalid_configuration("no such profile");
        assert_eq!(of_provider(bad), Some(Class::Credentials));
    }

    #[test]
    fn what_no_provider_said_is_none_of_this() {
        let torn = ConnectorError::io("connection reset".into());
        assert!(failure(&Unanswered::dispatch_failure(torn)).is_none());
    }
}
