//! Samples of every tool: what becomes of them, that a manifest is what becomes of them, and that nothing is lost.

use std::{fs, path::PathBuf};

use evenkeel::{
    import::{Form, Found, PLACEHOLDER, read, write},
    manifest::{self, Tags},
};
use serde_json::{Value, json};

use crate::common::{cases, golden};

const FORMS: &[(&str, Form)] = &[("lambroll", Form::Lambroll), ("terraform", Form::Terraform)];

/// Every sample: its file, its tool, its text.
fn samples() -> Vec<(PathBuf, Form, String)> {
    let all = FORMS.iter().flat_map(|(folder, form)| {
        let files = cases(&format!("tests/import/{folder}"), &["json", "yaml"]).into_iter();
        let sample = |it: &PathBuf| !it.to_string_lossy().ends_with(".expected.yaml");
        files.filter(sample).map(|it| {
            let text = fs::read_to_string(&it).unwrap();
            (it, *form, text)
        })
    });
    all.collect()
}

fn import(text: &str, form: Form) -> Vec<Found> {
    read(text, Some(form), "sample").unwrap_or_else(|error| panic!("{error}"))
}

fn written(found: &[Found]) -> String {
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
        let other = parsed.notes.iter().filter(|it| !it.message.contains("is a placeholder"));
        let other: Vec<String> = other.map(ToString::to_string).collect();
        assert_eq!(other, Vec::<String>::new(), "{}\n{text}", path.display());
        let holes = text.lines().filter(|it| it.ends_with(&format!("\"{PLACEHOLDER}\""))).count();
        assert_eq!(parsed.notes.len(), holes, "{}", path.display());
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
    let own = ["/configuration", "/resource_changes", "/variables", "/values/outputs"];
    let read = (0..at.len()).any(|end| {
        let above = at.get(..end).filter(|_| at[end..].starts_with('/')).unwrap_or(at);
        document.pointer(above).and_then(|it| it.get("mode")) == Some(&json!("data"))
    });
    read || at.contains("/sensitive_values") || own.iter().any(|it| at.starts_with(it))
}

/// Whether something is told of a member at a place: it is named, or what it stands in is.
fn is_told(found: &[Found], document: &Value, at: &str) -> bool {
    let mut words: Vec<String> = vec![NAME.to_owned()];
    words.extend(
        at.split('/')
            .skip(1)
            .filter(|it| it.parse::<usize>().is_err())
            .map(|it| it.replace("~1", "/")),
    );
    let above = at.match_indices('/').map(|(end, _)| &at[..end]).chain([at]);
    let texts = above.filter_map(|it| document.pointer(it)).flat_map(|it| {
        let name = it.pointer("/metadata/name");
        [it.get("address"), name]
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(ToOwned::to_owned)
    });
    words.extend(texts.collect::<Vec<_>>());
    found.iter().any(|it| {
        let named = |path: &str| {
            words.iter().any(|it| {
                path.split(", ").any(|path| {
                    path.split(['[', ' ']).next().unwrap().ends_with(it.as_str())
                        || path.ends_with(it.as_str())
                })
            })
        };
        Value::Object(it.spec.clone()).to_string().contains(VALUE)
            || it.left.iter().any(|it| named(&it.path))
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
            let all = manifest::values("sample", text.as_bytes(), Tags::Functions).unwrap();
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
