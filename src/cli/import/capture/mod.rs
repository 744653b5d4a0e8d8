//! Drift written back: what another party changed in AWS becomes what the manifests ask for.
//!
//! Read in this order: `differences` (what differs), this file (which of it is taken, and the edits that say it), `drafts`
//! (files on their way to another text: proved first, then written, all or none).

mod differences;
mod drafts;

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value};

use self::{
    differences::{CaptureScope, Differences, field},
    drafts::ManifestDrafts,
};
use super::live::LiveReader;
use crate::{
    cli::{
        args::{CoreArgs, ImportArgs, ValuesArg},
        error::{CliError, Interrupted, ObjectError, ObjectField, UsageError, WriteBackError},
        manifests,
        out::{clean, note, warn},
        outcome::CommandOutcome,
        signals::Signals,
        target_clients::{self, TargetClients},
    },
    engine::{
        diff::{Cause, Change, Origin},
        kind::Kind as _,
        name::Key,
        policy::Mode,
        status::{Row, ShownRow, Status},
    },
    import::{
        ImportedDocument, Omission,
        capture::{CaptureInput, ChangedField, capture_spec, edits},
    },
    kinds::{event_source::EventSource, repository::Repository},
    manifest::{Document, Edit, Selection},
};

/// Captures, unless a signal stops it: then nothing is left of it.
pub(super) async fn capture(args: &ImportArgs) -> Result<CommandOutcome, CliError> {
    let mut signals = Signals::new()?;
    tokio::select! {
        outcome = Box::pin(work(args)) => outcome,
        _ = signals.next() => Err(Interrupted::Capture.into()),
    }
}

/// Reads the manifests and AWS, edits drafts, proves them with a second comparison, and writes
/// them. Without that proof nothing is written.
async fn work(args: &ImportArgs) -> Result<CommandOutcome, CliError> {
    let (Some(root), Some(owner)) = (&args.manifest, &args.owner) else {
        return Err(UsageError::CaptureIncomplete.into());
    };
    if args.values == ValuesArg::Placeholder {
        return Err(UsageError::CapturePlaceholder.into());
    }
    let selection = Selection { names: args.names.clone(), labels: Vec::new() };
    let snapshot = manifests::read(root)?;
    let documents = manifests::chosen(&snapshot, &selection)?;
    let core = CoreArgs {
        owner: owner.clone(),
        access: args.access.clone(),
        hash_key_file: args.hash_key_file.clone(),
    };
    let target =
        Box::pin(target_clients::open(&args.access, Mode::Observe, args.target.as_deref()));
    let target = target.await?;
    let scope = CaptureScope { core: &core, selection: &selection, target: &target.place.target };
    let before = Box::pin(Differences::read(root, &scope)).await?;
    let unknown = before.print_unknown();
    let reader = Box::pin(LiveReader::new(&target, args.values.into())).await?;
    let editor = CaptureEditor { target: &target, reader: &reader, fields: &args.field };
    let mut work = CaptureWork {
        drafts: ManifestDrafts::new(root, &snapshot),
        taken: BTreeSet::new(),
        good: true,
    };
    // From below: an edit moves the lines that follow.
    let mut order: Vec<&Arc<Document>> = documents.iter().collect();
    order.sort_by(|one, other| other.origin.cmp(&one.origin));
    for document in order {
        Box::pin(editor.document(document, &before, &mut work)).await?;
    }
    let good = if work.good { CommandOutcome::Good } else { CommandOutcome::Differs };
    let outcome = if unknown { CommandOutcome::Error } else { good };
    if work.taken.is_empty() {
        note("nothing is written");
        return Ok(outcome);
    }
    let copy = work.drafts.copy()?;
    let after = Box::pin(Differences::read(&copy.root, &scope)).await?;
    prove(&before, &after, &work.taken)?;
    work.drafts.save()?;
    Ok(outcome)
}

