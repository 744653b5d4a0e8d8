//! Layers and configurations: kept by their digests, in each repository for itself, and how they get there.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

use super::{LAYER_MAX, base};
use crate::{
    call::{Answer, Refusal, Reply},
    chance,
    ecr::{Asked, Repository},
};

/// What a repository keeps besides manifests.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    blobs: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, Upload>,
    /// How many uploads were begun.
    begun: u64,
}

impl Layers {
    /// The bytes behind a digest.
    pub(crate) fn blob(&self, digest: &str) -> Option<&Bytes> {
        self.blobs.get(digest)
    }
}

/// A layer that is on its way. It is hashed as it comes, since the end should not take long.
#[derive(Debug, Default)]
struct Upload {
    parts: Vec<Bytes>,
    length: usize,
    hash: Sha256,
}

impl Upload {
    /// Takes one more part, if it begins where the last one ended.
    fn take(&mut self, asked: &Asked<'_>) -> Result<(), Refusal> {
        let data = &asked.call.data;
        if let Some(given) = asked.call.header("content-range") {
            let (from, to) = range(given).ok_or_else(|| invalid("Content-Range is malformed"))?;
            if from != self.length {
                return Err(self.misplaced(asked));
            }
            if to.checked_sub(from).map(|it| it + 1) != Some(data.len()) {
                return Err(Refusal::new(400, "SIZE_INVALID", "Content-Range is not the length"));
            }
        }
        if self.length + data.len() > LAYER_MAX {
            return Err(Refusal::new(413, "SIZE_INVALID", "The layer is too large"));
        }
        self.hash.update(data);
        self.length += data.len();
        self.parts.push(data.clone());
        Ok(())
    }

    fn misplaced(&self, asked: &Asked<'_>) -> Refusal {
        let text = format!("The part does not begin at {}, where the last one ended", self.length);
        Refusal::new(416, "RANGE_INVALID", text)
            .header("range", self.range())
            .header("location", location(asked, asked.call.part(0)))
    }

    /// What is there, as registries write it: `0-0` also if nothing is.
    fn range(&self) -> String {
        format!("0-{}", self.length.saturating_sub(1))
    }

    fn bytes(self) -> Bytes {
        match self.parts.as_slice() {
            [one] => one.clone(),
            all => all.iter().fold(BytesMut::with_capacity(self.length), joined).freeze(),
        }
    }
}

fn joined(mut all: BytesMut, part: &Bytes) -> BytesMut {
    all.extend_from_slice(part);
    all
}

/// `0-99`, also with the unit before it.
fn range(text: &str) -> Option<(usize, usize)> {
    let text = text.trim_start_matches("bytes").trim_start_matches([' ', '=']);
    let (from, to) = text.split('/').next()?.split_once('-')?;
    Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
}

fn invalid(text: &str) -> Refusal {
    Refusal::new(400, "BLOB_UPLOAD_INVALID", text)
}

fn unknown() -> Refusal {
    Refusal::new(404, "BLOB_UPLOAD_UNKNOWN", "There is no such upload")
}

fn location(asked: &Asked<'_>, id: &str) -> String {
    format!("{}/v2/{}/blobs/uploads/{id}", base(asked.call.header("host")), asked.name())
}

/// Where an upload is, and how far.
fn progress(asked: &Asked<'_>, (id, upload): (&str, &Upload), status: u16) -> Reply {
    let headers = vec![
        ("location", location(asked, id)),
        ("range", upload.range()),
        ("docker-upload-uuid", id.to_owned()),
    ];
    Reply { headers, ..Reply::empty(status) }
}

/// A layer of another repository is never mounted: ECR does so only where an account asks for it, and a tool that
/// asked uploads then.
pub(super) fn begin(found: &mut Repository, asked: &Asked<'_>) -> Reply {
    found.layers.begun += 1;
    let id = chance::uuid(found.layers.begun, asked.name().len() as u64);
    let upload = Upload::default();
    let reply = progress(asked, (&id, &upload), 202);
    found.layers.uploads.insert(id, upload);
    reply
}

