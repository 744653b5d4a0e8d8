//! Edits of a file that leave every other byte as it is: comments, order, quotes, line ends.

mod place;
mod render;

use saphyr_parser::ScalarStyle;
use serde_json::Value as Json;

use self::{
    place::{Held, Items, Place, document},
    render::Tongue,
};
use super::{
    scalar,
    tree::{self, Node},
};

/// What is to become of one value in a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The members that lead to it, from the document's top; numbers from 0 in lists.
    pub path: Vec<String>,
    /// What stands there then; `None`: nothing.
    pub value: Option<Json>,
}

/// Why a value cannot be edited in place, and what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {why}; {todo}")]
pub struct EditError {
    /// Where, as far as it is known.
    pub line: u32,
    why: &'static str,
    todo: String,
}

/// Why not: the line, and the reason.
type Why = (u32, &'static str);

const ELSEWHERE: &str = "the value stands elsewhere (`*`)";
const REFERRED: &str = "others refer to the value (`&`)";
const NO_EDIT: &str = "the value is written in a way that is not edited";
const NOT_THERE: &str = "the value is not there";

/// Puts another text in the place of the scalar at `path`, in the document whose first key stands on `line`. What it
/// gives back reads as before but for that value; it is never given back unless that was seen.
pub fn replace(text: &str, line: u32, path: &[&str], value: &str) -> Result<String, EditError> {
    let todo = || format!("write `{value}` there by hand");
    let failed = |(line, why)| EditError { line, why, todo: todo() };
    let top = document(text, line).ok_or_else(|| failed((line, "the file cannot be read")))?;
    let place = top.find(path).ok_or_else(|| failed((line, NOT_THERE)))?;
    let edited = free(place)
        .and_then(|()| scalar_put(text, place, value).ok_or((place.line, NO_EDIT)))
        .map_err(failed)?;
    let path = path.iter().map(|it| (*it).to_owned()).collect();
    let edit = Edit { path, value: Some(Json::from(value)) };
    seen((text, &edited), line, &edit).map_err(failed)?;
    Ok(edited)
}

/// Makes an edit in the document whose first key stands on `line`: another value, one more, or one less. Values of any
/// sort; the same promise as [`replace`].
pub fn edit(text: &str, line: u32, edit: &Edit) -> Result<String, EditError> {
    let tongue = Tongue::of(text);
    let failed = |(line, why)| {
        let at = edit.path.join(".");
        let todo = match &edit.value {
            Some(value) => format!("make `{at}` there {} by hand", tongue.line(value)),
            None => format!("take `{at}` out by hand"),
        };
        EditError { line, why, todo }
    };
    let top = document(text, line).ok_or_else(|| failed((line, "the file cannot be read")))?;
    let edited = Editor { text, tongue }.edited(&top, edit).map_err(failed)?;
    seen((text, &edited), line, edit).map_err(failed)?;
    Ok(edited)
}

/// Whether the edited file reads as the other one, but for the edit.
fn seen((before, after): (&str, &str), line: u32, edit: &Edit) -> Result<(), Why> {
    let (before, after) = (read(before), read(after));
    let fits = before.zip(after).is_some_and(|(mut wanted, found)| {
        let edited = wanted.iter_mut().find(|it| it.0 == line);
        edited.is_some_and(|it| set(&mut it.1, &edit.path, edit.value.as_ref()).is_some())
            && wanted.len() == found.len()
            && wanted.iter().zip(&found).all(|(one, other)| one.1 == other.1)
    });
    if fits { Ok(()) } else { Err((line, "an edit would change more than the value")) }
}

/// All documents, with the lines that they begin on.
fn read(text: &str) -> Option<Vec<(u32, Json)>> {
    let (documents, troubles) = tree::documents(text, tree::Tags::Refused);
    let all = documents.iter().map(|it: &Node| (it.at.line, scalar::json(it)));
    troubles.is_empty().then(|| all.collect())
}

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
            let at = name.parse::<usize>().ok().filter(|it| *it < items.len())?;
            match value {
                Some(value) => value.clone_into(items.get_mut(at)?),
                None => drop(items.remove(at)),
            }
        }
        _ => return None,
    }
    Some(())
}

