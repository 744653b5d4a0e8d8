//! When the directory is read again, and what keeps the daemon from starting or stopping: nothing.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, Instant},
};

use evenkeel::daemon::source::{
    ManifestSource,
    watch::{NoEvents, Watcher},
};
use tempfile::TempDir;

use super::{links::lattice, put};
use crate::common::scene::Scene;

/// A source and its watcher, as the daemon has them.
struct Eye {
    source: ManifestSource,
    watcher: Watcher,
}

impl Eye {
    fn on(root: &Path) -> Self {
        let mut eye =
            Self { source: ManifestSource::new(root.into()), watcher: Watcher::new(root) };
        eye.look().unwrap();
        eye
    }

    /// One turn of the daemon's.
    fn look(&mut self) -> Result<(), NoEvents> {
        self.source.read();
        self.watcher.arm(self.source.watched())
    }

    /// Whether an event comes in this time.
    async fn sees(&mut self, within: Duration) -> bool {
        tokio::time::timeout(within, self.watcher.changed()).await.is_ok()
    }

    /// Looks until nothing more is told: several times the pause after which a change is.
    async fn rest(&mut self) {
        for _ in 0..20 {
            self.look().unwrap();
            if !self.sees(Duration::from_millis(500)).await {
                return;
            }
        }
        panic!("it goes round for ever");
    }

    /// Sees a change, long before the next poll.
    async fn wakes(&mut self, change: impl FnOnce()) {
        self.rest().await;
        change();
        assert!(self.sees(Duration::from_secs(10)).await, "no event came");
    }
}

/// Swaps git-sync's link: a new worktree, a rename over the link, the old one removed at once.
fn sync(folder: &Path, number: u32) {
    let tree = folder.join(format!("{number:040x}"));
    fs::create_dir_all(tree.join("team")).unwrap();
    put(&tree, "a.yaml", "a", 128);
    let link = folder.join("current");
    let old = fs::read_link(&link).ok();
    symlink(tree.file_name().unwrap(), folder.join("next")).unwrap();
    fs::rename(folder.join("next"), &link).unwrap();
    if let Some(old) = old {
        fs::remove_dir_all(folder.join(old)).unwrap();
    }
}

#[tokio::test]
async fn changes_are_seen_and_so_is_a_swap() {
    let folder = TempDir::new().unwrap();
    sync(folder.path(), 1);
    let current = folder.path().join("current");
    let mut eye = Eye::on(&current);
    eye.wakes(|| put(&current, "new.yaml", "a", 128)).await;
    eye.wakes(|| sync(folder.path(), 2)).await;
    // The watch is on the new tree now.
    eye.wakes(|| put(&current, "newer.yaml", "a", 128)).await;
    eye.wakes(|| put(&current.join("team"), "b.yaml", "a", 128)).await;
}

/// The root, or a link that leads to it, stands below the link that git-sync swaps.
#[tokio::test]
async fn a_folder_below_a_swapped_link_is_seen() {
    let folder = TempDir::new().unwrap();
    let git = folder.path().join("git");
    fs::create_dir_all(&git).unwrap();
    sync(&git, 1);
    let far = folder.path().join("far");
    symlink("git/current/team", &far).unwrap();
    let swap = |number| {
        // The old tree stays for a while: nothing in it tells of the swap.
        let tree = git.join(format!("{number:040x}"));
        fs::create_dir_all(tree.join("team")).unwrap();
        symlink(tree.file_name().unwrap(), git.join("next")).unwrap();
        fs::rename(git.join("next"), git.join("current")).unwrap();
    };
    for (number, root) in [(2, git.join("current/team")), (4, far)] {
        let mut eye = Eye::on(&root);
        eye.wakes(|| swap(number)).await;
        // The watch is on the new tree now.
        eye.wakes(|| put(&root, "a.yaml", "a", 128)).await;
        eye.wakes(|| swap(number + 1)).await;
        // What happens beside the links is no reason to read.
        eye.rest().await;
        put(&git, "beside.yaml", "a", 128);
        put(folder.path(), "beside.yaml", "a", 128);
        assert!(!eye.sees(Duration::from_millis(500)).await, "neighbours wake it");
    }
}

