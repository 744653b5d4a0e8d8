//! What differs between manifests and AWS, as `plan` sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use crate::{
    cli::{
        args::CoreArgs,
        error::{CliError, DaemonError, ManifestError, ObjectField},
        out::note,
        session::{self, End, Job},
    },
    daemon::source::SourceOptions,
    engine::{
        diff::Change,
        name::{Key, Name},
        prune::Terms,
        status::{Row, ShownRow, Status},
    },
    kinds::{DOCUMENTS, document_of},
    manifest::Selection,
};

/// How long it may take to read everything.
const READ_MAX: Duration = Duration::from_mins(5);

/// The reason of whatever would be done.
const ORDINARY: &str = "Observing";

/// The documents that are compared with AWS.
pub(super) struct CaptureScope<'a> {
    pub(super) core: &'a CoreArgs,
    /// The documents that are meant.
    pub(super) selection: &'a Selection,
    pub(super) target: &'a Name,
}

/// All objects of one target that the chosen documents ask for.
pub(super) struct Differences {
    rows: Vec<ShownRow>,
}

impl Differences {
    /// Compares the manifests below `root` with AWS, once and without a write, and keeps the rows
    /// that the scope's documents ask for. What could not be read is a row of status unknown.
    pub(super) async fn read(root: &Path, scope: &CaptureScope<'_>) -> Result<Self, CliError> {
        let CaptureScope { core, selection, target } = *scope;
        let settings = session::read_only(selection);
        let terms = Terms { once: true, ..Terms::default() };
        let (dir, selection) = (root.to_path_buf(), selection.clone());
        let source = SourceOptions::default();
        let job = Job { core, dir, source, selection, settings, terms, confirm: None, pause: None };
        let daemon = session::start(job).await?;
        let end = session::settle(&daemon, READ_MAX, |_| true).await;
        let view = daemon.viewer.view(daemon.viewer.now());
        let wanted = |it: &&ShownRow| {
            it.key.target == *target
                && !it.orphan
                && DOCUMENTS.contains(&document_of(it.key.kind, &it.key.name).0)
        };
        let rows = view.rows().filter(wanted).cloned().collect();
        daemon.stop().await;
        match end {
            End::Quiet => Ok(Self { rows }),
            End::NoSource(error) => Err(ManifestError::from(error).into()),
            End::Late => Err(DaemonError::Late { within: READ_MAX }.into()),
        }
    }

    /// The rows of one document.
    pub(super) fn rows(&self, document: &Key) -> Vec<ShownRow> {
        let of = |it: &&ShownRow| {
            document_of(it.key.kind, &it.key.name) == (document.kind, document.name.clone())
        };
        self.rows.iter().filter(of).cloned().collect()
    }

    /// Everything that differs.
    pub(super) fn fields(&self) -> BTreeSet<ObjectField> {
        let fields = self.rows.iter().flat_map(|row| row.changes.iter().map(move |it| (row, it)));
        fields.map(|(row, it)| field(row, it)).collect()
    }

    /// Why objects are not well, besides what differs: which one, the reason, and the words.
    pub(super) fn troubles(&self) -> BTreeMap<(Key, &'static str), String> {
        let well = [Status::Synced, Status::Drifted];
        let ill = self.rows.iter().filter(|it| !well.contains(&it.status));
        let ill = ill.filter(|it| it.reason.code != ORDINARY);
        ill.map(|it| ((it.key.clone(), it.reason.code), it.reason.message.clone())).collect()
    }

    /// Prints what nobody knows; whether there is any.
    pub(super) fn print_unknown(&self) -> bool {
        let mut any = false;
        for row in self.rows.iter().filter(|it| it.status == Status::Unknown) {
            note(&format!("{}: {}: {}", row.key, row.reason.code, row.reason.message));
            any = true;
        }
        any
    }
}

/// The field of a change.
pub(super) fn field(row: &Row, change: &Change) -> ObjectField {
    ObjectField { object: row.key.clone(), path: change.path.clone() }
}
