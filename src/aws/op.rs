//! The operations that we use, as a closed list, and the quota that each one spends.

/// One AWS operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "AWS's own names")]
pub enum Op {
    ListFunctions,
    GetFunction,
    CreateFunction,
    UpdateFunctionCode,
    UpdateFunctionConfiguration,
    DeleteFunction,
    TagResource,
    UntagResource,
    BatchGetImage,
    ListImages,
    DescribeRepositories,
    ListTagsForResource,
    GetLifecyclePolicy,
    GetRepositoryPolicy,
    CreateRepository,
    DeleteRepository,
    PutImageTagMutability,
    PutImageScanningConfiguration,
    PutLifecyclePolicy,
    DeleteLifecyclePolicy,
    SetRepositoryPolicy,
    DeleteRepositoryPolicy,
    /// ECR's TagResource.
    TagRepository,
    /// ECR's UntagResource.
    UntagRepository,
    GetFunctionUrlConfig,
    CreateFunctionUrlConfig,
    UpdateFunctionUrlConfig,
    DeleteFunctionUrlConfig,
    GetFunctionRecursionConfig,
    PutFunctionRecursionConfig,
    PutFunctionConcurrency,
    DeleteFunctionConcurrency,
    GetFunctionEventInvokeConfig,
    PutFunctionEventInvokeConfig,
    DeleteFunctionEventInvokeConfig,
    GetPolicy,
    AddPermission,
    RemovePermission,
    ListAliases,
    CreateAlias,
    UpdateAlias,
    DeleteAlias,
    PublishVersion,
    ListVersionsByFunction,
    ListProvisionedConcurrencyConfigs,
    Invoke,
    DescribeAlarms,
    GetMetricData,
    ListEventSourceMappings,
    GetEventSourceMapping,
    CreateEventSourceMapping,
    UpdateEventSourceMapping,
    DeleteEventSourceMapping,
    ListTags,
    GetCallerIdentity,
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

