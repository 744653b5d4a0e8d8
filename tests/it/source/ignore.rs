//! `.evenkeelignore` on a real file system: what it hides, what its faults keep, and when a change of it is seen.

use std::{fs, os::unix::fs::symlink, path::Path};

use evenkeel::daemon::source::{ManifestSource, SourceRead};
use tempfile::TempDir;

use super::{fresh, notes, put, read, shown};

fn ignore(folder: &Path, text: &str) {
    fs::write(folder.join(".evenkeelignore"), text).unwrap();
}

/// A directory with three functions, two of them in folders.
fn three() -> (TempDir, ManifestSource) {
    let folder = TempDir::new().unwrap();
    for path in ["team/old", "charts"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
    }
    put(folder.path(), "a.yaml", "a", 128);
    put(folder.path(), "team/b.yaml", "b", 128);
    put(folder.path(), "team/old/c.yaml", "c", 128);
    fs::write(folder.path().join("charts/x.yaml"), "{{- if .x }}\n").unwrap();
    let source = ManifestSource::new(folder.path().into());
    (folder, source)
}

#[test]
fn patterns_hide_files_and_folders_as_git_does() {
    for (root, team, expected) in [
        ("charts/\n", "", &["a 128", "b 128", "c 128"][..]),
        ("/charts\n# a comment\n\n*.yaml\n!/a.yaml\n", "", &["a 128"]),
        ("charts\nteam/old\n", "", &["a 128", "b 128"]),
        ("charts\r\nold/\r\n", "", &["a 128", "b 128"]),
        ("charts\n", "/old/\n", &["a 128", "b 128"]),
        // The nearest file decides, and what is in a hidden folder cannot be taken in again.
        ("charts\nb.yaml\n", "!b.yaml\n", &["a 128", "b 128", "c 128"]),
        ("charts\nteam/old\n", "!old/c.yaml\n", &["a 128", "b 128"]),
        ("charts\na.yaml/\n", "a.yaml\n", &["a 128", "b 128", "c 128"]),
        ("charts\n**/c.yaml\n", "", &["a 128", "b 128"]),
    ] {
        let (folder, mut source) = three();
        ignore(folder.path(), root);
        ignore(&folder.path().join("team"), team);
        let snapshot = fresh(&mut source);
        assert_eq!(shown(&snapshot), expected, "{root:?} {team:?}");
        assert_eq!(notes(&snapshot), "", "{root:?} {team:?}");
    }
}

#[test]
fn a_hidden_manifest_is_like_one_that_is_removed() {
    let (folder, mut source) = three();
    ignore(folder.path(), "charts\n");
    let before = fresh(&mut source);
    ignore(folder.path(), "charts\nteam\n");
    let after = fresh(&mut source);
    assert_eq!(shown(&after), ["a 128"]);
    assert!(after.frozen.is_empty() && after.intact() && before.id != after.id);
    // One that hides everything is taken for an accident, as a directory that is suddenly empty is.
    ignore(folder.path(), "*\n");
    let SourceRead::Failed(error) = read(&mut source) else { panic!("not failed") };
    assert!(error.text().contains("no manifests any more"), "{}", error.text());
    assert_eq!(shown(source.last_good().unwrap()), ["a 128"]);
}

#[test]
fn a_broken_ignore_file_freezes_its_folder() {
    let (folder, mut source) = three();
    ignore(folder.path(), "charts\n");
    fresh(&mut source);
    // It would hide c, and not the new d; nobody knows what else the second line was to hide.
    ignore(&folder.path().join("team"), "old\n[z-a]\n");
    put(folder.path(), "team/b.yaml", "b", 256);
    put(folder.path(), "team/d.yaml", "d", 128);
    put(folder.path(), "a.yaml", "a", 256);
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 256", "b 128", "c 128"]);
    let frozen: Vec<String> = snapshot.frozen.iter().map(ToString::to_string).collect();
    assert_eq!(frozen, ["default/Function/b", "default/Function/c"]);
    assert!(!snapshot.intact());
    let notes = notes(&snapshot);
    assert!(notes.starts_with("team/.evenkeelignore:2: the pattern cannot be read: "), "{notes}");
    assert!(notes.ends_with("\n    [z-a]"), "{notes}");
    ignore(&folder.path().join("team"), "old\n");
    assert_eq!(shown(&fresh(&mut source)), ["a 256", "b 256", "d 128"]);
    // That of the root freezes all.
    ignore(folder.path(), "charts\na[\n");
    put(folder.path(), "a.yaml", "a", 512);
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 256", "b 256", "d 128"]);
    assert_eq!(snapshot.frozen.len(), 3);
}

