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
    TagResource,
    BatchGetImage,
    GetCallerIdentity,
}

impl Op {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListFunctions => "ListFunctions",
            Self::GetFunction => "GetFunction",
            Self::CreateFunction => "CreateFunction",
            Self::UpdateFunctionCode => "UpdateFunctionCode",
            Self::UpdateFunctionConfiguration => "UpdateFunctionConfiguration",
            Self::TagResource => "TagResource",
            Self::BatchGetImage => "BatchGetImage",
            Self::GetCallerIdentity => "GetCallerIdentity",
        }
    }

    /// The service's name in labels.
    pub fn service(self) -> &'static str {
        match self {
            Self::ListFunctions
            | Self::GetFunction
            | Self::CreateFunction
            | Self::UpdateFunctionCode
            | Self::UpdateFunctionConfiguration
            | Self::TagResource => "lambda",
            Self::BatchGetImage => "ecr",
            Self::GetCallerIdentity => "sts",
        }
    }

    /// The quota that a call spends.
    pub fn bucket(self) -> Bucket {
        match self {
            Self::GetFunction => Bucket::GetFunction,
            Self::ListFunctions
            | Self::CreateFunction
            | Self::UpdateFunctionCode
            | Self::UpdateFunctionConfiguration
            | Self::TagResource => Bucket::Lambda,
            Self::BatchGetImage => Bucket::BatchGetImage,
            Self::GetCallerIdentity => Bucket::Sts,
        }
    }
}

/// A quota of AWS's that several operations may share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named after what they hold")]
pub enum Bucket {
    GetFunction,
    Lambda,
    BatchGetImage,
    Sts,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 4] = [Self::GetFunction, Self::Lambda, Self::BatchGetImage, Self::Sts];

    /// The word in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetFunction => "lambda:GetFunction",
            Self::Lambda => "lambda",
            Self::BatchGetImage => "ecr:BatchGetImage",
            Self::Sts => "sts",
        }
    }

    /// AWS's quota in calls a second, for one account in one Region (Lambda quotas page; ECR service
    /// quotas page). STS publishes none that matters here; ten a second is far above our need.
    pub fn quota(self) -> f64 {
        match self {
            Self::GetFunction => 100.0,
            Self::Lambda => 15.0,
            Self::BatchGetImage => 2000.0,
            Self::Sts => 10.0,
        }
    }
}
