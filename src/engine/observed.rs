//! What we know of the live world: three values, never an `Option` for "maybe we failed to read".

/// What we know of one object in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Observed<L> {
    /// We have not managed to read since the start or since the last failure.
    #[default]
    Unknown,
    /// A complete read did not find it.
    Absent,
    /// It was there.
    Present(Reading<L>),
}

impl<L> Observed<L> {
    /// What was seen, if anything was.
    pub fn reading(&self) -> Option<&Reading<L>> {
        match self {
            Self::Present(reading) => Some(reading),
            Self::Unknown | Self::Absent => None,
        }
    }
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<L> {
    /// The object, in the same words as its spec.
    pub live: L,
    /// The `RevisionId` to send with the next update; `None` where AWS gave none.
    pub revision: Option<String>,
    /// Whether it came from a `get`. A `list` shows less, and only nominates.
    pub exact: bool,
}

/// A value that a read may fail to read while it reads the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    /// It was read.
    Yes(T),
    /// It could not be read, or this kind of read does not show it; the text says why.
    No(String),
}

impl<T> Known<T> {
    /// The value, if it was read.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Yes(value) => Some(value),
            Self::No(_) => None,
        }
    }
}
