//! Who may invoke a function: the statements of its resource policy that are ours. They are told from those of
//! others by their id, which begins with `ek-` and ends with a hash of what the statement says: a permission
//! that changes gets a new statement before the old one goes, so that nobody is shut out meanwhile.

mod aws;
pub mod doc;
mod exposure;
pub(crate) mod public;
mod shape;
mod statement;

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use self::{doc::PermissionDoc, exposure::Exposure};
pub use self::{
    shape::RULES,
    statement::{INVOKE, Statement},
};
use super::block::{At, BelongsTo, Block, Extra, Fields};
use crate::{
    engine::diff::{Cause, Reason},
    kinds::{document::Violation, part::Site},
    shape::Field,
};

/// `permissions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permissions {}

/// What our statements' ids begin with.
const OURS: &str = "ek-";
/// What stands for the id of a statement that has none, before its place in the policy: no id has a space.
const NAMELESS: &str = "statement ";

/// The `sid` of a manifest in what a row or, after our own mark, AWS calls a statement of ours: it ends with a few
/// digits of what the statement says.
pub fn sid(id: &str) -> Option<&str> {
    let (sid, hash) = id.rsplit_once('-')?;
    let is = hash.len() == statement::DIGITS && hash.bytes().all(|it| it.is_ascii_hexdigit());
    is.then_some(sid)
}

/// Statements by their id in AWS.
pub type Statements = BTreeMap<String, Statement>;

/// The statements of other parties, as a manifest would say them, by their id; those that it cannot say are left out.
pub fn others(statements: &Statements) -> Vec<PermissionDoc> {
    let others =
        statements.iter().filter(|(id, it)| !id.starts_with(OURS) && it.besides.is_empty());
    others.filter_map(|(id, it)| serde_json::from_value(it.to_manifest(id)).ok()).collect()
}

/// One call. Statements have ids of their own, so that two writers never undo each other, and no revision is
/// sent: RemovePermission would refuse what another writer's new statement has made stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// AddPermission.
    Add(At, String, Box<Statement>),
    /// RemovePermission.
    Remove(At, String),
    /// RemovePermission of a statement that is added again with its own content.
    Replace(At, String),
    /// RemovePermission of a statement that is there under another name by then.
    Supersede(At, String),
    /// PutResourcePolicy without a statement that has no id of its own, or DeleteResourcePolicy if none is left. The
    /// text is what it is called here.
    Strip(At, String, Box<Statement>),
}

impl Call {
    /// The statement's id.
    fn id(&self) -> &str {
        match self {
            Self::Add(_, id, _)
            | Self::Remove(_, id)
            | Self::Replace(_, id)
            | Self::Supersede(_, id)
            | Self::Strip(_, id, _) => id,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(at, sid, it) => write!(f, "add permission {sid} to function {at}: {it}"),
            Self::Remove(at, sid) | Self::Supersede(at, sid) => {
                write!(f, "remove permission {sid} from function {at}")
            }
            Self::Strip(at, id, it) => {
                write!(f, "rewrite policy of function {at} without {id}: {it}")
            }
            Self::Replace(at, sid) => {
                write!(f, "remove permission {sid} from function {at}, to add it again")
            }
        }
    }
}

/// A statement's place below the block.
fn path(sid: &str) -> String {
    sid.trim_start_matches(OURS).to_owned()
}

impl Block for Permissions {
    const NAME: &'static str = "Permissions";
    const FIELD: &'static str = "permissions";
    const CAUSE: Cause = Cause::Permissions;
    const BELONGS_TO: BelongsTo = BelongsTo::Alias;
    const NAMED: bool = true;
    const GUARDED: bool = true;
    const SHAPE: Field = shape::PERMISSIONS;
    type Doc = Vec<PermissionDoc>;
    type Config = Statements;
    type Call = Call;

    fn check(doc: &Self::Doc) -> Vec<Violation> {
        let twice = |(index, it): (usize, &PermissionDoc)| {
            let before = doc.iter().take(index).any(|other| other.sid == it.sid);
            before.then(|| {
                let message = format!("`{}` is the `sid` of two permissions", it.sid);
                Violation::new(&[], message, "give each its own")
            })
        };
        doc.iter().enumerate().filter_map(twice).chain(too_large(doc)).collect()
    }

