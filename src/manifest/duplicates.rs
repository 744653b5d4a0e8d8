//! Two documents that claim the same object.

use std::{collections::BTreeMap, sync::Arc};

use super::{Document, Note};
use crate::engine::name::Key;

/// Every key that more than one document claims, with a note at each of them. Neither is right: all of
/// them are rejected.
pub fn duplicates<'a>(documents: impl Iterator<Item = &'a Document>) -> BTreeMap<Key, Vec<Note>> {
    let mut claims: BTreeMap<Key, Vec<&Document>> = BTreeMap::new();
    for document in documents {
        for key in document.keys() {
            claims.entry(key).or_default().push(document);
        }
    }
    claims.retain(|_, claimants| claimants.len() > 1);
    let notes = |(key, claimants): (Key, Vec<&Document>)| {
        let notes = claimants.iter().map(|it| note(&key, it, &claimants)).collect();
        (key, notes)
    };
    claims.into_iter().map(notes).collect()
}

fn note(key: &Key, document: &Document, claimants: &[&Document]) -> Note {
    let others = claimants.iter().filter(|it| it.origin != document.origin);
    let others: Vec<String> = others.map(|it| it.origin.to_string()).collect();
    Note {
        file: Arc::clone(&document.origin.file),
        line: document.origin.line,
        column: 0,
        message: format!("`{key}` is also claimed by {}", others.join(" and ")),
        hint: Some("keep one of them; until then neither counts".into()),
        excerpt: None,
    }
}
