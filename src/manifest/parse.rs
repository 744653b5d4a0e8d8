//! One file in, its documents and everything that is wrong with it out.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Body, Document, Meta, Note, Origin, Parsed, Parts,
    check::{Spot, check, missing, short},
    envelope::{ENVELOPE, shape_of},
    notes::Notes,
    scalar,
    tree::{self, At, Node, Tags, Trees, Trouble, Value},
};
use crate::{
    engine::{
        kind::Kind as _,
        name::Name,
        tags::{OURS_MAX, TAGS_MAX},
    },
    kinds::{
        document::Breach,
        function::{self, doc::FunctionDoc},
        repository::{self, Repository},
    },
    shape::Shape,
};

/// The greatest file that is read.
pub const FILE_MAX: usize = 1024 * 1024;
/// What a value costs besides its text, in bytes, about.
const VALUE_WEIGHT: usize = 64;

/// Reads one file. Documents without fault come out even if others in the file have one.
pub fn parse(file: &str, bytes: &[u8]) -> Parsed {
    let file: Arc<str> = file.into();
    let mut notes = Notes::new(&file);
    let mut documents = Vec::new();
    let mut weight = bytes.len().max(1);
    if let Some(text) = text(bytes, &mut notes) {
        let Trees { documents: trees, troubles, size } = tree::documents(text, Tags::Refused);
        weight = weight.max(size.bytes + size.values * VALUE_WEIGHT);
        for trouble in troubles {
            notes.push(trouble);
        }
        for tree in trees.iter().filter(|it| !it.is_null()) {
            documents.extend(document(&file, tree, &mut notes).map(Arc::new));
        }
    }
    Parsed { documents, notes: notes.into_all(), weight }
}

/// Any YAML or JSON file with one document, as JSON: for the operator's own files.
pub fn plain(bytes: &[u8]) -> Result<serde_json::Value, Vec<Note>> {
    let mut documents = values("", bytes, Tags::Refused)?;
    if let (Some((_, only)), true) = (documents.pop(), documents.is_empty()) {
        return Ok(only);
    }
    let mut notes = Notes::new(&"".into());
    notes.file("the file should hold one document", "");
    Err(notes.into_all())
}

/// The documents of any YAML or JSON file, as JSON, each with the line on which it begins: for what other tools wrote.
pub fn values(
    file: &str,
    bytes: &[u8],
    tags: Tags,
) -> Result<Vec<(u32, serde_json::Value)>, Vec<Note>> {
    let mut notes = Notes::new(&file.into());
    let read = |text| tree::documents(text, tags);
    let Trees { documents: trees, troubles, .. } =
        text(bytes, &mut notes).map(read).unwrap_or_default();
    for trouble in troubles {
        notes.push(trouble);
    }
    if notes.count() == 0 {
        return Ok(trees.iter().map(|it| (it.at.line, scalar::json(it))).collect());
    }
    Err(notes.into_all())
}

/// The bytes as text, if they are one.
fn text<'a>(bytes: &'a [u8], notes: &mut Notes) -> Option<&'a str> {
    if bytes.len() > FILE_MAX {
        let message = format!("the file is larger than {} MiB", FILE_MAX / 1024 / 1024);
        notes.file(&message, "split it");
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        notes.file("the file is binary", "a manifest is YAML or JSON in UTF-8");
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.split(|it| *it == b'\n').count();
            let at = At { line: u32::try_from(line).unwrap_or(u32::MAX), column: 0 };
            notes.push(Trouble::new(at, "the text is not UTF-8", "save the file as UTF-8"));
            None
        }
    }
}