    fn config(doc: &Self::Doc, site: &Site<'_>) -> Statements {
        let pair = |it: &PermissionDoc| {
            let statement = Statement::of(it, site.place);
            (format!("{OURS}{}-{}", it.sid, statement.hash()), statement)
        };
        doc.iter().map(pair).collect()
    }

    fn fields(statements: &Statements) -> Fields {
        let field = |(sid, it): (&String, &Statement)| (path(sid), it.to_string());
        statements.iter().map(field).collect()
    }

    /// Ours alone: a statement of another party's would become another one beside it.
    fn to_manifest(statements: &Statements) -> Option<Value> {
        let ours = statements.iter().filter_map(|(id, it)| Some((id.strip_prefix(OURS)?, it)));
        let named = ours.filter_map(|(rest, it)| Some((sid(rest)?, it)));
        let written: Vec<Value> = named.map(|(sid, it)| it.to_manifest(sid)).collect();
        (!written.is_empty()).then_some(Value::Array(written))
    }

    fn concern(live: &Statements, wanted: Option<&Statements>) -> Option<Statements> {
        let ours = live.iter().filter(|(sid, _)| sid.starts_with(OURS));
        let ours: Statements = ours.map(|(sid, it)| (sid.clone(), it.clone())).collect();
        (!ours.is_empty() || wanted == Some(&ours)).then_some(ours)
    }

    /// Orders the calls so that nobody is shut out: dead statements go first, since AWS refuses
    /// others beside them, new ones come before the old ones go, and those with another name now go
    /// last. Another statement under an id of ours is removed and added again.
    fn put(at: &At, wanted: &Statements, live: Option<&Statements>) -> Vec<Call> {
        let none = Statements::new();
        let live = live.unwrap_or(&none);
        let add = |(sid, it): (&String, &Statement)| {
            Call::Add(at.clone(), sid.clone(), Box::new(it.clone()))
        };
        let stale = live.iter().filter(|(sid, _)| !wanted.contains_key(*sid));
        // A statement whose principal was deleted lets nobody in, and while it is there AWS refuses others.
        let (dead, stale): (Vec<_>, Vec<_>) = stale.partition(|(_, it)| it.is_dead());
        let remove = |sid: &String| Call::Remove(at.clone(), sid.clone());
        let mut calls: Vec<Call> = dead.into_iter().map(|(sid, _)| remove(sid)).collect();
        let missing = wanted.iter().filter(|(sid, _)| !live.contains_key(*sid));
        calls.extend(missing.map(add));
        // Another party has put another statement under our id, or AWS shows another one.
        let other =
            |(sid, it): &(&String, &Statement)| live.get(*sid).is_some_and(|was| was != *it);
        let replace = |sid: &String| Call::Replace(at.clone(), sid.clone());
        calls.extend(wanted.iter().filter(other).flat_map(|it| [replace(it.0), add(it)]));
        // One that another of the manifest's takes the place of under another name goes once that one is there.
        let (renamed, stale): (Vec<_>, Vec<_>) = stale.into_iter().partition(|(_, was)| {
            wanted.iter().any(|(sid, it)| it == *was && !live.contains_key(sid))
        });
        calls.extend(stale.into_iter().map(|(sid, _)| remove(sid)));
        calls.extend(renamed.into_iter().map(|(sid, _)| Call::Supersede(at.clone(), sid.clone())));
        calls
    }

    fn remove(at: &At, live: &Statements) -> Vec<Call> {
        live.keys().map(|sid| Call::Remove(at.clone(), sid.clone())).collect()
    }

    fn touches(call: &Call) -> Vec<String> {
        vec![path(call.id())]
    }

    /// Each permission is independent of the others; one that changes keeps its old statement until the new one is
    /// there, and so does one with another name.
    fn lane(call: &Call) -> Option<String> {
        let alone = !matches!(call, Call::Supersede(..));
        alone.then(|| sid(call.id()).unwrap_or(call.id()).to_owned())
    }

    fn makes_room(call: &Call) -> bool {
        matches!(call, Call::Replace(..))
    }

    fn extras(at: &At, live: &Statements, ours: bool) -> Vec<Extra<Call>> {
        // An id that looks like ours proves nothing where nothing here is ours.
        open(at, live.iter().filter(|(id, _)| !ours || !id.starts_with(OURS)))
    }

