//! Where a block is, and what it says there.

use std::{collections::BTreeMap, fmt};

use crate::{engine::name::Name, kinds::part::Site};

/// Values as people may see them, by path.
pub type Fields = BTreeMap<String, String>;

/// What of a function a block belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BelongsTo {
    /// The function itself.
    Function,
    /// The alias that the document keeps, so that its callers see it; the function itself if it keeps none.
    Alias,
    /// The same, and the versions that the alias leads to: a move of the alias concerns it.
    Versions,
}

impl BelongsTo {
    /// Whether AWS's calls about it take a qualifier.
    pub(super) fn is_qualified(self) -> bool {
        self != Self::Function
    }

    pub(super) fn follows_versions(self) -> bool {
        self == Self::Versions
    }
}

/// Where a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The function.
    pub function: Name,
    /// The alias or version, if it does not belong to the function itself.
    pub qualifier: Option<String>,
}

impl At {
    /// Where a document wants a block.
    pub(super) fn of(belongs_to: BelongsTo, site: &Site<'_>) -> Self {
        let alias = site.alias.filter(|_| belongs_to.is_qualified());
        Self { function: site.function.clone(), qualifier: alias.map(ToOwned::to_owned) }
    }

    /// In words, without the function.
    pub(super) fn words(&self) -> String {
        match &self.qualifier {
            Some(number) if number.bytes().all(|it| it.is_ascii_digit()) => {
                format!("on version {number}")
            }
            Some(alias) => format!("on the alias {alias}"),
            None => "on the function itself".into(),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.function)?;
        self.qualifier.iter().try_for_each(|it| write!(f, ":{it}"))
    }
}