/// Whether a value stands where it is, and for itself.
fn free(place: &Place) -> Result<(), Why> {
    match place.held {
        Held::Alias => Err((place.line, ELSEWHERE)),
        _ if place.anchored => Err((place.line, REFERRED)),
        _ => Ok(()),
    }
}

struct Editor<'a> {
    text: &'a str,
    tongue: Tongue,
}

impl Editor<'_> {
    fn edited(&self, top: &Place, edit: &Edit) -> Result<String, Why> {
        let path: Vec<&str> = edit.path.iter().map(String::as_str).collect();
        let (name, above) = path.split_last().ok_or((top.line, NOT_THERE))?;
        let parent = top.find(above).ok_or((top.line, NOT_THERE))?;
        if let Held::Alias = parent.held {
            return Err((parent.line, ELSEWHERE));
        }
        let flow = (0..=above.len()).any(|it| {
            let place = above.get(..it).and_then(|it| top.find(it));
            place.is_some_and(|it| it.items().is_some_and(|it| it.flow))
        });
        let edited = match (parent.member(name), &edit.value) {
            (Some(place), Some(value)) => {
                free(place)?;
                let kept = value.as_str().and_then(|it| scalar_put(self.text, place, it));
                kept.or_else(|| self.changed((parent, place), value, flow))
            }
            (None, Some(value)) => self.added(parent, (name, value)),
            (Some(place), None) => self.removed(parent, place),
            (None, None) => return Err((parent.line, NOT_THERE)),
        };
        edited.ok_or((parent.line, NO_EDIT))
    }

    fn changed(
        &self,
        (parent, place): (&Place, &Place),
        value: &Json,
        flow: bool,
    ) -> Option<String> {
        let key = parent.key_of(place);
        let Some(key) = key.filter(|it| !flow && it.line < place.line) else {
            return self.put(place.start..place.end, &self.tongue.line(value));
        };
        let block =
            matches!(place.held, Held::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded));
        let Some(lines) = self.tongue.lines(value).filter(|_| !block) else {
            // Nothing that stands below its key, so it moves up to it.
            let colon = self.text.get(key.end..)?.find(':')? + key.end + 1;
            return self.put(colon..place.end, &format!(" {}", self.tongue.line(value)));
        };
        let (own, above) = (self.column(place.start)?, self.column(key.start)?);
        let column = if own > above || value.is_array() { own } else { above + 2 };
        let from = self.line_start(place.start)?;
        self.put(from..place.end, &self.indented(&lines, column))
    }

    fn added(&self, parent: &Place, (name, value): (&str, &Json)) -> Option<String> {
        let Held::Map(items, keys) = &parent.held else { return None };
        let member = || format!("{}: {}", self.tongue.word(name), self.tongue.line(value));
        match (items.flow, items.all.last(), keys.first()) {
            (true, Some(last), _) => self.put(last.end..last.end, &format!(", {}", member())),
            (true, None, _) => self.put(parent.start..parent.end, &format!("{{ {} }}", member())),
            (false, _, first) => {
                let column = self.column(first?.start)?;
                let end = self.line_end(parent.end)?;
                let lines = self.indented(&self.tongue.member(name, value), column);
                self.put(end..end, &format!("{}{lines}", self.newline()))
            }
        }
    }

    fn removed(&self, parent: &Place, place: &Place) -> Option<String> {
        let items = parent.items()?;
        let at = items.all.iter().position(|it| it.start == place.start)?;
        let begin = |it: &Place| parent.key_of(it).map_or(it.start, |key| key.start);
        let before = at.checked_sub(1).and_then(|it| items.all.get(it));
        let after = items.all.get(at + 1);
        if items.flow {
            return match (before, after) {
                (_, Some(next)) => self.put(begin(place)..begin(next), ""),
                (Some(last), None) => self.put(last.end..place.end, ""),
                (None, None) => self.put(begin(place)..place.end, ""),
            };
        }
        // The whole lines that it stands on, which must be its own; nothing may be left over that is no map.
        before.or(after)?;
        let from = self.line_start(begin(place))?;
        let lead = self.text.get(from..begin(place))?.trim();
        let own = lead.is_empty() || (lead == "-" && matches!(parent.held, Held::List(_)));
        let end = self.line_end(place.end)?;
        let end = end + self.text.get(end..)?.find('\n').map_or(0, |it| it + 1);
        own.then(|| self.put(from..end, ""))?
    }

    fn put(&self, range: std::ops::Range<usize>, with: &str) -> Option<String> {
        let (before, after) = (self.text.get(..range.start)?, self.text.get(range.end..)?);
        Some([before, with, after].concat())
    }

    fn indented(&self, lines: &[String], column: usize) -> String {
        let lines: Vec<String> =
            lines.iter().map(|it| format!("{}{it}", " ".repeat(column))).collect();
        lines.join(self.newline())
    }

    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn line_start(&self, at: usize) -> Option<usize> {
        Some(self.text.get(..at)?.rfind('\n').map_or(0, |it| it + 1))
    }

    /// Before the line's end.
    fn line_end(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let line = rest.split('\n').next()?;
        Some(at + line.trim_end_matches('\r').len())
    }

    fn column(&self, at: usize) -> Option<usize> {
        Some(self.text.get(self.line_start(at)?..at)?.chars().count())
    }
}

