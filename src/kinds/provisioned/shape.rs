//! What `concurrency.provisioned` may hold (Lambda API reference, PutProvisionedConcurrencyConfig; Application
//! Auto Scaling user guide, AWS Lambda).

use crate::shape::{Field, ModelDifference, Provenance, Shape};

/// The members of a range.
pub(super) const MIN: &str = "min";
pub(super) const MAX: &str = "max";
pub(super) const UTILIZATION: &str = "targetUtilization";

/// The most that is worth a thought: an account has a thousand unless it asks for more.
const MOST: i64 = 1_000_000;

const RANGE: &[Field] = &[
    Field::required(MIN, Shape::Int(0, MOST), "How many are kept ready at least; 0: none where there is nothing to do.").aws("application-autoscaling:RegisterScalableTarget.MinCapacity").unlike(&[ModelDifference::max("none", Provenance::Own("an account has a thousand unless it asks for more"))]),
    Field::required(MAX, Shape::Int(1, MOST), "How many are kept ready at most.").aws("application-autoscaling:RegisterScalableTarget.MaxCapacity").unlike(&[ModelDifference::min("none", Provenance::Own("a range up to nothing is none")), ModelDifference::max("none", Provenance::Own("an account has a thousand unless it asks for more"))]),
    Field::required(
        UTILIZATION,
        Shape::Number(0.1, 0.9),
        "Which part of them should be busy: above it more are made ready, below it fewer.",
    ).aws("application-autoscaling:PutScalingPolicy.TargetTrackingScalingPolicyConfiguration.TargetValue").unlike(&[ModelDifference::min("none", Provenance::Believed("after the Application Auto Scaling user guide, which was not read again")), ModelDifference::max("none", Provenance::Believed("after the Application Auto Scaling user guide, which was not read again"))]),
];

/// `concurrency.provisioned`.
pub(super) const PROVISIONED: Field = Field::optional(
    "provisioned",
    Shape::Either(&Shape::Int(1, MOST), &Shape::Object(RANGE)),
    "not managed",
    "How many instances are kept ready behind the alias of `release`: a number, or a range within which \
     Application Auto Scaling chooses. They cost money also while nobody calls.",
).aws("lambda:PutProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions").unlike(&[ModelDifference::max("none", Provenance::Own("an account has a thousand unless it asks for more"))]);
