//! Failures of calls, sorted by what to do next rather than by what went wrong.

use std::{fmt, time::Duration};

/// What a failed call asks of us. Nothing here is terminal: every class is tried again, at its own
/// pace, and any change of spec, facts or live state tries again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Too many calls; try later, more slowly.
    Throttled,
    /// An update is in progress; waiting, not failing.
    Busy,
    /// Another party changed the object since we read; read again.
    Precondition,
    /// Something that the object needs is not there yet: an image, a role, a subnet.
    MissingInput,
    /// Our credentials may not do this.
    Denied,
    /// AWS refuses the request as it stands.
    Invalid,
    /// The object went away while we worked on it.
    Gone,
    /// Our credentials are expired or unknown: nothing on this target can work.
    Credentials,
    /// The outcome is not known: a server error, a time-out, a torn connection, an unknown code.
    Unclear,
}

impl Class {
    /// The word in logs, labels and docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Busy => "busy",
            Self::Precondition => "precondition",
            Self::MissingInput => "missing_input",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Gone => "gone",
            Self::Credentials => "credentials",
            Self::Unclear => "unclear",
        }
    }

    /// What Evenkeel does about it, for the reference page.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Throttled => "backs off and slows the call budget down; obeys `Retry-After`",
            Self::Busy => "waits: AWS is at work on the object; tries again after 5 s",
            Self::Precondition => "looks again: another party changed the object meanwhile",
            Self::MissingInput => {
                "tries again after a minute: something does not exist yet, is not ready, or is misspelt"
            }
            Self::Denied => "tries again after 5 minutes: a person must grant the permission",
            Self::Invalid => "tries again after an hour: AWS refuses the request as it stands",
            Self::Gone => "looks again: the object went away meanwhile",
            Self::Credentials => "puts the whole target on hold until they are accepted again",
            Self::Unclear => "looks again, with backoff: the outcome is not known",
        }
    }

    /// Whether AWS refuses this very request, whatever else there is to do: other requests about the same object may
    /// do better.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::MissingInput | Self::Denied | Self::Invalid)
    }

    /// Whether a write that failed so may have changed something all the same, or shows that another party did.
    pub fn may_have_changed(self) -> bool {
        matches!(self, Self::Unclear | Self::Precondition | Self::Gone)
    }

    /// Every class, in the order of the reference page.
    pub const ALL: [Self; 9] = [
        Self::Throttled,
        Self::Busy,
        Self::Precondition,
        Self::MissingInput,
        Self::Denied,
        Self::Invalid,
        Self::Gone,
        Self::Credentials,
        Self::Unclear,
    ];
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call that did not succeed. `Display` names the operation; the cause hangs below in
/// [`std::error::Error::source`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What to do about it.
    pub class: Class,
    /// The AWS operation, as `UpdateFunctionCode`.
    pub op: &'static str,
    /// What AWS or the connection said.
    pub cause: AwsError,
    /// How long AWS asked us to wait.
    pub retry_after: Option<Duration>,
}

/// What AWS or the connection said, free of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// The AWS error code, if there was one.
    pub code: Option<String>,
    /// The message.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.op)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for AwsError {}

/// An error and its causes on one line: `UpdateFunctionCode failed: ServiceException: …`.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
