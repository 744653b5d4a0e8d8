//! The pages of AWS's documentation that constraints are known from. Addresses stand here once.

use super::constraint::DocPage;

const fn page(address: &'static str) -> DocPage {
    DocPage { address, read: "2026-12-01" }
}

/// Lambda developer guide, "Lambda quotas".
pub const LAMBDA_QUOTAS: DocPage =
    page("https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html");
/// Lambda developer guide, "Working with Lambda environment variables".
pub const LAMBDA_VARIABLES: DocPage =
    page("https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html");
/// Lambda developer guide, "Using the Lambda metadata endpoint".
pub const LAMBDA_METADATA: DocPage =
    page("https://docs.aws.amazon.com/lambda/latest/dg/configuration-metadata-endpoint.html");
/// Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
pub const ASYNC_RECORDS: DocPage =
    page("https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html");
/// Lambda developer guide, "Configuring error handling controls for Kafka event sources".
pub const KAFKA_RETRIES: DocPage =
    page("https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html");
/// Lambda developer guide, "Best practices for Lambda Managed Instances".
pub const MANAGED_PRACTICES: DocPage = page(
    "https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-best-practices.html",
);
/// SAM developer guide, "CapacityProviderConfig".
pub const SAM_CAPACITY: DocPage = page(
    "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-capacityproviderconfig.html",
);
/// Lambda developer guide, "Configuring JSON and plain text log formats".
pub const LOG_FORMATS: DocPage =
    page("https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html");
/// S3 user guide, "Creating and managing S3 Files resources".
pub const S3_FILES: DocPage =
    page("https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-files-resources.html");
/// ECR user guide, "Making requests to Amazon ECR registries".
pub const ECR_REQUESTS: DocPage =
    page("https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html");
/// Lambda developer guide, "Lambda parameters for Amazon SQS event source mappings".
pub const SQS_PARAMETERS: DocPage =
    page("https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html");