/// Checks that the new manifests (`after`) differ from AWS in what differed before, less what was
/// taken, and that no object fares worse.
fn prove(
    before: &Differences,
    after: &Differences,
    taken: &BTreeSet<ObjectField>,
) -> Result<(), WriteBackError> {
    if after.print_unknown() {
        return Err(WriteBackError::Unproved);
    }
    let wanted: BTreeSet<ObjectField> = before.fields().difference(taken).cloned().collect();
    let found = after.fields();
    let known = before.troubles();
    let worse = after.troubles().into_iter().find(|(it, _)| !known.contains_key(it));
    if let Some(((object, reason), why)) = worse {
        return Err(WriteBackError::Refused { object, reason, why: clean(&why) });
    }
    let more: Vec<ObjectField> = found.difference(&wanted).cloned().collect();
    let less: Vec<ObjectField> = wanted.difference(&found).cloned().collect();
    if more.is_empty() && less.is_empty() {
        return Ok(());
    }
    Err(WriteBackError::Misses { more, less })
}

/// Why nothing is known of a part.
const UNREADABLE: &str = "Unreadable";

/// What comes together.
struct CaptureWork<'a> {
    drafts: ManifestDrafts<'a>,
    /// The fields that will be as they are in AWS.
    taken: BTreeSet<ObjectField>,
    /// Whether all is said by the edits.
    good: bool,
}

/// What edits.
struct CaptureEditor<'a> {
    target: &'a TargetClients,
    reader: &'a LiveReader<'a>,
    /// Fields that are taken whoever changed them.
    fields: &'a [String],
}

impl CaptureEditor<'_> {
    /// Edits one document in its draft, and prints what cannot be captured and why. A document that
    /// has no object in this target is passed over.
    async fn document(
        &self,
        document: &Arc<Document>,
        differences: &Differences,
        work: &mut CaptureWork<'_>,
    ) -> Result<(), CliError> {
        let key = document.keys().find(|it| it.target == self.target.place.target);
        let Some(key) = key else { return Ok(()) };
        let rows = differences.rows(&key);
        let (mut take, mut left): (Vec<DriftedField<'_>>, Vec<Omission>) = (Vec::new(), Vec::new());
        // Of what AWS does not show nobody knows whether it was changed.
        for row in &rows {
            let hidden = row.conditions.iter().filter(|it| it.reason == UNREADABLE);
            left.extend(
                hidden.map(|it| Omission { path: row.key.to_string(), why: it.message.clone() }),
            );
        }
        for field in rows.iter().flat_map(DriftedField::all) {
            match self.decide(&field) {
                CaptureDecision::Take => take.push(field),
                CaptureDecision::Pending => {}
                CaptureDecision::Leave(why) => {
                    left.push(Omission { path: field.change.path.clone(), why });
                }
            }
        }
        if !take.is_empty() {
            check_alone(document)?;
            let found = Box::pin(self.found(&key)).await?;
            left.extend(self.edit(&DocumentChanges { document, found, take }, work)?);
        }
        left.sort();
        left.dedup();
        work.good &= left.is_empty();
        for Omission { path, why } in left {
            let path = if path.is_empty() { key.to_string() } else { path };
            warn(&format!("{}: {path}: {}", document.origin, clean(&why)));
        }
        Ok(())
    }

    /// Decides whether a field is captured: if AWS was changed since it was last applied, or the
    /// person names the field. An object that is missing, unmanaged or refused is left.
    fn decide(&self, field: &DriftedField<'_>) -> CaptureDecision {
        let DriftedField { row, change } = *field;
        let why = match change.cause {
            Cause::Missing => {
                Some("it is not in AWS, so nothing of it can be written; `evenkeel apply` makes it")
            }
            Cause::Unmanaged => {
                Some("no manifest asks for it: write it by hand, or take it away in AWS")
            }
            _ => None,
        };
        if let Some(why) = why {
            return CaptureDecision::Leave(why.into());
        }
        if row.status == Status::Refused {
            return CaptureDecision::Leave(format!("{}: {}", row.reason.code, row.reason.message));
        }
        let changed = field.changed();
        if change.origin == Origin::Drift || self.fields.iter().any(|it| changed.is_named(it)) {
            return CaptureDecision::Take;
        }
        let why = match change.origin {
            Origin::Pending | Origin::Drift => return CaptureDecision::Pending,
            // The record is a hash of all of an object's fields.
            Origin::Both | Origin::Unclear => {
                "both the manifest and AWS have changed since they were last in sync, and which of them changed this stands \
                 nowhere"
            }
            Origin::Gone => "it is not in AWS: another party deleted it, or it was never made",
            Origin::NoRecord => "what it was when it was applied last stands nowhere",
        };
        let name = changed.name();
        CaptureDecision::Leave(format!("{why}; --field {name} takes it, whoever changed it"))
    }

    /// What an import would write.
    async fn found(&self, key: &Key) -> Result<ImportedDocument, CliError> {
        if key.kind != Repository::NAME {
            return Ok(Box::pin(self.reader.function(&key.name)).await?.0);
        }
        let found = Box::pin(self.reader.repository(&key.name)).await?;
        let (name, region) = (key.name.clone(), self.target.place.region.clone());
        found.ok_or_else(|| ObjectError::NoRepositoryIn { name, region }.into())
    }

    /// Edits a document's draft and notes which fields are taken; returns what no manifest can say.
    fn edit(
        &self,
        changes: &DocumentChanges<'_>,
        work: &mut CaptureWork<'_>,
    ) -> Result<Vec<Omission>, CliError> {
        let DocumentChanges { document, found, take } = changes;
        let draft = work.drafts.open(document)?;
        let have: Map<String, Value> = draft.spec(document)?;
        let changes: Vec<ChangedField<'_>> = take.iter().map(DriftedField::changed).collect();
        let fill_in = |it: &str| self.target.place.fill_in(it);
        let input = CaptureInput {
            written: &have,
            imported: &found.spec,
            unread: &found.left,
            fill_in: &fill_in,
        };
        let (target, left) = capture_spec(input, &changes);
        for edit in edits(&["spec"], &have, &target) {
            draft.edit(document, &edit, &summary(&edit))?;
        }
        let is_said = |one: &ChangedField<'_>| !left.iter().any(|it| it.path == one.name());
        let taken = take.iter().filter(|it| is_said(&it.changed()));
        work.taken.extend(taken.map(|it| field(it.row, it.change)));
        Ok(left)
    }
}

