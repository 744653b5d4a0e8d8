//! Names the version that `evenkeel --version` prints: of a git checkout with the commit and its date, of a source
//! archive without. Nothing else of the machine gets in: the same commit gives the same text.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// How many digits of the commit are printed. Git's own abbreviation depends on how much of the history is there.
const DIGITS: usize = 7;
/// What git reads from the environment of a hook, and what would lead it to another repository.
const GIT_VARIABLES: [&str; 3] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=EVENKEEL_REVISION");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let version = env!("CARGO_PKG_VERSION");
    let commit = if root.join(".git").exists() { checkout(&root) } else { given() };
    let text = commit.map_or_else(|| version.to_owned(), |it| format!("{version} ({it})"));
    println!("cargo:rustc-env=EVENKEEL_VERSION={text}");
}

/// Returns the commit of a checkout and its date. A `.git` of a directory above is another project's, so only one of
/// our own counts.
fn checkout(root: &Path) -> Option<String> {
    let path = |name: &str| Some(root.join(git(root, &["rev-parse", "--git-path", name])?));
    let head = path("HEAD")?;
    println!("cargo:rerun-if-changed={}", head.display());
    // The log of HEAD grows whenever HEAD moves. Without one, the files that hold the branches change.
    let logs = path("logs/HEAD").filter(|it| it.exists());
    let moved =
        logs.map_or_else(|| vec![path("refs/heads"), path("packed-refs")], |it| vec![Some(it)]);
    for file in moved.into_iter().flatten().filter(|it| it.exists()) {
        println!("cargo:rerun-if-changed={}", file.display());
    }
    let line = git(root, &["log", "-1", "--format=%H %cs"])?;
    let (commit, date) = line.split_once(' ')?;
    Some(format!("{} {date}", short(commit)?))
}

/// Returns the commit that the builder of an image names, who has no git.
fn given() -> Option<String> {
    short(env::var_os("EVENKEEL_REVISION")?.to_str()?)
}

fn short(commit: &str) -> Option<String> {
    let digits: String = commit.chars().take(DIGITS).collect();
    let good = digits.len() == DIGITS && digits.chars().all(|it| it.is_ascii_hexdigit());
    good.then_some(digits)
}

/// Returns what git prints; nothing if there is no git, or it refuses.
fn git(root: &Path, words: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(words);
    for name in GIT_VARIABLES {
        command.env_remove(name);
    }
    let done = command.output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?;
    done.status.success().then(|| text.trim().to_owned()).filter(|it| !it.is_empty())
}
