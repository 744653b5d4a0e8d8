//! Who goes first when calls are scarce.

/// Who goes first when calls are scarce, from the most urgent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A step.
    Write,
    /// A read of something that we are in the middle of changing.
    InFlight,
    /// A read of something that seems to have changed.
    Mover,
    /// A page of a list.
    List,
    /// The audit.
    Audit,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 5] = [Self::Write, Self::InFlight, Self::Mover, Self::List, Self::Audit];

    /// Its place among [`Priority::ALL`].
    pub fn rank(self) -> usize {
        match self {
            Self::Write => 0,
            Self::InFlight => 1,
            Self::Mover => 2,
            Self::List => 3,
            Self::Audit => 4,
        }
    }
}
