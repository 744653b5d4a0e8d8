//! An image in one file: what `docker save`, `podman save` and `buildx --output type=oci` write. It is unpacked into
//! a folder of the form of [`layout`].

use std::{
    fs,
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use flate2::{GzBuilder, read::GzDecoder};
use serde::Deserialize;
use tempfile::TempDir;

use super::{
    error::ImageError,
    hashing_writer::HashingWriter,
    image::{self, BlobDescriptor, ImageManifest, LocalImage},
    layout,
};
use crate::kinds::image::DOCKER;

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The file that lists the images of Docker's own form.
const LIST: &str = "manifest.json";
/// How much is read at once.
const BUFFER: usize = 1024 * 1024;

/// An image of Docker's own form.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    layers: Vec<String>,
}

/// Unpacks an archive into a temporary folder and reads its image, or of several the one for an
/// architecture. The image can be read only as long as the folder is kept: dropping it deletes the
/// files.
pub fn open(file: &Path, architecture: Option<&str>) -> Result<(LocalImage, TempDir), ImageError> {
    let folder = TempDir::new().map_err(|error| ImageError::file(std::env::temp_dir(), error))?;
    unpack(file, folder.path())?;
    if layout::is_layout(folder.path()) {
        return Ok((layout::open(folder.path(), architecture)?, folder));
    }
    if !folder.path().join(LIST).is_file() {
        return Err(ImageError::Unfit(format!(
            "{}: the archive holds no image; make one with `docker save`, `podman save`, or `skopeo copy … \
             oci-archive:FILE`",
            file.display()
        )));
    }
    Ok((docker(file, folder.path())?, folder))
}

/// Unpacks an archive, compressed by gzip or not, into a folder: plain files alone, since links
/// could lead out of it, and nothing here needs them.
fn unpack(file: &Path, folder: &Path) -> Result<(), ImageError> {
    let failed = |error| ImageError::file(file, error);
    let open = || fs::File::open(file).map_err(failed);
    let mut start = [0; 2];
    let gzip = open()?.read_exact(&mut start).is_ok() && start == GZIP;
    let plain = io::BufReader::with_capacity(BUFFER, open()?);
    let bytes: Box<dyn io::Read> =
        if gzip { Box::new(GzDecoder::new(plain)) } else { Box::new(plain) };
    let mut archive = tar::Archive::new(bytes);
    let unreadable = |error: io::Error| {
        ImageError::Unfit(format!("{}: it is no archive of an image: {error}", file.display()))
    };
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(unreadable)?.into_owned();
        let inside = |it: Component<'_>| matches!(it, Component::Normal(_) | Component::CurDir);
        if !path.components().all(inside) {
            let message = format!("{}: `{}` leads out of it", file.display(), path.display());
            return Err(ImageError::Unfit(message));
        }
        let target = folder.join(path);
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| ImageError::file(parent, error))?;
        let mut out =
            fs::File::create(&target).map_err(|error| ImageError::file(&target, error))?;
        io::copy(&mut entry, &mut out).map_err(|error| ImageError::file(&target, error))?;
    }
    Ok(())
}

/// Reads an image of Docker's own form. It has no manifest: one is made, and the layers are
/// compressed. Both come out the same each time, and so does the digest.
fn docker(file: &Path, folder: &Path) -> Result<LocalImage, ImageError> {
    let unfit = |text: String| ImageError::Unfit(format!("{}: {text}", file.display()));
    let list = read(&folder.join(LIST))?;
    let saved: Vec<DockerImage> =
        serde_json::from_slice(&list).map_err(|error| unfit(format!("{LIST}: {error}")))?;
    let [saved] = saved.as_slice() else {
        let count = saved.len();
        return Err(unfit(format!(
            "it holds {count} images, and one is published; save that alone"
        )));
    };
    let config = read(&member(folder, &saved.config).map_err(unfit)?)?;
    let mut layers = Vec::new();
    for layer in &saved.layers {
        layers.push(pack(folder, &member(folder, layer).map_err(unfit)?)?);
    }
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(DOCKER.to_owned()),
        config: keep(folder, &config)?,
        layers,
    };
    let bytes = serde_json::to_vec(&manifest).map_err(|error| unfit(error.to_string()))?;
    let read = serde_json::from_slice(&config).map_err(|error| unfit(error.to_string()))?;
    Ok(LocalImage {
        bytes,
        media_type: DOCKER.to_owned(),
        manifest,
        config: read,
        folder: folder.to_path_buf(),
    })
}

/// A file that the list names, which must be one of the archive's own.
fn member(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let path = Path::new(name);
    let inside = path.components().all(|it| matches!(it, Component::Normal(_)));
    let path = folder.join(path);
    let there = inside && path.is_file();
    there.then_some(path).ok_or_else(|| format!("`{name}` is not in it; save the image again"))
}

fn read(path: &Path) -> Result<Vec<u8>, ImageError> {
    fs::read(path).map_err(|error| ImageError::file(path, error))
}

/// Puts the configuration among the blobs.
fn keep(folder: &Path, config: &[u8]) -> Result<BlobDescriptor, ImageError> {
    let digest = image::digest(config);
    let path = blobs(folder)?.join(digest.trim_start_matches("sha256:"));
    fs::write(&path, config).map_err(|error| ImageError::file(&path, error))?;
    let media_type = "application/vnd.docker.container.image.v1+json".to_owned();
    Ok(BlobDescriptor { media_type, digest, size: config.len() as u64, platform: None })
}

/// Puts a layer among the blobs, compressed by gzip if it is not yet, and returns what refers to
/// it.
fn pack(folder: &Path, layer: &Path) -> Result<BlobDescriptor, ImageError> {
    let from = |error| ImageError::file(layer, error);
    let mut source = fs::File::open(layer).map_err(from)?;
    let mut start = Vec::new();
    io::Read::by_ref(&mut source).take(2).read_to_end(&mut start).map_err(from)?;
    let packed = start == GZIP;
    let mut source = io::BufReader::with_capacity(BUFFER, start.as_slice().chain(source));
    let mut part = tempfile::NamedTempFile::new_in(blobs(folder)?).map_err(from)?;
    let mut sink = HashingWriter::new(part.as_file_mut());
    let written = if packed {
        io::copy(&mut source, &mut sink).map(drop)
    } else {
        // Neither name nor date, so that equal layers have equal bytes.
        let mut gzip = GzBuilder::new().write(&mut sink, flate2::Compression::default());
        io::copy(&mut source, &mut gzip).and_then(|_| gzip.finish().map(drop))
    };
    let to = |error| ImageError::file(folder, error);
    written.map_err(to)?;
    let (digest, size) = sink.end();
    part.persist(blobs(folder)?.join(digest.trim_start_matches("sha256:")))
        .map_err(|error| to(error.error))?;
    let media_type = "application/vnd.docker.image.rootfs.diff.tar.gzip".to_owned();
    Ok(BlobDescriptor { media_type, digest, size, platform: None })
}

fn blobs(folder: &Path) -> Result<PathBuf, ImageError> {
    let path = folder.join("blobs").join("sha256");
    fs::create_dir_all(&path).map_err(|error| ImageError::file(&path, error))?;
    Ok(path)
}
