//! The directory of manifests and everything that others do to it, on a real file system.

mod ignore;
mod links;
mod watch;

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use evenkeel::daemon::source::{ManifestSource, Snapshot, SourceRead};
use tempfile::TempDir;

fn manifest(name: &str, memory: u32) -> String {
    format!(
        "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {name} }}\nspec:\n  image: \
         aa:v1\n  role: r\n  memorySize: {memory}\n"
    )
}

fn put(folder: &Path, file: &str, name: &str, memory: u32) {
    fs::write(folder.join(file), manifest(name, memory)).unwrap();
}

fn read(source: &mut ManifestSource) -> SourceRead {
    source.read()
}

fn fresh(source: &mut ManifestSource) -> Arc<Snapshot> {
    match read(source) {
        SourceRead::Fresh(snapshot) => snapshot,
        SourceRead::Unchanged | SourceRead::Cancelled => panic!("nothing new"),
        SourceRead::Torn(why) => panic!("{why}"),
        SourceRead::Failed(error) => panic!("{error}"),
    }
}

/// Names and memory sizes of what counts.
fn shown(snapshot: &Snapshot) -> Vec<String> {
    let one = |it: &Arc<evenkeel::manifest::Document>| {
        let evenkeel::manifest::Body::Function(spec, _) = &it.body else { panic!("no function") };
        format!("{} {}", it.aws_name(), spec.memory_size.unwrap_or_default())
    };
    snapshot.documents.iter().map(one).collect()
}

fn notes(snapshot: &Snapshot) -> String {
    snapshot.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_directory_is_read_and_read_again_only_where_it_changed() {
    let folder = TempDir::new().unwrap();
    let mut source = ManifestSource::new(folder.path().into());
    fs::create_dir(folder.path().join("team")).unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    put(folder.path(), "team/b.yml", "b", 128);
    put(folder.path(), "team/c.json.bak", "c", 128);
    put(folder.path(), ".hidden.yaml", "d", 128);
    put(folder.path(), "a.yaml~", "e", 128);
    fs::write(folder.path().join("README.md"), "no manifest").unwrap();
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 128", "b 128"]);
    assert_eq!((snapshot.valid, snapshot.invalid, snapshot.ignored), (2, 0, 3));
    assert_eq!(source.parsed(), 2);
    assert!(matches!(read(&mut source), SourceRead::Unchanged));
    assert_eq!(source.parsed(), 2);
    put(folder.path(), "a.yaml", "a", 256);
    assert_eq!(shown(&fresh(&mut source)), ["a 256", "b 128"]);
    assert_eq!(source.parsed(), 3);
}

#[test]
fn the_same_content_written_again_is_unchanged() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    put(folder.path(), "a.yaml", "a", 128);
    assert!(matches!(read(&mut source), SourceRead::Unchanged));
}

#[test]
fn an_equal_size_and_time_hide_no_change() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.yaml");
    put(folder.path(), "a.yaml", "a", 128);
    let then = fs::metadata(&file).unwrap().modified().unwrap();
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    // A clock that jumped, or a tool that keeps times: the same size, the same time, another content.
    put(folder.path(), "a.yaml", "a", 512);
    fs::File::options().write(true).open(&file).unwrap().set_modified(then).unwrap();
    assert_eq!(shown(&fresh(&mut source)), ["a 512"]);
}

#[test]
fn a_missing_directory_keeps_the_last_good_snapshot() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("m");
    let mut source = ManifestSource::new(root.clone());
    assert!(matches!(read(&mut source), SourceRead::Failed(_)));
    assert!(source.last_good().is_none());
    fs::create_dir(&root).unwrap();
    put(&root, "a.yaml", "a", 128);
    fresh(&mut source);
    fs::rename(&root, folder.path().join("away")).unwrap();
    assert!(matches!(read(&mut source), SourceRead::Failed(_)));
    assert_eq!(shown(source.last_good().unwrap()), ["a 128"]);
}

