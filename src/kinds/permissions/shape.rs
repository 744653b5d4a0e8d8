//! What `permissions` may hold (Lambda API reference, AddPermission).

use crate::shape::{Field, Shape, Text};

/// AWS allows 100 characters, of which we need some.
const SID: Text = Text::new((1, 80), "^[A-Za-z0-9_-]+$", "1 to 80 of A-Z a-z 0-9 _ -");
const PRINCIPAL: Text = Text::new(
    (1, 256),
    r"^[^\s]+$",
    "a service, as `s3.amazonaws.com`, an account, an ARN, or `*`",
);
const ACTION: Text =
    Text::new((8, 100), r"^lambda:([A-Za-z]+|\*)$", "an action, as `lambda:InvokeFunction`");
const ARN: Text = Text::new((1, 512), "^arn:aws", "an ARN, in which `*` may stand for anything");
const ACCOUNT: Text = Text::new((12, 24), r"^(\d{12}|\$\{target\.accountId\})$", "an account id");
const ORGANIZATION: Text = Text::new((12, 34), "^o-[a-z0-9]{10,32}$", "an organization's id");
const TOKEN: Text = Text::new((1, 256), r"^[a-zA-Z0-9._-]+$", "1 to 256 of A-Z a-z 0-9 . _ -");

const MEMBERS: &[Field] = &[
    Field::required("sid", Shape::Text(&SID), "The permission's name."),
    Field::required(
        "principal",
        Shape::Text(&PRINCIPAL),
        "Who may: a service (`s3.amazonaws.com`), an account (12 digits, or the ARN of its root), the ARN of a user or \
         role, or `*`: anybody.",
    ),
    Field::optional("action", Shape::Text(&ACTION), "`lambda:InvokeFunction`", "May do what."),
    Field::optional(
        "sourceArn",
        Shape::Text(&ARN),
        "any",
        "On behalf of what: the bucket, topic or rule that invokes.",
    ),
    Field::optional(
        "sourceAccount",
        Shape::Text(&ACCOUNT),
        "any",
        "Whose that is: needed where an ARN names no account, as a bucket's.",
    ),
    Field::optional(
        "principalOrgId",
        Shape::Text(&ORGANIZATION),
        "any",
        "The organization that whoever asks must belong to.",
    ),
    Field::optional(
        "functionUrlAuthType",
        Shape::Choice(&["AWS_IAM", "NONE"]),
        "any",
        "With `lambda:InvokeFunctionUrl`: how the URL authorizes.",
    ),
    Field::optional(
        "invokedViaFunctionUrl",
        Shape::Flag,
        "`false`",
        "With `lambda:InvokeFunction`: only through the function's URL.",
    ),
    Field::optional(
        "eventSourceToken",
        Shape::Text(&TOKEN),
        "any",
        "With Alexa skills: the token of the skill.",
    ),
];

/// `permissions`.
pub(super) const PERMISSIONS: Field = Field::optional(
    "permissions",
    Shape::List(&Shape::Object(MEMBERS), 50),
    "not managed",
    "Who may invoke the function. Statements of others in its policy stay.",
);
