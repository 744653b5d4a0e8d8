//! What an image is: a manifest that names a configuration and layers, each by the hash of its bytes (OCI image
//! specification 1.1).

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::ImageError;
use crate::engine::hex::hex;

/// What refers to bytes by their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobDescriptor {
    /// What the bytes are.
    #[serde(default)]
    pub media_type: String,
    /// `sha256:…`.
    pub digest: String,
    /// In bytes.
    pub size: u64,
    /// For which machine it is, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<ImagePlatform>,
}

/// A kind of machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagePlatform {
    /// `amd64`, `arm64`.
    #[serde(default)]
    pub architecture: String,
    /// `linux`.
    #[serde(default)]
    pub os: String,
}

/// A manifest of one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// 2.
    pub schema_version: u32,
    /// OCI lets it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The configuration.
    pub config: BlobDescriptor,
    /// The file systems, the lowest first.
    pub layers: Vec<BlobDescriptor>,
}

/// A manifest of several.
#[derive(Debug, Clone, Deserialize)]
pub struct ImageIndex {
    /// What it names.
    #[serde(default)]
    pub manifests: Vec<BlobDescriptor>,
}

/// The configuration of an image, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OciConfig {
    /// `amd64`, `arm64`.
    #[serde(default)]
    pub architecture: String,
    /// `linux`.
    #[serde(default)]
    pub os: String,
    /// How it is run.
    #[serde(default)]
    pub config: OciRunConfig,
}

/// How an image is run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OciRunConfig {
    /// The program.
    #[serde(default)]
    pub entrypoint: Option<Vec<String>>,
    /// Its arguments, or the program.
    #[serde(default)]
    pub cmd: Option<Vec<String>>,
}

/// One image whose blobs lie in a folder.
#[derive(Debug, Clone)]
pub struct LocalImage {
    /// The manifest's own bytes: its digest is theirs.
    pub bytes: Vec<u8>,
    /// What the manifest is.
    pub media_type: String,
    /// What it says.
    pub manifest: ImageManifest,
    /// The configuration.
    pub config: OciConfig,
    /// Where the blobs lie, by their digests.
    pub folder: PathBuf,
}

impl LocalImage {
    /// Its digest: `sha256:…`.
    pub fn digest(&self) -> String {
        digest(&self.bytes)
    }

    /// Everything that it consists of, each once; the configuration last.
    pub fn blobs(&self) -> Vec<&BlobDescriptor> {
        let mut all: Vec<&BlobDescriptor> = Vec::new();
        for blob in self.manifest.layers.iter().chain([&self.manifest.config]) {
            if !all.iter().any(|it| it.digest == blob.digest) {
                all.push(blob);
            }
        }
        all
    }

    /// Where a blob lies.
    pub fn path(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs").join(digest.replacen(':', "/", 1))
    }

    /// Opens a blob.
    pub fn open(&self, digest: &str) -> Result<fs::File, ImageError> {
        let path = self.path(digest);
        fs::File::open(&path).map_err(|error| ImageError::file(path, error))
    }
}

/// The digest of bytes: `sha256:…`.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// Whether a digest is one that we can check, and no path in disguise.
pub fn is_digest(text: &str) -> bool {
    let hash = text.strip_prefix("sha256:").unwrap_or_default();
    hash.len() == 64 && hash.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
}