    /// One row for each operation: AWS's name, the service, the quota.
    fn facts(self) -> (&'static str, &'static str, Bucket) {
        match self {
            Self::ListFunctions => ("ListFunctions", "lambda", Bucket::Lambda),
            Self::GetFunction => ("GetFunction", "lambda", Bucket::GetFunction),
            Self::CreateFunction => ("CreateFunction", "lambda", Bucket::Lambda),
            Self::UpdateFunctionCode => ("UpdateFunctionCode", "lambda", Bucket::Lambda),
            Self::UpdateFunctionConfiguration => {
                ("UpdateFunctionConfiguration", "lambda", Bucket::Lambda)
            }
            Self::DeleteFunction => ("DeleteFunction", "lambda", Bucket::Lambda),
            Self::TagResource => ("TagResource", "lambda", Bucket::Lambda),
            Self::UntagResource => ("UntagResource", "lambda", Bucket::Lambda),
            Self::BatchGetImage => ("BatchGetImage", "ecr", Bucket::BatchGetImage),
            Self::ListImages => ("ListImages", "ecr", Bucket::ListImages),
            Self::DescribeRepositories => ("DescribeRepositories", "ecr", Bucket::Ecr),
            Self::ListTagsForResource => ("ListTagsForResource", "ecr", Bucket::Ecr),
            Self::GetLifecyclePolicy => ("GetLifecyclePolicy", "ecr", Bucket::Ecr),
            Self::GetRepositoryPolicy => ("GetRepositoryPolicy", "ecr", Bucket::Ecr),
            Self::CreateRepository => ("CreateRepository", "ecr", Bucket::Ecr),
            Self::DeleteRepository => ("DeleteRepository", "ecr", Bucket::Ecr),
            Self::PutImageTagMutability => ("PutImageTagMutability", "ecr", Bucket::Ecr),
            Self::PutImageScanningConfiguration => {
                ("PutImageScanningConfiguration", "ecr", Bucket::Ecr)
            }
            Self::PutLifecyclePolicy => ("PutLifecyclePolicy", "ecr", Bucket::Ecr),
            Self::DeleteLifecyclePolicy => ("DeleteLifecyclePolicy", "ecr", Bucket::Ecr),
            Self::SetRepositoryPolicy => ("SetRepositoryPolicy", "ecr", Bucket::Ecr),
            Self::DeleteRepositoryPolicy => ("DeleteRepositoryPolicy", "ecr", Bucket::Ecr),
            Self::TagRepository => ("TagResource", "ecr", Bucket::Ecr),
            Self::UntagRepository => ("UntagResource", "ecr", Bucket::Ecr),
            Self::GetFunctionUrlConfig => ("GetFunctionUrlConfig", "lambda", Bucket::Lambda),
            Self::CreateFunctionUrlConfig => ("CreateFunctionUrlConfig", "lambda", Bucket::Lambda),
            Self::UpdateFunctionUrlConfig => ("UpdateFunctionUrlConfig", "lambda", Bucket::Lambda),
            Self::DeleteFunctionUrlConfig => ("DeleteFunctionUrlConfig", "lambda", Bucket::Lambda),
            Self::GetFunctionRecursionConfig => {
                ("GetFunctionRecursionConfig", "lambda", Bucket::Lambda)
            }
            Self::PutFunctionRecursionConfig => {
                ("PutFunctionRecursionConfig", "lambda", Bucket::Lambda)
            }
            Self::PutFunctionConcurrency => ("PutFunctionConcurrency", "lambda", Bucket::Lambda),
            Self::DeleteFunctionConcurrency => {
                ("DeleteFunctionConcurrency", "lambda", Bucket::Lambda)
            }
            Self::GetFunctionEventInvokeConfig => {
                ("GetFunctionEventInvokeConfig", "lambda", Bucket::Lambda)
            }
            Self::PutFunctionEventInvokeConfig => {
                ("PutFunctionEventInvokeConfig", "lambda", Bucket::Lambda)
            }
            Self::DeleteFunctionEventInvokeConfig => {
                ("DeleteFunctionEventInvokeConfig", "lambda", Bucket::Lambda)
            }
            Self::GetPolicy => ("GetPolicy", "lambda", Bucket::GetPolicy),
            Self::AddPermission => ("AddPermission", "lambda", Bucket::Lambda),
            Self::RemovePermission => ("RemovePermission", "lambda", Bucket::Lambda),
            Self::ListAliases => ("ListAliases", "lambda", Bucket::Lambda),
            Self::CreateAlias => ("CreateAlias", "lambda", Bucket::Lambda),
            Self::UpdateAlias => ("UpdateAlias", "lambda", Bucket::Lambda),
            Self::DeleteAlias => ("DeleteAlias", "lambda", Bucket::Lambda),
            Self::PublishVersion => ("PublishVersion", "lambda", Bucket::Lambda),
            Self::ListVersionsByFunction => ("ListVersionsByFunction", "lambda", Bucket::Lambda),
            Self::ListProvisionedConcurrencyConfigs => {
                ("ListProvisionedConcurrencyConfigs", "lambda", Bucket::Lambda)
            }
            Self::Invoke => ("Invoke", "lambda", Bucket::Invoke),
            Self::DescribeAlarms => ("DescribeAlarms", "cloudwatch", Bucket::CloudWatch),
            Self::GetMetricData => ("GetMetricData", "cloudwatch", Bucket::CloudWatch),
            Self::ListEventSourceMappings => ("ListEventSourceMappings", "lambda", Bucket::Lambda),
            Self::GetEventSourceMapping => ("GetEventSourceMapping", "lambda", Bucket::Lambda),
            Self::CreateEventSourceMapping => {
                ("CreateEventSourceMapping", "lambda", Bucket::Lambda)
            }
            Self::UpdateEventSourceMapping => {
                ("UpdateEventSourceMapping", "lambda", Bucket::Lambda)
            }
            Self::DeleteEventSourceMapping => {
                ("DeleteEventSourceMapping", "lambda", Bucket::Lambda)
            }
            Self::ListTags => ("ListTags", "lambda", Bucket::Lambda),
            Self::GetCallerIdentity => ("GetCallerIdentity", "sts", Bucket::Sts),
        }
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
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 9] = [
        Self::GetFunction,
        Self::GetPolicy,
        Self::Lambda,
        Self::BatchGetImage,
        Self::ListImages,
        Self::Ecr,
        Self::Sts,
        Self::Invoke,
        Self::CloudWatch,
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
        }
    }

    /// AWS's quota in calls a second, for one account in one Region (Lambda quotas page; ECR service
    /// quotas page). For most calls of ECR's the page names none; ten a second is what they bear. STS
    /// publishes none that matters here; ten a second is far above our need. Invocations are limited by
    /// the function, not by calls; a hundred a second are more than all smoke tests need. Of CloudWatch, this
    /// is the quota of DescribeAlarms, the smaller one (CloudWatch quotas page).
    pub fn quota(self) -> f64 {
        match self {
            Self::GetFunction | Self::Invoke => 100.0,
            Self::CloudWatch => 9.0,
            Self::Lambda | Self::GetPolicy => 15.0,
            Self::BatchGetImage => 2000.0,
            Self::ListImages | Self::Ecr | Self::Sts => 10.0,
        }
    }
}
