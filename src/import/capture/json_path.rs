//! From one document to another: edits that touch only what differs.

use serde_json::{Map, Value};

use crate::manifest::Edit;

/// Returns the edits that turn `have` into `want`, in the order in which they must be made: an
/// index into a list counts on the edits before it. `path` leads to both in the document.
pub(crate) fn edits(
    path: &[&str],
    have: &Map<String, Value>,
    want: &Map<String, Value>,
) -> Vec<Edit> {
    let mut path: Vec<String> = path.iter().map(|it| (*it).to_owned()).collect();
    let mut edits = Vec::new();
    members(&mut path, have, want, &mut edits);
    edits
}

/// Adds the edits for those members of a map that differ.
fn members(
    path: &mut Vec<String>,
    have: &Map<String, Value>,
    want: &Map<String, Value>,
    edits: &mut Vec<Edit>,
) {
    // What comes, then what goes: nothing is empty in between.
    for (name, theirs) in want {
        path.push(name.clone());
        match have.get(name) {
            None => edits.push(put(path, theirs)),
            Some(mine) => value(path, mine, theirs, edits),
        }
        path.pop();
    }
    for name in have.keys().filter(|it| !want.contains_key(*it)) {
        let path = path.iter().chain([name]).cloned().collect();
        edits.push(Edit { path, value: None });
    }
}

/// Adds the edits for one value: none if nothing differs, edits within a map or list where that is
/// possible, else the whole new value.
fn value(path: &mut Vec<String>, have: &Value, want: &Value, edits: &mut Vec<Edit>) {
    match (have, want) {
        (one, other) if one == other => {}
        (Value::Object(one), Value::Object(other)) if !other.is_empty() => {
            members(path, one, other, edits);
        }
        (Value::Array(one), Value::Array(other)) => list(path, one, other, edits),
        _ => edits.push(put(path, want)),
    }
}

/// Adds the edits for a list. Items that stay are not touched: the others are taken out, and new
/// ones come at the end. If the lists are equally long and as many items match in place, each item
/// is edited where it stands. A list that keeps no item is replaced.
fn list(path: &mut Vec<String>, have: &[Value], want: &[Value], edits: &mut Vec<Edit>) {
    let mut stay = Vec::new();
    for (at, item) in have.iter().enumerate() {
        if want.get(stay.len()) == Some(item) {
            stay.push(at);
        }
    }
    let alike = have.iter().zip(want).filter(|(one, other)| one == other).count();
    if have.len() == want.len() && alike >= stay.len() {
        for (at, (mine, theirs)) in have.iter().zip(want).enumerate() {
            path.push(at.to_string());
            value(path, mine, theirs, edits);
            path.pop();
        }
    } else if !stay.is_empty() {
        for (at, item) in want.iter().enumerate().skip(stay.len()) {
            let at = (have.len() + at - stay.len()).to_string();
            path.push(at);
            edits.push(put(path, item));
            path.pop();
        }
        for at in (0..have.len()).rev().filter(|it| !stay.contains(it)) {
            let path = path.iter().cloned().chain([at.to_string()]).collect();
            edits.push(Edit { path, value: None });
        }
    } else {
        edits.push(put(path, &Value::Array(want.to_vec())));
    }
}

fn put(path: &[String], value: &Value) -> Edit {
    Edit { path: path.to_vec(), value: Some(value.clone()) }
}
