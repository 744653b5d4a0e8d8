//! Edits of a file that leave every other byte as it is: comments, order, quotes, line ends.

mod editor;
mod node;
mod render;

use serde_json::Value as Json;

pub use self::editor::Edit;
use self::{
    editor::{EditRefusal, Editor, NO_EDIT, NOT_THERE, free, scalar_put},
    node::document,
    render::Tongue,
};
use super::{
    scalar,
    tree::{self, Node},
};

/// Why an edit fails in a file that has a fault.
const UNREADABLE: &str = "the file cannot be read";

/// Why a value cannot be edited in place, and what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {why}; {todo}")]
pub struct EditError {
    /// Where, as far as it is known.
    pub line: u32,
    why: &'static str,
    todo: String,
}

/// Puts another text in the place of the scalar at `path`, in the document whose first key stands on `line`. What it
/// gives back reads as before but for that value; it is never given back unless that was seen.
pub fn replace(text: &str, line: u32, path: &[&str], value: &str) -> Result<String, EditError> {
    let todo = || format!("write `{value}` there by hand");
    let failed = |EditRefusal { line, why }| EditError { line, why, todo: todo() };
    let top = document(text, line).ok_or(EditRefusal { line, why: UNREADABLE }).map_err(failed)?;
    let node = top.find(path).ok_or(EditRefusal { line, why: NOT_THERE }).map_err(failed)?;
    let edited = free(node)
        .and_then(|()| {
            scalar_put(text, node, value).ok_or(EditRefusal { line: node.line, why: NO_EDIT })
        })
        .map_err(failed)?;
    let path = path.iter().map(|it| (*it).to_owned()).collect();
    let edit = Edit { path, value: Some(Json::from(value)) };
    check_edit(text, &edited, line, &edit).map_err(failed)?;
    Ok(edited)
}

/// Makes an edit in the document whose first key stands on `line`: another value, one more, or one
/// less, of any sort. It gives a text back only if that was seen to read as before but for the
/// edit.
pub fn edit(text: &str, line: u32, edit: &Edit) -> Result<String, EditError> {
    let tongue = Tongue::of(text);
    let failed = |EditRefusal { line, why }| {
        let at = edit.path.join(".");
        // What is in an environment may be a secret.
        let secret = edit.path.iter().any(|it| it == "environment");
        let todo = match &edit.value {
            Some(value) if !secret => format!("make `{at}` there {} by hand", tongue.line(value)),
            Some(_) => format!("change `{at}` by hand"),
            None => format!("take `{at}` out by hand"),
        };
        EditError { line, why, todo }
    };
    let top = document(text, line).ok_or(EditRefusal { line, why: UNREADABLE }).map_err(failed)?;
    let edited = Editor { text, tongue }.edited(&top, edit).map_err(failed)?;
    check_edit(text, &edited, line, edit).map_err(failed)?;
    Ok(edited)
}

/// Reads both texts and makes sure that the edit has changed nothing else.
fn check_edit(before: &str, after: &str, line: u32, edit: &Edit) -> Result<(), EditRefusal> {
    let (before, after) = (read(before), read(after));
    let fits = before.zip(after).is_some_and(|(mut wanted, found)| {
        let edited = wanted.iter_mut().find(|it| it.0 == line);
        edited.is_some_and(|it| set(&mut it.1, &edit.path, edit.value.as_ref()).is_some())
            && wanted.len() == found.len()
            && wanted.iter().zip(&found).all(|(one, other)| one.1 == other.1)
    });
    let why = "an edit would change more than the value";
    if fits { Ok(()) } else { Err(EditRefusal { line, why }) }
}

/// All documents, with the lines that they begin on.
fn read(text: &str) -> Option<Vec<(u32, Json)>> {
    let trees = tree::documents(text, tree::YamlTags::Refused);
    let all = trees.documents.iter().map(|it: &Node| (it.at.line, scalar::json(it)));
    trees.is_faultless().then(|| all.collect())
}

