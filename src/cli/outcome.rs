//! How commands end, and the exit codes of that.

/// How a command ended, as exit codes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandOutcome {
    /// 0: all is as it should be.
    Good,
    /// 1: something differs.
    Differs,
    /// 2: it could not be done.
    Error,
}

impl CommandOutcome {
    /// The code that the process exits with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Differs => 1,
            Self::Error => 2,
        }
    }
}
