//! Tags: whose an object is, what it is, what was applied last, and the tags that documents ask for.
//! AWS has them on functions and on repositories; what they mean to us is the same everywhere.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{
    diff::{Cause, Change, Origin, Reason, Shown},
    hex::hex,
    name::Name,
    observed::Known,
    policy::Deletion,
    preview::Preview,
};

/// All tags of one object.
pub type Tags = BTreeMap<String, String>;

/// What all of our own tags begin with.
pub const OURS: &str = "evenkeel.dev/";
/// Who keeps the object.
pub const OWNER: &str = "evenkeel.dev/owner";
/// Which object it is: `Function/resize`. A tag set copied to another object gives itself away.
pub const OBJECT: &str = "evenkeel.dev/object";
/// What is to happen when the manifest goes: `retain` or `delete`.
pub const DELETION: &str = "evenkeel.dev/deletion";
/// What was applied last: [`super::record::Record`].
pub const APPLIED: &str = "evenkeel.dev/applied";
/// What the tags begin with that say what each block of a function was made last.
pub const BLOCK: &str = "evenkeel.dev/block/";
/// The parts of a repository that we applied and AWS cannot tag: `lifecyclePolicy/repositoryPolicy`.
pub const MANAGES: &str = "evenkeel.dev/manages";
/// The image reference that was deployed last, where that matters.
pub const IMAGE: &str = "evenkeel.dev/image";
/// A hold on writes, set by a person: [`super::suspension`].
pub const SUSPEND: &str = "evenkeel.dev/suspend";
/// How many tags AWS allows.
pub const TAGS_MAX: usize = 50;
/// How many of them we may need, besides one for each block of a function.
pub const OURS_MAX: usize = 7;

/// The longest value of a tag.
const VALUE_MAX: usize = 256;
/// How many hex digits tell a shortened name from others.
const OBJECT_DIGITS: usize = 16;
/// Set by CloudFormation on everything that a stack makes.
const STACK: &str = "aws:cloudformation:stack-name";
/// AWS's own tags, which nobody else can write.
const AWS: &str = "aws:";

/// Whether the index behind bulk reads shows a tag as a read of the resource does. Of AWS's own tags that is not
/// documented.
pub fn is_indexed(key: &str) -> bool {
    !key.starts_with(AWS)
}

/// Whether a tag of a function says something to a part of it: whose the function is, and whether it is to be left
/// alone. The others are the function's own affair, or that of another part.
pub fn concerns_parts(key: &str) -> bool {
    matches!(key, OWNER | OBJECT | SUSPEND)
}

/// The tags by which an object is known as ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    owner: String,
    object: String,
    deletion: Deletion,
}

impl Ownership {
    /// The ownership of one object.
    pub fn of(kind: &str, name: &Name, owner: &str, deletion: Deletion) -> Self {
        Self { owner: owner.into(), object: object(kind, name), deletion }
    }

    /// As tags.
    pub fn tags(&self) -> Tags {
        Tags::from([
            (OWNER.into(), self.owner.clone()),
            (OBJECT.into(), self.object.clone()),
            (DELETION.into(), self.deletion.as_str().into()),
        ])
    }

    /// Whether the object carries our owner tag already.
    pub fn holds(&self, live: &Tags) -> bool {
        live.get(OWNER) == Some(&self.owner)
    }
}

/// The value of the tag [`OBJECT`]. A name that a tag cannot hold is shortened, and a hash of all of it tells it
/// from others.
pub fn object(kind: &str, name: &Name) -> String {
    let text = format!("{kind}/{name}");
    let fits = |it: char| it.is_alphanumeric() || " _.:/=+-@".contains(it);
    if text.chars().count() <= VALUE_MAX && text.chars().all(fits) {
        return text;
    }
    let hash: String = hex(&Sha256::digest(&text)).chars().take(OBJECT_DIGITS).collect();
    let start = text.chars().filter(|it| fits(*it)).take(VALUE_MAX - OBJECT_DIGITS - 1);
    start.chain(['=']).chain(hash.chars()).collect()
}

/// Who owns a live object, by its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This kind is only read; nobody owns it.
    ReadOnly,
    /// The tags could not be read, so nobody can tell.
    Unreadable(String),
    /// It carries no owner tag.
    Nobody,
    /// CloudFormation made it; the text is the stack's name.
    CloudFormation(String),
    /// An Evenkeel with this id keeps it, under this self-reference (`Function/resize`).
    Owner {
        /// The value of `evenkeel.dev/owner`.
        id: String,
        /// The value of `evenkeel.dev/object`.
        object: Option<String>,
        /// Whether `evenkeel.dev/deletion` says that it may be deleted.
        deletable: bool,
    },
}

impl Claim {
    /// Whose an object with these tags is; `None` stands for a kind without tags.
    pub fn of(tags: Option<&Known<Tags>>) -> Self {
        let tags = match tags {
            None => return Self::ReadOnly,
            Some(Known::No(why)) => return Self::Unreadable(why.clone()),
            Some(Known::Yes(tags)) => tags,
        };
        match (tags.get(OWNER), tags.get(STACK)) {
            (Some(id), _) => Self::Owner {
                id: id.clone(),
                object: tags.get(OBJECT).cloned(),
                deletable: tags.get(DELETION).is_some_and(|it| it == Deletion::Delete.as_str()),
            },
            (None, Some(stack)) => Self::CloudFormation(stack.clone()),
            (None, None) => Self::Nobody,
        }
    }
}

/// The tags that a document asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagSpec {
    /// To be there, with these values.
    pub set: Tags,
    /// Not to be there.
    pub unset: BTreeSet<String>,
    /// Whether all others must go too.
    pub exclusive: bool,
}

