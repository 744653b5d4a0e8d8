//! What each field of a `Repository` document may hold: AWS's own constraints (ECR API reference,
//! CreateRepository).

use crate::{
    kinds::{
        document::{POLICY_FIELD, TAGS_FIELD, TAGS_POLICY_FIELD},
        repository_name::REPOSITORY_NAME,
    },
    shape::{Field, ModelDifference, Provenance, Shape, Text},
};

/// The operation that the members of `spec` belong to.
pub const OPERATION: &str = "ecr:CreateRepository";

const FILTER: Text =
    Text::new((1, 128), r"^[0-9a-zA-Z._*-]{1,128}$", "1 to 128 of A-Z a-z 0-9 . _ * -");
const KMS_KEY: Text = Text::any(1, 2048);

const EXCLUSION: &[Field] = &[
    Field::optional(
        "filterType",
        Shape::Choice(&["WILDCARD"]),
        "`WILDCARD`",
        "How the filter is read.",
    )
    .aws("filterType"),
    Field::required("filter", Shape::Text(&FILTER), "The tags that are meant, as `dev-*`.")
        .aws("filter"),
];

const SCANNING: &[Field] = &[Field::optional(
    "scanOnPush",
    Shape::Flag,
    "`false`",
    "Whether images are scanned when they are pushed.",
)
.aws("scanOnPush")];

const ENCRYPTION: &[Field] = &[
    Field::required(
        "encryptionType",
        Shape::Choice(&["AES256", "KMS", "KMS_DSSE"]),
        "How images are encrypted.",
    )
    .aws("encryptionType"),
    Field::optional("kmsKey", Shape::Text(&KMS_KEY), "ECR's own key", "The key, with KMS.")
        .aws("kmsKey"),
];

const LIFECYCLE: &[Field] = &[Field::required(
    "rules",
    Shape::List(&Shape::Any, 50),
    "The rules, as in the ECR user guide, \"Lifecycle policies\".",
)];

const POLICY: &[Field] = &[
    Field::optional(
        "Version",
        Shape::Choice(&["2012-10-17", "2008-10-17"]),
        "`2008-10-17`, as IAM has it",
        "The version of the policy language.",
    ),
    Field::optional("Id", Shape::Any, "none", "A name; it means nothing to AWS."),
    Field::required(
        "Statement",
        Shape::Either(&Shape::Any, &Shape::List(&Shape::Any, 100)),
        "One statement or a list of them, in IAM's words.",
    ),
];

/// The members of `spec`, in the order of the reference.
pub const SPEC: &[Field] = &[
    Field::optional(
        "repositoryName",
        Shape::Text(&REPOSITORY_NAME),
        "`metadata.name`",
        "The repository's name in ECR.",
    ).aws("repositoryName"),
    Field::optional(
        "imageTagMutability",
        Shape::Choice(&[
            "MUTABLE",
            "IMMUTABLE",
            "IMMUTABLE_WITH_EXCLUSION",
            "MUTABLE_WITH_EXCLUSION",
        ]),
        "`MUTABLE`",
        "Whether a tag may be pushed again.",
    ).aws("imageTagMutability"),
    Field::optional(
        "imageTagMutabilityExclusionFilters",
        Shape::List(&Shape::Object(EXCLUSION), 5),
        "none",
        "The tags that are excluded, with the two `…_WITH_EXCLUSION`; their order means nothing.",
    ).aws("imageTagMutabilityExclusionFilters").unlike(&[ModelDifference::min("1", Provenance::Own("a rule asks for one where the mutability has exclusions"))]),
    Field::optional(
        "imageScanningConfiguration",
        Shape::Object(SCANNING),
        "not managed",
        "Scanning of this repository's own; the registry may have rules in its place, and ECR may refuse it then. Left \
         out, it is neither compared nor sent.",
    ).aws("imageScanningConfiguration"),
    Field::optional(
        "encryptionConfiguration",
        Shape::Object(ENCRYPTION),
        "AES256 for a new repository; not compared",
        "ECR lets it be chosen only when the repository is made.",
    ).aws("encryptionConfiguration"),
    Field::optional(
        "lifecyclePolicy",
        Shape::Object(LIFECYCLE),
        "not managed",
        "Which images expire. Compared by meaning. Taken out of the manifest, it is deleted.",
    ).own(),
    Field::optional(
        "repositoryPolicy",
        Shape::Object(POLICY),
        "not managed",
        "Who may push and pull. Evenkeel compares policies by meaning. The statement that Lambda adds \
         (`LambdaECRImageRetrievalPolicy`) stays as it is, unless the policy here has a statement under that \
         `Sid`: then Evenkeel writes that one, and what Lambda changes in it is drift. Taken out of the \
         manifest, the policy is deleted, except for Lambda's statement.",
    ).own(),
    TAGS_FIELD,
    TAGS_POLICY_FIELD,
    POLICY_FIELD,
];
