//! One file in, its documents and everything that is wrong with it out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Body, Diagnostic, Document, FunctionParts, Meta,
    check::{check, missing},
    diagnostics::Diagnostics,
    envelope::{ENVELOPE, shape_of},
    excerpt::outline,
    foreign::{self, ForeignDocuments, SkippedDocuments},
    named::{NamedNode, short},
    parse_error::{ParseError, Position},
    scalar, template,
    tree::{self, FILE_MAX, Node, Value, YamlTags},
};
use crate::{
    engine::{
        count::count,
        desired::Location,
        kind::Kind as _,
        name::Name,
        place::DEFAULT_TARGET,
        tags::{OURS_MAX, TAGS_MAX},
    },
    kinds::{
        document::Violation,
        function::{self, doc::FunctionDoc},
        repository::{self, Repository},
    },
    shape::Shape,
};

/// What a value costs besides its text, in bytes, about.
const VALUE_WEIGHT: usize = 64;

/// What to do about a file that is no manifest at all, as the end of a hint.
const ELSE_IGNORE: &str = "if the file is another tool's, list it in `.evenkeelignore`";

/// What one file holds: the documents without fault, and every fault of the others.
#[derive(Clone, Default)]
pub struct Parsed {
    /// In file order. Shared by every snapshot that they stand in.
    pub documents: Vec<Arc<Document>>,
    /// In reading order.
    pub diagnostics: Vec<Diagnostic>,
    /// The documents of other tools, which are not read.
    pub skipped: SkippedDocuments,
    /// How many bytes it takes to hold what the file says, about: more than its size where values are short or
    /// aliases repeat much. 0 if it was not read.
    pub weight: usize,
}

/// Reads one file, and skips documents of other tools. Documents without fault come out even if others in the file have
/// one.
pub fn parse(file: &str, bytes: &[u8]) -> Parsed {
    parse_with(file, bytes, ForeignDocuments::Skipped)
}

/// Reads one file as [`parse`] does, and does with documents of other tools what `policy` says.
pub fn parse_with(file: &str, bytes: &[u8], policy: ForeignDocuments) -> Parsed {
    let file: Arc<str> = file.into();
    let mut diagnostics = Diagnostics::new(&file);
    let mut parsed = Parsed { weight: bytes.len().max(1), ..Parsed::default() };
    if let Some(text) = text(bytes, ELSE_IGNORE, &mut diagnostics) {
        let trees = tree::documents(text, YamlTags::Refused);
        let size = trees.size.bytes + trees.size.values * VALUE_WEIGHT;
        parsed.weight = parsed.weight.max(size);
        let skips = |it: &&Node| policy == ForeignDocuments::Skipped && !it.is_null();
        let foreign = trees.documents.iter().map(|it| Some(it).filter(skips));
        let foreign: Vec<_> = foreign.map(|it| it.and_then(foreign::document)).collect();
        foreign.iter().flatten().for_each(|it| parsed.skipped.add(it));
        // Why the rest cannot be read comes first: of many problems only some are kept.
        let explained = |it| template::explain(text, &it).unwrap_or(it);
        if let Some(error) = trees.fatal.map(explained) {
            let hint = format!("{}; {ELSE_IGNORE}", error.hint);
            let excerpt = outline(text, error.at.line);
            diagnostics.push(ParseError { hint, excerpt, ..error });
        }
        let skipped = |number: usize| foreign.get(number).is_some_and(Option::is_some);
        let mut templated = BTreeSet::new();
        for fault in trees.faults.into_iter().filter(|it| !skipped(it.document)) {
            // What is only counted needs no words.
            let shown = diagnostics.has_room();
            match shown.then(|| template::explain(text, &fault.error)).flatten() {
                Some(error) => {
                    templated.insert(error.at.line);
                    let hint = format!("{}; {ELSE_IGNORE}", error.hint);
                    diagnostics.push(ParseError { hint, ..error });
                }
                None => diagnostics.push(fault.error),
            }
        }
        let told = diagnostics.all.len();
        for (tree, _) in trees.documents.iter().zip(&foreign).filter(|(_, it)| it.is_none()) {
            let document = Some(tree).filter(|it| !it.is_null());
            let document = document.and_then(|it| self::document(&file, it, &mut diagnostics));
            // What looks like a document with a template in it is none.
            let document = document.filter(|_| templated.is_empty());
            parsed.documents.extend(document.map(Arc::new));
        }
        diagnostics.drop_lines(told, &templated);
    }
    parsed.diagnostics = diagnostics.into_all();
    parsed
}

