//! Images: a digest is the SHA-256 of the manifest; a tag that moves leaves the image it left without one.

use serde_json::{Value, json};

use super::{Asked, Image, Repository, ok, page, parameter, with_token};
use crate::{
    call::{Answer, Refusal, Reply},
    chance,
};

pub(super) fn put(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let (call, name, account) = (asked.call, asked.name(), asked.account());
    let manifest = call.text("imageManifest").unwrap_or_default();
    let parsed: Value = serde_json::from_str(manifest)
        .map_err(|_| parameter("Invalid parameter at 'ImageManifest': it is not JSON"))?;
    let media = call.text("imageManifestMediaType").or(parsed["mediaType"].as_str());
    let media = media
        .ok_or_else(|| parameter("Invalid parameter at 'imageManifestMediaType': none is given"))?;
    let digest = digest(manifest);
    if call.text("imageDigest").is_some_and(|it| it != digest) {
        let text = "The specified image digest does not match the digest that Amazon ECR calculated for the image";
        return Err(Refusal::new(400, "ImageDigestDoesNotMatchException", text));
    }
    let tag = call.text("imageTag");
    let known = found.images.contains_key(&digest);
    let same = match tag {
        Some(tag) => found.tags.get(tag) == Some(&digest),
        None => known,
    };
    if same && known {
        let tag = tag.unwrap_or("null");
        let text = format!(
            "Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}' in registry with id '{account}'"
        );
        return Err(Refusal::new(400, "ImageAlreadyExistsException", text));
    }
    if let Some(tag) = tag {
        check_mutable(found, asked, tag)?;
        found.tags.insert(tag.to_owned(), digest.clone());
    }
    let (manifest, media) = (manifest.to_owned(), media.to_owned());
    let pushed = asked.seconds();
    found.images.entry(digest.clone()).or_insert(Image { manifest, media, pushed });
    Ok(ok(json!({ "image": shown(found, asked, &digest, tag) })))
}

/// The digest of a manifest.
pub(super) fn digest(manifest: &str) -> String {
    format!("sha256:{}", chance::sha256(manifest))
}

/// Refuses a tag that is there and may not move.
pub(super) fn check_mutable(
    found: &Repository,
    asked: &Asked<'_>,
    tag: &str,
) -> Result<(), Refusal> {
    if !found.tags.contains_key(tag) || !immutable(found, tag) {
        return Ok(());
    }
    let name = asked.name();
    let text = format!(
        "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
    );
    Err(Refusal::new(400, "ImageTagAlreadyExistsException", text))
}

fn immutable(found: &Repository, tag: &str) -> bool {
    let filters = found.shown["imageTagMutabilityExclusionFilters"].as_array();
    let excluded = filters
        .is_some_and(|all| all.iter().any(|it| wild(it["filter"].as_str().unwrap_or(""), tag)));
    match found.shown["imageTagMutability"].as_str() {
        Some("IMMUTABLE") => true,
        Some("IMMUTABLE_WITH_EXCLUSION") => !excluded,
        Some("MUTABLE_WITH_EXCLUSION") => excluded,
        _ => false,
    }
}

/// Whether a pattern with `*` fits.
pub(crate) fn wild(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    rest.char_indices()
        .map(|(at, _)| at)
        .chain([rest.len()])
        .any(|at| wild(tail, rest.get(at..).unwrap_or_default()))
}

fn shown(found: &Repository, asked: &Asked<'_>, digest: &str, tag: Option<&str>) -> Value {
    let mut id = json!({ "imageDigest": digest });
    if let Some(tag) = tag {
        id["imageTag"] = tag.into();
    }
    let image = found.images.get(digest);
    json!({
        "registryId": asked.account(),
        "repositoryName": asked.name(),
        "imageId": id,
        "imageManifest": image.map(|it| &it.manifest),
        "imageManifestMediaType": image.map(|it| &it.media),
    })
}

/// Where an image id leads: its digest, if it is there, and its tag.
fn find<'a>(found: &'a Repository, id: &'a Value) -> (Option<&'a str>, Option<&'a str>) {
    let (tag, digest) = (id["imageTag"].as_str(), id["imageDigest"].as_str());
    let by_tag = tag.and_then(|it| found.tags.get(it)).map(String::as_str);
    let digest = match tag {
        Some(_) => by_tag.filter(|it| digest.is_none_or(|digest| digest == *it)),
        None => digest.filter(|it| found.images.contains_key(*it)),
    };
    (digest, tag)
}

