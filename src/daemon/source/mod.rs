//! The directory of manifests, read so that nothing half-written, half-swapped or gone for a moment is
//! ever taken for a desired state.
//!
//! `walk` finds the files, by `ignore` without those that are hidden, `read` reads them so that a torn read is noticed, `snapshot` (pure) decides
//! what counts, [`watch`] says when to read again.

mod error;
mod ignore;
mod links;
mod read;
mod revision;
mod several;
mod snapshot;
mod stamp;
mod walk;
pub mod watch;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::watch::Receiver;

pub use self::{error::SourceError, several::SourceRoot, snapshot::Snapshot};
use self::{
    error::WalkError,
    ignore::IgnoreFile,
    read::{Cache, SourceFile},
    watch::Watched,
};
use super::stop::Cancel;
use crate::manifest::ForeignDocuments;

/// How a directory is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct SourceOptions {
    /// What becomes of documents of other tools.
    pub foreign: ForeignDocuments,
    /// Whether a directory in which no file holds a manifest cannot be read.
    pub refuse_empty: bool,
}

/// What one reading brought.
pub enum SourceRead {
    /// Something is new.
    Fresh(Arc<Snapshot>),
    /// Everything is as it was.
    Unchanged,
    /// The directory changed while it was read; the last good snapshot stays.
    Torn(String),
    /// The directory cannot be read, or is suddenly empty; the last good snapshot stays.
    Failed(SourceError),
    /// The daemon stops; nothing was read to its end.
    Cancelled,
}

impl From<WalkError> for SourceRead {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Torn(why) => Self::Torn(why),
            WalkError::Failed(error) => Self::Failed(error),
            WalkError::Cancelled => Self::Cancelled,
        }
    }
}

/// Reads several directories and files once, as one set of manifests: two documents with one name are a fault, wherever
/// they stand. A file that several roots lead to is read once, by the first of them. Blocking.
pub fn read_together(roots: &[SourceRoot], options: SourceOptions) -> SourceRead {
    match several::read(roots, options.foreign, options.refuse_empty) {
        Ok(snapshot) => SourceRead::Fresh(Arc::new(snapshot)),
        Err(error) => error.into(),
    }
}

/// A directory of manifests, or a single file.
pub struct ManifestSource {
    root: PathBuf,
    cache: Cache,
    refuse_empty: bool,
    good: Option<Arc<Snapshot>>,
    watched: Watched,
}

impl ManifestSource {
    /// A source that has not been read yet.
    pub fn new(root: PathBuf) -> Self {
        let (cache, watched) = (Cache::default(), Watched::default());
        Self { root, cache, refuse_empty: false, good: None, watched }
    }

    /// The same, read by these options.
    #[must_use]
    pub fn with(mut self, options: SourceOptions) -> Self {
        let SourceOptions { foreign, refuse_empty } = options;
        self.cache.foreign = foreign;
        self.refuse_empty = refuse_empty;
        self
    }

    /// The same, whose readings end as soon as this is `true`.
    #[must_use]
    pub fn until(mut self, stop: Receiver<bool>) -> Self {
        self.watched.cancel = Cancel::on(stop);
        self
    }

    /// The path as the operator gave it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What was last read without a fault of the directory's.
    pub fn last_good(&self) -> Option<&Arc<Snapshot>> {
        self.good.as_ref()
    }

    /// What to watch for changes, as far as it is known.
    pub fn watched(&self) -> &Watched {
        &self.watched
    }

    /// How many files have been parsed since the start; unchanged files are not parsed again.
    pub fn parsed(&self) -> u64 {
        self.cache.parsed()
    }

    /// Reads everything. Blocking.
    pub fn read(&mut self) -> SourceRead {
        self.read_between(&mut || {})
    }

    /// Reads everything as [`Self::read`] does. `between` runs after the walk and before the files
    /// are read, so that tests can change things at the worst moment.
    pub fn read_between(&mut self, between: &mut dyn FnMut()) -> SourceRead {
        let mut listing = match walk::walk(&self.root, &self.watched.cancel) {
            Ok(listing) => listing,
            Err(error) => return error.into(),
        };
        self.watched.folders = Arc::new(std::mem::take(&mut listing.folders));
        between();
        let files = match self.cache.read_all(&listing.files, &self.watched.cancel) {
            Ok(files) => files,
            Err(error) => return error.into(),
        };
        // The same root must be there after the reading: a swap in between is a torn read.
        match walk::identity(&self.root) {
            Ok(now) if now == listing.identity => {}
            Ok(_) => {
                return SourceRead::Torn("the directory was replaced while it was read".into());
            }
            Err(WalkError::Torn(why)) => return SourceRead::Torn(why),
            Err(WalkError::Failed(error)) => return SourceRead::Torn(error.text()),
            Err(WalkError::Cancelled) => return SourceRead::Cancelled,
        }
        // What the patterns hid, they must still hide.
        if let Err(error) = listing.ignore_files.iter().try_for_each(IgnoreFile::confirm) {
            return error.into();
        }
        let before = self.good.as_deref();
        if files.iter().all(SourceFile::is_foreign)
            && before.is_some_and(|it| it.valid + it.invalid > 0)
        {
            return SourceRead::Failed(SourceError::Emptied);
        }
        let revision = revision::revision(&self.root, &listing.identity.path);
        let snapshot = snapshot::snapshot(&files, listing.into_rest(), before);
        let snapshot = Snapshot { revision, ..snapshot };
        if self.refuse_empty && snapshot.documents.is_empty() && snapshot.intact() {
            let (root, other) = (self.root.clone(), snapshot.skipped);
            let ignored = snapshot.ignored;
            return SourceRead::Failed(SourceError::NoManifests { root, other, ignored });
        }
        let same = before.is_some_and(|it| it.same(&snapshot));
        let snapshot = Arc::new(snapshot);
        self.good = Some(Arc::clone(&snapshot));
        if same { SourceRead::Unchanged } else { SourceRead::Fresh(snapshot) }
    }
}