/// Any YAML or JSON file with one document, as JSON: for the operator's own files.
pub fn plain(bytes: &[u8]) -> Result<serde_json::Value, Vec<Diagnostic>> {
    let mut documents = values("", bytes, YamlTags::Refused)?;
    if let (Some((_, only)), true) = (documents.pop(), documents.is_empty()) {
        return Ok(only);
    }
    let mut diagnostics = Diagnostics::new(&"".into());
    diagnostics.file("the file should hold one document", "");
    Err(diagnostics.into_all())
}

/// The documents of any YAML or JSON file, as JSON, each with the line on which it begins: for what other tools wrote.
pub fn values(
    file: &str,
    bytes: &[u8],
    tags: YamlTags,
) -> Result<Vec<(u32, serde_json::Value)>, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::new(&file.into());
    let read = |text| tree::documents(text, tags);
    let trees = text(bytes, "", &mut diagnostics).map(read).unwrap_or_default();
    let values = trees.documents.iter().map(|it| (it.at.line, scalar::json(it))).collect();
    trees.into_errors().for_each(|it| diagnostics.push(it));
    if diagnostics.count() == 0 { Ok(values) } else { Err(diagnostics.into_all()) }
}

/// Where a member of a document stands, as line and column from 1. `line`: where the document begins. `None` if the file
/// has no such document any more.
pub fn position(bytes: &[u8], line: u32, path: &[&str]) -> Option<(u32, u32)> {
    let mut ignored = Diagnostics::new(&"".into());
    let trees = tree::documents(text(bytes, "", &mut ignored)?, YamlTags::Refused);
    let path: Vec<String> = path.iter().map(|it| (*it).to_owned()).collect();
    let at = place(trees.documents.iter().find(|it| it.at.line == line)?, &path);
    Some((at.line, at.column))
}

/// The bytes as text, without a byte order mark; `None`, and a diagnostic, if the file is too
/// large, binary or not UTF-8. `end` ends the hint.
fn text<'a>(bytes: &'a [u8], end: &str, diagnostics: &mut Diagnostics) -> Option<&'a str> {
    let hint = |hint: &str| match end {
        "" => hint.to_owned(),
        end => format!("{hint}; {end}"),
    };
    if bytes.len() > FILE_MAX {
        let message = format!("the file is larger than {} MiB", FILE_MAX / 1024 / 1024);
        diagnostics.file(&message, &hint("split it"));
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        diagnostics.file("the file is binary", &hint("a manifest is YAML or JSON in UTF-8"));
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.split(|it| *it == b'\n').count();
            let at = Position { line: u32::try_from(line).unwrap_or(u32::MAX), column: 0 };
            diagnostics.push(ParseError::new(
                at,
                "the text is not UTF-8",
                hint("save the file as UTF-8"),
            ));
            None
        }
    }
}

