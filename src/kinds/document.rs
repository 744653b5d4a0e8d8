//! What documents of several kinds have: tags and a policy. Their shapes, their forms, and the rules that a
//! shape cannot say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    engine::tags::{DELETION, OURS, TagSpec, Tags},
    shape::{Field, Map, ModelDifference, Provenance, Shape, Text},
};

/// What `evenkeel import` writes in the place of a value that it may not or cannot carry over. Nothing that begins
/// with it is ever applied.
pub const PLACEHOLDER: &str = "evenkeel: fill in";

/// AWS allows letters, digits and spaces of every script and `_.:/=+-@`; so, of ASCII, not these.
const TAG_CHARACTERS: &str = r##"^[^\x00-\x1f\x7f!"#$%&'()*,;<>?\[\]\\^`{|}~]*$"##;
const TAG_KEY: Text =
    Text::new((1, 128), TAG_CHARACTERS, "1 to 128 letters, digits, spaces and _ . : / = + - @")
        .unlike(&[ModelDifference::pattern(
            r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
            Provenance::Own(
                "the same of ASCII; the engine of expressions here has no classes of Unicode",
            ),
        )]);
const TAG_VALUE: Text =
    Text::new((0, 256), TAG_CHARACTERS, "at most 256 letters, digits, spaces and _ . : / = + - @")
        .unlike(&[ModelDifference::pattern(
            r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
            Provenance::Own(
                "the same of ASCII; the engine of expressions here has no classes of Unicode",
            ),
        )]);
const POINTER: Text = Text::new((2, 512), "^/", "a JSON Pointer below `spec`, as `/memorySize`");
const REASON: Text = Text::any(1, 200);
const OWNER: Text =
    Text::new((1, 32), "^[a-z0-9-]+$", "`cloudformation`, or an owner id: 1 to 32 of a-z 0-9 -");

const SUSPEND: &[Field] = &[
    Field::required("reason", Shape::Text(&REASON), "Why; shown with the object."),
    Field::optional(
        "until",
        Shape::Time,
        "until the block is removed",
        "When the hold ends by itself.",
    ),
];

const ADOPT_FROM: &[Field] =
    &[Field::required("from", Shape::Text(&OWNER), "Whose object may be taken over.")];

const POLICY: &[Field] = &[
    Field::optional(
        "mode",
        Shape::Choice(&["enforce", "observe"]),
        "`enforce`",
        "Whether differences are repaired or only reported. The stricter of this and `--mode` holds.",
    ),
    Field::optional(
        "adopt",
        Shape::Either(&Shape::Flag, &Shape::Object(ADOPT_FROM)),
        "`false`",
        "Whether an object that exists and is not ours may be taken over: nobody's (`true`), another \
         owner's, or CloudFormation's. `plan` shows every field that it would reset.",
    ),
    Field::optional(
        "deletion",
        Shape::Choice(&["retain", "delete"]),
        "`retain`",
        "What may happen to the object when its manifest goes; remembered in a tag. Nothing is deleted \
         without `--prune`.",
    ),
    Field::optional(
        "ignore",
        Shape::List(&Shape::Text(&POINTER), 64),
        "none",
        "Fields that are left to others, as JSON Pointers below `spec` (`/memorySize`, \
         `/environment/variables/STAGE`, `/tags/team`): neither compared nor written. A new object \
         still gets the manifest's values. Of what hangs on a function, `/concurrency/provisioned` and \
         `/scalingConfig` can be left to whoever scales it: they are written when they are made, and numbers that \
         nobody has set yet.",
    ),
    Field::optional(
        "suspend",
        Shape::Object(SUSPEND),
        "not suspended",
        "Holds all writes; differences are still reported.",
    ),
    Field::optional(
        "exclusive",
        Shape::Flag,
        "`false`",
        "Whether what opens a function to others and is not in the manifest is taken away: a public URL, a \
         permission for everybody, and, where `eventSources` is there, be it empty, an event source. It is reported in \
         any case (`unmanaged_change`). Of a repository it means nothing.",
    ),
];