fn document(file: &Arc<str>, tree: &Node, notes: &mut Notes) -> Option<Document> {
    let before = notes.count();
    if !matches!(tree.value, Value::Map(_)) {
        let message = "the document is no map";
        let hint = "a manifest begins with `apiVersion:`, `kind:`, `metadata:` and `spec:`";
        notes.push(Trouble::new(tree.at, message, hint));
        return None;
    }
    let whole = Spot { name: "document", node: tree, below: false };
    check(&whole, &Shape::Object(ENVELOPE), notes);
    missing(&whole, &Shape::Object(ENVELOPE), notes);
    let shape = spec_shape(tree)?;
    let (_, spec) = tree.member("spec")?;
    let spot = Spot { name: "spec", node: spec, below: false };
    check(&spot, shape, notes);
    missing(&spot, shape, notes);
    if notes.count() > before {
        return None;
    }
    let meta = meta(tree)?;
    let Some((body, breaches)) = body(tree, &meta.name, scalar::json(spec)) else {
        // The error may repeat a value; the shape is what should have told.
        notes.push(Trouble::new(spec.at, "the spec cannot be read", ""));
        return None;
    };
    for breach in breaches {
        let at = place(spec, &breach.path);
        let open = shape.open(&breach.path);
        let name = breach.path.get(..open).and_then(<[_]>::last).map_or("spec", String::as_str);
        let trouble = Trouble::new(at, breach.message, breach.hint);
        notes.push(trouble.showing(format!("{}: …", short(name))));
    }
    let origin = Origin { file: Arc::clone(file), line: tree.at.line };
    (notes.count() == before).then_some(Document { origin, meta, body })
}

/// The spec as its kind reads it, and every rule that it breaks.
fn body(tree: &Node, name: &str, spec: serde_json::Value) -> Option<(Body, Vec<Breach>)> {
    if tree.member("kind")?.1.text()? == Repository::NAME {
        let doc = serde_json::from_value(spec).ok()?;
        let breaches = repository::rules::check(name, &doc);
        return Some((Body::Repository(Box::new(doc)), breaches));
    }
    let serde_json::Value::Object(mut spec) = spec else { return None };
    let parts = Parts::take(&mut spec)?;
    let doc: FunctionDoc = serde_json::from_value(spec.into()).ok()?;
    let mut breaches = function::rules::check(name, &doc);
    breaches.extend(parts.check(doc.capacity_provider_config.is_some()));
    breaches.extend(check_tag_count(&doc, &parts));
    Some((Body::Function(Box::new(doc), Box::new(parts)), breaches))
}

/// Each block needs a tag of its own.
fn check_tag_count(doc: &FunctionDoc, parts: &Parts) -> Option<Breach> {
    let (tags, blocks) = (doc.tags.len(), parts.count());
    let message = format!(
        "{tags} tags, and {} that Evenkeel needs with {blocks} blocks, are more than the {TAGS_MAX} that AWS allows",
        OURS_MAX + blocks
    );
    let over = tags + OURS_MAX + blocks > TAGS_MAX;
    over.then(|| Breach::new(&["tags"], message, "take some out"))
}

/// The shape of this document's `spec`, if its kind is known.
fn spec_shape(tree: &Node) -> Option<&'static Shape> {
    shape_of(tree.member("kind")?.1.text()?)
}

fn meta(tree: &Node) -> Option<Meta> {
    let (_, node) = tree.member("metadata")?;
    let name = node.member("name")?.1.text()?.to_owned();
    let texts = |field: &str| -> BTreeMap<String, String> {
        let Some((_, Node { value: Value::Map(pairs), .. })) = node.member(field) else {
            return BTreeMap::new();
        };
        pairs
            .iter()
            .filter_map(|(key, value)| Some((key.text()?.to_owned(), value.text()?.to_owned())))
            .collect()
    };
    let mut targets: Vec<Name> = match node.member("target").map(|(_, it)| &it.value) {
        Some(Value::Scalar { text, .. }) => vec![Name::new(&**text)],
        Some(Value::List(items)) => items.iter().filter_map(Node::text).map(Name::new).collect(),
        Some(Value::Map(_)) | None => Vec::new(),
    };
    if targets.is_empty() {
        targets.push(Name::new("default"));
    }
    let mut seen = std::collections::BTreeSet::new();
    targets.retain(|it| seen.insert(it.clone()));
    let (labels, annotations) = (Arc::new(texts("labels")), texts("annotations"));
    Some(Meta { name, targets, labels, annotations })
}

/// Where a member stands, or the nearest thing above it that is there.
fn place(spec: &Node, path: &[String]) -> At {
    let mut at = spec.at;
    let mut node = spec;
    for name in path {
        let Some((key, value)) = node.member(name) else { break };
        at = match &value.value {
            Value::Scalar { .. } => value.at,
            Value::List(_) | Value::Map(_) => key.at,
        };
        node = value;
    }
    at
}
