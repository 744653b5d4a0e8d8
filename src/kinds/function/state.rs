//! What a function's own state allows: nothing while AWS is at work on it, and sometimes a repair.

use std::time::Duration;

use super::{
    live::{Activity, Live, State, StateReason, Update},
    resolve::BUSY_RECHECK,
    step::{Step, UpdateCode, kind},
};
use crate::engine::{
    diff::{Cause, Change, Diff, Origin, Planned, Reason, Shown, Wait},
    facts::FunctionFact,
    name::Name,
    observed::Known,
    tags::{BLOCK, OWNER},
};

/// How soon to read again while AWS stops instances, which takes minutes.
const STOPPING_RECHECK: Duration = Duration::from_secs(15);

/// Failures that a new deployment of the same image can end: the image was deleted and is there again,
/// or may be read again (Lambda developer guide, "Function states").
const REDEPLOY: [&str; 2] = [IMAGE_DELETED, "ImageAccessDenied"];
const IMAGE_DELETED: &str = "ImageDeleted";

/// Adds to the diff what follows from the function's state. While AWS is at work nothing is
/// written; a failure adds a step or a wait; a function at rest adds a condition. `code` is the
/// step that deploys the wanted image again; `None` if there is none.
pub(super) fn weigh(name: &Name, code: Option<UpdateCode>, live: &Live, diff: &mut Diff<Step>) {
    // A list does not show the state.
    let Known::Yes(state) = &live.state else { return };
    if let Some((reason, message)) = busy(state) {
        let reason = Reason::new(reason, message);
        let stops = state.activity == Activity::Deactivating;
        let recheck = Some(if stops { STOPPING_RECHECK } else { BUSY_RECHECK });
        // AWS refuses updates meanwhile.
        diff.steps.clear();
        diff.waits.insert(0, Wait { reason, on: None, recheck, soon: true });
        return;
    }
    match (&state.activity, state.update) {
        (Activity::Failed, _) => failed(name, code, state.reason.as_ref(), diff),
        (_, Update::Failed) => update_failed(code, state.update_reason.as_ref(), diff),
        (Activity::Inactive, _) => {
            let message = "it has not been invoked for weeks; the next invocation wakes it";
            diff.conditions.insert("Inactive", Reason::new("Idle", message));
        }
        (Activity::Deactivated, _) => {
            let message =
                "it runs on no managed instances; `scalingConfig` says how many there are";
            diff.conditions.insert("Deactivated", Reason::new("NoInstances", message));
        }
        // What AWS is at was said above.
        (
            Activity::Pending
            | Activity::Deactivating
            | Activity::Leaving
            | Activity::Active
            | Activity::Other(_),
            _,
        ) => {}
    }
}

/// AWS says that the image is gone from ECR.
pub(super) fn lost(state: &State) -> Option<Reason> {
    let reasons = state.reason.iter().chain(&state.update_reason);
    let reason = reasons.into_iter().find(|it| it.code == IMAGE_DELETED)?;
    let message = format!("AWS says that its image is gone: {}", words(Some(reason)));
    Some(Reason::new("ImageMissing", message))
}

/// What the parts of a function (its URL, its permissions and so on) must know of it before they
/// may change. Tags that could not be read show no owner and no blocks.
pub(super) fn fact(live: &Live) -> FunctionFact {
    let tag = |key: &str| live.tags.get().and_then(|it| it.get(key)).cloned();
    let keys = live.tags.get().into_iter().flat_map(|it| it.keys());
    let blocks = keys.filter_map(|it| it.strip_prefix(BLOCK));
    FunctionFact {
        exists: true,
        pending: live.state.get().is_some_and(|it| it.activity == Activity::Pending),
        busy: live.state.get().is_some_and(|it| busy(it).is_some()),
        owner: tag(OWNER),
        blocks: blocks.map(ToOwned::to_owned).collect(),
        chosen_once: live.unmanaged.chosen_once(),
    }
}

/// Why AWS would refuse an update now, as the code and the sentence of a reason; `None` if it is at
/// rest.
fn busy(state: &State) -> Option<(&'static str, &'static str)> {
    match (&state.activity, state.update) {
        (Activity::Pending, _) => Some(("FunctionPending", "AWS is making the function ready")),
        (Activity::Deactivating, _) => {
            Some(("FunctionDeactivating", "AWS is stopping the function's managed instances"))
        }
        (Activity::Leaving, _) => Some(("FunctionLeaving", "AWS is deleting the function")),
        (_, Update::InProgress) => Some(("UpdateInProgress", "AWS is applying an update")),
        (
            Activity::Active
            | Activity::Inactive
            | Activity::Deactivated
            | Activity::Failed
            | Activity::Other(_),
            Update::Settled | Update::Failed,
        ) => None,
    }
}

/// Handles a function that AWS reports as failed. A new deployment (`code`) ends the failures of
/// `REDEPLOY`. In every other case `replace` deletes the function, so that it is made again; the
/// engine does that only to what this process made, and the wait tells people how to do it.
fn failed(
    name: &Name,
    code: Option<UpdateCode>,
    reason: Option<&StateReason>,
    diff: &mut Diff<Step>,
) {
    let text = words(reason);
    diff.changes.push(change("/state", "Active", format!("Failed ({text})")));
    diff.steps.clear();
    if let Some(code) = code
        && reason.is_some_and(|it| REDEPLOY.contains(&it.code.as_str()))
    {
        diff.steps.push(Planned::new(kind::CODE, Step::UpdateCode(code)));
        diff.failed = Some(Reason::new("FunctionFailed", format!("AWS reports it failed: {text}")));
        return;
    }
    let message = format!(
        "AWS reports it failed: {text}; a function that failed at its creation cannot be updated: \
         mend the cause, then `aws lambda delete-function --function-name {name}`, and it is made \
         anew (if this process made it, it does so itself)"
    );
    let reason = Reason::new("CreateFailed", message);
    diff.replace = Some(Planned::new(kind::DELETE, Step::Delete(name.clone())));
    diff.failed = Some(reason.clone());
    diff.waits.insert(0, Wait { reason, on: None, recheck: None, soon: false });
}

/// Handles a failed last update; the function runs on as it was before. If nothing else is to do,
/// the image is deployed again; if that changes nothing, the engine sees that it does not converge.
fn update_failed(code: Option<UpdateCode>, reason: Option<&StateReason>, diff: &mut Diff<Step>) {
    let text = words(reason);
    let message = format!("the last update failed, and the function runs on as before: {text}");
    diff.failed = Some(Reason::new("UpdateFailed", message));
    diff.changes.push(change("/lastUpdateStatus", "Successful", format!("Failed ({text})")));
    // The record may not say that this was applied.
    diff.steps.retain(|it| it.kind != kind::RECORD);
    if diff.steps.is_empty()
        && let Some(code) = code
    {
        diff.steps.push(Planned::new(kind::CODE, Step::UpdateCode(code)));
    }
}

/// A difference in what AWS reports of the function. It is always drift, counted as `state`.
fn change(path: &str, desired: &str, live: String) -> Change {
    Change {
        path: path.into(),
        desired: Shown::open(desired),
        live: Shown::open(live),
        cause: Cause::State,
        origin: Origin::Drift,
        step: kind::CODE,
    }
}

fn words(reason: Option<&StateReason>) -> String {
    match reason {
        Some(StateReason { code, message }) if message.is_empty() => code.clone(),
        Some(StateReason { code, message }) => format!("{code}: {message}"),
        None => "no reason given".into(),
    }
}
