//! Texts as YAML scalars: without quotes only where no reader, of YAML 1.1 or 1.2, takes them for anything else.

/// What YAML 1.1 or 1.2 reads as something else than a text, in lower case.
const WORDS: &[&str] = &[
    "~", "null", "true", "false", "y", "n", "yes", "no", "on", "off", "<<", "=", ".inf", ".nan",
    "inf", "nan", "infinity",
];

/// What a plain scalar may not begin with.
const INDICATORS: &str = "-?:,[]{}#&*!|>'\"%@`~+<=";

/// How a text stands in a document.
pub(super) enum Scalar {
    /// On the line of its key.
    Inline(String),
    /// As a literal block: its header, and its lines.
    Literal(&'static str, Vec<String>),
}

/// A text as a value.
pub(super) fn text(text: &str) -> Scalar {
    match literal(text) {
        Some((header, lines)) => Scalar::Literal(header, lines),
        None => Scalar::Inline(word(text)),
    }
}

/// A text on one line: a key, or a short value.
pub(super) fn word(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    if text.chars().any(|it| !is_shown(it)) {
        return escaped(text);
    }
    if text.contains(['"', '\\']) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    format!("\"{text}\"")
}

/// Whether a character can stand for itself, in any kind of quotes.
fn is_shown(c: char) -> bool {
    c == ' ' || !(c.is_control() || c.is_whitespace() || is_odd(c))
}

/// Marks that nobody sees, and what Unicode calls no characters.
fn is_odd(c: char) -> bool {
    let unseen = matches!(c, '\u{ad}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fdd0}'..='\u{fdef}');
    unseen || u32::from(c) & 0xfffe == 0xfffe
}

fn is_plain(text: &str) -> bool {
    let trimmed = !text.is_empty() && !text.starts_with(' ') && !text.ends_with(' ');
    trimmed
        && !text.starts_with(|it| INDICATORS.contains(it))
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("...")
        && text.chars().all(is_shown)
        && !WORDS.contains(&text.to_lowercase().as_str())
        && !is_like_a_number(text)
}

/// Numbers of every base, times, dates, versions: what begins as a number, and has nothing in it but what numbers
/// and times have.
fn is_like_a_number(text: &str) -> bool {
    let part = |c: char| c.is_ascii_hexdigit() || "xXoO_.:+-tTzZ ".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.chars().all(part)
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_shown(c) => out.push(c),
            c => out.push_str(&by_number(c)),
        }
    }
    out.push('"');
    out
}

fn by_number(c: char) -> String {
    match u32::from(c) {
        code @ 0..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// The text as a literal block, if it has lines and none of them has anything that cannot be seen.
fn literal(text: &str) -> Option<(&'static str, Vec<String>)> {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let good = |line: &str| !line.ends_with(' ') && line.chars().all(is_shown);
    let first = body.lines().next().is_some_and(|it| !it.is_empty() && !it.starts_with(' '));
    let lines: Vec<&str> = body.split('\n').collect();
    let fits =
        text.contains('\n') && first && !body.ends_with('\n') && lines.iter().all(|it| good(it));
    fits.then(|| (header, lines.into_iter().map(ToOwned::to_owned).collect()))
}
