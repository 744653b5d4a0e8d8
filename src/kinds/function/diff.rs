//! What differs between a function as it should be and as it is, and the steps that repair it: code
//! first, then configuration, then tags, and at last the record of what was applied.

use super::{
    compare::compare,
    comparison::Comparison,
    ignore::IgnoredField,
    live::{Live, Package},
    resolve::{gone, resolve},
    spec::Spec,
    state,
    step::{Create, Step, kind},
    tagging,
    unmanaged::refuse_anew,
};
use crate::engine::{
    diff::{Cause, Change, Diff, Fingerprint, Origin, Planned, Reason, Shown, Wait},
    facts::{FactKey, Facts},
    name::Name,
    observed::Reading,
    preview::Preview,
    tags::{self, IMAGE},
};

/// How much of a digest a plan shows: `sha256:` and 12 hex digits.
const DIGEST_SHOWN: usize = 19;

/// Makes the function in one step, tags included, or waits while its image is not resolved. Refuses
/// a document that keeps values of variables: no function has them yet.
pub(super) fn create(name: &Name, spec: &Spec, facts: &Facts) -> Diff<Step> {
    let whole = format!("{}{}{:?}", spec.config_hash, spec.architecture, spec.tags);
    // The hash may leave the values out, and a function that failed at its creation is made again
    // once they change. A fingerprint stays in memory.
    let values = spec.config.environment.values().map(|it| it.expose().to_owned());
    let whole = values.fold(whole, |text, value| text + "\n" + &value);
    let fingerprint = Fingerprint::of(whole.as_bytes());
    let mut diff = Diff {
        preview: preview(name, spec),
        changes: vec![Change {
            path: String::new(),
            desired: Shown { text: "present".into(), fingerprint },
            live: Shown::open("absent"),
            cause: Cause::Missing,
            origin: Origin::NoRecord,
            step: kind::CREATE,
        }],
        ..Diff::default()
    };
    if !spec.kept.is_empty() {
        let names: Vec<&str> = spec.kept.iter().map(String::as_str).collect();
        let message = format!(
            "the values of {} are to be kept, and there is no function yet that has them; give it \
             values first, or make the function by hand and adopt it",
            names.join(", ")
        );
        diff.refusal = Some(Reason::new("NothingToKeep", message));
    }
    diff.refusal = diff.refusal.or_else(|| role_elsewhere(spec));
    diff.refusal = diff.refusal.or_else(|| refuse_anew(spec, facts));
    tell_written_host(spec, &mut diff);
    match resolve(spec, facts, false) {
        Ok(resolved) => {
            // A tag may mean another image tomorrow.
            let short: String = resolved.digest.to_string().chars().take(DIGEST_SHOWN).collect();
            if let Some(image) =
                diff.preview.fields.first_mut().filter(|_| spec.image.pinned.is_none())
            {
                image.value = format!("{} ({short})", image.value);
            }
            let tags = tagging::at_creation(spec, &resolved);
            let create = Create {
                name: name.clone(),
                image_uri: resolved.uri,
                architecture: spec.architecture.clone(),
                config: spec.config.clone(),
                leaves_concurrency: spec.leaves_concurrency,
                tags,
            };
            diff.steps.push(Planned::new(kind::CREATE, Step::Create(Box::new(create))));
        }
        Err(wait) => diff.waits.push(wait),
    }
    diff
}

/// The fields of a function that will be made, as far as AWS would not choose them by itself.
fn preview(name: &Name, spec: &Spec) -> Preview {
    let unset = spec.config.unset_beside(name.as_str());
    let mut preview = Preview::default();
    preview.push("/image", &spec.image.reference);
    preview.push("/architecture", spec.architecture.as_str());
    for it in compare(&spec.config, &unset, Origin::Pending) {
        preview.push(it.path, it.desired);
    }
    tags::preview(&spec.tags.set, &mut preview);
    preview
}

