//! What is said of a block that the document leaves to others once it has been made (`policy.ignore`).

use crate::engine::diff::{Change, Reason};

/// For how long a block is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Always.
    Always,
    /// Until it has been made: then it is left to others (`policy.ignore`).
    UntilMade,
}

impl Keeping {
    /// Whether it is left to others by now. `made`: whether a claim says that we made it.
    pub(super) fn ends(self, made: bool) -> bool {
        self == Self::UntilMade && made
    }

    /// How long a member of `spec` is kept where these pointers are left to others.
    pub(super) fn of(ignored: &[String], field: &str) -> Self {
        let left = |it: &String| it.strip_prefix('/') == Some(field);
        if ignored.iter().any(left) { Self::UntilMade } else { Self::Always }
    }
}

/// Says how what is left to others differs from the document.
pub(super) fn told(changes: &[Change]) -> Reason {
    let line = |it: &Change| {
        let field = it.path.trim_start_matches('/').replace('/', ".");
        format!("{field} {} → {}", it.live, it.desired)
    };
    let text = changes.iter().map(line).collect::<Vec<_>>().join(", ");
    Reason::new("LeftToOthers", format!("left to others, though it differs: {text}"))
}
