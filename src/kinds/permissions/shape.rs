//! What `permissions` may hold (Lambda API reference, AddPermission).

use crate::shape::{
    Field, FieldRule, ModelDifference, Provenance, Shape, Text, pages::LAMBDA_QUOTAS,
};

/// AWS allows 100 characters, of which we need some.
const SID: Text = Text::new((1, 80), "^[A-Za-z0-9_-]+$", "1 to 80 of A-Z a-z 0-9 _ -").unlike(&[
    ModelDifference::max(
        "100",
        Provenance::Own("in AWS `ek-` stands before it and a hash behind it"),
    ),
]);
const PRINCIPAL: Text = Text::new(
    (1, 2048),
    r"^[^\s]+$",
    "a service, as `s3.amazonaws.com`, an account, an ARN, or `*`",
);
const ACTION: Text = Text::new(
    (1, 10_000),
    r"^(lambda:[*]|lambda:[a-zA-Z]+|[*])$",
    "an action, as `lambda:InvokeFunction`",
);
const ARN: Text = Text::new((1, 10_000), "^arn:aws", "an ARN, in which `*` may stand for anything").unlike(&[ModelDifference::pattern(r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)", Provenance::Own("placeholders for Region and account; AWS checks the rest"))]);
const ACCOUNT: Text = Text::new((12, 24), r"^(\d{12}|\$\{target\.accountId\})$", "an account id")
    .unlike(&[
        ModelDifference::min("0", Provenance::Own("the pattern asks for 12 digits anyway")),
        ModelDifference::max("12", Provenance::Own("a placeholder is longer")),
        ModelDifference::pattern(r"\d{12}", Provenance::Own("a placeholder too")),
    ]);
const ORGANIZATION: Text = Text::new((12, 34), "^o-[a-z0-9]{10,32}$", "an organization's id");
const TOKEN: Text = Text::new((1, 256), r"^[a-zA-Z0-9._-]+$", "1 to 256 of A-Z a-z 0-9 . _ -");

const MEMBERS: &[Field] = &[
    Field::required("sid", Shape::Text(&SID), "The permission's name.").aws("StatementId"),
    Field::required(
        "principal",
        Shape::Text(&PRINCIPAL),
        "Who may: a service (`s3.amazonaws.com`), an account (12 digits, or the ARN of its root), the ARN of a user or \
         role, or `*`: anybody.",
    ).aws("Principal"),
    Field::optional("action", Shape::Text(&ACTION), "`lambda:InvokeFunction`", "May do what.").aws("Action"),
    Field::optional(
        "sourceArn",
        Shape::Text(&ARN),
        "any",
        "On behalf of what: the bucket, topic or rule that invokes.",
    ).aws("SourceArn"),
    Field::optional(
        "sourceAccount",
        Shape::Text(&ACCOUNT),
        "any",
        "Whose that is: needed where an ARN names no account, as a bucket's.",
    ).aws("SourceAccount"),
    Field::optional(
        "principalOrgId",
        Shape::Text(&ORGANIZATION),
        "any",
        "The organization that whoever asks must belong to.",
    ).aws("PrincipalOrgID"),
    Field::optional(
        "functionUrlAuthType",
        Shape::Choice(&["AWS_IAM", "NONE"]),
        "any",
        "With `lambda:InvokeFunctionUrl`: how the URL authorizes.",
    ).aws("FunctionUrlAuthType"),
    Field::optional(
        "invokedViaFunctionUrl",
        Shape::Flag,
        "`false`",
        "With `lambda:InvokeFunction`: only through the function's URL.",
    ).aws("InvokedViaFunctionUrl"),
    Field::optional(
        "eventSourceToken",
        Shape::Text(&TOKEN),
        "any",
        "With Alexa skills: the token of the skill.",
    ).aws("EventSourceToken"),
];

/// The most bytes of a function's policy.
pub(super) const POLICY_BYTES: FieldRule = FieldRule::number(
    "permissions",
    20_480,
    "at most {} bytes as a policy, with the statements of others",
    Provenance::Documented(LAMBDA_QUOTAS),
);

/// The rules that AWS has and the shape cannot say.
pub const RULES: &[FieldRule] = &[POLICY_BYTES];

/// `permissions`.
pub(super) const PERMISSIONS: Field = Field::optional(
    "permissions",
    Shape::List(&Shape::Object(MEMBERS), 1000),
    "not managed",
    "Who may invoke the function. Statements of others in its policy stay.",
)
.aws("lambda:AddPermission");
