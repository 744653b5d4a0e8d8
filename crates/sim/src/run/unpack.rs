//! Layers into a folder: plain or gzipped tar, each over the one before it. Nothing is written outside the folder, and
//! links that lead out of it are left out.

use std::{
    fs,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

/// How much an image may unpack to. Lambda takes 10 GB; this is somebody's disk.
const BYTES_MAX: u64 = 2 << 30;
/// How many files it may have.
const FILES_MAX: usize = 200_000;
/// How a layer says that something below it is gone: before its name, or for all of a folder.
const GONE: &str = ".wh.";
const ALL_GONE: &str = ".wh..wh..opq";

/// What is left of the limits.
struct Left {
    bytes: u64,
    files: usize,
}

/// Unpacks an image. Fails with what is wrong with it.
pub(super) fn layers(layers: &[Bytes], folder: &Path) -> Result<(), String> {
    let mut left = Left { bytes: BYTES_MAX, files: FILES_MAX };
    let mut unpack = || {
        fs::create_dir_all(folder)?;
        let root = folder.canonicalize()?;
        layers.iter().try_for_each(|it| layer(it, &root, &mut left))
    };
    unpack().map_err(|error: io::Error| format!("the image cannot be unpacked: {error}"))
}

fn layer(bytes: &Bytes, root: &Path, left: &mut Left) -> io::Result<()> {
    let reader: Box<dyn Read + '_> = match bytes.get(..2) {
        Some([0x1f, 0x8b]) => Box::new(MultiGzDecoder::new(bytes.as_ref())),
        _ => Box::new(bytes.as_ref()),
    };
    let mut archive = Archive::new(reader);
    for entry in archive.entries()? {
        let mut entry = entry?;
        left.bytes = left.bytes.checked_sub(entry.size()).ok_or_else(|| limit("too large"))?;
        left.files = left.files.checked_sub(1).ok_or_else(|| limit("of too many files"))?;
        file(&mut entry, root)?;
    }
    Ok(())
}

fn limit(what: &str) -> io::Error {
    io::Error::other(format!("it is {what}"))
}

fn file<R: Read>(entry: &mut Entry<'_, R>, root: &Path) -> io::Result<()> {
    let Some(path) = inside(&entry.path()?) else { return Ok(()) };
    let Some(name) = path.file_name().and_then(|it| it.to_str()).map(str::to_owned) else {
        return Ok(());
    };
    let Some(parent) = parent(root, &path)? else { return Ok(()) };
    let place = parent.join(&name);
    if name == ALL_GONE {
        return fs::read_dir(&parent)?.try_for_each(|it| remove(&it?.path()));
    }
    if let Some(gone) = name.strip_prefix(GONE) {
        return remove(&parent.join(gone));
    }
    match entry.header().entry_type() {
        EntryType::Directory if place.is_dir() && !place.is_symlink() => Ok(()),
        EntryType::Directory => {
            remove(&place)?;
            fs::create_dir(&place)
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            remove(&place)?;
            entry.unpack(&place).map(drop)
        }
        EntryType::Symlink => link(entry, (root, &parent, &place)),
        EntryType::Link => hard_link(entry, (root, &place)),
        // Devices and pipes are nothing that a function needs.
        _ => Ok(()),
    }
}

/// A path without its root; none if it climbs.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => found.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(found)
}

/// The folder that a path is in, made if it is missing, with all links followed; none if they lead out.
fn parent(root: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    let mut place = root.to_owned();
    for part in path.parent().unwrap_or(Path::new("")).components() {
        let next = place.join(part);
        if !next.exists() {
            // Also a link that leads nowhere.
            remove(&next)?;
            fs::create_dir(&next)?;
        }
        place = next.canonicalize()?;
        if !place.starts_with(root) || !place.is_dir() {
            return Ok(None);
        }
    }
    Ok(Some(place))
}