/// What differs between the tags that should be there and those that are.
#[derive(Debug, Default)]
pub struct TagDiff {
    /// To be written.
    pub set: Tags,
    /// To be taken away.
    pub unset: BTreeSet<String>,
    /// The same, field by field, for the steps of these two kinds.
    pub changes: Vec<Change>,
    /// What is there besides, and stays.
    pub extra: Vec<String>,
}

/// The kinds of steps that write tags and take them away.
pub struct TagSteps {
    /// For changes that set a tag.
    pub set: &'static str,
    /// For changes that take one away.
    pub unset: &'static str,
}

/// The tags that an object should carry.
pub struct DesiredTags<'a> {
    /// What its document says.
    pub spec: &'a TagSpec,
    /// What every object of ours carries.
    pub ours: &'a Tags,
}

/// Compares what an object should carry with what it carries; `others` says which tags are left to others.
pub fn compare(
    desired: &DesiredTags<'_>,
    live: &Tags,
    others: impl Fn(&str) -> bool,
    steps: &TagSteps,
) -> TagDiff {
    let mut diff = TagDiff::default();
    let DesiredTags { spec, ours } = desired;
    let mut wanted = spec.set.clone();
    wanted.retain(|key, _| !others(key));
    wanted.extend(ours.iter().map(|(key, value)| (key.clone(), value.clone())));
    for (key, value) in wanted.iter().filter(|(key, value)| live.get(*key) != Some(*value)) {
        let was = live.get(key).map_or_else(|| Shown::open("(absent)"), Shown::open);
        diff.changes.push(change(key, Shown::open(value), was, steps.set));
        diff.set.insert(key.clone(), value.clone());
    }
    for (key, value) in live.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
        if key.starts_with(AWS) || key.starts_with(OURS) || others(key) {
            continue;
        }
        if spec.exclusive || spec.unset.contains(key) {
            let none = Shown::open("(absent)");
            diff.changes.push(change(key, none, Shown::open(value), steps.unset));
            diff.unset.insert(key.clone());
        } else {
            diff.extra.push(key.clone());
        }
    }
    diff
}

/// The condition that tells of tags which stay though the manifest does not name them, if there are any.
pub fn left(extra: &[String]) -> Option<(&'static str, Reason)> {
    let message =
        format!("tags that the manifest does not name, and that stay: {}", extra.join(", "));
    (!extra.is_empty()).then(|| ("ExtraTags", Reason::new("TagsLeft", message)))
}

/// Builds the change of one tag. Its key becomes part of a JSON Pointer, so it is escaped.
/// Adds the tags that a document asks for to what will be created.
pub fn preview(tags: &Tags, preview: &mut Preview) {
    for (key, value) in tags {
        preview.push(pointer(key), value);
    }
}

/// The JSON Pointer of a tag below `spec`.
fn pointer(key: &str) -> String {
    format!("/tags/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn change(key: &str, desired: Shown, live: Shown, step: &'static str) -> Change {
    Change { path: pointer(key), desired, live, cause: Cause::Tags, origin: Origin::NoRecord, step }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: TagSteps = TagSteps { set: "tags", unset: "untag" };

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    fn differs(spec: &TagSpec, live: &[(&str, &str)]) -> (Vec<String>, Vec<String>, Vec<String>) {
        let ours = tags(&[(OWNER, "team")]);
        let diff =
            compare(&DesiredTags { spec, ours: &ours }, &tags(live), |key| key == "others", &STEPS);
        let set = diff.set.into_iter().map(|(key, value)| format!("{key}={value}"));
        (set.collect(), diff.unset.into_iter().collect(), diff.extra)
    }

    #[test]
    fn tags_merge_unless_the_document_says_otherwise() {
        let mut spec = TagSpec { set: tags(&[("a", "1"), ("others", "x")]), ..TagSpec::default() };
        let live = [(OWNER, "team"), ("b", "2"), ("others", "y"), ("aws:x", "1"), (SUSPEND, "t")];
        let none = Vec::<String>::new;
        assert_eq!(differs(&spec, &live), (vec!["a=1".into()], none(), vec!["b".into()]));
        spec.unset.insert("b".into());
        assert_eq!(differs(&spec, &live), (vec!["a=1".into()], vec!["b".into()], none()));
        spec.unset.clear();
        spec.exclusive = true;
        assert_eq!(differs(&spec, &live), (vec!["a=1".into()], vec!["b".into()], none()));
    }

    #[test]
    fn a_name_that_a_tag_cannot_hold_is_shortened() {
        let of = |name: &str| object("Kind", &Name::new(name));
        assert_eq!(of("a/arn:aws:sqs:x:1:b"), "Kind/a/arn:aws:sqs:x:1:b");
        assert_eq!(of("a b*c"), "Kind/a bc=11d89d453fb42409");
        let (one, other) = (of(&"x".repeat(300)), of(&"x".repeat(301)));
        assert!(one.len() == VALUE_MAX && other.len() == VALUE_MAX && one != other);
    }

    #[test]
    fn claims_are_read_from_tags() {
        let claim = |pairs: &[(&str, &str)]| Claim::of(Some(&Known::Yes(tags(pairs))));
        assert_eq!(Claim::of(None), Claim::ReadOnly);
        assert_eq!(claim(&[("a", "b")]), Claim::Nobody);
        assert_eq!(claim(&[(STACK, "web")]), Claim::CloudFormation("web".into()));
        let owner = |deletable| Claim::Owner { id: "x".into(), object: None, deletable };
        assert_eq!(claim(&[(OWNER, "x"), (STACK, "web")]), owner(false));
        assert_eq!(claim(&[(OWNER, "x"), (DELETION, "delete")]), owner(true));
        assert_eq!(claim(&[(OWNER, "x"), (DELETION, "Delete")]), owner(false));
    }
}