/// A link inside the root that leads through another one, in a folder that is not read itself.
#[tokio::test]
async fn a_swap_behind_a_link_inside_the_root_is_seen() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("m");
    let hidden = root.join(".shared");
    for version in ["1", "2"] {
        fs::create_dir_all(hidden.join(version)).unwrap();
        put(&hidden.join(version), "a.yaml", "a", 128);
    }
    symlink("1", hidden.join("current")).unwrap();
    symlink(".shared/current/a.yaml", root.join("a.yaml")).unwrap();
    symlink(".shared/current", root.join("team")).unwrap();
    let mut eye = Eye::on(&root);
    eye.wakes(|| {
        symlink("2", hidden.join("next")).unwrap();
        fs::rename(hidden.join("next"), hidden.join("current")).unwrap();
    })
    .await;
    eye.wakes(|| put(&hidden.join("2"), "a.yaml", "b", 128)).await;
}

#[tokio::test]
async fn a_config_map_is_seen_to_be_swapped_for_one_file_too() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("m");
    for version in ["..1", "..2"] {
        fs::create_dir_all(root.join(version)).unwrap();
        put(&root.join(version), "a.yaml", "a", 128);
    }
    symlink("..1", root.join("..data")).unwrap();
    symlink("..data/a.yaml", root.join("a.yaml")).unwrap();
    let swap = |version: &str| {
        symlink(version, root.join("..tmp")).unwrap();
        fs::rename(root.join("..tmp"), root.join("..data")).unwrap();
    };
    let mut eye = Eye::on(&root);
    eye.wakes(|| swap("..2")).await;
    eye.wakes(|| put(&root.join("..2"), "a.yaml", "a", 128)).await;
    let mut eye = Eye::on(&root.join("a.yaml"));
    eye.wakes(|| swap("..1")).await;
    eye.wakes(|| put(&root.join("..1"), "a.yaml", "a", 128)).await;
}

#[tokio::test]
async fn a_directory_that_comes_later_is_seen() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("later");
    let mut eye = Eye::on(&root);
    eye.wakes(|| fs::create_dir(&root).unwrap()).await;
    eye.wakes(|| put(&root, "a.yaml", "a", 128)).await;
}

#[tokio::test]
async fn a_folder_that_is_made_anew_is_watched_anew() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("m");
    let team = root.join("team");
    fs::create_dir_all(&team).unwrap();
    let mut eye = Eye::on(&root);
    eye.wakes(|| {
        // A file system may give the new one the number of the old one.
        fs::remove_dir(&team).unwrap();
        fs::create_dir(&team).unwrap();
    })
    .await;
    eye.wakes(|| put(&team, "a.yaml", "a", 128)).await;
    eye.wakes(|| fs::create_dir_all(root.join("x/y")).unwrap()).await;
    eye.wakes(|| put(&root.join("x/y"), "b.yaml", "a", 128)).await;
    // By whatever name: the folder is watched where it stands.
    symlink("x/y", root.join("link")).unwrap();
    eye.wakes(|| put(&root.join("link"), "c.yaml", "a", 128)).await;
}

/// The kernel tells of those who only read as well, and we read each time we are told.
#[tokio::test]
async fn reading_and_what_happens_beside_are_no_reason_to_read_again() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("m");
    fs::create_dir(&root).unwrap();
    put(&root, "a.yaml", "a", 128);
    let mut eye = Eye::on(&root);
    eye.rest().await;
    put(folder.path(), "beside.yaml", "a", 128);
    assert!(!eye.sees(Duration::from_millis(500)).await, "it would go round for ever");
    eye.wakes(|| put(&root, "a.yaml", "a", 128)).await;
}

