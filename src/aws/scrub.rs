//! AWS repeats what it was sent: its error texts pass through here before anybody sees them.

use crate::engine::secret::Secret;

/// Longer texts say nothing more.
const LENGTH_MAX: usize = 500;
/// Shorter secrets are words like `1` or `on`; masking those would only garble the text.
const SECRET_MIN: usize = 4;
/// What stands in their place.
const MASK: &str = "***";

/// The text without secrets, and without their lines if they have several: a log may show one alone.
pub fn mask(text: &str, secrets: &[&Secret]) -> String {
    let mut text = text.to_owned();
    for form in forms(secrets) {
        text = text.replace(&form, MASK);
    }
    mask_keys(&text)
}

/// The same of a text whose beginning is cut off: what is left there of a secret goes too.
pub fn mask_cut(text: &str, secrets: &[&Secret]) -> String {
    // Half a character.
    let text = text.trim_start_matches('\u{fffd}');
    let left = forms(secrets).iter().filter_map(|it| rest(it, text)).max();
    match left.and_then(|it| text.get(it..)) {
        Some(text) => format!("{MASK}{}", mask(text, secrets)),
        None => mask(text, secrets),
    }
}

/// How many bytes of a text a secret may take.
pub fn longest(secrets: &[&Secret]) -> usize {
    forms(secrets).first().map_or(0, String::len)
}

/// How secrets and their lines may read in a text. The longest first: one may be a part of another.
fn forms(secrets: &[&Secret]) -> Vec<String> {
    let whole = secrets.iter().map(|it| it.expose());
    let lines = secrets.iter().flat_map(|it| it.expose().lines());
    let all = whole.chain(lines).filter(|it| it.len() >= SECRET_MIN);
    let mut forms: Vec<String> = all.flat_map(written).collect();
    forms.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    forms.dedup();
    forms
}

/// How a secret may be written in a text: as it is, and as JSON, in which AWS quotes values.
/// Programs escape in JSON what is not ASCII, or what HTML would take for its own.
fn written(secret: &str) -> [String; 5] {
    let quoted = serde_json::to_string(secret).unwrap_or_default();
    let quoted = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(&quoted);
    let escaped = |is: fn(char) -> bool, digits: fn(u16) -> String| -> String {
        let units = |c: char| c.encode_utf16(&mut [0; 2]).iter().copied().map(digits).collect();
        quoted.chars().map(|c| if is(c) { units(c) } else { c.to_string() }).collect()
    };
    let ascii = |c: char| !c.is_ascii();
    let html = |c: char| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
    let (small, large) = (|it| format!("\\u{it:04x}"), |it| format!("\\u{it:04X}"));
    let forms = [escaped(ascii, small), escaped(ascii, large), escaped(html, small)];
    let [one, two, three] = forms;
    [secret.to_owned(), quoted.to_owned(), one, two, three]
}

/// How many bytes of a secret's end a text begins with.
fn rest(secret: &str, text: &str) -> Option<usize> {
    let ends = secret.char_indices().filter_map(|(at, _)| secret.get(at..));
    let mut ends = ends.take_while(|it| it.len() >= SECRET_MIN);
    ends.find(|it| text.starts_with(it)).map(str::len)
}

/// The text without secrets and control characters, and not longer than a person reads.
pub fn scrub(text: &str, secrets: &[&Secret]) -> String {
    let text = mask(text, secrets);
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = clean.take(LENGTH_MAX).collect();
    if text.chars().count() > LENGTH_MAX {
        short.push('…');
    }
    short
}

/// Masks what looks like an AWS access key id: `AKIA…` and `ASIA…` with 16 more letters and digits.
fn mask_keys(text: &str) -> String {
    let masked = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).map(|word| {
        let body = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let key = (body.starts_with("AKIA") || body.starts_with("ASIA")) && body.len() == 20;
        if key { word.replace(body, "***") } else { word.to_owned() }
    });
    masked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let check = |text: &str, secret: &str, expected: &str| {
            assert_eq!(scrub(text, &[&Secret::new(secret)]), expected);
        };
        check("value 'hunter2!' is bad", "hunter2!", "value '***' is bad");
        check(r#"{"A":"a\"b\\c"}"#, "a\"b\\c", r#"{"A":"***"}"#);
        check("at line 1", "1", "at line 1");
        check("two\nlines", "none", "two lines");
        check("key AKIAIOSFODNN7EXAMPLE!", "none", "key ***!");
        assert!(scrub(&"ü".repeat(9999), &[]).chars().count() <= LENGTH_MAX + 1);
        let (short, long) = (Secret::new("abcd"), Secret::new("abcdefgh"));
        assert_eq!(scrub("x abcdefgh", &[&short, &long]), "x ***");
        let lines = Secret::new("-----BEGIN\nc2VjcmV0\n-----END");
        assert_eq!(mask("read c2VjcmV0 | x", &[&lines]), "read *** | x");
    }

    #[test]
    fn secrets_go_in_all_that_json_makes_of_them() {
        let check = |text: &str, secret: &str| {
            assert_eq!(mask(text, &[&Secret::new(secret)]), "v: ***.", "{secret}");
        };
        check("v: p\u{e4}ss\u{1f511}w\"rd.", "p\u{e4}ss\u{1f511}w\"rd");
        check(r#"v: p\u00e4ss\ud83d\udd11w\"rd."#, "p\u{e4}ss\u{1f511}w\"rd");
        check(r#"v: p\u00E4ss\uD83D\uDD11w\"rd."#, "p\u{e4}ss\u{1f511}w\"rd");
        check(r"v: a\u0026b\u003cc.", "a&b<c");
        check(r#"v: quoted\"."#, "quoted\"");
    }

    #[test]
    fn what_is_left_of_a_secret_that_was_cut_goes_too() {
        let secrets = [&Secret::new("correct horse b\u{e4}ttery")];
        assert_eq!(mask_cut("rse b\u{e4}ttery\nx", &secrets), "***\nx");
        assert_eq!(mask_cut("\u{fffd}ttery correct horse b\u{e4}ttery", &secrets), "*** ***");
        assert_eq!(mask_cut(r"00e4ttery x", &secrets), "*** x");
        assert_eq!(mask_cut("correct horse b\u{e4}ttery x", &secrets), "*** x");
        assert_eq!(mask_cut("ery x ttery", &secrets), "ery x ttery");
        assert_eq!(longest(&secrets), r"correct horse b\u00e4ttery".len());
    }
}
