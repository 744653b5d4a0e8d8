//! Manifests: the images that ECR's own calls know, to the byte, and the list of tags.

use serde_json::{Value, json};

use super::{Asked, Repository, base};
use crate::{
    call::{Answer, Call, Refusal, Reply, Service},
    ecr::image,
};

/// How many tags a page holds at most, and if nothing is said.
const PAGE: usize = 1000;

pub(super) fn get(found: &Repository, asked: &Asked<'_>) -> Answer {
    let reference = asked.call.part(0);
    let digest = if is_digest(reference) { Some(reference) } else { leads(found, reference) };
    let image = digest.and_then(|it| found.images.get_key_value(it));
    let (digest, image) = image.ok_or_else(|| {
        let text = format!("Requested image not found: '{reference}' in '{}'", asked.name());
        Refusal::new(404, "MANIFEST_UNKNOWN", text)
    })?;
    let headers =
        vec![("content-type", image.media.clone()), ("docker-content-digest", digest.clone())];
    Ok(Reply { raw: Some(image.manifest.clone().into()), headers, ..Reply::empty(200) })
}

fn is_digest(reference: &str) -> bool {
    reference.contains(':')
}

fn leads<'a>(found: &'a Repository, tag: &str) -> Option<&'a str> {
    found.tags.get(tag).map(String::as_str)
}

/// What is pushed must be whole: ECR wants the layers, or the images of an index, to be there first.
pub(super) fn put(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let (call, reference) = (asked.call, asked.call.part(0));
    let malformed = || Refusal::new(400, "MANIFEST_INVALID", "The manifest is not JSON");
    let manifest = std::str::from_utf8(&call.data).map_err(|_| malformed())?;
    let parsed: Value = serde_json::from_str(manifest).map_err(|_| malformed())?;
    let media = media(call, &parsed)?;
    let mut body = json!({ "imageManifest": manifest, "imageManifestMediaType": media });
    if is_digest(reference) {
        body["imageDigest"] = reference.into();
    } else {
        body["imageTag"] = check_tag(found, asked, reference)?.into();
    }
    check_parts(found, &parsed)?;
    let inner = Call::by(call.caller.clone(), (Service::Ecr, "PutImage"), (&call.resource, body));
    let digest = match image::put(found, &Asked { call: &inner, date: asked.date }) {
        Ok(_) => image::digest(manifest),
        // Tools push again what is there, and think nothing of it.
        Err(refusal) if refusal.code == "ImageAlreadyExistsException" => image::digest(manifest),
        Err(refusal) => return Err(worded(refusal)),
    };
    let place = format!("{}/v2/{}/manifests/{digest}", base(call.header("host")), asked.name());
    let headers = vec![("location", place), ("docker-content-digest", digest)];
    Ok(Reply { headers, ..Reply::empty(201) })
}

/// The type is said twice, and must be the same.
fn media(call: &Call, manifest: &Value) -> Result<String, Refusal> {
    let header = call.header("content-type").and_then(|it| it.split(';').next()).map(str::trim);
    match (header, manifest["mediaType"].as_str()) {
        (Some(header), Some(own)) if header != own => {
            let text = format!("The manifest says '{own}', and Content-Type '{header}'");
            Err(Refusal::new(400, "MANIFEST_INVALID", text))
        }
        (Some(media), _) | (None, Some(media)) => Ok(media.to_owned()),
        (None, None) => Err(Refusal::new(400, "MANIFEST_INVALID", "There is no Content-Type")),
    }
}

/// An immutable tag is refused even if the image is the same: so does ECR behind this door.
fn check_tag<'a>(found: &Repository, asked: &Asked<'_>, tag: &'a str) -> Result<&'a str, Refusal> {
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let good = tag.len() <= 128
        && tag.starts_with(word)
        && tag.chars().all(|it| word(it) || ".-".contains(it));
    if !good {
        let text = format!("Invalid parameter at 'imageTag': '{tag}'");
        return Err(Refusal::new(400, "TAG_INVALID", text));
    }
    image::check_mutable(found, asked, tag).map_err(worded)?;
    Ok(tag)
}

fn check_parts(found: &Repository, manifest: &Value) -> Result<(), Refusal> {
    let rows = |name: &str| manifest[name].as_array().into_iter().flatten();
    // A layer with URLs of its own is fetched there.
    let layers = rows("layers").filter(|it| it["urls"].is_null());
    let config = Some(&manifest["config"]).filter(|it| !it.is_null());
    let digest = |it: &Value| it["digest"].as_str().unwrap_or_default().to_owned();
    let blob = layers.chain(config).map(digest).find(|it| found.layers.blob(it).is_none());
    let image = rows("manifests").map(digest).find(|it| !found.images.contains_key(it));
    match blob.or(image) {
        Some(digest) => {
            let text = format!(
                "Layers with digests '[{digest}]' required for pushing image into repository do not exist"
            );
            Err(Refusal::new(400, "MANIFEST_BLOB_UNKNOWN", text))
        }
        None => Ok(()),
    }
}

/// ECR's own refusal in OCI's words.
fn worded(refusal: Refusal) -> Refusal {
    let code = match refusal.code.as_ref() {
        "ImageTagAlreadyExistsException" => "TAG_INVALID",
        "ImageDigestDoesNotMatchException" => "DIGEST_INVALID",
        _ => "MANIFEST_INVALID",
    };
    Refusal { code: code.into(), ..refusal }
}

/// Tags in their order, after `last`, at most `n`.
pub(super) fn tags(found: &Repository, asked: &Asked<'_>) -> Reply {
    let (call, name) = (asked.call, asked.name());
    let size = call.param("n").and_then(|it| it.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let after = |tag: &&String| call.param("last").is_none_or(|it| tag.as_str() > it);
    let mut tags: Vec<&String> = found.tags.keys().filter(after).take(size + 1).collect();
    let more = tags.len() > size;
    tags.truncate(size);
    let mut reply = Reply::new(200, json!({ "name": name, "tags": tags }));
    if let Some(last) = tags.last().filter(|_| more) {
        let next = format!("</v2/{name}/tags/list?last={last}&n={size}>; rel=\"next\"");
        reply.headers.push(("link", next));
    }
    reply
}
