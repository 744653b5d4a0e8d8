//! The manifests of a scene: what each asks for, and how it is written.

use std::{fs, path::Path};

use crate::{blocks::Blocks, scene::REPOSITORIES};

/// What a manifest asks for.
pub(crate) struct Wish {
    pub(crate) repository: usize,
    pub(crate) memory: u32,
    pub(crate) timeout: u32,
    pub(crate) tag: bool,
    /// The reserved concurrency and the retries; whether it has a URL and who may invoke it.
    pub(crate) blocks: Blocks,
}

/// As an editor does it.
pub(crate) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(new, path)
}

pub(crate) fn manifest(name: &str, wish: &Wish) -> String {
    let Wish { repository, memory, timeout, tag, blocks } = wish;
    let blocks = blocks.text();
    let image = REPOSITORIES[*repository];
    let tags = if *tag { "{ team: blue }" } else { "{}" };
    format!(
        "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {name} }}\nspec:\n  image: {image}:v1\n  role: job\n  memorySize: {memory}\n  timeout: {timeout}\n  tags: {tags}\n  environment: {{ variables: {{ MODE: chaos }} }}\n  policy: {{ deletion: delete }}\n{blocks}"
    )
}
