//! Which commit the manifests are at, as far as the file system tells. Shown to people; nothing is
//! decided by it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The commit of the git work tree that holds the root, or the name of the directory that
/// git-sync's link leads to; `None` if it is in neither.
pub(super) fn revision(root: &Path, resolved: &Path) -> Option<String> {
    let git = resolved.ancestors().find_map(git_dir);
    let commit = git.and_then(|(git, common)| head(&git, &common));
    commit.or_else(|| {
        // git-sync: `current -> .worktrees/<commit>`.
        let link = fs::symlink_metadata(root).ok()?.is_symlink();
        let name = resolved.file_name()?.to_str()?;
        (link && is_commit(name)).then(|| name.to_owned())
    })
}

/// The git directory of the work tree `folder`, and the one that holds its refs; `None` if it is no
/// work tree.
fn git_dir(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let git = folder.join(".git");
    let meta = fs::metadata(&git).ok()?;
    if meta.is_dir() {
        return Some((git.clone(), git));
    }
    // A linked work tree: `.git` is a file that names the directory.
    let text = read(&git)?;
    let git = folder.join(text.strip_prefix("gitdir:")?.trim());
    let common = read(&git.join("commondir")).map_or_else(|| git.clone(), |it| git.join(it.trim()));
    Some((git, common))
}

/// The commit that is checked out: the text of `HEAD`, or of the ref that it names. `None` if that
/// is no commit.
fn head(git: &Path, common: &Path) -> Option<String> {
    let head = read(&git.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref:").map(str::trim) else {
        return Some(head.trim().to_owned()).filter(|it| is_commit(it));
    };
    // A ref's name comes from a file that others write: it must not lead out.
    if name.split('/').any(|part| part == "..") || name.starts_with('/') {
        return None;
    }
    let loose = read(&common.join(name)).map(|it| it.trim().to_owned());
    let packed = || {
        let text = read(&common.join("packed-refs"))?;
        let line = text.lines().find(|line| line.split(' ').nth(1) == Some(name))?;
        line.split(' ').next().map(ToOwned::to_owned)
    };
    loose.or_else(packed).filter(|it| is_commit(it))
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|it| it.is_ascii_hexdigit())
}

/// A small text file. Whoever writes the directory may have put a pipe there, which would never end.
fn read(path: &Path) -> Option<String> {
    let meta = fs::metadata(path).ok()?;
    let small = meta.is_file() && meta.len() <= 1024 * 1024;
    small.then(|| fs::read_to_string(path).ok()).flatten()
}
