//! From an image reference to the digest that Lambda should run.

use std::time::Duration;

use super::spec::Spec;
use crate::engine::{
    diff::{Reason, Wait},
    facts::{Digest, Fact, FactKey, Facts, ImageFact, oci_architecture},
    name::Name,
};

/// AWS's limit for a tag's value.
const TAG_VALUE_MAX: usize = 256;

/// What Lambda should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    /// The manifest for the function's architecture.
    pub(super) digest: Digest,
    /// `registry/repository@sha256:…`.
    pub(super) uri: String,
    /// What the digest was found under, `repository:tag`, as it may stand in a tag.
    pub(super) source: String,
}

/// The digest that the spec's image means now, or what has to happen first. A range that no version fits
/// falls back on the tag for a function that does not exist yet.
pub(super) fn resolve(spec: &Spec, facts: &Facts, exists: bool) -> Result<Resolved, Wait> {
    let tag = &spec.image.reference;
    let Some(range) = &spec.image.range else { return named(spec, tag, facts) };
    match facts.get(&FactKey::Image(range.clone())) {
        Some(Fact::Version(_, ImageFact::Missing(_))) if !exists => named(spec, tag, facts),
        _ => named(spec, range, facts),
    }
}

/// Tells that the image of a function is in danger: the very reference that it was deployed from
/// (`deployed`, from its tag) names nothing any more. `None` if the reference is another one, or is
/// not known to be gone.
pub(super) fn gone(spec: &Spec, deployed: Option<&String>, facts: &Facts) -> Option<Reason> {
    let same = deployed.is_some_and(|it| *it == source(spec, None));
    let reference = &spec.image.reference;
    match facts.get(&FactKey::Image(reference.clone())) {
        Some(Fact::Image(ImageFact::Missing(why))) if same => {
            let message = format!(
                "{reference}, from which it was deployed, is gone from ECR: {why}; Lambda looks for it from time to \
                 time, and fails the function without it: push it again, or deploy another"
            );
            Some(Reason::new("ImageMissing", message))
        }
        _ => None,
    }
}

/// Finds the digest that one image object (`name`: a reference or a range) means now, by the facts
/// that the engine of images tells. Otherwise returns what to wait for.
fn named(spec: &Spec, name: &Name, facts: &Facts) -> Result<Resolved, Wait> {
    let key = FactKey::Image(name.clone());
    let reason = |reason, message: String| Reason::new(reason, message);
    let wait = |reason| Wait { reason, on: Some(key.clone()), recheck: None, soon: false };
    let (tag, image) = match facts.get(&key) {
        Some(Fact::Image(image)) => (None, image),
        Some(Fact::Version(tag, image)) => (Some(tag), image),
        Some(Fact::Repository(_) | Fact::Function(_) | Fact::Settled(_) | Fact::Release(_))
        | None => {
            let message = format!("image {name} has not been looked up yet");
            return Err(Wait { soon: true, ..wait(reason("ImageUnknown", message)) });
        }
    };
    let digest = match image {
        ImageFact::Missing(why) => return Err(missing(spec, name, why, facts)),
        ImageFact::Unreadable(why) => {
            let message =
                format!("image {name} cannot be looked up: {why}; it is tried again by itself");
            return Err(wait(reason("ImageUnreadable", message)));
        }
        ImageFact::Unusable(why) => {
            let message = format!("image {name} cannot run on Lambda: {why}");
            return Err(wait(reason("ImageUnusable", message)));
        }
        ImageFact::Single(digest) => digest,
        ImageFact::Index(children) => {
            let platform = oci_architecture(&spec.architecture);
            children.get(platform).ok_or_else(|| {
                let there: Vec<&str> = children.keys().map(String::as_str).collect();
                let message = format!(
                    "image {name} has no manifest for linux/{platform}, which `architectures: [{}]` \
                     needs; it has {}; push one for it",
                    spec.architecture,
                    there.join(", ")
                );
                wait(reason("ImageUnusable", message))
            })?
        }
    };
    let uri = format!("{}@{digest}", spec.image.repository);
    Ok(Resolved { digest: digest.clone(), uri, source: source(spec, tag) })
}

/// Waits for a push of the image, or first for its repository, if that has a document and is not
/// there yet. `why` says what exactly is missing.
fn missing(spec: &Spec, name: &Name, why: &str, facts: &Facts) -> Wait {
    let repository = spec.image.own_repository.as_ref().map(|it| FactKey::Repository(it.clone()));
    let absent = repository.filter(|it| facts.get(it) == Some(&Fact::Repository(false)));
    let (reason, on) = if let Some(key) = absent {
        let message = format!("waiting for {key}, which has a manifest and does not exist yet");
        (Reason::new("RepositoryMissing", message), key)
    } else {
        let message = format!("waiting for image {name}: {why}; push it, and it goes on by itself");
        (Reason::new("ImageMissing", message), FactKey::Image(name.clone()))
    };
    Wait { reason, on: Some(on), recheck: None, soon: false }
}

/// `repository:tag`, or as much of its end as AWS allows in a tag.
fn source(spec: &Spec, tag: Option<&String>) -> String {
    let (_, repository) = spec.image.repository.split_once('/').unwrap_or(("", ""));
    let (_, own) = spec.image.reference.as_str().split_once('/').unwrap_or(("", ""));
    let whole = tag.map_or_else(|| own.to_owned(), |tag| format!("{repository}:{tag}"));
    let start = whole.len().saturating_sub(TAG_VALUE_MAX);
    whole.get(start..).unwrap_or_default().to_owned()
}

/// How soon to read again while Lambda finishes something: its own waiters ask every second; a few
/// seconds do, since nothing belongs to the moment.
pub(super) const BUSY_RECHECK: Duration = Duration::from_secs(2);
