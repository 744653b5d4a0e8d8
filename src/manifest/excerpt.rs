//! A line of a text that cannot be read, without anything in it that may be secret.

use super::envelope::is_field;

/// How many characters of the indentation are shown.
const INDENT_MAX: usize = 40;

/// Returns what may be shown of a line, which counts from 1: its indentation, each tab in it as `→`, and its key if that
/// is the name of a field. Everything else may be a secret that lost its quotes or its key. `None` if there is no such
/// line, or it is empty.
pub(super) fn outline(text: &str, line: u32) -> Option<String> {
    let number = usize::try_from(line).ok()?.checked_sub(1)?;
    let line = text.lines().nth(number)?;
    let rest = line.trim_start();
    let indent = line.strip_suffix(rest).unwrap_or_default();
    let mut shown: String = indent.chars().take(INDENT_MAX).map(visible).collect();
    let mut rest = rest.trim_end();
    while let Some(item) = rest.strip_prefix("- ") {
        shown.push_str("- ");
        rest = item.trim_start();
    }
    if rest.is_empty() {
        return None;
    }
    let key = rest.split_once(':').map(|(key, _)| key.trim_matches([' ', '"', '\'']));
    match key.filter(|it| is_field(it)) {
        Some(key) => shown.push_str(&[key, ": …"].concat()),
        None => shown.push('…'),
    }
    Some(shown)
}

fn visible(c: char) -> char {
    if c == '\t' { '→' } else { ' ' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_shows_the_names_of_fields_alone() {
        for (line, shown) in [
            ("\tmemorySize: 128", Some("→memorySize: …")),
            ("  \t - \"name\": x", Some("  → - name: …")),
            ("  PASSWORD: hunter2", Some("  …")),
            ("  hunter2", Some("  …")),
            ("role hunter2: x", Some("…")),
            ("   ", None),
        ] {
            assert_eq!(outline(&format!("spec:\n{line}\n"), 2).as_deref(), shown, "{line}");
        }
        assert_eq!(outline("spec:", 0), None);
        assert_eq!(outline("spec:", 2), None);
    }
}
