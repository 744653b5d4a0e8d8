//! Chance as a function: the same seed and the same circumstances give the same number, in whatever order
//! things are asked.

use sha2::{Digest as _, Sha256};

/// A number in 0..1.
pub(crate) fn share(seed: u64, parts: &[&str]) -> f64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let bytes = hash.finalize();
    let word = bytes.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    f64::from(word) / (f64::from(u32::MAX) + 1.0)
}

/// Lower-case hex of the SHA-256 of a text.
pub(crate) fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// An id in the form of a UUID.
pub(crate) fn uuid(seed: u64, number: u64) -> String {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(number.to_be_bytes());
    form(&hex(&hash.finalize()))
}

/// An id made of another one.
pub(crate) fn derived(id: &str, part: &str) -> String {
    form(&sha256(&format!("{id} {part}")))
}

/// Hex as a UUID.
fn form(text: &str) -> String {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_spread_and_repeatable() {
        let all: Vec<f64> = (0..1000).map(|number| share(7, &["a", &number.to_string()])).collect();
        let low = all.iter().filter(|it| **it < 0.25).count();
        assert!((200..300).contains(&low), "{low}");
        assert!((share(7, &["a", "3"]) - all[3]).abs() < f64::EPSILON);
        assert!((share(8, &["a", "3"]) - all[3]).abs() > f64::EPSILON);
    }

    #[test]
    fn ids_have_the_form_of_a_uuid() {
        let id = uuid(1, 2);
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_ne!(id, uuid(1, 3));
    }
}