#[test]
fn a_directory_that_is_suddenly_empty_keeps_the_last_good_snapshot() {
    let folder = TempDir::new().unwrap();
    let mut source = ManifestSource::new(folder.path().into());
    // Empty from the start is simply empty.
    assert!(fresh(&mut source).documents.is_empty());
    put(folder.path(), "a.yaml", "a", 128);
    fresh(&mut source);
    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    let SourceRead::Failed(error) = read(&mut source) else { panic!("not failed") };
    let why = error.text();
    assert!(why.contains("no manifests any more"), "{why}");
    assert_eq!(shown(source.last_good().unwrap()), ["a 128"]);
}

#[test]
fn a_broken_file_freezes_only_its_own() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    put(folder.path(), "b.yaml", "b", 128);
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    put(folder.path(), "a.yaml", "a", 64);
    put(folder.path(), "b.yaml", "b", 256);
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 128", "b 256"]);
    let frozen: Vec<String> = snapshot.frozen.iter().map(ToString::to_string).collect();
    assert_eq!(frozen, ["default/Function/a"]);
    assert_eq!((snapshot.valid, snapshot.invalid), (1, 1));
    assert!(!snapshot.intact());
    put(folder.path(), "a.yaml", "a", 512);
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 512", "b 256"]);
    assert!(snapshot.frozen.is_empty() && snapshot.intact());
}

#[test]
fn a_document_that_moves_out_of_a_broken_file_is_the_same_document() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    put(folder.path(), "b.yaml", "b", 128);
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    fs::write(folder.path().join("a.yaml"), "kind: [").unwrap();
    put(folder.path(), "c.yaml", "a", 512);
    assert_eq!(shown(&fresh(&mut source)), ["b 128", "a 512"]);
}

#[test]
fn of_two_claims_neither_counts_and_the_last_good_one_stays() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    put(folder.path(), "b.yaml", "a", 512);
    put(folder.path(), "c.yaml", "c", 128);
    put(folder.path(), "d.yaml", "c", 256);
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 128"]);
    let notes = notes(&snapshot);
    for part in [
        "a.yaml:1: `default/Function/a` is also claimed by b.yaml:1",
        "b.yaml:1: `default/Function/a` is also claimed by a.yaml:1",
        "c.yaml:1: `default/Function/c` is also claimed by d.yaml:1",
    ] {
        assert!(notes.contains(part), "{notes}");
    }
}

#[test]
fn a_config_map_is_swapped_whole() {
    // Kubernetes: a.yaml -> ..data/a.yaml, ..data -> ..2026_1; the swap renames a new ..data over it,
    // then removes links of files that are gone.
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    let version = |name: &str, memory: u32, files: &[&str]| {
        let dir = root.join(name);
        fs::create_dir(&dir).unwrap();
        for file in files {
            put(&dir, &format!("{file}.yaml"), file, memory);
        }
    };
    version("..1", 128, &["a", "b"]);
    symlink("..1", root.join("..data")).unwrap();
    for file in ["a.yaml", "b.yaml"] {
        symlink(format!("..data/{file}"), root.join(file)).unwrap();
    }
    let mut source = ManifestSource::new(root.into());
    assert_eq!(shown(&fresh(&mut source)), ["a 128", "b 128"]);
    version("..2", 256, &["a"]);
    symlink("..2", root.join("..tmp")).unwrap();
    fs::rename(root.join("..tmp"), root.join("..data")).unwrap();
    fs::remove_dir_all(root.join("..1")).unwrap();
    // In between, b.yaml dangles: torn, not deleted.
    assert!(matches!(read(&mut source), SourceRead::Torn(_)));
    assert_eq!(shown(source.last_good().unwrap()), ["a 128", "b 128"]);
    fs::remove_file(root.join("b.yaml")).unwrap();
    assert_eq!(shown(&fresh(&mut source)), ["a 256"]);
}

/// Swaps git-sync's link: a new worktree, a rename over the link, the old one removed at once.
fn sync(folder: &Path, number: u32, files: u32) {
    let tree = folder.join(format!("{number:040x}"));
    fs::create_dir(&tree).unwrap();
    for file in 0..files {
        put(&tree, &format!("{file}.yaml"), &format!("f{file}"), 128 + number);
    }
    let link = folder.join("current");
    let old = fs::read_link(&link).ok();
    symlink(tree.file_name().unwrap(), folder.join("next")).unwrap();
    fs::rename(folder.join("next"), &link).unwrap();
    if let Some(old) = old {
        fs::remove_dir_all(folder.join(old)).unwrap();
    }
}

