//! The operations that we use, as a closed list, and the quota that each one spends.

use aws_smithy_types::error::operation::BuildError;

use crate::engine::failure::{AwsError, Class, Failure};

macro_rules! ops {
    ($($(#[$doc:meta])* $op:ident: $name:literal, $service:literal, $bucket:ident;)*) => {
        /// One AWS operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "AWS's own names")]
        pub enum Op {
            $($(#[$doc])* $op,)*
        }

        impl Op {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$op,)*];

            fn facts(self) -> (&'static str, &'static str, Bucket) {
                match self {
                    $(Self::$op => ($name, $service, Bucket::$bucket),)*
                }
            }
        }
    };
}

// One row for each operation: AWS's name, the service, the quota.
ops! {
    ListFunctions: "ListFunctions", "lambda", Lambda;
    GetFunction: "GetFunction", "lambda", GetFunction;
    CreateFunction: "CreateFunction", "lambda", Lambda;
    UpdateFunctionCode: "UpdateFunctionCode", "lambda", Lambda;
    UpdateFunctionConfiguration: "UpdateFunctionConfiguration", "lambda", Lambda;
    DeleteFunction: "DeleteFunction", "lambda", Lambda;
    TagResource: "TagResource", "lambda", Lambda;
    UntagResource: "UntagResource", "lambda", Lambda;
    BatchGetImage: "BatchGetImage", "ecr", BatchGetImage;
    ListImages: "ListImages", "ecr", ListImages;
    DescribeRepositories: "DescribeRepositories", "ecr", Ecr;
    ListTagsForResource: "ListTagsForResource", "ecr", Ecr;
    GetLifecyclePolicy: "GetLifecyclePolicy", "ecr", Ecr;
    GetRepositoryPolicy: "GetRepositoryPolicy", "ecr", Ecr;
    CreateRepository: "CreateRepository", "ecr", Ecr;
    DeleteRepository: "DeleteRepository", "ecr", Ecr;
    PutImageTagMutability: "PutImageTagMutability", "ecr", Ecr;
    PutImageScanningConfiguration: "PutImageScanningConfiguration", "ecr", Ecr;
    PutLifecyclePolicy: "PutLifecyclePolicy", "ecr", Ecr;
    DeleteLifecyclePolicy: "DeleteLifecyclePolicy", "ecr", Ecr;
    SetRepositoryPolicy: "SetRepositoryPolicy", "ecr", Ecr;
    DeleteRepositoryPolicy: "DeleteRepositoryPolicy", "ecr", Ecr;
    /// ECR's TagResource.
    TagRepository: "TagResource", "ecr", Ecr;
    /// ECR's UntagResource.
    UntagRepository: "UntagResource", "ecr", Ecr;
    GetAuthorizationToken: "GetAuthorizationToken", "ecr", Ecr;
    GetFunctionUrlConfig: "GetFunctionUrlConfig", "lambda", Lambda;
    ListFunctionUrlConfigs: "ListFunctionUrlConfigs", "lambda", Lambda;
    CreateFunctionUrlConfig: "CreateFunctionUrlConfig", "lambda", Lambda;
    UpdateFunctionUrlConfig: "UpdateFunctionUrlConfig", "lambda", Lambda;
    DeleteFunctionUrlConfig: "DeleteFunctionUrlConfig", "lambda", Lambda;
    GetFunctionRecursionConfig: "GetFunctionRecursionConfig", "lambda", Lambda;
    PutFunctionRecursionConfig: "PutFunctionRecursionConfig", "lambda", Lambda;
    PutFunctionConcurrency: "PutFunctionConcurrency", "lambda", Lambda;
    DeleteFunctionConcurrency: "DeleteFunctionConcurrency", "lambda", Lambda;
    GetFunctionEventInvokeConfig: "GetFunctionEventInvokeConfig", "lambda", Lambda;
    PutFunctionEventInvokeConfig: "PutFunctionEventInvokeConfig", "lambda", Lambda;
    DeleteFunctionEventInvokeConfig: "DeleteFunctionEventInvokeConfig", "lambda", Lambda;
    GetPolicy: "GetPolicy", "lambda", GetPolicy;
    AddPermission: "AddPermission", "lambda", Lambda;
    RemovePermission: "RemovePermission", "lambda", Lambda;
    PutResourcePolicy: "PutResourcePolicy", "lambda", Lambda;
    DeleteResourcePolicy: "DeleteResourcePolicy", "lambda", Lambda;
    ListAliases: "ListAliases", "lambda", Lambda;
    CreateAlias: "CreateAlias", "lambda", Lambda;
    UpdateAlias: "UpdateAlias", "lambda", Lambda;
    DeleteAlias: "DeleteAlias", "lambda", Lambda;
    PublishVersion: "PublishVersion", "lambda", Lambda;
    ListVersionsByFunction: "ListVersionsByFunction", "lambda", Lambda;
    GetAlias: "GetAlias", "lambda", Lambda;
    ListProvisionedConcurrencyConfigs: "ListProvisionedConcurrencyConfigs", "lambda", Lambda;
    Invoke: "Invoke", "lambda", Invoke;
    DescribeAlarms: "DescribeAlarms", "cloudwatch", CloudWatch;
    GetMetricData: "GetMetricData", "cloudwatch", CloudWatch;
    ListEventSourceMappings: "ListEventSourceMappings", "lambda", Lambda;
    GetEventSourceMapping: "GetEventSourceMapping", "lambda", Lambda;
    CreateEventSourceMapping: "CreateEventSourceMapping", "lambda", Lambda;
    UpdateEventSourceMapping: "UpdateEventSourceMapping", "lambda", Lambda;
    DeleteEventSourceMapping: "DeleteEventSourceMapping", "lambda", Lambda;
    ListTags: "ListTags", "lambda", Lambda;
    GetFunctionScalingConfig: "GetFunctionScalingConfig", "lambda", Lambda;
    PutFunctionScalingConfig: "PutFunctionScalingConfig", "lambda", Lambda;
    GetProvisionedConcurrencyConfig: "GetProvisionedConcurrencyConfig", "lambda", Lambda;
    PutProvisionedConcurrencyConfig: "PutProvisionedConcurrencyConfig", "lambda", Lambda;
    DeleteProvisionedConcurrencyConfig: "DeleteProvisionedConcurrencyConfig", "lambda", Lambda;
    DescribeScalableTargets: "DescribeScalableTargets", "application-autoscaling", AutoScaling;
    DescribeScalingPolicies: "DescribeScalingPolicies", "application-autoscaling", AutoScaling;
    DescribeScheduledActions: "DescribeScheduledActions", "application-autoscaling", AutoScaling;
    RegisterScalableTarget: "RegisterScalableTarget", "application-autoscaling", AutoScaling;
    DeregisterScalableTarget: "DeregisterScalableTarget", "application-autoscaling", AutoScaling;
    PutScalingPolicy: "PutScalingPolicy", "application-autoscaling", AutoScaling;
    DeleteScalingPolicy: "DeleteScalingPolicy", "application-autoscaling", AutoScaling;
    DescribeLogGroups: "DescribeLogGroups", "logs", Logs;
    CreateLogGroup: "CreateLogGroup", "logs", Logs;
    PutRetentionPolicy: "PutRetentionPolicy", "logs", Logs;
    DeleteRetentionPolicy: "DeleteRetentionPolicy", "logs", Logs;
    AssociateKmsKey: "AssociateKmsKey", "logs", Logs;
    DisassociateKmsKey: "DisassociateKmsKey", "logs", Logs;
    FilterLogEvents: "FilterLogEvents", "logs", Logs;
    GetCallerIdentity: "GetCallerIdentity", "sts", Sts;
    GetResources: "GetResources", "tag", Tagging;
}

impl Op {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// The service's name in labels.
    pub fn service(self) -> &'static str {
        self.facts().1
    }

    /// The quota that a call spends.
    pub fn bucket(self) -> Bucket {
        self.facts().2
    }

    /// A failure of this call that AWS did not tell by a code of its own.
    pub fn failure(self, class: Class, message: impl Into<String>) -> Failure {
        let cause = AwsError { code: None, message: message.into() };
        Failure { class, op: self.name(), cause, retry_after: None }
    }

    /// The failure of this call that the SDK cannot build: it misses a member that we always give.
    pub fn unbuildable(self, error: &BuildError) -> Failure {
        self.failure(Class::Invalid, error.to_string())
    }
}

/// A quota of AWS's that several operations may share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named after what they hold")]
pub enum Bucket {
    GetFunction,
    GetPolicy,
    Lambda,
    BatchGetImage,
    ListImages,
    Ecr,
    Sts,
    Invoke,
    CloudWatch,
    Logs,
    AutoScaling,
    Tagging,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 12] = [
        Self::GetFunction,
        Self::GetPolicy,
        Self::Lambda,
        Self::BatchGetImage,
        Self::ListImages,
        Self::Ecr,
        Self::Sts,
        Self::Invoke,
        Self::CloudWatch,
        Self::Logs,
        Self::AutoScaling,
        Self::Tagging,
    ];

    /// The word in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetFunction => "lambda:GetFunction",
            Self::GetPolicy => "lambda:GetPolicy",
            Self::Lambda => "lambda",
            Self::BatchGetImage => "ecr:BatchGetImage",
            Self::ListImages => "ecr:ListImages",
            Self::Ecr => "ecr",
            Self::Sts => "sts",
            Self::Invoke => "lambda:Invoke",
            Self::CloudWatch => "cloudwatch",
            Self::Logs => "logs",
            Self::AutoScaling => "autoscaling",
            Self::Tagging => "tag:GetResources",
        }
    }

    /// AWS's quota in calls a second, for one account in one Region (Lambda quotas page; ECR service
    /// quotas page). For most calls of ECR's the page names none; ten a second is what they bear. STS
    /// publishes none that matters here; ten a second is far above our need. Invocations are limited by
    /// the function, not by calls; a hundred a second are more than all smoke tests need. Of CloudWatch, this
    /// is the quota of DescribeAlarms, the smaller one (CloudWatch quotas page). For CloudWatch Logs and
    /// Application Auto Scaling we know of no published numbers that hold for all their calls; ten a second is taken.
    /// Tagging: GetResources (Tag Editor quotas page).
    pub fn quota(self) -> f64 {
        match self {
            Self::GetFunction | Self::Invoke => 100.0,
            Self::CloudWatch => 9.0,
            Self::Lambda | Self::GetPolicy | Self::Tagging => 15.0,
            Self::BatchGetImage => 2000.0,
            Self::ListImages | Self::Ecr | Self::Logs | Self::AutoScaling | Self::Sts => 10.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::Tag;
    use aws_sdk_lambda::types::FileSystemConfig;

    use super::*;

    #[test]
    fn a_request_that_cannot_be_built_names_its_own_call() {
        let tag = Tag::builder().build().map_err(|it| Op::TagRepository.unbuildable(&it));
        let system = FileSystemConfig::builder().build();
        let system = system.map_err(|it| Op::CreateFunction.unbuildable(&it));
        let (tag, system) = (tag.unwrap_err(), system.unwrap_err());
        assert_eq!((tag.op, tag.class), ("TagResource", Class::Invalid));
        assert_eq!((system.op, system.class), ("CreateFunction", Class::Invalid));
    }
}
