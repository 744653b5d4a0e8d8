//! Filter patterns: terms that an event must have, must not have, or of which it must have one; and one comparison of
//! a member of JSON. Columns (`[a, b]`), `%expressions%` and several comparisons are not here.

use serde_json::Value;

use crate::call::Refusal;

/// A pattern that was understood.
#[derive(Debug, PartialEq)]
pub(super) enum Pattern {
    Terms { all: Vec<String>, none: Vec<String>, any: Vec<String> },
    Member { path: Vec<String>, equal: bool, value: String },
}

impl Pattern {
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let read = match text.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}').and_then(member),
            None => terms(text),
        };
        let refused = || Refusal::new(400, "InvalidParameterException", "Invalid filter pattern");
        read.ok_or_else(refused)
    }

    pub(super) fn fits(&self, message: &str) -> bool {
        match self {
            Self::Terms { all, none, any } => {
                let has = |it: &String| message.contains(it.as_str());
                // CloudWatch overlooks alternatives beside terms that must be there.
                let some = any.is_empty() || !all.is_empty() || any.iter().any(has);
                all.iter().all(has) && !none.iter().any(has) && some
            }
            Self::Member { path, equal, value } => {
                let Ok(json) = serde_json::from_str::<Value>(message) else { return false };
                let found = path.iter().try_fold(&json, |it, name| it.get(name));
                found.is_some_and(|it| same(it, value) == *equal)
            }
        }
    }
}

fn terms(mut rest: &str) -> Option<Pattern> {
    let (mut all, mut none, mut any) = (Vec::new(), Vec::new(), Vec::new());
    while !rest.is_empty() {
        let list = match rest.chars().next() {
            Some('-') => &mut none,
            Some('?') => &mut any,
            _ => &mut all,
        };
        let (term, after) = term(rest.trim_start_matches(['-', '?']))?;
        list.push(term);
        rest = after.trim_start();
    }
    Some(Pattern::Terms { all, none, any })
}

/// A word, or a phrase in quotes; and what comes after it.
fn term(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (phrase, rest) = quoted.split_once('"')?;
        return (!phrase.is_empty()).then(|| (phrase.to_owned(), rest));
    }
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let good = |it: char| it.is_alphanumeric() || it == '_';
    (!word.is_empty() && word.chars().all(good)).then(|| (word.to_owned(), rest))
}

/// `$.a.b = "value"`.
fn member(text: &str) -> Option<Pattern> {
    let (left, right) = text.split_once('=')?;
    let (left, equal) = match left.strip_suffix('!') {
        Some(left) => (left, false),
        None => (left, true),
    };
    let path: Vec<String> = left.trim().strip_prefix("$.")?.split('.').map(str::to_owned).collect();
    let good = |it: char| it.is_alphanumeric() || "_-".contains(it);
    let named = path.iter().all(|it| !it.is_empty() && it.chars().all(good));
    let value = right.trim();
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => value,
    };
    let whole = !value.contains('"') && !value.contains("&&") && !value.contains("||");
    (named && whole).then(|| Pattern::Member { path, equal, value: value.to_owned() })
}

/// Strings with `*` for anything; numbers by their value.
fn same(found: &Value, value: &str) -> bool {
    match found {
        Value::String(text) => crate::ecr::wild(value, text),
        Value::Number(it) => value.parse().is_ok_and(|other: f64| it.as_f64() == Some(other)),
        Value::Bool(it) => value == it.to_string(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_choose_messages() {
        let check = |pattern: &str, message: &str, expected: bool| {
            let found = Pattern::read(pattern).expect("a pattern").fits(message);
            assert_eq!(found, expected, "{pattern} on {message}");
        };
        check("", "anything", true);
        check("ERROR", "[ERROR] no such base", true);
        check("ERROR base", "no such base", false);
        check("\"such base\"", "no such base", true);
        check("base -ERROR", "ERROR base", false);
        check("base -\"no such\"", "another base", true);
        check("?ERROR ?WARN", "WARN it is late", true);
        check("?ERROR ?WARN", "all is well", false);
        check("{ $.level = \"ERROR\" }", "{\"level\":\"ERROR\"}", true);
        check("{ $.level != \"ERROR\" }", "{\"level\":\"INFO\"}", true);
        check("{ $.level = \"ERROR\" }", "level ERROR", false);
        check("{ $.record.status = \"succ*\" }", "{\"record\":{\"status\":\"success\"}}", true);
        check("{$.code=404}", "{\"code\":404}", true);
        check("{ $.a != 1 }", "{\"b\":1}", false);
        for bad in ["a:b", "\"open", "{ level = 1 }", "[a, b]", "%x%", "{ $.a = 1 && $.b = 2 }"] {
            assert!(Pattern::read(bad).is_err(), "{bad}");
        }
    }
}