#[test]
fn a_swap_in_the_middle_of_a_read_is_torn() {
    let folder = TempDir::new().unwrap();
    sync(folder.path(), 1, 3);
    let mut source = ManifestSource::new(folder.path().join("current"));
    let snapshot = fresh(&mut source);
    assert_eq!(snapshot.revision.as_deref(), Some(format!("{:040x}", 1).as_str()));
    let mut swaps = 0;
    let reading = source.read_between(&mut || {
        swaps += 1;
        sync(folder.path(), 2, 3);
    });
    assert!(matches!(reading, SourceRead::Torn(_)));
    assert_eq!(shown(source.last_good().unwrap()), ["f0 129", "f1 129", "f2 129"]);
    assert_eq!(
        (swaps, shown(&fresh(&mut source))),
        (1, vec!["f0 130".into(), "f1 130".into(), "f2 130".into()])
    );
}

#[test]
fn a_swap_that_leaves_the_old_tree_is_torn_too() {
    let folder = TempDir::new().unwrap();
    for (tree, memory) in [("one", 128), ("two", 256)] {
        fs::create_dir(folder.path().join(tree)).unwrap();
        put(&folder.path().join(tree), "a.yaml", "a", memory);
    }
    let link = folder.path().join("current");
    symlink("one", &link).unwrap();
    let mut source = ManifestSource::new(link.clone());
    fresh(&mut source);
    let reading = source.read_between(&mut || {
        symlink("two", folder.path().join("next")).unwrap();
        fs::rename(folder.path().join("next"), &link).unwrap();
    });
    assert!(matches!(reading, SourceRead::Torn(_)));
    assert_eq!(shown(&fresh(&mut source)), ["a 256"]);
}

#[test]
fn a_file_that_changes_or_goes_in_the_middle_of_a_read_is_torn() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    put(folder.path(), "b.yaml", "b", 128);
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    let gone = folder.path().join("b.yaml");
    let reading = source.read_between(&mut || {
        fs::remove_file(&gone).unwrap();
    });
    assert!(matches!(reading, SourceRead::Torn(_)));
    assert_eq!(shown(source.last_good().unwrap()), ["a 128", "b 128"]);
    assert_eq!(shown(&fresh(&mut source)), ["a 128"]);
}

#[test]
fn while_somebody_swaps_and_swaps_no_reading_is_ever_mixed() {
    const FILES: u32 = 12;
    let folder = TempDir::new().unwrap();
    sync(folder.path(), 1, FILES);
    let over = AtomicBool::new(false);
    let (mut fresh_ones, mut torn) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 2..120 {
                sync(folder.path(), number, FILES);
            }
            over.store(true, Ordering::SeqCst);
        });
        let mut source = ManifestSource::new(folder.path().join("current"));
        loop {
            let last = over.load(Ordering::SeqCst);
            match read(&mut source) {
                SourceRead::Fresh(snapshot) => {
                    fresh_ones += 1;
                    let mut memory: Vec<String> = shown(&snapshot)
                        .iter()
                        .map(|it| it.split(' ').nth(1).unwrap().to_owned())
                        .collect();
                    assert_eq!(memory.len(), FILES as usize, "files are missing");
                    memory.dedup();
                    assert_eq!(memory.len(), 1, "two generations in one snapshot");
                }
                SourceRead::Torn(_) | SourceRead::Failed(_) => torn += 1,
                SourceRead::Unchanged | SourceRead::Cancelled => {}
            }
            if last {
                break;
            }
        }
        assert_eq!(shown(source.last_good().unwrap())[0], "f0 247");
    });
    assert!(fresh_ones > 0, "{fresh_ones} fresh, {torn} torn");
}

#[test]
fn an_editor_that_renames_over_the_file_is_read() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    let mut source = ManifestSource::new(folder.path().into());
    fresh(&mut source);
    put(folder.path(), ".a.yaml.swp", "a", 256);
    fs::rename(folder.path().join(".a.yaml.swp"), folder.path().join("a.yaml")).unwrap();
    assert_eq!(shown(&fresh(&mut source)), ["a 256"]);
}