fn remove(place: &Path) -> io::Result<()> {
    match fs::symlink_metadata(place) {
        Ok(it) if it.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
        Err(_) => Ok(()),
    }
}

/// A link from the root of the image leads to the folder's root here; one that climbs out is left out.
fn link<R: Read>(
    entry: &Entry<'_, R>,
    (root, parent, place): (&Path, &Path, &Path),
) -> io::Result<()> {
    let Some(target) = entry.link_name()? else { return Ok(()) };
    let from = if target.is_absolute() { root } else { parent };
    let mut reached = from.to_owned();
    for part in target.components() {
        match part {
            Component::ParentDir => drop(reached.pop()),
            Component::Normal(part) => reached.push(part),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
        if !reached.starts_with(root) {
            return Ok(());
        }
    }
    remove(place)?;
    std::os::unix::fs::symlink(reached, place)
}

fn hard_link<R: Read>(entry: &Entry<'_, R>, (root, place): (&Path, &Path)) -> io::Result<()> {
    let Some(target) = entry.link_name()?.and_then(|it| inside(&it)) else { return Ok(()) };
    match root.join(target).canonicalize() {
        Ok(target) if target.starts_with(root) && target != place => {
            remove(place)?;
            fs::hard_link(target, place)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tar::{Builder, Header};

    use super::*;

    /// A layer: a name with `@` is a link to what it holds, one with `/` at its end a folder.
    fn packed(files: &[(&str, &str)]) -> Bytes {
        let mut builder = Builder::new(Vec::new());
        for (name, text) in files {
            let mut header = Header::new_gnu();
            let (name, link) = name.strip_prefix('@').map_or((*name, false), |it| (it, true));
            header.set_mode(0o755);
            // As somebody would write it who means harm: the library refuses such names.
            header.as_gnu_mut().expect("GNU").name[..name.len()].copy_from_slice(name.as_bytes());
            if link {
                header.set_entry_type(EntryType::Symlink);
                header.set_link_name_literal(text).expect("a link");
            }
            header.set_size(if link { 0 } else { text.len() as u64 });
            header.set_cksum();
            builder.append(&header, if link { "" } else { text }.as_bytes()).expect("an entry");
        }
        builder.into_inner().expect("a layer").into()
    }

    fn zipped(layer: &Bytes) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(layer).expect("memory");
        encoder.finish().expect("memory").into()
    }

    #[test]
    fn layers_lie_over_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        let first = packed(&[("a/one", "1"), ("a/two", "2"), ("b/three", "3"), ("c", "old")]);
        let second =
            packed(&[("a/.wh.one", ""), ("b/.wh..wh..opq", ""), ("b/four", "4"), ("c", "new")]);
        layers(&[zipped(&first), second], &root).expect("an image");
        let read = |name: &str| fs::read_to_string(root.join(name)).ok();
        assert_eq!((read("a/one"), read("a/two").as_deref()), (None, Some("2")));
        assert_eq!((read("b/three"), read("b/four").as_deref()), (None, Some("4")));
        assert_eq!(read("c").as_deref(), Some("new"));
    }

    #[test]
    fn nothing_leaves_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        fs::create_dir(folder.path().join("out")).expect("a folder");
        let bad = packed(&[
            ("../out/a", "x"),
            ("@up", "../out"),
            ("up/b", "x"),
            ("d/e/f", "x"),
            ("@d/e/top", "../.."),
            ("@d/e/top/far", "../out"),
            ("d/e/top/far/c", "x"),
            ("@bin", "/d/e"),
            ("bin/g", "within"),
        ]);
        layers(&[bad], &root).expect("what is left of it");
        assert_eq!(fs::read_dir(folder.path().join("out")).expect("a folder").count(), 0);
        assert_eq!(fs::read_to_string(root.join("d/e/g")).expect("a file"), "within");
        assert!(layers(&[Bytes::from_static(b"\x1f\x8bno gzip")], &root).is_err());
    }
}
