//! What `concurrency.provisioned` may hold (Lambda API reference, PutProvisionedConcurrencyConfig; Application
//! Auto Scaling user guide, AWS Lambda).

use crate::shape::{Field, Shape};

/// The members of a range.
pub(super) const MIN: &str = "min";
pub(super) const MAX: &str = "max";
pub(super) const UTILIZATION: &str = "targetUtilization";

/// The most that is worth a thought: an account has a thousand unless it asks for more.
const MOST: i64 = 1_000_000;

const RANGE: &[Field] = &[
    Field::required(MIN, Shape::Int(1, MOST), "How many are kept ready at least."),
    Field::required(MAX, Shape::Int(1, MOST), "How many are kept ready at most."),
    Field::required(
        UTILIZATION,
        Shape::Number(0.1, 0.9),
        "Which part of them should be busy: above it more are made ready, below it fewer.",
    ),
];

/// `concurrency.provisioned`.
pub(super) const PROVISIONED: Field = Field::optional(
    "provisioned",
    Shape::Either(&Shape::Int(1, MOST), &Shape::Object(RANGE)),
    "not managed",
    "How many instances are kept ready behind the alias of `release`: a number, or a range within which \
     Application Auto Scaling chooses. They cost money also while nobody calls.",
);
