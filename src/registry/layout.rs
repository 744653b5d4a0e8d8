//! An image in a folder, as `buildah push … oci:FOLDER`, `podman save --format oci-dir` and `skopeo copy … oci:FOLDER`
//! make it (OCI image specification, "Image Layout").

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use super::{
    error::ImageError,
    image::{
        self, BlobDescriptor, ImageIndex, ImageManifest, ImagePlatform, LocalImage, OciConfig,
    },
};
use crate::kinds::image::{INDEX, OCI};

/// The largest manifest or configuration that is read. Registries take 4 MiB.
const TEXT_MAX: u64 = 4 * 1024 * 1024;
/// How deep indexes may stand in indexes.
const DEPTH_MAX: usize = 3;
/// The file that says that a folder is a layout.
const MARK: &str = "oci-layout";

/// Whether a folder holds images in this form.
pub fn is_layout(folder: &Path) -> bool {
    folder.join(MARK).is_file() && folder.join("index.json").is_file()
}

/// The one image of a folder, or, of several, the one for an architecture (`amd64`, `arm64`).
pub fn open(folder: &Path, architecture: Option<&str>) -> Result<LocalImage, ImageError> {
    let index: ImageIndex = json(&folder.join("index.json"), &text(&folder.join("index.json"))?)?;
    let mut images = Vec::new();
    gather(folder, &index, &mut images, 0)?;
    choose(images, architecture)
}

/// Collects all images of an index, and of the indexes in it. `depth` is how many indexes it is in.
fn gather(
    folder: &Path,
    index: &ImageIndex,
    images: &mut Vec<LocalImage>,
    depth: usize,
) -> Result<(), ImageError> {
    // Attestations of how an image was built look like images for an unknown machine.
    let attests = |it: &BlobDescriptor| {
        it.platform.as_ref().is_some_and(|ImagePlatform { architecture, os }| {
            architecture == "unknown" && os == "unknown"
        })
    };
    for found in index.manifests.iter().filter(|it| !attests(it)) {
        let (path, bytes) = blob(folder, found)?;
        if INDEX.contains(&found.media_type.as_str()) {
            if depth >= DEPTH_MAX {
                let message = format!("{}: indexes within indexes, too deep", path.display());
                return Err(ImageError::Unfit(message));
            }
            gather(folder, &json(&path, &bytes)?, images, depth + 1)?;
        } else {
            images.push(read(folder, found, &path, bytes)?);
        }
    }
    Ok(())
}

/// Reads an image by its manifest, whose bytes lie at `path`; `found` is what refers to it.
fn read(
    folder: &Path,
    found: &BlobDescriptor,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<LocalImage, ImageError> {
    let manifest: ImageManifest = json(path, &bytes)?;
    let (at, config) = blob(folder, &manifest.config)?;
    let media_type = Some(found.media_type.clone()).filter(|it| !it.is_empty());
    let media_type = media_type.or_else(|| manifest.media_type.clone());
    let blobs = manifest.layers.iter().chain([&manifest.config]);
    if let Some(bad) = blobs.map(|it| &it.digest).find(|it| !image::is_digest(it)) {
        return Err(ImageError::Unfit(format!("{}: `{bad}` is no digest", path.display())));
    }
    Ok(LocalImage {
        media_type: media_type.unwrap_or_else(|| OCI.to_owned()),
        // An artifact that is no image may have a configuration of any form.
        config: json::<OciConfig>(&at, &config).unwrap_or_default(),
        manifest,
        bytes,
        folder: folder.to_path_buf(),
    })
}

/// Chooses the image that is meant: the only one, whatever machine it is for, or of several the one
/// for an architecture.
fn choose(
    mut images: Vec<LocalImage>,
    architecture: Option<&str>,
) -> Result<LocalImage, ImageError> {
    images.dedup_by(|one, other| one.bytes == other.bytes);
    let has = |it: &LocalImage| architecture.is_none_or(|wanted| it.config.architecture == wanted);
    let there: Vec<String> = images.iter().map(|it| it.config.architecture.clone()).collect();
    match (images.len(), images.iter().filter(|it| has(it)).count()) {
        (0, _) => Err(ImageError::Unfit(
            "it holds no image; build it again, and look at what the builder says".into(),
        )),
        // That one is of another architecture is told by what checks it.
        (1, _) => Ok(images.swap_remove(0)),
        (_, 1) => Ok(images.swap_remove(images.iter().position(has).unwrap_or_default())),
        (count, 0) => Err(ImageError::Unfit(format!(
            "it is an index of {count} images, for {}, and Lambda runs one; none is for {}: build it for that, or \
             change `architectures` in the manifest",
            there.join(", "),
            architecture.unwrap_or("any"),
        ))),
        (count, fit) => Err(ImageError::Unfit(format!(
            "it is an index of {count} images, for {}, and Lambda runs one: {fit} fit; say which with --architecture, \
             or push one of them alone",
            there.join(", "),
        ))),
    }
}

/// Reads the bytes that a descriptor names and compares them with its digest. Returns their path
/// too, for messages.
fn blob(folder: &Path, found: &BlobDescriptor) -> Result<(PathBuf, Vec<u8>), ImageError> {
    if !image::is_digest(&found.digest) {
        let message = format!("{}: `{}` is no digest", folder.display(), found.digest);
        return Err(ImageError::Unfit(message));
    }
    let path = folder.join("blobs").join(found.digest.replacen(':', "/", 1));
    let bytes = text(&path)?;
    if image::digest(&bytes) != found.digest {
        let message = format!("{}: its bytes have another digest; build it again", path.display());
        return Err(ImageError::Unfit(message));
    }
    Ok((path, bytes))
}

/// Reads a manifest, a configuration or an index; `Err` if it is too large to be one.
fn text(path: &Path) -> Result<Vec<u8>, ImageError> {
    let failed = |error| ImageError::file(path, error);
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(TEXT_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > TEXT_MAX {
        return Err(ImageError::Unfit(format!("{}: no manifest is so large", path.display())));
    }
    Ok(bytes)
}

fn json<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ImageError::Unfit(format!("{}: {error}", path.display())))
}
