//! Quantities with a unit where a manifest asks for a plain number: what number to write.

/// What a field counts, by its name.
enum Unit {
    Seconds,
    Days,
    Mebibytes,
}

/// The hint for a text where the field `name` asks for a whole number: the number that the text stands for. `None` if
/// the field has no unit, or the text is no quantity of it.
pub(super) fn hint(name: &str, text: &str) -> Option<String> {
    let unit = unit(name)?;
    let count = count(&unit, text)?;
    let word = match unit {
        Unit::Seconds => "seconds",
        Unit::Days => "days",
        Unit::Mebibytes => "MiB",
    };
    Some(format!("write the number of {word}: `{name}: {count}`"))
}

fn unit(name: &str) -> Option<Unit> {
    match name {
        "timeout" | "maxAge" => Some(Unit::Seconds),
        "memorySize" | "size" => Some(Unit::Mebibytes),
        _ if name.ends_with("InSeconds") => Some(Unit::Seconds),
        _ if name.ends_with("InDays") => Some(Unit::Days),
        _ => None,
    }
}

/// Reads a quantity: numbers, each with the name of a unit, as `5m`, `1h 30m` or `512 MB`. `None` if it is none, or no
/// whole number of `unit`.
fn count(unit: &Unit, text: &str) -> Option<u64> {
    let mut sum = 0_u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (word, after) = after.split_at_checked(letters)?;
        let number: u64 = number.parse().ok()?;
        sum = sum.checked_add(number.checked_mul(size_of_word(unit, word)?)?)?;
        rest = after.trim_start();
    }
    let whole = unit_size(unit);
    sum.is_multiple_of(whole).then_some(sum / whole)
}

/// The size of what a field counts, in seconds or bytes.
fn unit_size(unit: &Unit) -> u64 {
    match unit {
        Unit::Seconds => 1,
        Unit::Days => 86_400,
        Unit::Mebibytes => 1 << 20,
    }
}

/// The size of a unit by its name, in seconds or bytes. `None` if it is none in which `unit` can be written. AWS counts memory by 1024,
/// whatever letter stands there.
fn size_of_word(unit: &Unit, word: &str) -> Option<u64> {
    let word = word.to_lowercase();
    let size = match (unit, word.as_str()) {
        (Unit::Mebibytes, "m" | "mb" | "mib") => 1 << 20,
        (Unit::Mebibytes, "g" | "gb" | "gib") => 1 << 30,
        (Unit::Seconds | Unit::Days, "s" | "sec" | "secs" | "second" | "seconds") => 1,
        (Unit::Seconds | Unit::Days, "m" | "min" | "mins" | "minute" | "minutes") => 60,
        (Unit::Seconds | Unit::Days, "h" | "hour" | "hours") => 3_600,
        (Unit::Seconds | Unit::Days, "d" | "day" | "days") => 86_400,
        (Unit::Seconds | Unit::Days, "w" | "week" | "weeks") => 7 * 86_400,
        (Unit::Mebibytes | Unit::Seconds | Unit::Days, _) => return None,
    };
    Some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_told_as_the_number_to_write() {
        for (name, text, number) in [
            ("timeout", "5m", Some("300")),
            ("timeout", "1h30m", Some("5400")),
            ("timeout", "1 min 30 s", Some("90")),
            ("maximumBatchingWindowInSeconds", "20s", Some("20")),
            ("retentionInDays", "2w", Some("14")),
            ("retentionInDays", "12h", None),
            ("memorySize", "512MB", Some("512")),
            ("memorySize", "2 GiB", Some("2048")),
            ("memorySize", "512kB", None),
            ("timeout", "soon", None),
            ("timeout", "5", None),
            ("timeout", "99999999999999999999h", None),
            ("timeout", "", None),
            ("batchSize", "5m", None),
        ] {
            let hint = hint(name, text);
            let ends = |hint: &str| number.is_some_and(|it| hint.ends_with(&format!(": {it}`")));
            assert_eq!(hint.is_some(), number.is_some(), "{name}: {text}: {hint:?}");
            assert!(hint.is_none_or(|it| ends(&it)), "{name}: {text}");
        }
    }
}
