//! Drift written back: what somebody changed in AWS becomes what the manifests ask for.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use serde_json::{Map, Value};

use super::{
    super::{
        CliError, CoreArgs, ImportArgs, Outcome,
        door::{self, Door},
        out::note,
        reading,
        session::{self, End, Job},
        sheet::Sheet,
    },
    live::Reader,
};
use crate::{
    daemon::options::Working,
    engine::{
        diff::{Change, Origin},
        kind::Kind as _,
        name::{Key, Name},
        policy::Mode,
        prune::Terms,
        status::Row,
    },
    import::{
        Left,
        capture::{Changed, edits},
    },
    kinds::{document_of, event_source::EventSource, repository::Repository},
    manifest::{self, Document, Edit, Selection},
};

/// How long it may take to look at everything.
const LOOK_MAX: Duration = Duration::from_mins(5);

/// Why it is not known whether somebody in AWS changed a field; `None` if it is.
fn doubt(origin: Origin) -> Option<&'static str> {
    match origin {
        Origin::Pending | Origin::Drift => None,
        // The record is a hash of all of an object's fields.
        Origin::Both => Some(
            "both the manifest and AWS have changed since they were last in sync, and which of them changed this stands \
             nowhere",
        ),
        Origin::NoRecord => Some("what it was when it was applied last stands nowhere"),
    }
}

/// What differs, by the document that it belongs to.
type Differing = BTreeMap<Key, Vec<Arc<Row>>>;

/// Looks, edits, and looks again.
pub(super) async fn capture(args: &ImportArgs) -> Result<Outcome, CliError> {
    let (Some(root), Some(owner)) = (&args.manifest, &args.owner) else {
        return Err(CliError("--capture needs --manifest and --owner".into()));
    };
    let selection = Selection { names: args.names.clone(), labels: Vec::new() };
    let documents = reading::chosen(root, &selection)?;
    let core = CoreArgs {
        owner: owner.clone(),
        access: args.access.clone(),
        hash_key_file: args.hash_key_file.clone(),
    };
    let found = Box::pin(differing(&core, root, &selection)).await?;
    let access = (&args.access, Mode::Observe);
    let door = Box::pin(door::open(access, args.target.as_deref())).await?;
    let reader = Box::pin(Reader::new(&door, args.values.into())).await?;
    let hand = Hand { door: &door, reader: &reader, root, fields: &args.field };
    let (edited, good) = Box::pin(hand.edit(&documents, &found)).await?;
    if edited == 0 {
        note("nothing is written");
        return Ok(if good { Outcome::Good } else { Outcome::Differs });
    }
    // The proof is that nothing is left but what the manifests had changed before.
    let rest = Box::pin(differing(&core, root, &selection)).await?;
    let known: BTreeSet<(Key, String)> = fields(&found, &door, |it| !hand.takes(it));
    let rest: BTreeSet<(Key, String)> = fields(&rest, &door, |_| true);
    let rest: Vec<_> = rest.difference(&known).collect();
    for (key, path) in &rest {
        note(&format!("{key}: {path} still differs; see `evenkeel plan`"));
    }
    Ok(if good && rest.is_empty() { Outcome::Good } else { Outcome::Differs })
}

/// The fields of one target that differ so.
fn fields(all: &Differing, door: &Door, so: impl Fn(&Change) -> bool) -> BTreeSet<(Key, String)> {
    let rows = all.values().flatten().filter(|it| it.key.target == door.place.target);
    let fields = rows.flat_map(|row| row.changes.iter().map(move |it| (row, it)));
    fields.filter(|it| so(it.1)).map(|(row, it)| (row.key.clone(), it.path.clone())).collect()
}

/// Everything that differs, as `plan` sees it.
async fn differing(
    core: &CoreArgs,
    root: &Path,
    selection: &Selection,
) -> Result<Differing, CliError> {
    let settings = Working {
        mode: Mode::Observe,
        resync: Duration::from_hours(1),
        in_flight_max: 1,
        reading: selection.reading(),
    };
    let terms = Terms { once: true, ..Terms::default() };
    let (dir, selection) = (root.to_path_buf(), selection.clone());
    let job = Job { core, dir, selection, settings, terms, confirm: None, pause: None };
    let daemon = session::start(job).await?;
    let end = session::settle(&daemon, LOOK_MAX, |_| {}).await;
    let mut all = Differing::new();
    let view = daemon.viewer.view(daemon.viewer.now());
    for row in view.rows().filter(|it| !it.changes.is_empty()) {
        let (kind, name) = document_of(row.key.kind, &row.key.name);
        let key = Key { target: row.key.target.clone(), kind, name };
        all.entry(key).or_default().push(Arc::clone(row));
    }
    daemon.stop().await;
    match end {
        End::Quiet => Ok(all),
        End::NoSource(why) => Err(CliError(why)),
        End::Late => {
            Err(CliError(format!("not everything could be looked at within {LOOK_MAX:?}")))
        }
    }
}

/// What edits.
struct Hand<'a> {
    door: &'a Door,
    reader: &'a Reader<'a>,
    root: &'a Path,
    /// Fields that are taken whoever changed them.
    fields: &'a [String],
}

/// A file on its way to another text.
struct Draft {
    sheet: Sheet,
    text: String,
    lines: Vec<String>,
}

