//! The places of a function to which a block may belong: the function itself, its aliases and its versions.

use super::Connection;
use crate::{
    aws::{cloud::Priority, missing::optional, op::Op},
    engine::{failure::Failure, name::Name},
    kinds::block::At,
};

/// The version that is deployed and not published.
const LATEST: &str = "$LATEST";
/// More pages than that are no list of AWS's: 50 rows each.
pub const PAGES_MAX: usize = 100;

/// The places of a function that are read besides the block's own.
#[derive(Debug, Clone, Copy)]
pub struct Others<'a> {
    /// The function.
    pub function: &'a Name,
    /// Where the block is: that is read by itself.
    pub own: &'a At,
    /// Who goes first.
    pub priority: Priority,
}

impl Others<'_> {
    /// The place with this alias or version, or with none, unless it is the block's own.
    pub fn at(&self, qualifier: Option<String>) -> Option<At> {
        let at = At { function: self.function.clone(), qualifier };
        (*self.own != at).then_some(at)
    }
}

impl Connection {
    /// Returns the aliases and published versions of a function; none if there is no function.
    pub async fn qualifiers(
        &self,
        function: &Name,
        priority: Priority,
    ) -> Result<Vec<String>, Failure> {
        let mut all = self.aliases(function, priority).await?;
        all.extend(self.versions(function, priority).await?);
        Ok(all)
    }

    /// Returns the names of a function's aliases.
    async fn aliases(&self, function: &Name, priority: Priority) -> Result<Vec<String>, Failure> {
        let request = |marker| {
            let request = self.lambda().list_aliases().function_name(function.as_str());
            request.set_marker(marker).send()
        };
        let mut all = Vec::new();
        let mut list = self.calls.list(Op::ListAliases, priority, PAGES_MAX);
        while let Some((page, _)) = optional(list.next(request).await)?.flatten() {
            all.extend(page.aliases.unwrap_or_default().into_iter().filter_map(|it| it.name));
        }
        Ok(all)
    }

    /// Returns the numbers of a function's published versions, without `$LATEST`.
    async fn versions(&self, function: &Name, priority: Priority) -> Result<Vec<String>, Failure> {
        let request = |marker| {
            let request = self.lambda().list_versions_by_function();
            request.function_name(function.as_str()).set_marker(marker).send()
        };
        let mut all = Vec::new();
        let mut list = self.calls.list(Op::ListVersionsByFunction, priority, PAGES_MAX);
        while let Some((page, _)) = optional(list.next(request).await)?.flatten() {
            let versions = page.versions.unwrap_or_default().into_iter();
            all.extend(versions.filter_map(|it| it.version).filter(|it| it != LATEST));
        }
        Ok(all)
    }
}