#[tokio::test]
async fn what_changed_before_the_watches_were_on_is_read_again() {
    let folder = TempDir::new().unwrap();
    let mut source = ManifestSource::new(folder.path().into());
    source.read();
    put(folder.path(), "a.yaml", "a", 128);
    let mut watcher = Watcher::new(folder.path());
    watcher.arm(source.watched()).unwrap();
    let mut eye = Eye { source, watcher };
    assert!(eye.sees(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn links_are_not_followed() {
    let outside = TempDir::new().unwrap();
    let far = outside.path().join("far");
    fs::create_dir(&far).unwrap();
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("m");
    fs::create_dir(&root).unwrap();
    symlink(outside.path(), root.join("x")).unwrap();
    let mut eye = Eye::on(&root);
    eye.rest().await;
    put(&far, "a.yaml", "a", 128);
    assert!(!eye.sees(Duration::from_millis(500)).await, "what is outside is watched");
}

#[test]
fn more_directories_than_the_limit_are_polled_and_it_is_told() {
    let folder = TempDir::new().unwrap();
    for number in 0..4_096 {
        fs::create_dir(folder.path().join(number.to_string())).unwrap();
    }
    let mut source = ManifestSource::new(folder.path().into());
    let mut watcher = Watcher::new(folder.path());
    source.read();
    let error = watcher.arm(source.watched()).unwrap_err().to_string();
    assert_eq!(error, "4098 directories are more than the 4096 that Evenkeel watches");
    for number in 0..4 {
        fs::remove_dir(folder.path().join(number.to_string())).unwrap();
    }
    source.read();
    watcher.arm(source.watched()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_says_that_it_polls_and_goes_on() {
    let scene = Scene::new().await;
    for number in 0..4_096 {
        fs::create_dir(scene.manifests().join(number.to_string())).unwrap();
    }
    scene.manifest("");
    let _daemon = scene.start();
    scene.until("the function is made", |it| it.functions().contains_key("job")).await;
    let why = "4098 directories are more than the 4096 that Evenkeel watches";
    scene.until("it is told", |it| it.served("/api/v1/source").contains(why)).await;
    assert!(scene.served("/source").contains(why), "{}", scene.served("/source"));
    let log = scene.log();
    let told: Vec<&str> = log.lines().filter(|it| it.contains(why)).collect();
    assert!(matches!(told.as_slice(), [one] if one.contains("reading every 30 s")), "{log}");
}

/// The machine's whole tree, and a lattice of links: neither keeps the daemon from its work, or from its end.
#[tokio::test(flavor = "multi_thread")]
async fn links_keep_the_daemon_neither_from_starting_nor_from_stopping() {
    let scene = Scene::new().await;
    scene.manifest("");
    let root = scene.manifests();
    symlink("/", root.join("x")).unwrap();
    lattice(&root, 15);
    let start = now();
    let mut daemon = scene.start();
    scene.until("the function is made", |it| it.functions().contains_key("job")).await;
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let source: serde_json::Value = serde_json::from_str(&scene.served("/api/v1/source")).unwrap();
    assert_eq!(source["source"]["polling"], serde_json::Value::Null, "{source}");
    let start = now();
    let pid = daemon.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(20), daemon.wait()).await;
    assert!(ended.unwrap().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[expect(clippy::disallowed_methods, reason = "what is tested is how long it takes")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_torn_at_each_reading_is_told() {
    let scene = Scene::new().await;
    scene.manifest("");
    let daemon = scene.start();
    scene.until("it is made", |it| it.functions().contains_key("job")).await;
    symlink("nowhere", scene.manifests().join("gone.yaml")).unwrap();
    let told = |it: &Scene| it.served("/api/v1/source").contains("gone.yaml vanished");
    scene.until("it is told", told).await;
    fs::remove_file(scene.manifests().join("gone.yaml")).unwrap();
    let over = |it: &Scene| !it.served("/api/v1/source").contains("gone.yaml");
    scene.until("it is over", over).await;
    drop(daemon);
}
