//! What we know of the live world: three values, never an `Option` for "maybe we failed to read".

/// What we know of one object in AWS. `R`: what a read brings, as [`Reading`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Observed<R> {
    /// We have not managed to read since the start or since the last failure.
    #[default]
    Unknown,
    /// A complete read did not find it.
    Absent,
    /// It was there.
    Present(R),
}

impl<R> Observed<R> {
    /// What was seen, if anything was.
    pub fn reading(&self) -> Option<&R> {
        match self {
            Self::Present(reading) => Some(reading),
            Self::Unknown | Self::Absent => None,
        }
    }

    /// The same, by reference.
    pub fn as_ref(&self) -> Observed<&R> {
        match self {
            Self::Unknown => Observed::Unknown,
            Self::Absent => Observed::Absent,
            Self::Present(reading) => Observed::Present(reading),
        }
    }

    /// The same of another type.
    pub fn map<T>(self, map: impl FnOnce(R) -> T) -> Observed<T> {
        match self {
            Self::Unknown => Observed::Unknown,
            Self::Absent => Observed::Absent,
            Self::Present(reading) => Observed::Present(map(reading)),
        }
    }
}

/// What the engine reads of any reading, whatever it is about.
pub trait Observation {
    /// Whether it came from a `get`.
    fn is_exact(&self) -> bool;
    /// The `RevisionId` to send with the next update.
    fn revision(&self) -> Option<&String>;
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

impl<L> Observation for Reading<L> {
    fn is_exact(&self) -> bool {
        self.exact
    }

    fn revision(&self) -> Option<&String> {
        self.revision.as_ref()
    }
}
