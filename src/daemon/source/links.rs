//! The symbolic links that a path leads through: where one is put in another's place, the path leads elsewhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

/// How many links a path may lead through; as many as the kernel follows.
const LINKS_MAX: usize = 40;

/// The links that an absolute path leads through, each by the real path of the directory that it stands in. As far as
/// they can be followed: a path whose end is not there has links before that.
pub(super) fn links(path: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut real = PathBuf::from("/");
    // What is still to follow, the next name last.
    let mut rest: Vec<PathBuf> = names(path);
    let mut followed = 0;
    while let Some(name) = rest.pop() {
        if name.as_os_str() == ".." {
            real.pop();
            continue;
        }
        let next = real.join(&name);
        let Ok(target) = fs::read_link(&next) else {
            real = next;
            continue;
        };
        found.insert(next);
        followed += 1;
        if followed > LINKS_MAX {
            break;
        }
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        rest.extend(names(&target));
    }
    found
}

/// The names of a path that lead somewhere, the first one last.
fn names(path: &Path) -> Vec<PathBuf> {
    let names = path.components().filter_map(|it| match it {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    let mut names: Vec<PathBuf> = names.collect();
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_link_on_the_way_is_found_where_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(top.join("git/.trees/1/m")).unwrap();
        fs::create_dir_all(top.join("x")).unwrap();
        symlink(".trees/1", top.join("git/current")).unwrap();
        symlink("../git/./current/m", top.join("x/relative")).unwrap();
        symlink(top.join("x/relative"), top.join("absolute")).unwrap();
        let all = |paths: &[&str]| paths.iter().map(|it| top.join(it)).collect::<BTreeSet<_>>();
        assert_eq!(links(&top.join("git/.trees/1/m")), all(&[]));
        assert_eq!(links(&top.join("git/current/m")), all(&["git/current"]));
        let both = all(&["absolute", "x/relative", "git/current"]);
        assert_eq!(links(&top.join("absolute/a.yaml")), both);
        // What is gone ends the way, and a circle does not keep us.
        symlink("b", top.join("a")).unwrap();
        symlink("a", top.join("b")).unwrap();
        assert_eq!(links(&top.join("a/m")), all(&["a", "b"]));
        assert_eq!(links(&top.join("nowhere/m")), all(&[]));
    }
}
