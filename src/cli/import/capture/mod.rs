//! Drift written back: what another party changed in AWS becomes what the manifests ask for.
//!
//! Read in this order: `read` (what differs), this file (which of it is taken, and the edits that say it), `drafts`
//! (files on their way to another text: proved first, then written, all or none).

mod drafts;
mod look;

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value};

use self::{
    drafts::Drafts,
    look::{Field, Look},
};
use super::{
    super::{
        CliError, CoreArgs, ImportArgs, Outcome,
        args::ValuesArg,
        door::{self, Door},
        once::Signals,
        out::{clean, note},
        reading,
    },
    live::Reader,
};
use crate::{
    engine::{
        diff::{Cause, Change, Origin},
        kind::Kind as _,
        name::{Key, Name},
        policy::Mode,
        status::{Row, Status},
    },
    import::{
        ImportedDocument, Omission,
        capture::{CaptureInput, ChangedField, capture_spec, edits},
    },
    kinds::{event_source::EventSource, repository::Repository},
    manifest::{Document, Edit, Selection},
};

/// Captures, unless a signal stops it: then nothing is left of it.
pub(super) async fn capture(args: &ImportArgs) -> Result<Outcome, CliError> {
    let mut signals = Signals::new()?;
    tokio::select! {
        outcome = Box::pin(work(args)) => outcome,
        _ = signals.next() => Err(CliError("stopped by a signal before anything was written".into())),
    }
}

/// Reads, edits, proves, writes.
async fn work(args: &ImportArgs) -> Result<Outcome, CliError> {
    let (Some(root), Some(owner)) = (&args.manifest, &args.owner) else {
        return Err(CliError("--capture needs --manifest and --owner".into()));
    };
    if args.values == ValuesArg::Placeholder {
        let message = "--capture writes what `check` takes: --values keep or open";
        return Err(CliError(message.into()));
    }
    let selection = Selection { names: args.names.clone(), labels: Vec::new() };
    let snapshot = reading::read(root)?;
    let documents = reading::chosen(&snapshot, &selection)?;
    let core = CoreArgs {
        owner: owner.clone(),
        access: args.access.clone(),
        hash_key_file: args.hash_key_file.clone(),
    };
    let access = (&args.access, Mode::Observe);
    let door = Box::pin(door::open(access, args.target.as_deref())).await?;
    let target = &door.place.target;
    let before = Box::pin(Look::take(&core, (root, &selection), target)).await?;
    let unknown = before.tell_unknown();
    let reader = Box::pin(Reader::new(&door, args.values.into())).await?;
    let hand = Hand { door: &door, reader: &reader, fields: &args.field };
    let mut work =
        Work { drafts: Drafts::new(root, &snapshot), taken: BTreeSet::new(), good: true };
    // From below: an edit moves the lines that follow.
    let mut order: Vec<&Arc<Document>> = documents.iter().collect();
    order.sort_by(|one, other| other.origin.cmp(&one.origin));
    for document in order {
        Box::pin(hand.document(document, &before, &mut work)).await?;
    }
    let good = if work.good { Outcome::Good } else { Outcome::Differs };
    let outcome = if unknown { Outcome::Error } else { good };
    if work.taken.is_empty() {
        note("nothing is written");
        return Ok(outcome);
    }
    let copy = work.drafts.copy()?;
    let after = Box::pin(Look::take(&core, (&copy.root, &selection), target)).await?;
    prove((&before, &after), &work.taken)?;
    work.drafts.save()?;
    Ok(outcome)
}

/// The proof: a plan on the new manifests finds what it found before, but for what was taken.
fn prove((before, after): (&Look, &Look), taken: &BTreeSet<Field>) -> Result<(), CliError> {
    if after.tell_unknown() {
        return Err(CliError(
            "not everything could be looked at again; nothing was written".into(),
        ));
    }
    let wanted: BTreeSet<Field> = before.fields().difference(taken).cloned().collect();
    let found = after.fields();
    let known = before.troubles();
    let worse = after.troubles().into_iter().find(|(it, _)| !known.contains_key(it));
    if let Some(((key, reason), why)) = worse {
        return Err(CliError(format!(
            "what AWS has cannot be asked for, and nothing was written: {key}: {reason}: {}",
            clean(&why)
        )));
    }
    let told = |all: Vec<&Field>, what: &str| {
        let lines = all.into_iter().map(|(key, path)| format!("\n  {key}: {path} {what}"));
        lines.collect::<Vec<_>>().concat()
    };
    let more = told(found.difference(&wanted).collect(), "would differ then");
    let less = told(
        wanted.difference(&found).collect(),
        "would be changed with it, and nobody asked for that",
    );
    if more.is_empty() && less.is_empty() {
        return Ok(());
    }
    Err(CliError(format!(
        "the manifests would not say what AWS has, so nothing was written; make the change by hand:{more}{less}"
    )))
}

/// Why nothing is known of a part.
const UNREADABLE: &str = "Unreadable";

/// What comes together.
struct Work<'a> {
    drafts: Drafts<'a>,
    /// The fields that will be as they are in AWS.
    taken: BTreeSet<Field>,
    /// Whether all is said by the edits.
    good: bool,
}

/// What edits.
struct Hand<'a> {
    door: &'a Door,
    reader: &'a Reader<'a>,
    /// Fields that are taken whoever changed them.
    fields: &'a [String],
}

