//! How much the values of a file hold together, so that a limit holds while the text is read.

/// How much a value holds, itself included, and aliases as what they stand for.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) values: usize,
    /// Of text, keys included.
    pub(super) bytes: usize,
    /// How many levels of maps and lists.
    pub(super) depth: usize,
}

impl Size {
    /// An empty map or list.
    pub(super) const HOLDER: Self = Self { values: 1, bytes: 0, depth: 1 };

    pub(super) fn of(text: &str) -> Self {
        Self { values: 1, bytes: text.len(), depth: 0 }
    }

    /// With one more member.
    pub(super) fn add(&mut self, member: Self) {
        self.values = self.values.saturating_add(member.values);
        self.bytes = self.bytes.saturating_add(member.bytes);
        self.depth = self.depth.max(member.depth + 1);
    }
}
