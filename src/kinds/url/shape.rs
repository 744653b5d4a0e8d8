//! What `url` may hold (Lambda API reference, CreateFunctionUrlConfig and Cors).

use crate::shape::{Field, ModelDifference, Provenance, Shape, Text};

const HEADER: Text = Text::any(0, 1024);
const METHOD: Text = Text::new((1, 6), r"^([A-Z]+|\*)$", "an HTTP method in capitals, or `*`")
    .unlike(&[ModelDifference::pattern(
        ".*",
        Provenance::Words {
            member: "lambda:CreateFunctionUrlConfig.Cors.AllowMethods",
            phrase: "For example: GET, POST, DELETE, or the wildcard character (*)",
        },
    )]);
const ORIGIN: Text = Text::new((1, 253), r"^\S+$", "an origin, as `https://example.com`, or `*`")
    .unlike(&[ModelDifference::pattern(".*", Provenance::Own("no origin has a space"))]);

const CORS: &[Field] = &[
    Field::optional(
        "allowCredentials",
        Shape::Flag,
        "`false`",
        "Whether browsers may send cookies and the like.",
    )
    .aws("AllowCredentials"),
    Field::optional(
        "allowHeaders",
        Shape::List(&Shape::Text(&HEADER), 100),
        "none",
        "Headers that a request may have; their order means nothing, as in all lists here.",
    )
    .aws("AllowHeaders"),
    Field::optional(
        "allowMethods",
        Shape::List(&Shape::Text(&METHOD), 6),
        "none",
        "Methods that a request may have.",
    )
    .aws("AllowMethods"),
    Field::optional(
        "allowOrigins",
        Shape::List(&Shape::Text(&ORIGIN), 100),
        "none",
        "Whose pages may ask.",
    )
    .aws("AllowOrigins"),
    Field::optional(
        "exposeHeaders",
        Shape::List(&Shape::Text(&HEADER), 100),
        "none",
        "Headers of an answer that a page may read.",
    )
    .aws("ExposeHeaders"),
    Field::optional(
        "maxAge",
        Shape::Int(0, 86_400),
        "0",
        "How long a browser may remember this, in seconds.",
    )
    .aws("MaxAge"),
];

const MEMBERS: &[Field] = &[
    Field::optional(
        "authType",
        Shape::Choice(&["AWS_IAM", "NONE"]),
        "`NONE` with `public`; else required",
        "Who may call: whom IAM allows (`AWS_IAM`), or whom `permissions` let in without asking who they are (`NONE`). \
         Of a URL of type `NONE` AWS asks for two permissions for `*`, `lambda:InvokeFunctionUrl` with \
         `functionUrlAuthType: NONE` and `lambda:InvokeFunction` with `invokedViaFunctionUrl: true`: with less its callers \
         get 403, of which `check` and `plan` warn.",
    )
    .aws("AuthType"),
    Field::optional(
        "public",
        Shape::Flag,
        "`false`",
        "Whether anybody on the internet may call: stands for `authType: NONE` and the two permissions that it needs \
         (`sid`: `public-url` and `public-invoke`), kept and taken away with it. `permissions` may stand beside it.",
    )
    .own(),
    Field::optional(
        "invokeMode",
        Shape::Choice(&["BUFFERED", "RESPONSE_STREAM"]),
        "`BUFFERED`",
        "Whether an answer is sent as a whole or as it comes.",
    )
    .aws("InvokeMode"),
    Field::optional("cors", Shape::Object(CORS), "no CORS", "What pages of other origins may do.")
        .aws("Cors"),
];

/// `url`.
pub(super) const URL: Field = Field::optional(
    "url",
    Shape::Object(MEMBERS),
    "not managed",
    "An HTTP endpoint of the function's own.",
)
.aws("lambda:CreateFunctionUrlConfig");