/// Says that the registry is named by another of its hosts than the one that is sent to Lambda.
fn tell_written_host(spec: &Spec, diff: &mut Diff<Step>) {
    let Some(written) = &spec.image.written_host else { return };
    let (host, _) = spec.image.repository.split_once('/').unwrap_or_default();
    let message = format!(
        "the image names its registry by the host `{written}`; Lambda is sent `{host}`, which is the same registry: write \
         that, or leave the registry out for the account's own"
    );
    diff.conditions.insert("Warning", Reason::new("RegistryAlias", message));
}

/// Refuses a role of another account or partition, which Lambda never accepts. `None` if it is of the function's own.
fn role_elsewhere(spec: &Spec) -> Option<Reason> {
    let part = |arn: &str, at| arn.split(':').nth(at).unwrap_or_default().to_owned();
    let (role, own) = (part(&spec.config.role, 1), part(&spec.arn, 1));
    if role != own {
        let message = format!(
            "the role `{}` is of the partition {role}, and the function of {own}: write the role's name, or `arn:{own}:…`",
            spec.config.role
        );
        return Some(Reason::new("RoleElsewhere", message));
    }
    let (role, own) = (part(&spec.config.role, 4), part(&spec.arn, 4));
    let message = format!(
        "the role `{}` is of account {role}, and the function of account {own}: Lambda takes roles of its own account only; \
         write the role's name, or its ARN with `${{target.accountId}}`",
        spec.config.role
    );
    (role != own).then(|| Reason::new("RoleElsewhere", message))
}

/// Compares a function with its document: code, configuration, tags, and last what its state
/// allows. Refuses a function that ships as an archive.
pub(super) fn diff(name: &Name, spec: &Spec, reading: &Reading<Live>, facts: &Facts) -> Diff<Step> {
    let live = &reading.live;
    let mut diff = Diff::default();
    if live.package == Package::Zip {
        let message = "a function of this name ships as a zip archive; AWS cannot turn it into an \
                       image function, so it must be deleted or the manifest renamed";
        diff.refusal = Some(Reason::new("NotAnImage", message));
        return diff;
    }
    let comparison = Comparison::new(name, spec, live);
    let resolved = match resolve(spec, facts, true) {
        Ok(resolved) => Some(resolved),
        // What an image means that is left to others holds up nothing.
        Err(_) if comparison.ignores(&IgnoredField::Image) => None,
        Err(wait) => {
            diff.waits.push(wait);
            None
        }
    };
    let deployed = live.tags.get().and_then(|it| it.get(IMAGE));
    let lost = live.state.get().and_then(state::lost);
    if let Some(reason) = lost.or_else(|| gone(spec, deployed, facts)) {
        diff.conditions.insert("ImageMissing", reason);
    }
    live.unmanaged.tell(&mut diff);
    comparison.code(resolved.as_ref(), reading, &mut diff);
    comparison.config(reading, &mut diff);
    if diff.changes.iter().any(|it| it.path == "/role") {
        diff.refusal = role_elsewhere(spec);
    }
    // An edit may be of both. Code goes first, and whether it changes will be known in a moment.
    if diff.waits.iter().any(|it| it.soon) {
        diff.steps.clear();
    }
    comparison.missing_kept(&mut diff);
    comparison.tags(resolved.as_ref(), &mut diff);
    // A tag that moved and is only to be reported is not deployed by a repair either.
    let again = resolved.as_ref().filter(|it| !comparison.has_moved(it));
    // Last: it takes steps away that the state does not allow.
    state::weigh(name, comparison.code_step(again, reading), live, &mut diff);
    tell_waiting_image(&mut diff);
    tell_written_host(spec, &mut diff);
    diff
}

/// Says that the image waits where other fields are repaired meanwhile: the steps would else be all that is told.
fn tell_waiting_image(diff: &mut Diff<Step>) {
    let image = |it: &&Wait| matches!(it.on, Some(FactKey::Image(_) | FactKey::Repository(_)));
    if diff.steps.is_empty() {
        return;
    }
    if let Some(wait) = diff.waits.iter().find(image) {
        diff.conditions.insert("ImageWaiting", wait.reason.clone());
    }
}