/// Makes an edit to JSON, so that it can be compared with the edited text: puts `value` at `path`,
/// or takes out what is there. `None` if the path leads nowhere.
fn set(place: &mut Json, path: &[String], value: Option<&Json>) -> Option<()> {
    let (name, rest) = path.split_first()?;
    if let [_, ..] = rest {
        let next = match place {
            Json::Object(members) => members.get_mut(name),
            Json::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
            _ => None,
        };
        return set(next?, rest, value);
    }
    match (place, value) {
        (Json::Object(members), Some(value)) => drop(members.insert(name.clone(), value.clone())),
        (Json::Object(members), None) => drop(members.remove(name)?),
        (Json::Array(items), value) => {
            let at = name.parse::<usize>().ok().filter(|it| *it <= items.len())?;
            match (value, items.get_mut(at)) {
                (Some(value), Some(item)) => value.clone_into(item),
                (Some(value), None) => items.push(value.clone()),
                (None, Some(_)) => drop(items.remove(at)),
                (None, None) => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATH: [&str; 2] = ["spec", "image"];

    fn check(before: &str, after: &str) {
        let line =
            tree::documents(before, tree::YamlTags::Refused).documents.last().unwrap().at.line;
        assert_eq!(replace(before, line, &PATH, "new:v2").as_deref(), Ok(after));
    }

    #[test]
    fn only_the_value_changes() {
        check("spec:\n  image: old:v1\n", "spec:\n  image: new:v2\n");
        check("spec: { image: old:v1, x: 1 }", "spec: { image: new:v2, x: 1 }");
        check(
            "# é ü 漢\r\nspec:\r\n    image:   'old:v1'   # why ☃\r\n    x: \"image\"\r\n",
            "# é ü 漢\r\nspec:\r\n    image:   'new:v2'   # why ☃\r\n    x: \"image\"\r\n",
        );
        check(
            "a: 1\n---\n# two\nspec: {image: \"old:v1\"}\n",
            "a: 1\n---\n# two\nspec: {image: \"new:v2\"}\n",
        );
        check(
            "{\"spec\":{\"list\":[{\"image\":\"x:1\"}],\"image\":\"old:v1\"}}",
            "{\"spec\":{\"list\":[{\"image\":\"x:1\"}],\"image\":\"new:v2\"}}",
        );
        check("spec:\n  image: old:v1", "spec:\n  image: new:v2");
        check("spec:\n  image: old:v1 # c\n", "spec:\n  image: new:v2 # c\n");
        check("spec:\n  image:\n    old:v1\n  x: 1\n", "spec:\n  image:\n    new:v2\n  x: 1\n");
        check("\u{feff}spec:\n  image: old:v1\n", "\u{feff}spec:\n  image: new:v2\n");
    }

    #[test]
    fn what_cannot_be_edited_is_said() {
        let check = |text: &str, value: &str, expected: &str| {
            let error = replace(text, 1, &PATH, value).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("spec: { x: 1 }", "new:v2", "not there");
        check("spec:\n  x: &a old:v1\n  image: *a\n", "new:v2", "stands elsewhere");
        check("spec:\n  image: &a old:v1\n  x: *a\n", "new:v2", "others refer");
        check("spec:\n  image: |\n    old:v1\n", "new:v2", "written in a way");
        check("spec: { image: old:v1 }", "a b", "written in a way");
        check("spec: { image: old:v1 ", "new:v2", "cannot be read");
    }

    fn edited(before: &str, path: &str, value: &str) -> Result<String, String> {
        let line = tree::documents(before, tree::YamlTags::Refused)
            .documents
            .last()
            .map_or(1, |it| it.at.line);
        let path = path.split('.').map(ToOwned::to_owned).collect();
        let value = (!value.is_empty()).then(|| serde_json::from_str(value).unwrap());
        edit(before, line, &Edit { path, value }).map_err(|error| error.to_string())
    }

    #[test]
    fn values_of_any_sort_are_put_added_and_taken_out() {
        let check = |before: &str, (path, value): (&str, &str), after: &str| {
            assert_eq!(edited(before, path, value).as_deref(), Ok(after), "{before}{path} {value}");
        };
        let block = "spec:\n  a: 1 # one\n  # of b\n  b:\n    c: x\n    d: [1]\n  # end\n";
        check(block, ("spec.a", "2"), &block.replace("a: 1", "a: 2"));
        check(block, ("spec.a", "\"2\""), &block.replace("a: 1", "a: \"2\""));
        check(block, ("spec.a", r#"{"keep":true}"#), &block.replace("a: 1", "a: { keep: true }"));
        check(block, ("spec.b.d", r#"["x y",true]"#), &block.replace("[1]", "[\"x y\", true]"));
        check(
            block,
            ("spec.b", r#"{"e":[1]}"#),
            &block.replace("    c: x\n    d: [1]", "    e: [1]"),
        );
        check(
            block,
            ("spec.b", "[1,2]"),
            &block.replace("    c: x\n    d: [1]", "    - 1\n    - 2"),
        );
        check(block, ("spec.b", "7"), &block.replace("b:\n    c: x\n    d: [1]", "b: 7"));
        check(block, ("spec.b.e", "\"no\""), &block.replace("[1]\n", "[1]\n    e: \"no\"\n"));
        check(block, ("spec.z", "null"), &block.replace("[1]\n", "[1]\n  z: null\n"));
        let bare = block.replace(" # one", "");
        check(&bare, ("spec.a", ""), &bare.replace("  a: 1\n", ""));
        check(block, ("spec.b", ""), "spec:\n  a: 1 # one\n  # of b\n  # end\n");
        check("spec:\r\n  a: 1\r\n", ("spec.b", "2"), "spec:\r\n  a: 1\r\n  b: 2\r\n");
        check("spec:\n  a: 1", ("spec.b", "2"), "spec:\n  a: 1\n  b: 2");
        check("spec:\n  a: |\n    x\n", ("spec.b", "2"), "spec:\n  a: |\n    x\n  b: 2\n");
        check("spec: { a: 1, b: 2 }", ("spec.a", ""), "spec: { b: 2 }");
        check("spec: { a: 1, b: 2 }", ("spec.b", ""), "spec: { a: 1 }");
        check("spec: { a: 1, b: {} }", ("spec.b.c", "2"), "spec: { a: 1, b: { c: 2 } }");
        check("spec: { a: x }", ("spec.b c", "2"), "spec: { a: x, \"b c\": 2 }");
        check(r#"{"spec":{"a":1}}"#, ("spec.b", "\"x\""), r#"{"spec":{"a":1, "b": "x"}}"#);
        let list = "spec:\n  a:\n  - b: 1\n    c: 2\n  # two\n  - b: 3\n";
        check(list, ("spec.a.1", ""), "spec:\n  a:\n  - b: 1\n    c: 2\n  # two\n");
        check(list, ("spec.a.0", ""), "spec:\n  a:\n  # two\n  - b: 3\n");
        check(list, ("spec.a.0.c", "[1]"), &list.replace("c: 2", "c: [1]"));
        check(list, ("spec.a.1.d", "4"), &list.replace("b: 3", "b: 3\n    d: 4"));
        check(list, ("spec.a.2", "4"), &format!("{list}  - 4\n"));
        check("spec: { a: [1] }", ("spec.a.1", "2"), "spec: { a: [1, 2] }");
        check("spec: { a: [] }", ("spec.a.0", "2"), "spec: { a: [2] }");
        check("spec: { a: [1, 2, 3] }", ("spec.a.1", ""), "spec: { a: [1, 3] }");
        let long =
            format!("{{\"rules\":[{{\"text\":\"{0}\"}},{{\"text\":\"{0}\"}}]}}", "x".repeat(60));
        let below = format!(
            "spec:\n  a: 1\n  b:\n    rules:\n      - {{ text: {0} }}\n      - {{ text: {0} }}\n",
            "x".repeat(60)
        );
        check("spec:\n  a: 1\n", ("spec.b", &long), &below);
    }

    #[test]
    fn edits_that_would_do_more_are_not_made() {
        let check = |before: &str, (path, value): (&str, &str), expected: &str| {
            let error = edited(before, path, value).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(
            "spec: { a: &x 1, b: *x }",
            ("spec.a", "2"),
            "line 1: others refer to the value (`&`); make `spec.a` there 2 by hand",
        );
        check(
            "spec: { a: &x 1, b: *x }",
            ("spec.a", ""),
            "more than the value; take `spec.a` out by hand",
        );
        check("spec: { a: &x {c: 1}, b: *x }", ("spec.b.c", "2"), "stands elsewhere");
        check("spec: { a: &x {c: 1}, b: *x }", ("spec.a.c", "2"), "more than the value");
        check("spec:\n  a: 1\n", ("spec.a", ""), "written in a way");
        check("spec:\n  a: 1\n", ("spec.b.c", "1"), "not there");
        check("spec:\n- a: 1\n  b: 2\n", ("spec.0.a", ""), "written in a way");
        check("spec: [", ("spec", "1"), "cannot be read");
        // A comment that would go with the value, or stand beside another one.
        check("spec:\n  a:\n  - 1 # one\n  - 2\n", ("spec.a", "{}"), "written in a way");
        check("spec:\n  a: # why\n    x\n  b: 1\n", ("spec.a", "{}"), "written in a way");
        check("spec:\n  a: 1 # one\n  b: 2\n", ("spec.a", ""), "written in a way");
        check("{ spec: { a: 1, # one\n  b: 2 } }", ("spec.a", ""), "written in a way");
        check("spec: { a: 1, # one\n  b: 2 }", ("spec.a", ""), "written in a way");
        check(
            "spec: { environment: { a: &x 1 }, b: *x }",
            ("spec.environment.a", "\"hunter2\""),
            "change `spec.environment.a` by hand",
        );
    }

    proptest! {
        /// Whatever is edited, what comes out reads as it should, or nothing comes out; and what is not edited stays.
        #[test]
        fn an_edit_does_what_it_says_or_nothing(
            document in prop::sample::select(vec![BLOCK, FLOW, JSON]),
            path in prop::sample::select(vec!["spec.a", "spec.list", "spec.list.0", "spec.list.1.name", "spec.map", "spec.map.key", "spec.map.new", "spec.text", "spec.new", "spec.last.x"]),
            value in prop_oneof![
                Just(None),
                any::<i32>().prop_map(|it| Some(Json::from(it))),
                ".{0,20}".prop_map(|it| Some(Json::from(it))),
                prop::collection::vec(".{0,40}", 0..4).prop_map(|it| Some(Json::from(it))),
                prop::collection::btree_map("[a-z: ]{0,9}", ".{0,40}", 0..4).prop_map(|it| Some(serde_json::json!(it))),
            ],
        ) {
            let path: Vec<String> = path.split('.').map(ToOwned::to_owned).collect();
            let wanted = Edit { path: path.clone(), value };
            let line = read(document).unwrap()[0].0;
            if let Ok(text) = edit(document, line, &wanted) {
                let mut json = read(document).unwrap();
                set(&mut json[0].1, &path, wanted.value.as_ref()).unwrap();
                prop_assert_eq!(&read(&text).unwrap()[0].1, &json[0].1);
                // No comment goes.
                let comments = document.lines().filter_map(|it| Some(it.split_once("# ")?.1));
                for comment in comments {
                    prop_assert!(text.contains(comment), "{}", text);
                }
            } else {
                // Only what nobody could do on a whole line or beside a comment, or what has no place.
                let commented = document == BLOCK && path.len() < 4;
                prop_assert!(commented || wanted.value.is_none() || read(document).unwrap()[0].1.pointer(&format!("/{}", path[..path.len() - 1].join("/"))).is_none_or(Json::is_array), "{:?}", wanted);
            }
        }
    }

    const BLOCK: &str = "# keep 1\nspec:\n  a: 1 # one\n  # keep 2\n  list: # three\n    - name: x # four\n      more: 1\n    - { name: y }\n  # keep 3\n  map:\n      key: 'v'\n      other: \"w\"\n  text: |\n    some\n\n    lines\n  # keep 4\n  last: { x: 1 } # end\n# keep 5\n";
    const FLOW: &str = "# keep\nspec: { a: 1, list: [{ name: x }, { name: y }], map: {key: v, other: w}, text: t,\n  last: {x: 1} }\n";
    const JSON: &str = "{\n  \"spec\": {\n    \"a\": 1,\n    \"list\": [{\"name\": \"x\"}, {\"name\": \"y\"}],\n    \"map\": {\"key\": \"v\", \"o\": 1},\n    \"text\": \"t\",\n    \"last\": {\"x\": 1}\n  }\n}\n";

    proptest! {
        #[test]
        fn every_other_byte_stays(
            comment in "[^\r\n\u{0}-\u{1f}\u{7f}-\u{9f}\u{feff}\u{fffe}\u{ffff}\u{2028}\u{2029}]{0,40}",
            indent in 1_usize..8,
            quote in prop::sample::select(vec!["", "'", "\""]),
            end in prop::sample::select(vec!["\n", "\r\n"]),
            gap in 1_usize..5,
            before in "[a-z]{1,8}",
        ) {
            let (pad, gap) = (" ".repeat(indent), " ".repeat(gap));
            let text = |image: &str| format!(
                "# {comment}{end}spec:{end}{pad}{before}x: 1 # {comment}{end}{pad}image:{gap}{quote}{image}{quote}{gap}# {comment}{end}{pad}y: [1]{end}"
            );
            prop_assert_eq!(replace(&text("old:v1"), 2, &PATH, "new:v2"), Ok(text("new:v2")));
        }
    }
}
