//! What differs between manifests and AWS, as `plan` sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use super::super::super::{
    CliError, CoreArgs,
    out::note,
    session::{self, End, Job},
};
use crate::{
    engine::{
        name::{Key, Name},
        prune::Terms,
        status::{Row, Status},
    },
    kinds::{DOCUMENTS, document_of},
    manifest::Selection,
};

/// How long it may take to read everything.
const LOOK_MAX: Duration = Duration::from_mins(5);

/// The reason of whatever would be done.
const ORDINARY: &str = "Observing";

/// A field: of which object, and where below `spec`.
pub(super) type Field = (Key, String);

/// All objects of one target that the chosen documents ask for.
pub(super) struct Look {
    rows: Vec<Arc<Row>>,
}

impl Look {
    /// Takes one.
    pub(super) async fn take(
        core: &CoreArgs,
        (root, selection): (&Path, &Selection),
        target: &Name,
    ) -> Result<Self, CliError> {
        let settings = session::looking(selection);
        let terms = Terms { once: true, ..Terms::default() };
        let (dir, selection) = (root.to_path_buf(), selection.clone());
        let job = Job { core, dir, selection, settings, terms, confirm: None, pause: None };
        let daemon = session::start(job).await?;
        let end = session::settle(&daemon, LOOK_MAX, |_| {}).await;
        let view = daemon.viewer.view(daemon.viewer.now());
        let wanted = |it: &&Arc<Row>| {
            it.key.target == *target
                && !it.orphan
                && DOCUMENTS.contains(&document_of(it.key.kind, &it.key.name).0)
        };
        let rows = view.rows().filter(wanted).cloned().collect();
        daemon.stop().await;
        match end {
            End::Quiet => Ok(Self { rows }),
            End::NoSource(why) => Err(CliError(why)),
            End::Late => {
                Err(CliError(format!("not everything could be looked at within {LOOK_MAX:?}")))
            }
        }
    }

    /// The rows of one document.
    pub(super) fn rows(&self, document: &Key) -> Vec<Arc<Row>> {
        let of = |it: &&Arc<Row>| {
            document_of(it.key.kind, &it.key.name) == (document.kind, document.name.clone())
        };
        self.rows.iter().filter(of).cloned().collect()
    }

    /// Everything that differs.
    pub(super) fn fields(&self) -> BTreeSet<Field> {
        let fields = self.rows.iter().flat_map(|row| row.changes.iter().map(move |it| (row, it)));
        fields.map(|(row, it)| (row.key.clone(), it.path.clone())).collect()
    }

    /// Why objects are not well, besides what differs: which one, the reason, and the words.
    pub(super) fn troubles(&self) -> BTreeMap<(Key, &'static str), String> {
        let well = [Status::Synced, Status::Drifted];
        let ill = self.rows.iter().filter(|it| !well.contains(&it.status));
        let ill = ill.filter(|it| it.reason.code != ORDINARY);
        ill.map(|it| ((it.key.clone(), it.reason.code), it.reason.message.clone())).collect()
    }

    /// Names what nobody knows, if there is any.
    pub(super) fn tell_unknown(&self) -> bool {
        let mut any = false;
        for row in self.rows.iter().filter(|it| it.status == Status::Unknown) {
            note(&format!("{}: {}: {}", row.key, row.reason.code, row.reason.message));
            any = true;
        }
        any
    }
}
