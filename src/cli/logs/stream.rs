//! Names of log streams: each environment that runs a function writes into one of its own.

/// Who wrote, as the stream's name says it: `2026/11/25/[7]3f…`, or `2026/11/25/resize[7]3f…` in a group that
/// was chosen by `loggingConfig` (Lambda developer guide, "Log streams").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stream<'a> {
    /// The function, if the name has it.
    pub(super) function: Option<&'a str>,
    /// The version: a number, or `$LATEST`.
    pub(super) version: Option<&'a str>,
    /// What tells it from the other environments.
    pub(super) environment: &'a str,
}

impl<'a> Stream<'a> {
    /// Reads a name. One of another form, which another party's program may have written, is kept whole.
    pub(super) fn of(name: &'a str) -> Self {
        let other = Self { function: None, version: None, environment: name };
        let Some((before, rest)) = name.split_once('[') else { return other };
        let Some((version, environment)) = rest.split_once(']') else { return other };
        let function = before.rsplit('/').next().filter(|it| !it.is_empty());
        // Lambda may put the id in brackets too.
        let environment = environment.trim_start_matches('[').trim_end_matches(']');
        Self { function, version: Some(version), environment }
    }

    /// Enough of it to tell environments apart.
    pub(super) fn short(&self) -> String {
        let environment: String = self.environment.chars().take(4).collect();
        match self.version {
            Some(version) => format!("{version}/{environment}"),
            None => self.environment.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let check = |name: &str, function: Option<&str>, version: Option<&str>, short: &str| {
            let stream = Stream::of(name);
            assert_eq!((stream.function, stream.version), (function, version), "{name}");
            assert_eq!(stream.short(), short, "{name}");
        };
        check("2026/11/25/[7]3fa2bb", None, Some("7"), "7/3fa2");
        check("2026/11/25/[$LATEST]3fa2bb", None, Some("$LATEST"), "$LATEST/3fa2");
        check("2026/11/25/resize[7][3fa2bb]", Some("resize"), Some("7"), "7/3fa2");
        check("my-own", None, None, "my-own");
        check("odd[7", None, None, "odd[7");
        check("", None, None, "");
    }
}
