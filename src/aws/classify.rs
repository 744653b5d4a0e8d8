//! The one place that decides what a failure asks of us: by AWS's code, and where one code means
//! several things, by the beginning of its message.

use std::error::Error;

use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::engine::failure::{AwsError, Class};

/// Codes with one meaning each.
const CODES: &[(&str, Class)] = &[
    ("TooManyRequestsException", Class::Throttled),
    ("ThrottlingException", Class::Throttled),
    ("Throttling", Class::Throttled),
    ("ThrottledException", Class::Throttled),
    ("RequestThrottled", Class::Throttled),
    ("RequestThrottledException", Class::Throttled),
    ("RequestLimitExceeded", Class::Throttled),
    ("SlowDown", Class::Throttled),
    ("EC2ThrottledException", Class::Throttled),
    // Tagging: the list took too long, and begins again.
    ("PaginationTokenExpiredException", Class::Unclear),
    ("PreconditionFailedException", Class::Precondition),
    ("ResourceNotFoundException", Class::Gone),
    ("ResourceInUseException", Class::Busy),
    ("ResourceNotReadyException", Class::Busy),
    // Application Auto Scaling: another party is changing the same target.
    ("ConcurrentUpdateException", Class::Busy),
    // CloudWatch Logs: another party is changing the same log group.
    ("OperationAbortedException", Class::Busy),
    // Lambda makes log groups too, when a function first runs.
    ("ResourceAlreadyExistsException", Class::Precondition),
    // moto's words for Lambda's "Source image … does not exist"; also ECR's own.
    ("ImageNotFoundException", Class::MissingInput),
    ("RepositoryNotFoundException", Class::MissingInput),
    ("RepositoryAlreadyExistsException", Class::Precondition),
    // Another party has to delete the images first; we never do.
    ("RepositoryNotEmptyException", Class::MissingInput),
    ("LifecyclePolicyNotFoundException", Class::Gone),
    ("RepositoryPolicyNotFoundException", Class::Gone),
    ("ProvisionedConcurrencyConfigNotFoundException", Class::Gone),
    // Application Auto Scaling: the target or the policy.
    ("ObjectNotFoundException", Class::Gone),
    // ECR's one code for every trouble with a repository's key; it is often in the key's state or policy, and an image
    // may be read again a minute later (ECR API reference, KmsException).
    ("KmsException", Class::MissingInput),
    ("KMSDisabledException", Class::MissingInput),
    ("KMSInvalidStateException", Class::MissingInput),
    ("KMSNotFoundException", Class::MissingInput),
    ("ENILimitReachedException", Class::MissingInput),
    ("SubnetIPAddressLimitReachedException", Class::MissingInput),
    ("KMSAccessDeniedException", Class::Denied),
    ("EC2AccessDeniedException", Class::Denied),
    ("UnauthorizedOperation", Class::Denied),
    // Application Auto Scaling may not read the alarms of a policy.
    ("FailedResourceAccessException", Class::Denied),
    ("NotAuthorized", Class::Denied),
    ("OptInRequired", Class::Denied),
    ("ValidationException", Class::Invalid),
    ("ValidationError", Class::Invalid),
    ("InvalidRequestContentException", Class::Invalid),
    ("InvalidTagParameterException", Class::Invalid),
    ("TooManyTagsException", Class::Invalid),
    ("SerializationException", Class::Invalid),
    ("RequestTooLargeException", Class::Invalid),
    ("RequestEntityTooLargeException", Class::Invalid),
    ("PolicyLengthExceededException", Class::Invalid),
    ("CodeStorageExceededException", Class::Invalid),
    // Lambda's quotas of managed instances: versions of a provider, and providers.
    ("FunctionVersionsPerCapacityProviderLimitExceededException", Class::Invalid),
    ("CapacityProviderLimitExceededException", Class::Invalid),
    // The signature of the code does not hold, and the policy enforces it (Lambda API reference, UpdateFunctionCode):
    // the same code will not pass.
    ("CodeVerificationFailedException", Class::Invalid),
    ("AliasLimitExceededException", Class::Invalid),
    ("PublicPolicyException", Class::Invalid),
    ("ServiceQuotaExceededException", Class::Invalid),
    // ECR's limit on resources. The SDK would take it for throttling and retry in vain.
    ("LimitExceededException", Class::Invalid),
    ("UnknownOperationException", Class::Invalid),
    ("ExpiredToken", Class::Credentials),
    ("ExpiredTokenException", Class::Credentials),
    ("RequestExpired", Class::Credentials),
    ("UnrecognizedClientException", Class::Credentials),
    ("InvalidClientTokenId", Class::Credentials),
    ("InvalidAccessKeyId", Class::Credentials),
    ("InvalidSignatureException", Class::Credentials),
    ("SignatureDoesNotMatch", Class::Credentials),
    ("IncompleteSignature", Class::Credentials),
    ("IncompleteSignatureException", Class::Credentials),
    ("MissingAuthenticationToken", Class::Credentials),
    ("MissingAuthenticationTokenException", Class::Credentials),
    ("ServiceException", Class::Unclear),
    ("ServerException", Class::Unclear),
    ("ServiceUnavailable", Class::Unclear),
    ("ServiceUnavailableException", Class::Unclear),
    ("InternalFailure", Class::Unclear),
    ("InternalServerError", Class::Unclear),
    ("InternalServerException", Class::Unclear),
    ("InternalServiceException", Class::Unclear),
    ("EC2UnexpectedException", Class::Unclear),
    // STS cannot reach the identity provider of a web identity.
    ("IDPCommunicationError", Class::Unclear),
];

