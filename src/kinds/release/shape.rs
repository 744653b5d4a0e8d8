//! What `release` may hold.

use crate::shape::{DURATION, Field, Map, ModelDifference, Provenance, Shape, Text};

/// Lambda's rule for aliases (API reference, CreateAlias): no number.
const ALIAS: Text = Text::new(
    (1, 128),
    "^[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*$",
    "1 to 128 of A-Z a-z 0-9 _ -, and no number",
)
.unlike(&[ModelDifference::pattern(
    "(?!^[0-9]+$)([a-zA-Z0-9-_]+)",
    Provenance::Own("the same without looking ahead, which the engine of expressions here cannot"),
)]);
const TEST: Text = Text::new((1, 64), "^[A-Za-z0-9_-]+$", "1 to 64 of A-Z a-z 0-9 _ -");
const POINTER: Text = Text::new((0, 512), "^(/.*)?$", "a JSON Pointer, as `/counts/A`");
const REGEX: Text = Text::any(1, 512);
const ALARM: Text = Text::any(1, 255);

const ERRORS: Field = Field::optional(
    "maxErrorPercent",
    Shape::Int(0, 100),
    "5",
    "With a greater part of failed calls of the new version, it is rolled back.",
);

const EVERY: Field = Field::required(
    "every",
    Shape::Text(&DURATION),
    "How long each step lasts at least, from 1m to 24h. A step also needs one call of the new version through the \
     alias: until it comes, the version keeps its percent, without a time limit (reason `NoTraffic`), and only an \
     alarm of `alarms` rolls it back.",
);

const CANARY: &[Field] = &[
    Field::required(
        "steps",
        Shape::List(&Shape::Int(1, 99), 20),
        "The percent of the calls that the new version gets, step by step, as `[10, 50]`; then all.",
    ),
    EVERY,
    ERRORS,
];

const LINEAR: &[Field] = &[
    Field::required("percent", Shape::Int(1, 50), "The percent of the calls that each step adds."),
    EVERY,
    ERRORS,
];

const STRATEGY: &[Field] = &[
    Field::optional("canary", Shape::Object(CANARY), "none", "By steps of a size of their own."),
    Field::optional("linear", Shape::Object(LINEAR), "none", "By steps of one size."),
];

const EXPECT: &[Field] = &[
    Field::optional(
        "status",
        Shape::Int(100, 599),
        "not looked at",
        "The `statusCode` of the answer, as functions behind a URL give it.",
    ),
    Field::optional(
        "functionError",
        Shape::Choice(&["Handled", "Unhandled"]),
        "no error",
        "The error that the function is to end with.",
    ),
    Field::optional(
        "body",
        Shape::Map(&Map { key: &POINTER, value: &Shape::Any, entries_max: 50, secret: false }),
        "not looked at",
        "What stands where in the answer: JSON Pointers and values.",
    ),
    Field::optional(
        "matches",
        Shape::Text(&REGEX),
        "not looked at",
        "A regular expression for the answer as text.",
    ),
    Field::optional(
        "maxDuration",
        Shape::Text(&DURATION),
        "1m",
        "How long it may take, from 1ms to 30m.",
    ),
];

const SMOKE_TEST: &[Field] = &[
    Field::required("name", Shape::Text(&TEST), "The test's name."),
    Field::optional("payload", Shape::Any, "`null`", "The event, as it is passed to the function."),
    Field::optional(
        "expect",
        Shape::Object(EXPECT),
        "no error within a minute",
        "What the answer has to be.",
    ),
];

const MEMBERS: &[Field] = &[
    Field::optional(
        "alias",
        Shape::Text(&ALIAS),
        "`live`",
        "The alias that callers use. URL, permissions, asynchronous invocation and the like hang on it \
         then, not on the function itself.",
    ).aws("lambda:CreateAlias.Name"),
    Field::optional(
        "strategy",
        Shape::Either(&Shape::Choice(&["allAtOnce"]), &Shape::Object(STRATEGY)),
        "`allAtOnce`",
        "How callers move to a new version: all at once, or by steps.",
    ),
    Field::optional(
        "smokeTests",
        Shape::List(&Shape::Object(SMOKE_TEST), 20),
        "none",
        "Invocations of the new version that must go well before any caller gets it.",
    ),
    Field::optional(
        "alarms",
        Shape::List(&Shape::Text(&ALARM), 20),
        "none",
        "CloudWatch alarms: while one is on no release begins, and one under way by steps is rolled back.",
    ).aws("cloudwatch:DescribeAlarms.AlarmNames").unlike(&[ModelDifference::max("100", Provenance::Own("more than a release is about"))]),
    Field::optional(
        "keepVersions",
        Shape::Int(1, 1000),
        "all are kept; 2 on managed instances",
        "How many published versions stay. On managed instances every version costs also while nobody calls it. One that an alias or provisioned concurrency uses always does, \
         and so does one that Evenkeel did not publish.",
    ),
];

/// `release`.
pub(super) const RELEASE: Field = Field::optional(
    "release",
    Shape::Object(MEMBERS),
    "not managed",
    "Publishes a version of what is deployed, tests it, and moves an alias to it.",
)
.own();
