//! Where objects live: an account and a Region.

use super::{name::Name, partition::Partition};

/// What the one target is called where no targets file names any.
pub const DEFAULT_TARGET: &str = "default";

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
        Partition::of(&self.region).id
    }

    /// The registry of images that name none.
    pub fn registry(&self) -> String {
        self.registry.clone().unwrap_or_else(|| self.own_registry())
    }

    /// The host of the account's own ECR registry in this Region.
    pub fn own_registry(&self) -> String {
        Partition::of(&self.region).registry(&self.account_id, &self.region)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_of_the_regions_own_partition() {
        for (region, partition, end) in [
            ("eu-west-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ] {
            let place = Place {
                target: Name::new(DEFAULT_TARGET),
                account_id: "123456789012".into(),
                region: region.into(),
                registry: None,
            };
            assert_eq!(place.registry(), format!("123456789012.dkr.ecr.{region}.{end}"));
            for arn in [place.function_arn("f"), place.repository_arn("r"), place.role_arn("x")] {
                assert!(arn.starts_with(&format!("arn:{partition}:")), "{arn}");
            }
        }
    }
}