/// Reads one document: checks it against the shapes, then against the rules of its kind. `None`,
/// and diagnostics, if anything is wrong with it.
fn document(file: &Arc<str>, tree: &Node, diagnostics: &mut Diagnostics) -> Option<Document> {
    let before = diagnostics.count();
    if !matches!(tree.value, Value::Map(_)) {
        let message = "the document is no map";
        let hint = format!(
            "a manifest begins with `apiVersion:`, `kind:`, `metadata:` and `spec:`; {ELSE_IGNORE}"
        );
        diagnostics.push(ParseError::new(tree.at, message, hint));
        return None;
    }
    let whole = NamedNode { name: "document", node: tree, below: false, is_item: false };
    check(&whole, &Shape::Object(ENVELOPE), diagnostics);
    missing(&whole, &Shape::Object(ENVELOPE), diagnostics);
    // What is missing here is told already, by the check of the whole.
    let shape = spec_shape(tree)?;
    let (_, spec) = tree.member("spec")?;
    let named = NamedNode { name: "spec", node: spec, below: false, is_item: false };
    check(&named, shape, diagnostics);
    missing(&named, shape, diagnostics);
    if diagnostics.count() > before {
        return None;
    }
    let meta = meta(tree)?;
    let Some((body, violations)) = body(tree, &meta.name, scalar::json(spec)) else {
        // The error may repeat a value; the shape is what should have told.
        diagnostics.push(ParseError::new(spec.at, "the spec cannot be read", ""));
        return None;
    };
    for violation in violations {
        let at = place(spec, &violation.path);
        let open = shape.open(&violation.path);
        let name = violation.path.get(..open).and_then(<[_]>::last).map_or("spec", String::as_str);
        let template = open == violation.path.len() && is_template(spec, &violation.path);
        let error = if template {
            ParseError::new(at, format!("`{}` is a template", short(name)), template::HINT)
        } else {
            ParseError::new(at, violation.message, violation.hint)
        };
        diagnostics.push(error.showing(format!("{}: …", short(name))));
    }
    let origin = Location { file: Arc::clone(file), line: tree.at.line };
    (diagnostics.count() == before).then_some(Document { origin, meta, body })
}

/// Whether the value at `path` has a template in it.
fn is_template(spec: &Node, path: &[String]) -> bool {
    let node = path.iter().try_fold(spec, |node, name| Some(node.member(name)?.1));
    node.and_then(Node::text).is_some_and(template::is_template)
}

/// Reads the spec as its kind does, and returns with it every rule that it breaks; `None` if it
/// does not fit the kind.
fn body(tree: &Node, name: &str, spec: serde_json::Value) -> Option<(Body, Vec<Violation>)> {
    if tree.member("kind")?.1.text()? == Repository::NAME {
        let doc = serde_json::from_value(spec).ok()?;
        let violations = repository::rules::check(name, &doc);
        return Some((Body::Repository(Box::new(doc)), violations));
    }
    let serde_json::Value::Object(mut spec) = spec else { return None };
    let mut parts = FunctionParts::take(&mut spec)?;
    let doc: FunctionDoc = serde_json::from_value(spec.into()).ok()?;
    let mut violations = function::rules::check(name, &doc);
    violations.extend(parts.check(doc.capacity_provider_config.is_some()));
    parts.fill_in();
    violations.extend(check_tag_count(&doc, &parts));
    Some((Body::Function(Box::new(doc), Box::new(parts)), violations))
}

/// Each block needs a tag of its own.
fn check_tag_count(doc: &FunctionDoc, parts: &FunctionParts) -> Option<Violation> {
    let (tags, blocks) = (doc.tags.len(), parts.count());
    let message = format!(
        "{}, and {} that Evenkeel needs with {}, are more than the {TAGS_MAX} that AWS allows",
        count(tags, "tag"),
        OURS_MAX + blocks,
        count(blocks, "block")
    );
    let over = tags + OURS_MAX + blocks > TAGS_MAX;
    over.then(|| Violation::new(&["tags"], message, "take some out"))
}

/// The shape of this document's `spec`, if its kind is known.
fn spec_shape(tree: &Node) -> Option<&'static Shape> {
    shape_of(tree.member("kind")?.1.text()?)
}

/// Reads the `metadata` of a document that has been checked. One that names no target is meant for
/// `default`; a target that it names twice counts once.
fn meta(tree: &Node) -> Option<Meta> {
    let (_, node) = tree.member("metadata")?;
    let name = node.member("name")?.1.text()?.to_owned();
    let texts = |field: &str| -> BTreeMap<String, String> {
        let pairs = node.member(field).map(|(_, it)| it.pairs()).unwrap_or_default();
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
        targets.push(Name::new(DEFAULT_TARGET));
    }
    let mut seen = BTreeSet::new();
    targets.retain(|it| seen.insert(it.clone()));
    let (labels, annotations) = (Arc::new(texts("labels")), texts("annotations"));
    Some(Meta { name, targets, labels, annotations })
}

/// Where the member at `path` stands, or the nearest thing above it that is there. A map or list is
/// shown at its key.
fn place(spec: &Node, path: &[String]) -> Position {
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
