//! Links within the directory: what they lead to is read once, and never by halves.

use std::{fs, os::unix::fs::symlink, path::Path};

use evenkeel::daemon::source::{ManifestSource, Snapshot, SourceRead};
use tempfile::TempDir;

use super::{fresh, notes, put, read, shown};

#[test]
fn links_that_lead_out_or_round_are_refused() {
    let outside = TempDir::new().unwrap();
    put(outside.path(), "x.yaml", "x", 128);
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    symlink(outside.path().join("x.yaml"), folder.path().join("x.yaml")).unwrap();
    symlink("/etc", folder.path().join("etc")).unwrap();
    symlink(".", folder.path().join("round")).unwrap();
    let mut source = ManifestSource::new(folder.path().into());
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 128"]);
    let notes = notes(&snapshot);
    assert!(notes.contains("x.yaml: the link leads out of the directory"), "{notes}");
    assert!(notes.contains("etc: the link leads out of the directory"), "{notes}");
    assert!(notes.contains("round: the link leads back"), "{notes}");
}

/// Folders, each with eight links to the next, so that there are 8 to the power of `levels` ways to the last one,
/// which holds a manifest.
pub(super) fn lattice(root: &Path, levels: u32) {
    for level in 0..levels {
        let folder = root.join(format!("{level}"));
        fs::create_dir(&folder).unwrap();
        for link in 0..8 {
            symlink(format!("../{}", level + 1), folder.join(format!("l{link}"))).unwrap();
        }
    }
    let last = root.join(levels.to_string());
    fs::create_dir(&last).unwrap();
    put(&last, "z.yaml", "z", 128);
}

fn origins(snapshot: &Snapshot) -> Vec<String> {
    snapshot.documents.iter().map(|it| it.origin.file.to_string()).collect()
}

#[test]
fn a_folder_is_read_once_however_many_links_lead_to_it() {
    let folder = TempDir::new().unwrap();
    lattice(folder.path(), 15);
    let snapshot = fresh(&mut ManifestSource::new(folder.path().into()));
    assert_eq!((origins(&snapshot), notes(&snapshot)), (vec!["15/z.yaml".into()], String::new()));
    // A lattice that only links lead into.
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join(".h")).unwrap();
    lattice(&folder.path().join(".h"), 12);
    for name in ["b", "a"] {
        symlink(".h/0", folder.path().join(name)).unwrap();
    }
    let snapshot = fresh(&mut ManifestSource::new(folder.path().into()));
    let one = format!("a/{}z.yaml", "l0/".repeat(12));
    assert_eq!((origins(&snapshot), notes(&snapshot)), (vec![one], String::new()));
}

#[test]
fn a_file_counts_where_it_stands_and_a_hidden_one_by_its_first_link() {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    for name in ["real", ".data", ".data/sub"] {
        fs::create_dir(root.join(name)).unwrap();
    }
    put(root, "real/a.yaml", "a", 128);
    put(root, ".data/b.yaml", "b", 128);
    put(root, ".data/sub/c.yaml", "c", 128);
    for (name, leads) in [
        ("also", "real"),
        ("also.yaml", "real/a.yaml"),
        ("y.yaml", ".data/b.yaml"),
        ("x.yaml", ".data/b.yaml"),
        // A ConfigMap whose items have paths with a folder in them.
        ("sub", ".data/sub"),
        ("tub", ".data/sub"),
    ] {
        symlink(leads, root.join(name)).unwrap();
    }
    let snapshot = fresh(&mut ManifestSource::new(root.into()));
    assert_eq!(notes(&snapshot), "");
    assert_eq!(origins(&snapshot), ["real/a.yaml", "sub/c.yaml", "x.yaml"]);
}

#[test]
fn what_is_in_a_folder_that_is_not_read_any_more_is_not_gone() {
    let outside = TempDir::new().unwrap();
    let folder = TempDir::new().unwrap();
    let team = folder.path().join("team");
    fs::create_dir(&team).unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    put(&team, "b.yaml", "b", 128);
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    fs::rename(&team, outside.path().join("team")).unwrap();
    symlink(outside.path().join("team"), &team).unwrap();
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 128", "b 128"]);
    assert!(notes(&snapshot).contains("team: the link leads out"), "{}", notes(&snapshot));
    let frozen: Vec<String> = snapshot.frozen.iter().map(ToString::to_string).collect();
    assert_eq!(frozen, ["default/Function/b"]);
}

#[test]
fn a_directory_that_holds_too_much_is_not_read_by_halves() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    for half in ["x", "y"] {
        let first = folder.path().join(half);
        fs::write(&first, "").unwrap();
        for number in 1..50_000 {
            fs::hard_link(&first, folder.path().join(format!("{half}{number}"))).unwrap();
        }
    }
    let SourceRead::Failed(error) = read(&mut source) else { panic!("not failed") };
    let why = error.text();
    assert!(why.contains("holds more than 100000 files and directories"), "{why}");
    assert_eq!(shown(source.last_good().unwrap()), ["a 128"]);
}
