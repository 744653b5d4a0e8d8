//! AWS's partitions: which Region belongs to which, and where its registries and its console are.
//!
//! Ids, patterns of Regions and DNS suffixes are those of botocore 1.44.8 (2026-11-20, `data/partitions.json`). The
//! suffixes of dual-stack registries are those that AWS's own `amazon-ecr-credential-helper` takes. The rest of the
//! program builds no ARN, host or address of AWS's from anything else.

/// A part of AWS with accounts, ARNs and hosts of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// As it stands in ARNs.
    pub id: &'static str,
    /// How its Regions begin; a word, a hyphen and a number follow.
    pub regions: &'static [&'static str],
    /// How the hosts of its registries end.
    pub suffix: &'static str,
    /// The same for dual-stack hosts (`ACCOUNT.dkr-ecr.REGION.…`), if it is known.
    pub dual_stack: Option<&'static str>,
    /// Where its console is, below the Region, if that is known.
    pub console: Option<&'static str>,
}

/// The commercial Regions, and those that nobody here knows: the SDKs take them for the same.
const AWS: &Partition = &Partition {
    id: "aws",
    regions: &["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"],
    suffix: "amazonaws.com",
    dual_stack: Some("on.aws"),
    console: Some("console.aws.amazon.com"),
};

/// All of them.
pub const PARTITIONS: &[&Partition] = &[
    AWS,
    &Partition {
        id: "aws-cn",
        regions: &["cn-"],
        suffix: "amazonaws.com.cn",
        dual_stack: Some("on.amazonwebservices.com.cn"),
        console: Some("console.amazonaws.cn"),
    },
    &Partition {
        id: "aws-us-gov",
        regions: &["us-gov-"],
        suffix: "amazonaws.com",
        dual_stack: Some("on.aws"),
        console: Some("console.amazonaws-us-gov.com"),
    },
    &Partition {
        id: "aws-eusc",
        regions: &["eusc-de-"],
        suffix: "amazonaws.eu",
        dual_stack: None,
        console: Some("console.amazonaws-eusc.eu"),
    },
    &isolated("aws-iso", &["us-iso-"], "c2s.ic.gov"),
    &isolated("aws-iso-b", &["us-isob-"], "sc2s.sgov.gov"),
    &isolated("aws-iso-e", &["eu-isoe-"], "cloud.adc-e.uk"),
    &isolated("aws-iso-f", &["us-isof-"], "csp.hci.ic.gov"),
];

/// A partition of which little is public.
const fn isolated(
    id: &'static str,
    regions: &'static [&'static str],
    suffix: &'static str,
) -> Partition {
    Partition { id, regions, suffix, dual_stack: None, console: None }
}

impl Partition {
    /// The partition of a Region; `None` if its name fits no partition's.
    pub fn known(region: &str) -> Option<&'static Self> {
        PARTITIONS.iter().copied().find(|it| it.has(region))
    }

    /// The same, with `aws` for a Region that fits none.
    pub fn of(region: &str) -> &'static Self {
        Self::known(region).unwrap_or(AWS)
    }

    /// Whether the Region's name is one of this partition's: how they begin, a word, and a number.
    fn has(&self, region: &str) -> bool {
        let rest = self.regions.iter().filter_map(|it| region.strip_prefix(it));
        let fits = |(word, number): (&str, &str)| {
            let word = !word.is_empty() && word.bytes().all(|it| it.is_ascii_alphanumeric());
            word && !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit())
        };
        rest.filter_map(|it| it.split_once('-')).any(fits)
    }

    /// The host of an account's registry in one of its Regions.
    pub fn registry(&self, account_id: &str, region: &str) -> String {
        format!("{account_id}.dkr.ecr.{region}.{}", self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every Region of botocore 1.44.8, by its partition.
    const REGIONS: &[(&str, &str)] = &[
        (
            "aws",
            "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 \
             ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 \
             ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 \
             eu-west-3 il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 \
             us-east-2 us-west-1 us-west-2",
        ),
        ("aws-cn", "cn-north-1 cn-northwest-1"),
        ("aws-us-gov", "us-gov-east-1 us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso", "us-iso-east-1 us-iso-west-1"),
        ("aws-iso-b", "us-isob-east-1 us-isob-west-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-east-1 us-isof-south-1"),
    ];

    #[test]
    fn every_region_has_its_partition_and_no_other() {
        for (id, regions) in REGIONS {
            for region in regions.split(' ') {
                let fits: Vec<&str> =
                    PARTITIONS.iter().filter(|it| it.has(region)).map(|it| it.id).collect();
                assert_eq!(fits, [*id], "{region}");
            }
        }
        for other in ["", "local", "nz-north-1", "us-east", "us-new-east-1", "us-east-1a", "eu--1"]
        {
            assert_eq!(Partition::known(other), None, "{other}");
            assert_eq!(Partition::of(other).id, "aws", "{other}");
        }
    }
}
