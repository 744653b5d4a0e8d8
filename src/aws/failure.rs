//! From the SDK's errors to ours.

use std::{error::Error, time::Duration};

use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{
    classify::{root, service},
    credentials,
};
use crate::engine::failure::{AwsError, Class, Failure};

/// No answer of AWS's asks for a longer rest.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(15);

/// Turns an error of the SDK into ours; `op` is the operation. The message still has to be
/// scrubbed: AWS repeats what it was sent.
pub(super) fn failure<E>(op: &'static str, error: &SdkError<E, Response>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let unclear = |message: String| (Class::Unclear, AwsError { code: None, message });
    if let Some((class, cause)) = credentials::failure(error) {
        return Failure { class, op, cause, retry_after: None };
    }
    let (class, cause) = match error {
        SdkError::ServiceError(context) => service(context.err(), context.raw()),
        SdkError::TimeoutError(_) => unclear("no answer in time".into()),
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            unclear(format!("HTTP {status} that is no answer of AWS's: {}", root(error)))
        }
        SdkError::DispatchFailure(_) => unclear(format!("no connection: {}", root(error))),
        SdkError::ConstructionFailure(_) => {
            (Class::Invalid, AwsError { code: None, message: root(error) })
        }
        _ => unclear(root(error)),
    };
    Failure { class, op, cause, retry_after: error.raw_response().and_then(retry_after) }
}

fn retry_after(raw: &Response) -> Option<Duration> {
    let seconds: u64 = raw.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}
