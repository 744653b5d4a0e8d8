//! Samples of every tool: what becomes of them, that a manifest is what becomes of them, and that nothing is lost.

use std::{fs, path::PathBuf};

use evenkeel::{
    import::{ImportedDocument, SourceFormat, read, write},
    kinds::document::PLACEHOLDER,
    manifest::{self, YamlTags},
};
use serde_json::{Value, json};

use crate::common::{cases, golden};

const FORMS: &[(&str, SourceFormat)] = &[
    ("ack", SourceFormat::Ack),
    ("cloudformation", SourceFormat::CloudFormation),
    ("lambroll", SourceFormat::Lambroll),
    ("terraform", SourceFormat::Terraform),
];

/// Every sample: its file, its tool, its text.
fn samples() -> Vec<(PathBuf, SourceFormat, String)> {
    let all = FORMS.iter().flat_map(|(folder, form)| {
        let files = cases(&format!("import/{folder}"), &["json", "yaml"]).into_iter();
        let sample = |it: &PathBuf| !it.to_string_lossy().ends_with(".expected.yaml");
        files.filter(sample).map(|it| {
            let text = fs::read_to_string(&it).unwrap();
            (it, *form, text)
        })
    });
    all.collect()
}

fn import(text: &str, form: SourceFormat) -> Vec<ImportedDocument> {
    read(text, Some(form), "sample").unwrap_or_else(|error| panic!("{error}"))
}

fn written(found: &[ImportedDocument]) -> String {
    let documents: Vec<String> = found.iter().map(|it| write(it, &[])).collect();
    documents.join("---\n")
}

#[test]
fn every_sample_becomes_what_is_written_down() {
    for (path, form, text) in samples() {
        let found = import(&text, form);
        golden(&path.with_extension("expected.yaml"), &written(&found));
        assert_eq!(read(&text, None, "sample").unwrap(), found, "{}", path.display());
    }
}

/// What is wrong with it is what it leaves to be filled in, and nothing else.
#[test]
fn what_is_written_is_a_manifest() {
    for (path, form, text) in samples() {
        let found = import(&text, form);
        let text = written(&found);
        let parsed = manifest::parse("x.yaml", text.as_bytes());
        let other = parsed.diagnostics.iter().filter(|it| !it.message.contains("is a placeholder"));
        let other: Vec<String> = other.map(ToString::to_string).collect();
        assert_eq!(other, Vec::<String>::new(), "{}\n{text}", path.display());
        let holes = text.lines().filter(|it| it.ends_with(&format!("'{PLACEHOLDER}'"))).count();
        assert_eq!(parsed.diagnostics.len(), holes, "{}", path.display());
        let whole = found
            .iter()
            .filter(|it| !Value::Object(it.spec.clone()).to_string().contains(PLACEHOLDER));
        assert_eq!(parsed.documents.len(), whole.count(), "{}", path.display());
    }
}

/// Every place of a document where a member could be added: the pointers of its maps.
fn maps(value: &Value, at: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            all.push(at.to_owned());
            for (key, it) in map {
                maps(it, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        Value::Array(items) => {
            for (index, it) in items.iter().enumerate() {
                maps(it, &format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
}

const NAME: &str = "zzUnknown";
const VALUE: &str = "surprise7Qz";

/// What says nothing of an object: Terraform's own books, and what it only reads.
fn is_own(document: &Value, at: &str) -> bool {
    let own = ["/status", "/configuration", "/resource_changes", "/variables", "/values/outputs"];
    let read = (0..at.len()).any(|end| {
        let above = at.get(..end).filter(|_| at[end..].starts_with('/')).unwrap_or(at);
        document.pointer(above).and_then(|it| it.get("mode")) == Some(&json!("data"))
    });
    read || at.contains("/sensitive_values") || own.iter().any(|it| at.starts_with(it))
}

/// A place in the words of its source.
fn in_words(document: &Value, at: &str) -> String {
    let mut path = String::new();
    let mut here = document;
    let is_ack = document.get("kind").is_some();
    if is_ack {
        let name = document["metadata"]["name"].as_str().unwrap();
        path = format!("{}/{name}", document["kind"].as_str().unwrap());
    } else if document.get("Config").is_some() {
        path = "function_url.json".into();
    }
    for word in at.split('/').skip(1) {
        let word = word.replace("~1", "/").replace("~0", "~");
        here = if here.is_array() { &here[word.parse::<usize>().unwrap()] } else { &here[&word] };
        match here.get("address").and_then(Value::as_str) {
            Some(address) if here.get("type").is_some() => path = address.to_owned(),
            // What Terraform says of a resource is within `values`.
            _ if word == "values" && path.contains("aws_") => {}
            _ if word.parse::<usize>().is_ok() => path += &format!("[{word}]"),
            _ if path.is_empty() => path = word,
            _ => path += &format!(".{word}"),
        }
    }
    path
}

/// Whether something is told of a member at a place: it is named, or what it stands in is.
fn is_told(found: &[ImportedDocument], document: &Value, at: &str) -> bool {
    // SAM's are part of every function.
    let shared = at.strip_prefix("/Globals/Function");
    let place = in_words(document, at);
    let place = if place.is_empty() { NAME.to_owned() } else { format!("{place}.{NAME}") };
    // A tag of a list is named by its key.
    let tags =
        place.find("Tags[").or(place.find("tags[")).map(|it| place[..it + 4].to_owned() + ".");
    let names = |path: &str| match shared {
        _ if tags.as_ref().is_some_and(|it| path.starts_with(it)) => true,
        // What stands below an environment may be a secret, so it is not named itself.
        Some("/Environment") => path.ends_with(".Environment"),
        Some(_) => path.ends_with(NAME),
        None => {
            place.strip_prefix(path).is_some_and(|it| it.is_empty() || it.starts_with(['.', '[']))
        }
    };
    found.iter().any(|it| {
        Value::Object(it.spec.clone()).to_string().contains(VALUE)
            || it
                .left
                .iter()
                .filter(|it| !it.why.starts_with("it hangs on"))
                .any(|it| it.path.split(", ").any(names))
    })
}

/// The law of this room: whatever stands in a source is carried, or told.
#[test]
fn nothing_of_a_source_vanishes() {
    for (path, form, text) in samples() {
        let documents = if text.trim_start().starts_with('{') {
            serde_json::Deserializer::from_str(&text)
                .into_iter()
                .collect::<Result<Vec<Value>, _>>()
                .unwrap()
        } else {
            let all = manifest::values("sample", text.as_bytes(), YamlTags::Functions).unwrap();
            all.into_iter().map(|(_, it)| it).collect()
        };
        let mut count = 0;
        for (index, document) in documents.iter().enumerate() {
            let mut places = Vec::new();
            maps(document, "", &mut places);
            for at in places.iter().filter(|it| !is_own(document, it)) {
                let mut changed = documents.clone();
                changed[index].pointer_mut(at).unwrap()[NAME] = json!(VALUE);
                let text: Vec<String> = changed.iter().map(ToString::to_string).collect();
                let found = import(&text.join("\n"), form);
                assert!(
                    is_told(&found, document, at),
                    "{}: {at}\n{}",
                    path.display(),
                    written(&found)
                );
                count += 1;
            }
        }
        assert!(count > 2, "{}", path.display());
    }
}
