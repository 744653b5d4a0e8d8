//! A value as text: on one line, or on several below its key.

use serde_json::{Map, Value as Json};

use super::super::scalar::{YamlScalar, read};

/// How long a value on the line of its key may get.
const WIDTH: usize = 90;

/// How the text around a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// JSON: every text in quotes.
    Json,
    /// YAML.
    Yaml,
}

impl Tongue {
    /// That of a file.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if json { Self::Json } else { Self::Yaml }
    }

    /// Writes a value on one line, so that it may also stand within braces.
    pub(super) fn line(self, value: &Json) -> String {
        match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
            Json::String(text) => self.word(text),
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(|it| self.line(it)).collect();
                format!("[{}]", items.join(", "))
            }
            Json::Object(members) if members.is_empty() => "{}".to_owned(),
            Json::Object(members) => {
                let member =
                    |(key, it): (&String, &Json)| format!("{}: {}", self.word(key), self.line(it));
                let members: Vec<String> = sorted(members).into_iter().map(member).collect();
                format!("{{ {} }}", members.join(", "))
            }
        }
    }

    /// Writes a text: without quotes only where nothing could take it for anything else, wherever
    /// it stands.
    pub(super) fn word(self, text: &str) -> String {
        let first = |c: char| c.is_ascii_alphabetic() || c == '/';
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-@".contains(c);
        // Words of YAML 1.1 are short.
        let bare = self == Self::Yaml
            && text.starts_with(first)
            && text.chars().all(plain)
            && !matches!(
                text.to_ascii_lowercase().as_str(),
                "y" | "n" | "yes" | "no" | "on" | "off"
            )
            && matches!(read(text, true), YamlScalar::Text(_));
        if bare { text.to_owned() } else { Json::from(text).to_string() }
    }

    /// Writes a value below its key, a line each, without the indent; `None` if it has to stand on
    /// the key's line.
    pub(super) fn lines(self, value: &Json) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        match value {
            Json::Object(members) if !members.is_empty() => {
                for (key, value) in sorted(members) {
                    lines.extend(self.member(key, value));
                }
            }
            Json::Array(items) if !items.is_empty() => {
                for item in items {
                    let below = self.lines(item).filter(|_| self.line(item).len() > WIDTH);
                    let below = below.unwrap_or_else(|| vec![self.line(item)]);
                    let lead = ["- "].into_iter().chain(std::iter::repeat("  "));
                    lines.extend(lead.zip(below).map(|(lead, it)| format!("{lead}{it}")));
                }
            }
            _ => return None,
        }
        Some(lines)
    }

    /// Writes a member of a map: on one line if it is short, else with its value below the key.
    pub(super) fn member(self, key: &str, value: &Json) -> Vec<String> {
        let (key, line) = (self.word(key), self.line(value));
        match self.lines(value).filter(|_| line.len() > WIDTH) {
            Some(below) => {
                let below = below.into_iter().map(|it| format!("  {it}"));
                [format!("{key}:")].into_iter().chain(below).collect()
            }
            None => vec![format!("{key}: {line}")],
        }
    }
}

/// By name, whatever order the map itself has.
fn sorted(members: &Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|it| it.0);
    members
}