impl Place {
    fn items(&self) -> Option<&Items> {
        match &self.held {
            Held::List(items) | Held::Map(items, _) => Some(items),
            Held::Scalar(..) | Held::Alias => None,
        }
    }

    /// The key of a member of this map.
    fn key_of(&self, member: &Self) -> Option<&Self> {
        let Held::Map(items, keys) = &self.held else { return None };
        keys.get(items.all.iter().position(|it| it.start == member.start)?)
    }
}

/// The text with another scalar in place, in the quotes that stand there; `None` if that cannot be done.
fn scalar_put(text: &str, place: &Place, value: &str) -> Option<String> {
    let Held::Scalar(reads, style) = &place.held else { return None };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-@:".contains(c);
    let first = |c: char| c.is_ascii_alphanumeric() || "/._".contains(c);
    if !value.starts_with(first) || !value.chars().all(plain) || value.ends_with(':') {
        return None;
    }
    let quote = match style {
        ScalarStyle::Plain => "",
        ScalarStyle::SingleQuoted => "'",
        ScalarStyle::DoubleQuoted => "\"",
        ScalarStyle::Literal | ScalarStyle::Folded => return None,
    };
    let (before, rest) = text.split_at_checked(place.start)?;
    let (old, after) = rest.split_at_checked(place.end - place.start)?;
    // A plain one that goes on over several lines does not stand there as it reads.
    let text = || matches!(scalar::read(value, true), scalar::Scalar::Text(_));
    let stands = if quote.is_empty() { old == reads && text() } else { old.starts_with(quote) };
    stands.then(|| [before, quote, value, quote, after].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATH: [&str; 2] = ["spec", "image"];

    fn check(before: &str, after: &str) {
        let line = tree::documents(before, tree::Tags::Refused).0.last().unwrap().at.line;
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
        let line = tree::documents(before, tree::Tags::Refused).0.last().map_or(1, |it| it.at.line);
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
        check(block, ("spec.a", ""), &block.replace("  a: 1 # one\n", ""));
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
        check(list, ("spec.a", "{}"), "spec:\n  a: {}\n");
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
                // Comments outside of what was edited are all there.
                let kept = document.lines().filter(|it| it.trim_start().starts_with("# keep"));
                for comment in kept {
                    prop_assert!(text.contains(comment), "{}", text);
                }
            } else {
                // Only what nobody could do on a whole line, or what has no place.
                prop_assert!(wanted.value.is_none() || read(document).unwrap()[0].1.pointer(&format!("/{}", path[..path.len() - 1].join("/"))).is_none_or(Json::is_array), "{:?}", wanted);
            }
        }
    }

    const BLOCK: &str = "# keep 1\nspec:\n  a: 1 # one\n  # keep 2\n  list:\n    - name: x\n      more: 1\n    - { name: y }\n  # keep 3\n  map:\n      key: 'v'\n      other: \"w\"\n  text: |\n    some\n\n    lines\n  # keep 4\n  last: { x: 1 } # end\n# keep 5\n";
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