/// What is done about a field that differs.
enum CaptureDecision {
    /// Another party changed it in AWS, or the person says so.
    Take,
    /// Nothing: the manifest changed it.
    Pending,
    /// Nothing, and why.
    Leave(String),
}

/// A field that differs.
struct DriftedField<'a> {
    row: &'a Row,
    change: &'a Change,
}

impl<'a> DriftedField<'a> {
    fn all(row: &'a ShownRow) -> impl Iterator<Item = Self> {
        row.changes.iter().map(|change| Self { row, change })
    }

    /// As edits name it: of an event source with what that reads from, since its row is called `FUNCTION/ARN`, or
    /// `FUNCTION/ARN/TOPIC`.
    fn changed(&self) -> ChangedField<'a> {
        let key = &self.row.key;
        let name = key.name.as_str().split_once('/');
        let source = name.filter(|_| key.kind == EventSource::NAME).map(|(_, source)| source);
        ChangedField { path: &self.change.path, source }
    }
}

/// What is captured in one document.
struct DocumentChanges<'a> {
    document: &'a Document,
    /// What an import would write.
    found: ImportedDocument,
    take: Vec<DriftedField<'a>>,
}

/// Where, without what: a value may be a secret.
fn summary(edit: &Edit) -> String {
    let path = edit.path.join("/");
    let what = if edit.value.is_some() { "as it is in AWS now" } else { "taken out" };
    format!("{path} {what}")
}

/// A document for several targets is one desired state for all of them.
fn check_alone(document: &Document) -> Result<(), WriteBackError> {
    let targets: Vec<String> = document.meta.targets.iter().map(ToString::to_string).collect();
    if targets.len() < 2 {
        return Ok(());
    }
    Err(WriteBackError::Shared { origin: document.origin.clone(), targets })
}