fn ids(asked: &Asked<'_>) -> Result<Vec<Value>, Refusal> {
    let ids = asked.call.body["imageIds"].as_array().cloned().unwrap_or_default();
    if ids.is_empty() || ids.len() > 100 {
        return Err(parameter(
            "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length between 1 and 100'",
        ));
    }
    Ok(ids)
}

fn failure(id: &Value) -> Value {
    json!({ "imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found" })
}

pub(super) fn batch_get(found: &Repository, asked: &Asked<'_>) -> Answer {
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in ids(asked)? {
        match find(found, &id) {
            (Some(digest), tag) => images.push(shown(found, asked, digest, tag)),
            (None, _) => failures.push(failure(&id)),
        }
    }
    Ok(ok(json!({ "images": images, "failures": failures })))
}

pub(super) fn batch_delete(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let (mut gone, mut failures) = (Vec::new(), Vec::new());
    for id in ids(asked)? {
        let (Some(digest), tag) = find(found, &id) else {
            failures.push(failure(&id));
            continue;
        };
        let (digest, tag) = (digest.to_owned(), tag.map(str::to_owned));
        match &tag {
            Some(tag) => drop(found.tags.remove(tag)),
            None => found.tags.retain(|_, it| *it != digest),
        }
        // The last tag takes the image with it.
        if !found.tags.values().any(|it| *it == digest) {
            found.images.remove(&digest);
        }
        gone.push(json!({ "imageDigest": digest, "imageTag": tag }));
    }
    Ok(ok(json!({ "imageIds": gone, "failures": failures })))
}

pub(super) fn describe(found: &Repository, asked: &Asked<'_>) -> Answer {
    let wanted = asked.call.body["imageIds"].as_array();
    let mut digests: Vec<&str> = Vec::new();
    for id in wanted.into_iter().flatten() {
        let (Some(digest), _) = find(found, id) else {
            let (name, account) = (asked.name(), asked.account());
            let part = |key: &str| id[key].as_str().unwrap_or("null").to_owned();
            let text = format!(
                "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{name}' in the registry with id '{account}'",
                part("imageDigest"),
                part("imageTag")
            );
            return Err(Refusal::new(400, "ImageNotFoundException", text));
        };
        digests.push(digest);
    }
    if wanted.is_none() {
        digests = found.images.keys().map(String::as_str).collect();
    }
    let detail = |digest: &str| {
        let image = found.images.get(digest);
        let tags: Vec<&String> =
            found.tags.iter().filter(|(_, it)| *it == digest).map(|(tag, _)| tag).collect();
        let mut row = json!({
            "registryId": asked.account(),
            "repositoryName": asked.name(),
            "imageDigest": digest,
            "imageSizeInBytes": image.map_or(0, |it| it.manifest.len()),
            "imagePushedAt": image.map(|it| it.pushed),
            "imageManifestMediaType": image.map(|it| &it.media),
        });
        if !tags.is_empty() {
            row["imageTags"] = json!(tags);
        }
        row
    };
    let (rows, next) = page(digests.into_iter().map(detail), asked, 100);
    Ok(with_token(json!({ "imageDetails": rows }), next))
}

pub(super) fn list(found: &Repository, asked: &Asked<'_>) -> Reply {
    let tagged = found.tags.iter().map(|(tag, digest)| (Some(tag), digest));
    let bare = found.images.keys().filter(|it| !found.tags.values().any(|digest| digest == *it));
    let status = asked.call.body["filter"]["tagStatus"].as_str().unwrap_or("ANY");
    let rows = tagged
        .chain(bare.map(|digest| (None, digest)))
        .filter(|(tag, _)| status == "ANY" || (status == "TAGGED") == tag.is_some())
        .map(|(tag, digest)| match tag {
            Some(tag) => json!({ "imageDigest": digest, "imageTag": tag }),
            None => json!({ "imageDigest": digest }),
        });
    let (rows, next) = page(rows, asked, 100);
    with_token(json!({ "imageIds": rows }), next)
}

#[cfg(test)]
mod tests {
    use super::wild;

    #[test]
    fn stars_stand_for_anything() {
        let check = |pattern, text, fits| assert_eq!(wild(pattern, text), fits, "{pattern} {text}");
        check("v*", "v1", true);
        check("v*", "w1", false);
        check("*-dev", "a-dev", true);
        check("*-dev", "a-dev2", false);
        check("a*b*c", "a1b2c", true);
        check("latest", "latest", true);
    }
}
