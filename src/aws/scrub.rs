//! AWS repeats what it was sent: its error texts pass through here before anybody sees them.

use crate::engine::secret::Secret;

/// Longer texts say nothing more.
const LENGTH_MAX: usize = 500;
/// Shorter secrets are words like `1` or `on`; masking those would only garble the text.
const SECRET_MIN: usize = 4;

/// The text without secrets, and without their lines if they have several: a log may show one alone.
pub fn mask(text: &str, secrets: &[&Secret]) -> String {
    let mut text = text.to_owned();
    let whole = secrets.iter().map(|it| it.expose());
    let lines = secrets.iter().flat_map(|it| it.expose().lines());
    // The longest first: one secret may be a part of another.
    let mut secrets: Vec<&str> = whole.chain(lines).filter(|it| it.len() >= SECRET_MIN).collect();
    secrets.sort_by_key(|it| std::cmp::Reverse(it.len()));
    for secret in secrets {
        text = text.replace(secret, "***");
        // AWS quotes values as JSON does.
        let quoted = serde_json::to_string(secret).unwrap_or_default();
        text = text.replace(quoted.trim_matches('"'), "***");
    }
    mask_keys(&text)
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
}