    fn warning(statements: &Statements) -> Option<Reason> {
        let open = statements.iter().filter(|(_, it)| it.exposure() != Exposure::Closed);
        let public: Vec<&str> = open.map(|(sid, _)| sid.as_str()).collect();
        let message = format!(
            "public: {} lets anybody in, whoever they are and wherever they come from",
            public.join(", ")
        );
        (!public.is_empty()).then(|| Reason::new("PublicPermission", message))
    }
}

/// Tells of permissions that are more than a policy may hold. They are measured without what every statement has around
/// them, so that none is refused that AWS may take; where others have statements too, only AWS can say.
fn too_large(doc: &[PermissionDoc]) -> Option<Violation> {
    let most = shape::POLICY_BYTES.size();
    let bytes: usize = doc.iter().map(PermissionDoc::size).sum();
    let message =
        format!("the permissions take at least {bytes} bytes; Lambda allows {most} for a policy");
    let hint = "use fewer, or wider ones: an organization, or a pattern in `sourceArn`";
    (bytes > most).then(|| Violation::new(&[], message, hint))
}

/// Returns the statements that let anybody in, or of which Evenkeel cannot tell whom, as extras at
/// a place.
fn open<'a>(
    at: &At,
    statements: impl Iterator<Item = (&'a String, &'a Statement)>,
) -> Vec<Extra<Call>> {
    let extra = |(id, it): (&String, &Statement)| {
        let words = match it.exposure() {
            Exposure::Closed => return None,
            Exposure::Public => it.to_string(),
            Exposure::Unjudged(why) => {
                format!("{it} (whether that is anybody cannot be judged by {why})")
            }
        };
        // RemovePermission takes the id of a statement.
        let call = if id.starts_with(NAMELESS) {
            Call::Strip(at.clone(), id.clone(), Box::new(it.clone()))
        } else {
            Call::Remove(at.clone(), id.clone())
        };
        Some(Extra { path: id.clone(), words, call })
    };
    statements.filter_map(extra).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::name::Name;

    /// The callers of both are the same: they are let in all the time.
    #[test]
    fn a_permission_with_another_name_waits_for_the_new_one() {
        let at = At { function: Name::new("job"), qualifier: None };
        let statement = |principal: &str| Statement {
            principal: principal.to_owned(),
            action: INVOKE.into(),
            ..Statement::default()
        };
        let wanted = Statements::from([("ek-b-1".into(), statement("s3.amazonaws.com"))]);
        let live = Statements::from([
            ("ek-a-1".into(), statement("s3.amazonaws.com")),
            ("ek-c-2".into(), statement("sns.amazonaws.com")),
        ]);
        let calls = Permissions::put(&at, &wanted, Some(&live));
        let add = Call::Add(at.clone(), "ek-b-1".into(), Box::new(statement("s3.amazonaws.com")));
        let remove = Call::Remove(at.clone(), "ek-c-2".into());
        let supersede = Call::Supersede(at, "ek-a-1".into());
        assert_eq!(calls, [add, remove, supersede.clone()]);
        // It needs every step before it.
        assert_eq!(Permissions::lane(&supersede), None);
    }

    /// The limit is AWS's for a whole policy, and not a number of statements.
    #[test]
    fn as_many_permissions_as_a_policy_can_hold() {
        let permission = |index: usize, arn: &str| {
            let sid = format!("s{index}");
            let value = serde_json::json!({ "sid": sid, "principal": "s3.amazonaws.com", "sourceArn": arn });
            serde_json::from_value::<PermissionDoc>(value).unwrap()
        };
        let many = |count: usize, arn: &str| (0..count).map(|it| permission(it, arn)).collect();
        let short: Vec<PermissionDoc> = many(60, "arn:aws:s3:::uploads");
        assert_eq!(Permissions::check(&short), []);
        let long: Vec<PermissionDoc> = many(60, &format!("arn:aws:s3:::{}", "x".repeat(300)));
        let violations = Permissions::check(&long);
        let messages: Vec<&str> = violations.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(messages[0].ends_with("Lambda allows 20480 for a policy"), "{messages:?}");
    }
}
