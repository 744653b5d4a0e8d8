//! What Lambda refuses, said before anything is pushed (Lambda developer guide, "Create a Lambda function using a
//! container image"; Lambda quotas page).

use super::image::LocalImage;
use crate::{engine::facts::oci_architecture, kinds::image::SINGLE};

/// The largest image, without compression: 10 GB. Compressed it must be smaller still.
const SIZE_MAX: u64 = 10 * 1024 * 1024 * 1024;

/// What Lambda is to run the image as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunTarget<'a> {
    /// `x86_64` or `arm64`, as Lambda says it.
    pub(crate) architecture: &'a str,
    /// Whether the manifest overrides the program (`imageConfig`).
    pub(crate) has_program: bool,
}

/// Everything that Lambda would refuse, in words, with what to do.
pub(crate) fn check(image: &LocalImage, wanted: RunTarget<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    if !SINGLE.contains(&image.media_type.as_str()) {
        wrong.push(format!(
            "its manifest has the media type `{}`, and Lambda runs `{}` alone: push a container image, with one of \
             docker, podman or buildah",
            image.media_type,
            SINGLE.join("` and `")
        ));
        // The rest would only repeat it.
        return wrong;
    }
    let config = &image.config;
    if config.os != "linux" {
        let os = if config.os.is_empty() { "nothing that it names" } else { &config.os };
        wrong.push(format!("it is for {os}, and Lambda runs Linux"));
    }
    let architecture = oci_architecture(wanted.architecture);
    if config.architecture != architecture {
        wrong.push(format!(
            "it is for {}, and the function is {}: build it with --platform linux/{architecture}, or write \
             `architectures: [{}]` into the manifest",
            config.architecture,
            wanted.architecture,
            if config.architecture == "amd64" { "x86_64" } else { &config.architecture },
        ));
    }
    let empty = |words: &Option<Vec<String>>| words.as_ref().is_none_or(Vec::is_empty);
    if empty(&config.config.entrypoint) && empty(&config.config.cmd) && !wanted.has_program {
        wrong.push(
            "it says of no program that it is to run: add ENTRYPOINT to the Dockerfile, or \
             `imageConfig: { entryPoint: […] }` to the manifest"
                .into(),
        );
    }
    wrong.extend(image.manifest.layers.iter().filter_map(|it| layer(&it.media_type)));
    wrong.dedup();
    let size: u64 = image.manifest.layers.iter().map(|it| it.size).fold(0, u64::saturating_add);
    if size > SIZE_MAX {
        wrong.push(format!(
            "its layers have {} MiB even when compressed, and Lambda takes 10 GB without compression: leave out what \
             is not needed to run, and read large data from S3 or EFS",
            size / 1024 / 1024
        ));
    }
    wrong
}

/// Why Lambda would refuse a layer of this media type; `None` if it would not.
fn layer(media_type: &str) -> Option<String> {
    if media_type.ends_with("+zstd") {
        let message =
            "a layer is compressed by zstd, which Lambda does not read: build it with gzip";
        return Some(message.into());
    }
    let foreign = media_type.contains("foreign") || media_type.contains("nondistributable");
    foreign.then(|| {
        "a layer lies elsewhere than in the image (a `foreign` one), where Lambda does not look: build the image on \
         another base"
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kinds::image::{DOCKER, OCI},
        registry::image::{BlobDescriptor, ImageManifest, OciConfig, OciRunConfig},
    };

    fn image(media_type: &str, config: OciConfig, layer: (&str, u64)) -> LocalImage {
        let descriptor = |media_type: &str, size| BlobDescriptor {
            media_type: media_type.into(),
            digest: String::new(),
            size,
            platform: None,
        };
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: None,
            config: descriptor("", 1),
            layers: vec![descriptor(layer.0, layer.1)],
        };
        LocalImage {
            bytes: Vec::new(),
            media_type: media_type.into(),
            manifest,
            config,
            folder: "".into(),
        }
    }

    fn linux(architecture: &str, program: bool) -> OciConfig {
        let entrypoint = program.then(|| vec!["/app".to_owned()]);
        let config = OciRunConfig { entrypoint, cmd: Some(Vec::new()) };
        OciConfig { architecture: architecture.into(), os: "linux".into(), config }
    }

    fn check(image: &LocalImage, expected: &[&str]) {
        let wanted = RunTarget { architecture: "arm64", has_program: false };
        let found = super::check(image, wanted);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn what_lambda_refuses_is_said() {
        let gzip = ("application/vnd.oci.image.layer.v1.tar+gzip", 9);
        check(&image(OCI, linux("arm64", true), gzip), &[]);
        check(&image(DOCKER, linux("amd64", true), gzip), &["--platform linux/arm64"]);
        check(&image(OCI, linux("arm64", false), gzip), &["add ENTRYPOINT"]);
        check(
            &image("application/vnd.cncf.helm.config.v1+json", linux("arm64", true), gzip),
            &["media type"],
        );
        let zstd = ("application/vnd.oci.image.layer.v1.tar+zstd", SIZE_MAX + 1);
        check(&image(OCI, linux("arm64", true), zstd), &["zstd", "10 GB"]);
        check(
            &image(OCI, OciConfig::default(), gzip),
            &["Lambda runs Linux", "architectures: []", "ENTRYPOINT"],
        );
        let foreign = ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", 9);
        check(&image(DOCKER, linux("arm64", true), foreign), &["foreign"]);
    }
}