#[test]
fn a_reading_ends_when_the_daemon_stops() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut source = ManifestSource::new(folder.path().into()).until(stopped);
    fresh(&mut source);
    let reading = source.read_between(&mut || stop.send(true).unwrap());
    assert!(matches!(reading, SourceRead::Cancelled));
    assert!(matches!(read(&mut source), SourceRead::Cancelled));
    assert_eq!(shown(source.last_good().unwrap()), ["a 128"]);
}

#[test]
fn what_aliases_repeat_counts_in_the_total() {
    let folder = TempDir::new().unwrap();
    let repeated = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(40));
    let file = |number: u32| folder.path().join(format!("z{number}.yaml"));
    for number in 10..76 {
        fs::write(file(number), &repeated).unwrap();
    }
    put(folder.path(), "a.yaml", "a", 128);
    put(folder.path(), "zz.yaml", "zz", 128);
    let mut source = ManifestSource::new(folder.path().into());
    let over = "zz.yaml: all manifests together hold more than 256 MiB";
    let snapshot = fresh(&mut source);
    assert!(notes(&snapshot).contains(over), "{}", notes(&snapshot));
    assert_eq!(shown(&snapshot), ["a 128"]);
    // It has not changed, and there is room for it now.
    fs::remove_file(file(10)).unwrap();
    fs::remove_file(file(11)).unwrap();
    let snapshot = fresh(&mut source);
    assert!(!notes(&snapshot).contains(over), "{}", notes(&snapshot));
    assert_eq!(shown(&snapshot), ["a 128", "zz 128"]);
}

#[test]
fn a_pipe_in_the_place_of_a_commit_is_not_read() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    let pipe = folder.path().join(".git/HEAD");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    put(folder.path(), "a.yaml", "a", 128);
    assert_eq!(fresh(&mut ManifestSource::new(folder.path().into())).revision, None);
}

#[test]
fn strange_things_are_told_and_stop_nobody() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    fs::create_dir(folder.path().join("folder.yaml")).unwrap();
    // One that is far too large takes nobody's place.
    put(folder.path(), "z.yaml", "z", 128);
    let pipe = folder.path().join("pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let huge = fs::File::create(folder.path().join("huge.yaml")).unwrap();
    huge.set_len(5 * 1024 * 1024 * 1024).unwrap();
    let mut deep = PathBuf::from(folder.path());
    for _ in 0..30 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    put(&deep, "y.yaml", "y", 128);
    let mut source = ManifestSource::new(folder.path().into());
    let snapshot = fresh(&mut source);
    assert_eq!(shown(&snapshot), ["a 128", "z 128"]);
    let notes = notes(&snapshot);
    assert!(notes.contains("pipe.yaml: it is no regular file"), "{notes}");
    assert!(notes.contains("nest deeper"), "{notes}");
    assert!(notes.contains("huge.yaml: the file is larger than 1 MiB"), "{notes}");
}

#[test]
fn a_single_file_will_do() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    let mut source = ManifestSource::new(folder.path().join("a.yaml"));
    assert_eq!(shown(&fresh(&mut source)), ["a 128"]);
}

#[test]
fn the_commit_of_a_work_tree_is_told() {
    let folder = TempDir::new().unwrap();
    let git = folder.path().join(".git");
    fs::create_dir_all(git.join("refs/heads")).unwrap();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(git.join("refs/heads/main"), format!("{commit}\n")).unwrap();
    put(folder.path(), "a.yaml", "a", 128);
    let mut source = ManifestSource::new(folder.path().into());
    assert_eq!(fresh(&mut source).revision.as_deref(), Some(commit));
    fs::remove_file(git.join("refs/heads/main")).unwrap();
    let other = commit.replace('0', "f");
    fs::write(git.join("packed-refs"), format!("# x\n{other} refs/heads/main\n")).unwrap();
    assert_eq!(fresh(&mut source).revision.as_deref(), Some(other.as_str()));
    // A ref that leads out is not followed.
    fs::write(git.join("HEAD"), "ref: ../../etc/hostname\n").unwrap();
    assert_eq!(fresh(&mut source).revision, None);
}