impl Hand<'_> {
    /// Edits one document in its draft.
    async fn document(
        &self,
        document: &Arc<Document>,
        look: &Look,
        work: &mut Work<'_>,
    ) -> Result<(), CliError> {
        let key = document.keys().find(|it| it.target == self.door.place.target);
        let Some(key) = key else { return Ok(()) };
        let rows = look.rows(&key);
        let fields = rows.iter().flat_map(|row| row.changes.iter().map(move |it| (&**row, it)));
        let (mut take, mut left): (Vec<(&Row, &Change)>, Vec<Omission>) = (Vec::new(), Vec::new());
        // Of what AWS does not show nobody knows whether it was changed.
        for row in &rows {
            let hidden = row.conditions.iter().filter(|it| it.reason == UNREADABLE);
            left.extend(
                hidden.map(|it| Omission { path: row.key.to_string(), why: it.message.clone() }),
            );
        }
        for (row, change) in fields {
            match self.doubt(row, change) {
                None => take.push((row, change)),
                Some(Doubt::Pending) => {}
                Some(Doubt::Told(why)) => left.push(Omission { path: change.path.clone(), why }),
            }
        }
        if !take.is_empty() {
            alone(document)?;
            let found = Box::pin(self.found(&key)).await?;
            left.extend(self.edit(document, (&found, &take), work)?);
        }
        left.sort();
        left.dedup();
        work.good &= left.is_empty();
        for Omission { path, why } in left {
            let path = if path.is_empty() { key.to_string() } else { path };
            note(&format!("{}: {path}: {}", document.origin, clean(&why)));
        }
        Ok(())
    }

    /// Why a field is not taken; `None`: another party changed it in AWS, or the person says so.
    fn doubt(&self, row: &Row, change: &Change) -> Option<Doubt> {
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
            return Some(Doubt::Told(why.into()));
        }
        if row.status == Status::Refused {
            return Some(Doubt::Told(format!("{}: {}", row.reason.code, row.reason.message)));
        }
        let changed = changed(row, change);
        if change.origin == Origin::Drift || self.fields.iter().any(|it| changed.is_named(it)) {
            return None;
        }
        let why = match change.origin {
            Origin::Pending | Origin::Drift => return Some(Doubt::Pending),
            // The record is a hash of all of an object's fields.
            Origin::Both => {
                "both the manifest and AWS have changed since they were last in sync, and which of them changed this stands \
                 nowhere"
            }
            Origin::NoRecord => "what it was when it was applied last stands nowhere",
        };
        let name = changed.name();
        Some(Doubt::Told(format!("{why}; --field {name} takes it, whoever changed it")))
    }

    /// What an import would write.
    async fn found(&self, key: &Key) -> Result<ImportedDocument, CliError> {
        if key.kind != Repository::NAME {
            return Ok(Box::pin(self.reader.function(&key.name)).await?.0);
        }
        let found = Box::pin(self.reader.repository(&key.name)).await?;
        let place = &self.door.place.region;
        found.ok_or_else(|| CliError(format!("there is no repository {} in {place}", key.name)))
    }

    /// Makes the edits; what none of them says.
    fn edit(
        &self,
        document: &Document,
        (found, take): (&ImportedDocument, &[(&Row, &Change)]),
        work: &mut Work<'_>,
    ) -> Result<Vec<Omission>, CliError> {
        let draft = work.drafts.open(document)?;
        let have: Map<String, Value> = draft.spec(document)?;
        let changes: Vec<ChangedField<'_>> =
            take.iter().map(|(row, change)| changed(row, change)).collect();
        let fill_in = |it: &str| self.door.place.fill_in(it);
        let sides = CaptureInput {
            written: &have,
            imported: &found.spec,
            unread: &found.left,
            fill_in: &fill_in,
        };
        let (target, left) = capture_spec(sides, &changes);
        for edit in edits(&["spec"], &have, &target) {
            draft.edit(document, &edit, &told(&edit))?;
        }
        let said = |one: &ChangedField<'_>| !left.iter().any(|it| it.path == one.name());
        let taken = take.iter().filter(|(row, it)| said(&changed(row, it)));
        work.taken.extend(taken.map(|(row, it)| (row.key.clone(), it.path.clone())));
        Ok(left)
    }
}

/// Why a field is not taken.
enum Doubt {
    /// The manifest changed it: that is its own affair.
    Pending,
    /// In words.
    Told(String),
}

/// A change, of an event source with what that reads from: its row is called `FUNCTION/ARN`, or `FUNCTION/ARN/TOPIC`.
fn changed<'a>(row: &'a Row, change: &'a Change) -> ChangedField<'a> {
    let name = row.key.name.as_str().split_once('/');
    let source = name.filter(|_| row.key.kind == EventSource::NAME).map(|(_, source)| source);
    ChangedField { path: &change.path, source }
}

/// Where, without what: a value may be a secret.
fn told(edit: &Edit) -> String {
    let path = edit.path.join("/");
    let what = if edit.value.is_some() { "as it is in AWS now" } else { "taken out" };
    format!("{path} {what}")
}

/// A document for several targets is one wish for all of them.
fn alone(document: &Document) -> Result<(), CliError> {
    let targets: Vec<&str> = document.meta.targets.iter().map(Name::as_str).collect();
    if targets.len() < 2 {
        return Ok(());
    }
    Err(CliError(format!(
        "{}: it is for {}, and what was changed in one of them would be asked of all; give that one a document of its \
         own first",
        document.origin,
        targets.join(" and ")
    )))
}