impl Hand<'_> {
    /// Whether a field is to be as it is in AWS: somebody changed it there, or the person says so.
    fn takes(&self, change: &Change) -> bool {
        let named = |it: &String| {
            change
                .path
                .strip_prefix(it.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        change.origin == Origin::Drift || self.fields.iter().any(named)
    }

    /// Edits every document that drifted, and writes the files; how many edits there were, and whether all is said by
    /// them. Nothing is written unless everything can be.
    async fn edit(
        &self,
        documents: &[Arc<Document>],
        differing: &Differing,
    ) -> Result<(usize, bool), CliError> {
        let mut drafts: BTreeMap<Arc<str>, Draft> = BTreeMap::new();
        let mut good = true;
        // From below: an edit moves the lines that follow.
        let mut order: Vec<&Arc<Document>> = documents.iter().collect();
        order.sort_by(|one, other| other.origin.cmp(&one.origin));
        for document in order {
            let found = document.keys().find_map(|key| {
                let mine = key.target == self.door.place.target;
                differing.get(&key).filter(|_| mine).map(|rows| (key, rows))
            });
            let Some((key, rows)) = found else { continue };
            let mut changes = rows.iter().flat_map(|it| &it.changes);
            if !changes.any(|it| self.takes(it) || doubt(it.origin).is_some()) {
                continue;
            }
            alone(document)?;
            let file = Arc::clone(&document.origin.file);
            if !drafts.contains_key(&file) {
                let sheet = Sheet::open(self.root, &file)?;
                let text = sheet.text.clone();
                drafts.insert(Arc::clone(&file), Draft { sheet, text, lines: Vec::new() });
            }
            let Some(draft) = drafts.get_mut(&file) else { continue };
            let left = Box::pin(self.document(draft, (document, &key), rows)).await?;
            good &= left.is_empty();
            for Left { path, why } in left {
                note(&format!("{}: {path}: {why}", document.origin));
            }
        }
        for draft in drafts.values() {
            checked(draft)?;
        }
        let mut count = 0;
        for draft in drafts.values().filter(|it| !it.lines.is_empty()) {
            draft.sheet.save(&draft.text)?;
            draft.lines.iter().for_each(|it| note(it));
            count += draft.lines.len();
        }
        Ok((count, good))
    }

    /// Edits one document in its draft; what no edit says.
    async fn document(
        &self,
        draft: &mut Draft,
        (document, key): (&Document, &Key),
        rows: &[Arc<Row>],
    ) -> Result<Vec<Left>, CliError> {
        let want = if key.kind == Repository::NAME {
            let found = Box::pin(self.reader.repository(&key.name)).await?;
            found.map(|it| it.spec).unwrap_or_default()
        } else {
            Box::pin(self.reader.function(&key.name)).await?.0.spec
        };
        let line = document.origin.line;
        let have = spec(&draft.text, line).ok_or_else(|| {
            draft.sheet.wrong(format!("line {line}: the document is not where it was"))
        })?;
        let all = rows.iter().flat_map(|row| row.changes.iter().map(move |it| (row, it)));
        let (all, rest): (Vec<_>, Vec<_>) = all.partition(|it| self.takes(it.1));
        let changed: Vec<Changed<'_>> = all
            .iter()
            .map(|(row, change)| Changed { path: &change.path, source: read_from(row) })
            .collect();
        let fill_in = |it: &str| self.door.place.fill_in(it);
        let (edits, mut left) = edits((&have, &want), &changed, &fill_in);
        left.extend(rest.iter().filter_map(|(_, it)| {
            let why = doubt(it.origin)?;
            let why = format!("{why}; --field {} takes it, whoever changed it", it.path);
            Some(Left { path: it.path.clone(), why })
        }));
        for edit in &edits {
            let edited = manifest::edit(&draft.text, line, edit);
            draft.text = edited.map_err(|error| draft.sheet.wrong(error))?;
            draft.lines.push(format!("{}: {}", document.origin, told(edit)));
        }
        Ok(left)
    }
}

/// What an event source reads from: its row is called `FUNCTION/ARN`.
fn read_from(row: &Row) -> Option<&str> {
    let name = row.key.name.as_str();
    let (_, arn) = name.split_once('/').filter(|_| row.key.kind == EventSource::NAME)?;
    Some(arn)
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

/// The `spec` of the document that begins on a line.
fn spec(text: &str, line: u32) -> Option<Map<String, Value>> {
    let all = manifest::values("", text.as_bytes(), manifest::Tags::Refused).ok()?;
    let (_, document) = all.into_iter().find(|it| it.0 == line)?;
    document.get("spec")?.as_object().cloned()
}

/// What was good stays good.
fn checked(draft: &Draft) -> Result<(), CliError> {
    let notes = |text: &str| manifest::parse("", text.as_bytes()).notes.len();
    if notes(&draft.text) <= notes(&draft.sheet.text) {
        return Ok(());
    }
    let all = manifest::parse("", draft.text.as_bytes()).notes;
    let why = all.first().map(ToString::to_string).unwrap_or_default();
    Err(draft.sheet.wrong(format!(
        "AWS allows what a manifest does not, and nothing was written: {why}; repair it (`evenkeel apply`) or write it \
         by hand"
    )))
}
