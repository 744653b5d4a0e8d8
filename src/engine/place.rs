//! Where objects live: an account and a Region.

use super::name::Name;

/// What the one target is called where no targets file names any.
pub const DEFAULT_TARGET: &str = "default";

/// A part of AWS with accounts and addresses of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// As it stands in ARNs.
    pub name: &'static str,
    /// What its Regions begin with.
    pub regions: &'static str,
    /// What the hosts of its services end in.
    pub suffix: &'static str,
}

/// The partitions, AWS's public one last: whatever begins as no other's is a Region of it. The end-to-end tests compare
/// them with botocore's.
pub const PARTITIONS: &[Partition] = &[
    Partition { name: "aws-cn", regions: "cn-", suffix: "amazonaws.com.cn" },
    Partition { name: "aws-us-gov", regions: "us-gov-", suffix: "amazonaws.com" },
    Partition { name: "aws-eusc", regions: "eusc-", suffix: "amazonaws.eu" },
    Partition { name: "aws-iso", regions: "us-iso-", suffix: "c2s.ic.gov" },
    Partition { name: "aws-iso-b", regions: "us-isob-", suffix: "sc2s.sgov.gov" },
    Partition { name: "aws-iso-e", regions: "eu-isoe-", suffix: "cloud.adc-e.uk" },
    Partition { name: "aws-iso-f", regions: "us-isof-", suffix: "csp.hci.ic.gov" },
    PUBLIC,
];

const PUBLIC: Partition = Partition { name: "aws", regions: "", suffix: "amazonaws.com" };

/// The partition that a Region belongs to.
pub fn partition(region: &str) -> Partition {
    let found = PARTITIONS.iter().find(|it| region.starts_with(it.regions));
    found.copied().unwrap_or(PUBLIC)
}

/// The host of an account's ECR registry in a Region.
pub fn registry_host(account_id: &str, region: &str) -> String {
    format!("{account_id}.dkr.ecr.{region}.{}", partition(region).suffix)
}

/// A target whose account has been checked. Specs need it: a role's ARN and an image's registry
/// depend on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The operator's name for it; `default` unless a targets file says otherwise.
    pub target: Name,
    /// Twelve digits.
    pub account_id: String,
    /// As `eu-central-1`.
    pub region: String,
    /// The registry of images that name none, if it is not the account's own.
    pub registry: Option<String>,
}

impl Place {
    /// The partition that the Region belongs to, as it stands in ARNs.
    pub fn partition(&self) -> &'static str {
        partition(&self.region).name
    }

    /// The registry of images that name none.
    pub fn registry(&self) -> String {
        self.registry.clone().unwrap_or_else(|| self.own_registry())
    }

    /// The host of the account's own ECR registry in this Region.
    pub fn own_registry(&self) -> String {
        registry_host(&self.account_id, &self.region)
    }

    /// The ARN of a Lambda function here.
    pub fn function_arn(&self, name: &str) -> String {
        format!(
            "arn:{}:lambda:{}:{}:function:{name}",
            self.partition(),
            self.region,
            self.account_id
        )
    }

    /// The ARN of an ECR repository here.
    pub fn repository_arn(&self, name: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account_id);
        format!("arn:{partition}:ecr:{region}:{account}:repository/{name}")
    }

    /// Puts the account and the Region in for `${target.accountId}` and `${target.region}`.
    pub fn fill_in(&self, text: &str) -> String {
        text.replace("${target.accountId}", &self.account_id)
            .replace("${target.region}", &self.region)
    }

    /// The ARN of a role of this account, by name or path (`team/resize`).
    pub fn role_arn(&self, name: &str) -> String {
        format!(
            "arn:{}:iam::{}:role/{}",
            self.partition(),
            self.account_id,
            name.trim_start_matches('/')
        )
    }
}