pub(super) fn part(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let id = asked.call.part(0);
    let upload = found.layers.uploads.get_mut(id).ok_or_else(unknown)?;
    upload.take(asked)?;
    Ok(progress(asked, (id, upload), 202))
}

pub(super) fn status(found: &Repository, asked: &Asked<'_>) -> Answer {
    let id = asked.call.part(0);
    let upload = found.layers.uploads.get(id).ok_or_else(unknown)?;
    Ok(progress(asked, (id, upload), 204))
}

pub(super) fn cancel(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    found.layers.uploads.remove(asked.call.part(0)).ok_or_else(unknown)?;
    Ok(Reply::empty(204))
}

/// The end of an upload, or one that is begun and ended at once. Bytes that are others than was said are dropped.
pub(super) fn complete(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let digest = asked.call.param("digest").unwrap_or_default();
    let id = asked.call.part(0);
    let mut whole = Upload::default();
    let upload = match id {
        "" => &mut whole,
        id => found.layers.uploads.get_mut(id).ok_or_else(unknown)?,
    };
    if !asked.call.data.is_empty() {
        upload.take(asked)?;
    }
    let upload = std::mem::take(upload);
    found.layers.uploads.remove(id);
    let calculated = format!("sha256:{}", chance::hex(&upload.hash.clone().finalize()));
    if calculated != digest {
        let text = format!("The digest is {calculated}, not '{digest}'");
        return Err(Refusal::new(400, "DIGEST_INVALID", text));
    }
    found.layers.blobs.insert(calculated.clone(), upload.bytes());
    let place =
        format!("{}/v2/{}/blobs/{calculated}", base(asked.call.header("host")), asked.name());
    let headers = vec![("location", place), ("docker-content-digest", calculated)];
    Ok(Reply { headers, ..Reply::empty(201) })
}

/// A layer, or a range of it. ECR sends tools to S3 for the bytes; here they come at once.
pub(super) fn get(found: &Repository, asked: &Asked<'_>) -> Answer {
    let digest = asked.call.part(0);
    let text = "The layer is not in the repository";
    let blob = found.layers.blobs.get(digest);
    let blob = blob.ok_or_else(|| Refusal::new(404, "BLOB_UNKNOWN", text))?;
    let mut headers = vec![
        ("content-type", "application/octet-stream".to_owned()),
        ("docker-content-digest", digest.to_owned()),
        ("accept-ranges", "bytes".to_owned()),
    ];
    let (mut status, mut bytes) = (200, blob.clone());
    if let Some(given) = asked.call.header("range").and_then(|it| it.strip_prefix("bytes=")) {
        let size = blob.len();
        let unmet = || {
            Refusal::new(416, "RANGE_INVALID", "There are no such bytes")
                .header("content-range", format!("bytes */{size}"))
        };
        let (from, to) = wanted(given, size).ok_or_else(unmet)?;
        headers.push(("content-range", format!("bytes {from}-{to}/{size}")));
        (status, bytes) = (206, blob.slice(from..=to));
    }
    Ok(Reply { raw: Some(bytes), headers, ..Reply::empty(status) })
}

/// The first and the last byte that a range asks for.
fn wanted(given: &str, size: usize) -> Option<(usize, usize)> {
    let (from, to) = given.split_once('-')?;
    let last = size.checked_sub(1)?;
    let (from, to) = match (from.trim(), to.trim()) {
        ("", tail) => (size.saturating_sub(tail.parse().ok()?), last),
        (from, "") => (from.parse().ok()?, last),
        (from, to) => (from.parse().ok()?, to.parse::<usize>().ok()?.min(last)),
    };
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(range("0-9"), Some((0, 9)));
        assert_eq!(range("bytes 5-9/*"), Some((5, 9)));
        assert_eq!(range("9"), None);
        assert_eq!(wanted("2-5", 10), Some((2, 5)));
        assert_eq!(wanted("2-", 10), Some((2, 9)));
        assert_eq!(wanted("-3", 10), Some((7, 9)));
        assert_eq!(wanted("2-50", 10), Some((2, 9)));
        assert_eq!(wanted("10-", 10), None);
        assert_eq!(wanted("0-", 0), None);
    }
}