/// A code, the parts of messages that decide, and what it means without any of them.
type Ambiguous = (&'static str, &'static [(&'static str, Class)], Class);

/// Codes that mean several things.
const MESSAGES: &[Ambiguous] = &[
    (
        "ResourceConflictException",
        &[
            ("An update is in progress", Class::Busy),
            ("following state: Pending", Class::Busy),
            ("in progress", Class::Busy),
            // What stands in the way stays there until its owner takes it away: provisioned concurrency of a
            // version and of an alias that leads to it exclude each other.
            ("already Provisioned version", Class::MissingInput),
            ("pointed by a Provisioned Concurrency alias", Class::MissingInput),
        ],
        // Another party was faster ("Function already exist"), or put something in the way: read again.
        Class::Precondition,
    ),
    (
        "InvalidParameterValueException",
        &[
            ("throttled by EC2", Class::Throttled),
            ("RequestLimitExceeded", Class::Throttled),
            ("cannot be assumed by Lambda", Class::MissingInput),
            ("does not have permissions to call", Class::MissingInput),
            ("ensure the role can perform", Class::MissingInput),
            ("SQS Error Code", Class::MissingInput),
            ("KMS key is invalid for CreateGrant", Class::MissingInput),
            ("Provide a valid source image", Class::MissingInput),
            ("Source image", Class::MissingInput),
            ("InvalidSubnetID.NotFound", Class::MissingInput),
            ("InvalidGroup.NotFound", Class::MissingInput),
            ("Error occurred while DescribeSubnets", Class::MissingInput),
            ("Error occurred while DescribeSecurityGroups", Class::MissingInput),
            ("UnreservedConcurrentExecution below its minimum", Class::MissingInput),
            // What is reserved and what is provisioned are changed one after the other.
            ("greater than the reservedConcurrentExecution", Class::MissingInput),
            ("total provisioned concurrency", Class::MissingInput),
            ("greater than account's unreserved concurrency", Class::MissingInput),
            // The weights go once the canary has ended.
            ("Alias with weights can not be used", Class::MissingInput),
            // AddPermission: a user or role that is not there, or a misspelt principal. AWS also says so of a
            // good one while the policy holds a statement whose principal was deleted.
            ("provided principal was invalid", Class::MissingInput),
            // PutFunctionEventInvokeConfig: a queue, topic or function that is not there, or a misspelt ARN.
            ("The destination ARN", Class::MissingInput),
            // CreateEventSourceMapping, right after the function was made or deleted.
            ("Function does not exist", Class::Gone),
            ("add Lambda as a Trusted Entity", Class::MissingInput),
            ("Cannot access stream", Class::MissingInput),
        ],
        Class::Invalid,
    ),
    (
        "InvalidParameterException",
        &[
            ("KMS Key Id could not be found", Class::MissingInput),
            // ECR: a user or role in a repository policy.
            ("Principal not found", Class::MissingInput),
        ],
        Class::Invalid,
    ),
    (
        "AccessDeniedException",
        &[
            // CloudWatch Logs: the key's own policy has to let it in.
            ("KMS key does not exist or is not allowed to be used", Class::MissingInput),
            ("does not have permission to access the ECR image", Class::MissingInput),
            ("security token included in the request is expired", Class::Credentials),
        ],
        Class::Denied,
    ),
    ("AccessDenied", &[], Class::Denied),
];

/// What a failure with this code and message asks of us. No code, or one that we do not know, is
/// unclear: above all, a bare HTTP 404 of some proxy is not "not found".
pub fn classify(code: Option<&str>, message: &str) -> Class {
    let Some(code) = code else { return Class::Unclear };
    if let Some((_, class)) = CODES.iter().find(|(known, _)| *known == code) {
        return *class;
    }
    let Some((_, parts, other)) = MESSAGES.iter().find(|(known, ..)| *known == code) else {
        return Class::Unclear;
    };
    parts.iter().find(|(part, _)| message.contains(part)).map_or(*other, |(_, class)| *class)
}

/// The code as a metric label, from a closed list.
pub(super) fn label(code: Option<&str>) -> &'static str {
    let Some(code) = code else { return "other" };
    let known = CODES.iter().map(|(known, _)| *known);
    let known = known.chain(MESSAGES.iter().map(|(known, ..)| *known));
    known.into_iter().find(|known| *known == code).unwrap_or("other")
}

/// Every AWS code that is known here, for the reference page.
pub fn known() -> impl Iterator<Item = (&'static str, &'static str, Class)> {
    let plain = CODES.iter().map(|(code, class)| (*code, "", *class));
    let split = MESSAGES.iter().flat_map(|(code, parts, other)| {
        let parts = parts.iter().map(|(part, class)| (*code, *part, *class));
        parts.chain(std::iter::once((*code, "", *other)))
    });
    plain.chain(split)
}

/// The class and cause of what a service answered. HTTP 429 without a known code is a throttle.
pub(super) fn service<E: ProvideErrorMetadata>(error: &E, raw: &Response) -> (Class, AwsError) {
    let status = raw.status().as_u16();
    // Some services write `Code:uri` or `namespace#Code`.
    let code = error.code().map(|code| {
        let code = code.split(':').next().unwrap_or(code);
        code.rsplit('#').next().unwrap_or(code).to_owned()
    });
    let message = match (error.message(), &code) {
        (Some(message), _) => message.to_owned(),
        (None, Some(_)) => format!("HTTP {status}"),
        (None, None) => format!("HTTP {status} without an AWS error code"),
    };
    let class = match classify(code.as_deref(), &message) {
        Class::Unclear if status == 429 => Class::Throttled,
        class => class,
    };
    (class, AwsError { code, message })
}

/// The innermost cause, which is the one that says something.
pub(super) fn root(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFLICT: &str = "ResourceConflictException";
    const INVALID: &str = "InvalidParameterValueException";
    const DENIED: &str = "AccessDeniedException";

    /// One row for each failure that AWS is known to answer with, and what to do about it.
    const TABLE: &[(&str, &str, Class)] = &[
        ("TooManyRequestsException", "Rate exceeded", Class::Throttled),
        ("ThrottlingException", "Rate exceeded", Class::Throttled),
        (
            CONFLICT,
            "The operation cannot be performed at this time. An update is in progress for \
                 resource: arn:aws:lambda:eu-west-1:1:function:f",
            Class::Busy,
        ),
        (
            CONFLICT,
            "The operation cannot be performed at this time. The function is currently in the \
                 following state: Pending",
            Class::Busy,
        ),
        (CONFLICT, "Function already exist: f", Class::Precondition),
        (
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id.",
            Class::Precondition,
        ),
        (
            INVALID,
            "The role defined for the function cannot be assumed by Lambda.",
            Class::MissingInput,
        ),
        (
            INVALID,
            "The provided execution role does not have permissions to call \
                 CreateNetworkInterface on EC2",
            Class::MissingInput,
        ),
        (
            INVALID,
            "Lambda was unable to configure access to your environment variables because the \
                 KMS key is invalid for CreateGrant.",
            Class::MissingInput,
        ),
        (
            INVALID,
            "Your request has been throttled by EC2, please make sure you have enough API rate \
                 limit. EC2 Error Code: RequestLimitExceeded.",
            Class::Throttled,
        ),
        (
            INVALID,
            "Source image 1.dkr.ecr.eu-west-1.amazonaws.com/r:t does not exist. Provide a \
                 valid source image.",
            Class::MissingInput,
        ),
        (
            INVALID,
            "The image manifest, config or layer media type for the source image r is not \
                 supported.",
            Class::Invalid,
        ),
        (
            DENIED,
            "Lambda does not have permission to access the ECR image. Check the ECR \
                 permissions.",
            Class::MissingInput,
        ),
        (
            DENIED,
            "User: u is not authorized to perform: iam:PassRole on resource: r",
            Class::Denied,
        ),
        (DENIED, "Cross-account pass role is not allowed", Class::Denied),
        (INVALID, "Image repository must be in the same region.", Class::Invalid),
        ("ValidationException", "1 validation error detected", Class::Invalid),
        (
            INVALID,
            "Lambda was unable to configure your environment variables because the environment \
                 variables you have provided exceeded the 4KB limit.",
            Class::Invalid,
        ),
        (
            INVALID,
            "Specified ReservedConcurrentExecutions for function decreases account's \
                 UnreservedConcurrentExecution below its minimum value of [100].",
            Class::MissingInput,
        ),
        (
            INVALID,
            "Requested Provisioned Concurrency should not be greater than the \
                 reservedConcurrentExecution for function",
            Class::MissingInput,
        ),
        (
            INVALID,
            "ReservedConcurrentExecutions 3 should not be lower than function's total \
                 provisioned concurrency [5].",
            Class::MissingInput,
        ),
        (
            INVALID,
            "Specified ConcurrentExecutions for function is greater than account's unreserved \
                 concurrency [1000].",
            Class::MissingInput,
        ),
        (
            INVALID,
            "'MemorySize' value failed to satisfy constraint: Member must have value less than \
                 or equal to 3008",
            Class::Invalid,
        ),
        (
            INVALID,
            "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound.",
            Class::MissingInput,
        ),
        (CONFLICT, "The statement id (x) provided already exists.", Class::Precondition),
        (
            CONFLICT,
            "Alias can't be used for Provisioned Concurrency configuration on an already \
                 Provisioned version",
            Class::MissingInput,
        ),
        ("ResourceNotFoundException", "Function not found: arn", Class::Gone),
        (
            INVALID,
            "Please provide ImageUri when updating a function with packageType Image.",
            Class::Invalid,
        ),
        ("ServiceException", "internal error", Class::Unclear),
        ("ExpiredTokenException", "expired", Class::Credentials),
        ("UnrecognizedClientException", "invalid token", Class::Credentials),
        ("InvalidSignatureException", "skew", Class::Credentials),
        ("RequestEntityTooLargeException", "too large", Class::Invalid),
        ("PolicyLengthExceededException", "too long", Class::Invalid),
        ("CodeStorageExceededException", "full", Class::Invalid),
        ("FunctionVersionsPerCapacityProviderLimitExceededException", "100", Class::Invalid),
        ("CapacityProviderLimitExceededException", "too many", Class::Invalid),
        ("CodeVerificationFailedException", "signature", Class::Invalid),
        ("KmsException", "The operation failed due to a KMS exception", Class::MissingInput),
        ("LimitExceededException", "too many images", Class::Invalid),
        ("ImageNotFoundException", "moto", Class::MissingInput),
        ("RepositoryNotFoundException", "moto", Class::MissingInput),
        (CONFLICT, "Version is pointed by a Provisioned Concurrency alias", Class::MissingInput),
        ("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned", Class::Gone),
        ("ObjectNotFoundException", "No scalable target found", Class::Gone),
        ("ConcurrentUpdateException", "concurrent updates", Class::Busy),
        ("FailedResourceAccessException", "alarms", Class::Denied),
        ("InternalServiceException", "internal", Class::Unclear),
        ("OperationAbortedException", "Multiple concurrent requests", Class::Busy),
        (
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
            Class::Precondition,
        ),
        (
            DENIED,
            "The specified KMS key does not exist or is not allowed to be used with Arn \
                 'arn:aws:logs:eu-west-1:1:log-group:g'",
            Class::MissingInput,
        ),
        (
            "InvalidParameterException",
            "The specified KMS Key Id could not be found. 'g'",
            Class::MissingInput,
        ),
        ("InvalidParameterException", "1 validation error detected", Class::Invalid),
        (
            INVALID,
            "The provided principal was invalid. Please check the principal and try again.",
            Class::MissingInput,
        ),
        (
            "InvalidParameterException",
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
            Class::MissingInput,
        ),
        (INVALID, "The destination ARN arn:aws:sqs:eu-west-1:1:q is invalid.", Class::MissingInput),
        (INVALID, "Function does not exist", Class::Gone),
        (
            INVALID,
            "Please add Lambda as a Trusted Entity for arn:aws:iam::1:role/r",
            Class::MissingInput,
        ),
        (
            INVALID,
            "Cannot access stream arn:aws:kinesis:eu-west-1:1:stream/s. Please ensure the role can perform \
                 the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.",
            Class::MissingInput,
        ),
        (
            INVALID,
            "Alias with weights can not be used with Provisioned Concurrency",
            Class::MissingInput,
        ),
        ("SomethingNew", "?", Class::Unclear),
    ];

    #[test]
    fn every_known_failure_has_its_class() {
        for (code, message, class) in TABLE {
            assert_eq!(classify(Some(code), message), *class, "{code}: {message}");
        }
        assert_eq!(classify(None, "Not Found"), Class::Unclear);
    }

    #[test]
    fn labels_come_from_a_closed_list() {
        assert_eq!(label(Some("ThrottlingException")), "ThrottlingException");
        assert_eq!(label(Some("AccessDeniedException")), "AccessDeniedException");
        assert_eq!(label(Some("Whatever<script>")), "other");
        assert_eq!(label(None), "other");
    }

    #[test]
    fn no_code_is_listed_twice() {
        let mut seen = std::collections::BTreeSet::new();
        let codes = CODES.iter().map(|it| it.0).chain(MESSAGES.iter().map(|it| it.0));
        for code in codes {
            assert!(seen.insert(code), "{code}");
        }
    }
}
