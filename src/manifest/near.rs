//! The known word that was probably meant by one that is not known.

/// The longest word whose neighbours are looked for.
const WORD_MAX: usize = 64;
/// The shortest word that is taken for the beginning of another: `repo` for `Repository`.
const SHORT_MIN: usize = 4;

/// The known word that was probably meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > WORD_MAX {
        return None;
    }
    let word = word.to_lowercase();
    let near = known.map(|it| (steps(&word, &it.to_lowercase()), it)).min()?;
    (near.0 <= 1 + word.chars().count() / 5).then_some(near.1)
}

/// How far one word is from another. A word that another one begins with is its short form: it counts as one letter
/// away.
fn steps(word: &str, known: &str) -> usize {
    let letters = distance(word, known);
    let short = word.len() >= SHORT_MIN && known.starts_with(word);
    if short { letters.min(1) } else { letters }
}

/// How many letters must be changed, added or taken away to make one word of the other
/// (Levenshtein).
pub(super) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, above) in other.iter().zip(row.iter().skip(1)) {
            left = (corner + usize::from(a != *b)).min(left + 1).min(above + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let known = ["memorySize", "timeout", "role"];
        let near = |word| nearest(word, known.into_iter());
        assert_eq!(near("memorysize"), Some("memorySize"));
        assert_eq!(near("memorySizes"), Some("memorySize"));
        assert_eq!(near("timout"), Some("timeout"));
        assert_eq!(near("rolle"), Some("role"));
        assert_eq!(near("memory"), Some("memorySize"));
        assert_eq!(near("mem"), None);
        assert_eq!(near("handler"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
