//! The files of the project, each of `src/` read once for all rules.

use std::{collections::BTreeSet, fs, num::NonZero, path::PathBuf, sync::LazyLock, thread};

use super::read::Source;
use crate::common::root;

/// A file by its path from the root, with `/` between its parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The files of `src/`.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) code: Vec<Source>,
    /// Files that are modules under `#[cfg(test)]`.
    pub(crate) tests: Vec<Source>,
}

pub(crate) static TREE: LazyLock<Tree> = LazyLock::new(|| {
    let texts = files("src", "rs");
    // Most of the time goes into parsing.
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let all = thread::scope(|scope| {
        let chunks = texts.chunks(texts.len().div_ceil(threads));
        let running: Vec<_> = chunks.map(|it| scope.spawn(move || read_all(it))).collect();
        running.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    Tree::new(all)
});

impl Tree {
    pub(crate) fn read(texts: &[Text]) -> Self {
        Self::new(read_all(texts))
    }

    fn new(all: Vec<Source>) -> Self {
        let modules: BTreeSet<Vec<String>> = all.iter().flat_map(Source::modules).collect();
        let is_code = |it: &Source| it.module.len() == 1 || modules.contains(&it.module);
        let (code, tests) = all.into_iter().partition(is_code);
        Self { code, tests }
    }
}

fn read_all(texts: &[Text]) -> Vec<Source> {
    texts.iter().cloned().map(Source::read).collect()
}

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The text files below a folder, by their path from the root.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<Text> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push(Text { text: text(&name), path: name });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
