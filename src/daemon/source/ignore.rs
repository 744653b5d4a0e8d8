//! `.evenkeelignore`: which files and folders hold no manifests. Its syntax is that of `.gitignore`.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};
use sha2::{Digest as _, Sha256};

use super::{
    error::WalkError,
    stamp::{Stamp, stamp},
};
use crate::manifest::Diagnostic;

/// What an ignore file is called.
pub(super) const IGNORE_FILE: &str = ".evenkeelignore";
/// The greatest ignore file that is read, in bytes. Its patterns are compiled to one matcher, which takes much more
/// memory than the file.
const SIZE_MAX: u64 = 64 * 1024;

/// How many characters of a pattern are shown.
const EXCERPT_MAX: usize = 60;

/// An ignore file as it was read.
pub(super) struct IgnoreFile {
    /// What it is called in messages: its path below the root.
    pub(super) name: Arc<str>,
    /// The hash of its bytes.
    pub(super) hash: [u8; 32],
    path: PathBuf,
    stamp: Stamp,
}

/// The patterns of one folder.
pub(super) struct IgnoreRules(Gitignore);

/// What reading an ignore file brought.
pub(super) struct IgnoreFileRead {
    pub(super) file: IgnoreFile,
    /// The patterns that are good.
    pub(super) rules: IgnoreRules,
    /// What is wrong with the others.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// The folder whose ignore file this is, by its path below the root; `None` if it is none.
pub(super) fn folder_of(name: &str) -> Option<&str> {
    let folder = name.strip_suffix(IGNORE_FILE)?;
    folder.is_empty().then_some("").or_else(|| folder.strip_suffix('/'))
}

impl IgnoreFile {
    /// Fails if the file has changed since it was read.
    pub(super) fn confirm(&self) -> Result<(), WalkError> {
        let same = stamp(&self.path, &self.name)? == self.stamp;
        if same { Ok(()) } else { Err(WalkError::changed(&self.name)) }
    }
}

impl IgnoreRules {
    /// Whether a path below the root is ignored, or taken in again by a line that begins with `!`; `None` if no pattern
    /// matches it.
    pub(super) fn ignores(&self, path: &str, is_folder: bool) -> Option<bool> {
        match self.0.matched(rooted(path), is_folder) {
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
            Match::None => None,
        }
    }
}

/// Reads the ignore file at `path`, which is a regular file; `name` is its path below the root. `Err` if it changes
/// meanwhile.
pub(super) fn read(path: &Path, name: &str) -> Result<IgnoreFileRead, WalkError> {
    let before = stamp(path, name)?;
    let mut bytes = Vec::new();
    let opened = File::open(path);
    let result = opened.and_then(|file| file.take(SIZE_MAX + 1).read_to_end(&mut bytes));
    if stamp(path, name)? != before {
        return Err(WalkError::changed(name));
    }
    let mut rules = RulesBuilder::new(name);
    match result {
        Ok(_) => rules.bytes(&bytes),
        Err(error) => rules.fault(&format!("the file cannot be read: {error}"), ""),
    }
    let (path, name) = (path.to_path_buf(), Arc::clone(&rules.name));
    let file = IgnoreFile { name, hash: Sha256::digest(&bytes).into(), path, stamp: before };
    let (rules, diagnostics) = rules.finish();
    Ok(IgnoreFileRead { file, rules, diagnostics })
}

/// The patterns of a file while it is read.
struct RulesBuilder {
    name: Arc<str>,
    builder: GitignoreBuilder,
    diagnostics: Vec<Diagnostic>,
}

impl RulesBuilder {
    fn new(name: &str) -> Self {
        let mut builder = GitignoreBuilder::new(rooted(folder_of(name).unwrap_or_default()));
        // A bracket that is never closed is more likely a mistake than a part of a name.
        builder.allow_unclosed_class(false);
        Self { name: name.into(), builder, diagnostics: Vec::new() }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() > usize::try_from(SIZE_MAX).unwrap_or(usize::MAX) {
            let message = format!("the file is larger than {} KiB", SIZE_MAX >> 10);
            return self.fault(&message, "ignore whole folders instead of files");
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.fault("the text is not UTF-8", "save the file as UTF-8");
        };
        for (line, pattern) in (1..).zip(text.lines()) {
            if let Err(error) = self.builder.add_line(None, pattern) {
                let fault = self.bad_pattern(pattern, error);
                self.diagnostics.push(Diagnostic { line, ..fault });
            }
        }
    }

    /// What is wrong with a pattern.
    fn bad_pattern(&self, pattern: &str, error: ignore::Error) -> Diagnostic {
        let why = match error {
            ignore::Error::Glob { err, .. } => err,
            other => other.to_string(),
        };
        let hint = "patterns are those of .gitignore; a backslash takes a sign literally";
        let fault = self.problem(&format!("the pattern cannot be read: {why}"), hint);
        let excerpt = pattern.trim().chars().take(EXCERPT_MAX).collect();
        Diagnostic { excerpt: Some(excerpt), ..fault }
    }

    /// Adds what is wrong with the file as a whole.
    fn fault(&mut self, message: &str, hint: &str) {
        let problem = self.problem(message, hint);
        self.diagnostics.push(problem);
    }

    fn problem(&self, message: &str, hint: &str) -> Diagnostic {
        Diagnostic {
            file: Arc::clone(&self.name),
            line: 0,
            column: 0,
            message: message.into(),
            hint: (!hint.is_empty()).then(|| hint.into()),
            excerpt: None,
        }
    }

    /// The patterns, and what is wrong with the file.
    fn finish(mut self) -> (IgnoreRules, Vec<Diagnostic>) {
        let rules = self.builder.build().unwrap_or_else(|error| {
            self.fault(&format!("the patterns cannot be used together: {error}"), "");
            Gitignore::empty()
        });
        (IgnoreRules(rules), self.diagnostics)
    }
}

/// A path below the root as an absolute one, which the matcher takes for what it is, whatever its first name.
fn rooted(path: &str) -> PathBuf {
    Path::new("/").join(path)
}