#[test]
fn an_ignore_file_that_is_none_is_a_fault() {
    let text = "x\n".repeat(100_000);
    for (bytes, part) in [
        (text.as_bytes(), ".evenkeelignore: the file is larger than 64 KiB"),
        (b"\xff\n", ".evenkeelignore: the text is not UTF-8"),
    ] {
        let (folder, mut source) = three();
        fs::write(folder.path().join(".evenkeelignore"), bytes).unwrap();
        let snapshot = fresh(&mut source);
        assert!(notes(&snapshot).contains(part), "{}", notes(&snapshot));
        assert_eq!(shown(&snapshot), Vec::<String>::new());
    }
    let (folder, mut source) = three();
    let pipe = folder.path().join(".evenkeelignore");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let snapshot = fresh(&mut source);
    assert!(notes(&snapshot).contains(".evenkeelignore: it is no regular file"));
    fs::remove_file(&pipe).unwrap();
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("patterns"), "*\n").unwrap();
    symlink(outside.path().join("patterns"), &pipe).unwrap();
    let snapshot = fresh(&mut source);
    assert!(notes(&snapshot).contains(".evenkeelignore: the link leads out of the directory"));
    assert_eq!(shown(&snapshot), Vec::<String>::new());
}

#[test]
fn a_config_map_can_hold_an_ignore_file() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("..1")).unwrap();
    put(&folder.path().join("..1"), "a.yaml", "a", 128);
    put(&folder.path().join("..1"), "b.yaml", "b", 128);
    ignore(&folder.path().join("..1"), "b.yaml\n");
    symlink("..1", folder.path().join("..data")).unwrap();
    for name in ["a.yaml", "b.yaml", ".evenkeelignore"] {
        symlink(format!("..data/{name}"), folder.path().join(name)).unwrap();
    }
    assert_eq!(shown(&fresh(&mut ManifestSource::new(folder.path().into()))), ["a 128"]);
}

#[test]
fn a_link_is_hidden_by_its_own_name_and_what_stands_elsewhere_is_not() {
    let (folder, mut source) = three();
    symlink("/nowhere/at/all", folder.path().join("broken.yaml")).unwrap();
    symlink("team", folder.path().join("link")).unwrap();
    ignore(folder.path(), "charts\nbroken.yaml\nlink\n");
    assert_eq!(shown(&fresh(&mut source)), ["a 128", "b 128", "c 128"]);
}

#[test]
fn an_ignore_file_that_changes_in_the_middle_of_a_read_is_torn() {
    let (folder, mut source) = three();
    ignore(folder.path(), "charts\n");
    fresh(&mut source);
    let reading = source.read_between(&mut || ignore(folder.path(), "charts\nteam\n"));
    assert!(matches!(reading, SourceRead::Torn(_)));
    assert_eq!(shown(source.last_good().unwrap()), ["a 128", "b 128", "c 128"]);
    assert_eq!(shown(&fresh(&mut source)), ["a 128"]);
}

#[test]
fn files_of_other_tools_are_counted_and_are_no_manifests() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    fs::write(folder.path().join("ci.yml"), "on: push\njobs: {}\n").unwrap();
    fs::write(folder.path().join("chart.yaml"), "apiVersion: v2\nname: x\n").unwrap();
    let mut source = ManifestSource::new(folder.path().into());
    let snapshot = fresh(&mut source);
    assert_eq!((snapshot.valid, snapshot.invalid, snapshot.ignored), (1, 0, 2));
    assert_eq!(
        snapshot.skipped.to_string(),
        "2 documents of other tools (v2, 1 without `apiVersion`)"
    );
    assert!(snapshot.intact());
    // With nothing else left, the manifests are suddenly gone.
    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    assert!(matches!(read(&mut source), SourceRead::Failed(_)));
}
