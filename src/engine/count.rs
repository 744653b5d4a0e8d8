//! Numbers of things as people read them.

use std::fmt::Display;

/// A number and what it counts, in the singular where it is 1: `1 file`, `2 files`, `3 entries`.
pub fn count<N: Copy + Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    if number == N::from(1) {
        return format!("{number} {noun}");
    }
    let stem = noun.strip_suffix('y').filter(|it| !it.ends_with(['a', 'e', 'o', 'u']));
    match stem {
        Some(stem) => format!("{number} {stem}ies"),
        None if noun.ends_with(['s', 'x']) => format!("{number} {noun}es"),
        None => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_all_else_plural() {
        for (number, noun, text) in [
            (0, "file", "0 files"),
            (1, "file", "1 file"),
            (2, "good document", "2 good documents"),
            (1, "entry", "1 entry"),
            (3, "entry", "3 entries"),
            (3, "day", "3 days"),
            (2, "index", "2 indexes"),
            (1_000_000_u64, "alias", "1000000 aliases"),
        ] {
            assert_eq!(count(number, noun), text);
        }
    }
}
