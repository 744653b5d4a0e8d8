//! Ownership: what is not ours is not touched, unless the manifest says to take it over.

use std::time::Duration;

use super::{
    case::Case,
    diff::{Diff, Reason, Wait},
    policy::Adopt,
    resource::{Resource, info},
    tags::{self, Claim},
};

/// Permissions are changed by people.
const UNREADABLE_RECHECK: Duration = Duration::from_mins(5);
/// What `adopt.from` says for everything that a stack made.
const CLOUDFORMATION: &str = "cloudformation";

/// Whose the object is, and what follows for us.
enum OwnerVerdict {
    /// Ours, or of a kind that nobody owns.
    Ours,
    /// Another party's, and the manifest says to take it over: from whom, in words.
    Adopted(String),
    /// Another party's: why we leave it, in words.
    Foreign(String),
    /// Nobody can tell, and why.
    Unknown(String),
}

/// Takes the steps away if the object is not ours to change, and says why: refused if another party
/// owns it, waiting if its tags cannot be read.
pub(super) fn weigh<R: Resource>(
    case: &Case<'_, R>,
    reading: &R::Reading,
    diff: &mut Diff<R::Step>,
) {
    match owner_verdict(case, reading) {
        OwnerVerdict::Ours => {}
        OwnerVerdict::Adopted(from) => {
            let message = format!("taken over from {from}; every field that differs is reset");
            diff.conditions.insert("Adopting", Reason::new("TakingOver", message));
        }
        OwnerVerdict::Foreign(why) => {
            diff.steps.clear();
            diff.replace = None;
            diff.refusal = Some(Reason::new("NotOwned", why));
        }
        OwnerVerdict::Unknown(why) => {
            let reason = Reason::new(
                "TagsUnreadable",
                format!(
                    "whose it is cannot be told: {why}; allow our credentials to read its tags"
                ),
            );
            let recheck = Some(UNREADABLE_RECHECK);
            diff.steps.clear();
            diff.replace = None;
            diff.waits.insert(0, Wait { reason, on: None, recheck, soon: false });
        }
    }
}

/// Says by its tags whose the object is, and whether the document takes it over (`policy.adopt`).
fn owner_verdict<R: Resource>(case: &Case<'_, R>, reading: &R::Reading) -> OwnerVerdict {
    let adopt = &case.wanted.policy.adopt;
    match Claim::of(R::tags(reading)) {
        Claim::ReadOnly => OwnerVerdict::Ours,
        Claim::Unreadable(why) => OwnerVerdict::Unknown(why),
        Claim::Nobody if *adopt == Adopt::Unowned => OwnerVerdict::Adopted("nobody".into()),
        Claim::Nobody => OwnerVerdict::Foreign(
            "it exists and carries no owner tag; to take it over, set `policy.adopt: true`".into(),
        ),
        Claim::CloudFormation(stack) if *adopt == Adopt::From(CLOUDFORMATION.into()) => {
            OwnerVerdict::Adopted(format!("the CloudFormation stack `{stack}`"))
        }
        Claim::CloudFormation(stack) => OwnerVerdict::Foreign(format!(
            "it belongs to the CloudFormation stack `{stack}`; to take it over, set \
             `policy.adopt: {{ from: cloudformation }}`"
        )),
        Claim::Owner { id, object, .. } => owned(case, &id, object.as_deref()),
    }
}

/// Judges an object that carries the owner tag `id`. It is ours if that is our id and `object`, the
/// tag that names it, is absent or names this very object: whoever copies an object may copy its
/// tags.
fn owned<R: Resource>(case: &Case<'_, R>, id: &str, object: Option<&str>) -> OwnerVerdict {
    let adopt = &case.wanted.policy.adopt;
    if id != case.settings.owner.as_str() {
        if *adopt == Adopt::From(id.into()) {
            return OwnerVerdict::Adopted(format!("the Evenkeel `{id}`"));
        }
        return OwnerVerdict::Foreign(format!(
            "the Evenkeel `{id}` keeps it; to take it over, set `policy.adopt: {{ from: {id} }}`"
        ));
    }
    let own = tags::object(info::<R>(case.key.facet).kind, case.key.name());
    match object {
        Some(object) if object != own && *adopt == Adopt::Unowned => {
            OwnerVerdict::Adopted(format!("`{object}`, whose tags it carries"))
        }
        Some(object) if object != own => OwnerVerdict::Foreign(format!(
            "its tag `evenkeel.dev/object` names `{object}`, so its tags seem to be copied; to take \
             it over, set `policy.adopt: true`"
        )),
        Some(_) | None => OwnerVerdict::Ours,
    }
}
