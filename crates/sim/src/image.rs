//! Images as Lambda sees them: where a URI leads, and whether it may run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    call::{Caller, Refusal},
    ecr::Registry,
    world::errand::Whole,
};

/// The registries of all accounts and Regions.
pub(crate) type Registries = BTreeMap<(String, String), Registry>;

/// An image that Lambda takes.
pub(crate) struct Image {
    /// Its digest, without `sha256:`.
    pub(crate) hex: String,
    /// `registry/repository@sha256:…`.
    pub(crate) resolved: String,
}

/// The manifests that Lambda runs. An index is not among them: "Lambda does not support functions that use
/// multi-architecture container images" (Lambda developer guide, images-create).
const MEDIA: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
];

/// Looks an image up as CreateFunction and UpdateFunctionCode do.
pub(crate) fn resolve(
    uri: &str,
    caller: &Caller,
    registries: &Registries,
) -> Result<Image, Refusal> {
    let malformed = || {
        Refusal::invalid(format!("Source image {uri} is not valid. Provide a valid source image."))
    };
    let (host, path) = uri.split_once('/').ok_or_else(malformed)?;
    let parts: Vec<&str> = host.split('.').collect();
    let (account, region) = match parts.as_slice() {
        [account, "dkr", "ecr", region, "amazonaws", "com", ..] => (*account, *region),
        _ => return Err(malformed()),
    };
    if region != caller.region {
        return Err(Refusal::invalid("Image repository must be in the same region."));
    }
    let (repository, tag, digest) = match (path.split_once('@'), path.split_once(':')) {
        (Some((repository, digest)), _) => (repository, None, Some(digest)),
        (None, Some((repository, tag))) => (repository, Some(tag), None),
        (None, None) => (path, Some("latest"), None),
    };
    let absent = || {
        Refusal::invalid(format!(
            "Source image {uri} does not exist. Provide a valid source image."
        ))
    };
    let key = (account.to_owned(), region.to_owned());
    let found = registries.get(&key).and_then(|it| it.repositories.get(repository));
    let found = found.ok_or_else(absent)?;
    if account != caller.account && found.policy.is_none() {
        let text =
            "Lambda does not have permission to access the ECR image. Check the ECR permissions.";
        return Err(Refusal::new(403, "AccessDeniedException", text).user());
    }
    let digest = tag.and_then(|it| found.tags.get(it)).map(String::as_str).or(digest);
    let (digest, image) =
        digest.and_then(|it| found.images.get_key_value(it)).ok_or_else(absent)?;
    if !MEDIA.contains(&image.media.as_str()) {
        return Err(Refusal::invalid(format!(
            "The image manifest, config or layer media type for the source image {uri} is not supported."
        )));
    }
    let hex = digest.trim_start_matches("sha256:").to_owned();
    Ok(Image { hex, resolved: format!("{host}/{repository}@{digest}") })
}

/// The image behind a resolved URI, if it was pushed with all that belongs to it.
pub(crate) fn whole(resolved: &str, registries: &Registries) -> Option<Whole> {
    let (host, path) = resolved.split_once('/')?;
    let (repository, digest) = path.split_once('@')?;
    let mut parts = host.split('.');
    let (account, region) = (parts.next()?, parts.nth(2)?);
    let found = registries.get(&(account.to_owned(), region.to_owned()))?;
    let found = found.repositories.get(repository)?;
    let manifest: Value = serde_json::from_str(&found.images.get(digest)?.manifest).ok()?;
    let blob = |it: &Value| found.layers.blob(it["digest"].as_str()?).cloned();
    let config = serde_json::from_slice(&blob(&manifest["config"])?).ok()?;
    let layers = manifest["layers"].as_array()?.iter().map(blob).collect::<Option<_>>()?;
    Some(Whole { digest: digest.to_owned(), config, layers })
}