/// `policy`.
pub const POLICY_FIELD: Field =
    Field::optional("policy", Shape::Object(POLICY), "enforce", "What Evenkeel may do.").own();

/// `tags`.
pub const TAGS_FIELD: Field = Field::optional(
    "tags",
    Shape::Map(&Map {
        key: &TAG_KEY,
        value: &Shape::Either(&Shape::Text(&TAG_VALUE), &Shape::Null),
        entries_max: 43,
        secret: false,
    }),
    "none",
    "Tags; `null` takes one away. Other tags on the object stay. AWS allows 50, of which Evenkeel needs \
     up to 7, and one for each block of a function.",
).aws("lambda:CreateFunction.Tags").unlike(&[ModelDifference::max("none", Provenance::Own("AWS allows 50, of which Evenkeel needs up to 7"))]);

/// `tagsPolicy`.
pub const TAGS_POLICY_FIELD: Field = Field::optional(
    "tagsPolicy",
    Shape::Choice(&["merge", "exclusive"]),
    "`merge`",
    "Whether tags that the manifest does not name stay (`merge`) or go (`exclusive`). AWS's own tags and \
     Evenkeel's always stay.",
).own();

/// `tags` as they are written.
pub type TagsDoc = BTreeMap<String, Option<String>>;

/// `tagsPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagsPolicy {
    /// Others stay.
    #[default]
    Merge,
    /// Others go.
    Exclusive,
}

/// The tags that a document asks for.
pub fn tag_spec(tags: &TagsDoc, policy: TagsPolicy) -> TagSpec {
    let set = tags.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
    let unset = tags.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.clone());
    TagSpec {
        set: set.collect(),
        unset: unset.collect(),
        exclusive: policy == TagsPolicy::Exclusive,
    }
}

/// Writes `tags` and `policy` of a live object as people would: its tags without AWS's and
/// Evenkeel's own, and `deletion: delete` if the tag `evenkeel.dev/deletion` says so.
pub fn to_manifest(tags: &Tags) -> Vec<(&'static str, Value)> {
    let own = |key: &String| !key.starts_with(OURS) && !key.starts_with("aws:");
    let own = tags.iter().filter(|(key, _)| own(key));
    let own: serde_json::Map<_, _> = own.map(|(key, it)| (key.clone(), json!(it))).collect();
    let goes = tags.get(DELETION).is_some_and(|it| it == "delete");
    let members = [
        (!own.is_empty()).then_some(("tags", Value::Object(own))),
        goes.then(|| ("policy", json!({ "deletion": "delete" }))),
    ];
    members.into_iter().flatten().collect()
}

/// A rule that a document breaks: where, what, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    /// The members that lead to the field, below `spec`.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

impl Violation {
    /// A rule that is broken at this path.
    pub fn new(path: &[&str], message: impl Into<String>, hint: &'static str) -> Self {
        let path = path.iter().map(|it| (*it).to_owned()).collect();
        Self { path, message: message.into(), hint }
    }
}

/// Whether an ARN is that of a FIFO queue or topic, by its name.
pub fn is_fifo(arn: &str) -> bool {
    arn.rsplit_once('.').is_some_and(|(_, end)| end == "fifo")
}

/// Refuses keys that begin with `aws:` or `evenkeel.dev/`, in any case of letters; returns one
/// violation for each.
pub fn check_tags(tags: &TagsDoc) -> Vec<Violation> {
    let wrong = tags.keys().filter_map(|key| {
        let lower = key.to_ascii_lowercase();
        let (message, hint) = if lower.starts_with("aws:") {
            (
                format!("the tag `{key}` begins with `aws:`, which AWS keeps for itself"),
                "use another key",
            )
        } else if lower.starts_with(OURS) {
            (format!("the tag `{key}` is one of Evenkeel's own"), "take it out; Evenkeel sets it")
        } else {
            return None;
        };
        Some(Violation::new(&["tags", key], message, hint))
    });
    wrong.collect()
}
