//! Reading an image manifest: one image, an index of images, or something that Lambda cannot run. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::engine::facts::{Digest, ImageFact};

/// The manifest of one image, as Docker has it.
pub const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// The same, as OCI has it.
pub const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
/// What Lambda runs (Lambda developer guide, "Create a Lambda function using a container image").
pub const SINGLE: [&str; 2] = [DOCKER, OCI];
/// What names one image for each platform. Lambda refuses these; their children it takes.
pub const INDEX: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
];
/// The configurations of container images; other artifacts have others.
const CONFIG: [&str; 2] =
    ["application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"];

/// The media types that we can read, for `acceptedMediaTypes`: without them ECR may translate one form
/// into another, which has another digest.
pub(super) fn accepted() -> Vec<String> {
    SINGLE.into_iter().chain(INDEX).map(ToOwned::to_owned).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    media_type: Option<String>,
    config: Option<Descriptor>,
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: Option<String>,
    digest: Option<String>,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    architecture: Option<String>,
    os: Option<String>,
}

/// Reads a manifest: one image, an index, or something that Lambda cannot run, and why.
/// `media_type` is the registry's own word, which counts more than the manifest's.
pub(super) fn read(digest: Digest, media_type: Option<&str>, text: &str) -> ImageFact {
    let Ok(manifest) = serde_json::from_str::<Manifest>(text) else {
        return ImageFact::Unusable("its manifest is not JSON that describes an image".into());
    };
    let stated = media_type.or(manifest.media_type.as_deref());
    let is = |known: &[&str]| stated.is_some_and(|it| known.contains(&it));
    // OCI lets the media type out; then the members tell.
    if is(&INDEX) || (stated.is_none() && manifest.manifests.is_some()) {
        return index(manifest.manifests.unwrap_or_default());
    }
    if !is(&SINGLE) && stated.is_some() {
        let stated = stated.unwrap_or_default();
        return ImageFact::Unusable(format!(
            "its media type `{stated}` is not one that Lambda runs"
        ));
    }
    let config = manifest.config.and_then(|it| it.media_type);
    match config.as_deref().filter(|it| !CONFIG.contains(it)) {
        Some(config) => ImageFact::Unusable(format!(
            "it is no container image but an artifact with a configuration of type `{config}`"
        )),
        None => ImageFact::Single(digest),
    }
}

/// Reads an index: the first image for each architecture of Linux. An index without one is of no
/// use to Lambda.
fn index(children: Vec<Descriptor>) -> ImageFact {
    let mut platforms = BTreeMap::new();
    for child in children {
        let Some(platform) = child.platform else { continue };
        let digest = child.digest.as_deref().and_then(Digest::parse);
        // Attestations have the platform `unknown/unknown`.
        let linux = platform.os.as_deref() == Some("linux");
        if let (Some(architecture), Some(digest), true) = (platform.architecture, digest, linux) {
            platforms.entry(architecture).or_insert(digest);
        }
    }
    if platforms.is_empty() {
        return ImageFact::Unusable("it is an index without an image for Linux".into());
    }
    ImageFact::Index(platforms)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(media_type: Option<&str>, text: &str, expected: &Expect) {
        let digest = Digest::parse(&"0".repeat(64)).unwrap();
        let shown = match read(digest, media_type, text) {
            ImageFact::Single(_) => "single".to_owned(),
            ImageFact::Index(children) => {
                format!("index of {}", children.into_keys().collect::<Vec<_>>().join(" "))
            }
            ImageFact::Unusable(why) | ImageFact::Missing(why) | ImageFact::Unreadable(why) => why,
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn images_indexes_and_other_things_are_told_apart() {
        check(Some(SINGLE[0]), "{}", &expect!["single"]);
        check(
            None,
            r#"{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}"#,
            &expect!["single"],
        );
        let child = |os: &str, arch: &str, digit: &str| {
            let digest = digit.repeat(64);
            format!(
                r#"{{"digest":"sha256:{digest}","platform":{{"os":"{os}","architecture":"{arch}"}}}}"#
            )
        };
        let (arm, amd) = (child("linux", "arm64", "a"), child("linux", "amd64", "b"));
        let (other, windows) = (child("unknown", "unknown", "c"), child("windows", "amd64", "d"));
        let list = format!(r#"{{"manifests":[{windows},{arm},{amd},{other}]}}"#);
        check(Some(INDEX[1]), &list, &expect!["index of amd64 arm64"]);
        check(None, &list, &expect!["index of amd64 arm64"]);
        check(
            Some(INDEX[0]),
            &format!(r#"{{"manifests":[{other}]}}"#),
            &expect!["it is an index without an image for Linux"],
        );
        check(
            Some(SINGLE[1]),
            r#"{"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"}}"#,
            &expect![
                "it is no container image but an artifact with a configuration of type `application/vnd.cncf.helm.config.v1+json`"
            ],
        );
        check(
            Some("application/vnd.docker.distribution.manifest.v1+json"),
            "{}",
            &expect![
                "its media type `application/vnd.docker.distribution.manifest.v1+json` is not one that Lambda runs"
            ],
        );
        check(None, "<html>", &expect!["its manifest is not JSON that describes an image"]);
    }
}
