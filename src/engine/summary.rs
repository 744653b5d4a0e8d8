//! What an engine is doing, in numbers.

use std::time::Duration;

use super::{
    audit::AuditPeriods, brake::Waves, breaker::Broken, diff::Reason, prune::PruneInput, time::Mono,
};

/// What one engine is doing about one facet, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Whether a complete list has been read since the start.
    pub listed: bool,
    /// When the next list is due; `None` while one is being read.
    pub next_list: Option<Mono>,
    /// The pause between two lists, as the budget allows it now.
    pub resync: Duration,
    /// How often the audit reads.
    pub audit_periods: AuditPeriods,
    /// Objects in AWS that nobody wants and that are not ours.
    pub unmanaged: usize,
    /// Objects in AWS that are ours and that nobody wants.
    pub orphans: usize,
    /// The same in detail, for the prune gate.
    pub prune_input: PruneInput,
    /// The update of many that is under way.
    pub waves: Option<Waves>,
    /// The mass-drift breaker, if it is open.
    pub broken: Option<Broken>,
    /// Objects in AWS that are wanted.
    pub managed: usize,
    /// Reads and steps that are due and have not begun.
    pub depth: usize,
    /// Why everything is on hold.
    pub paused: Option<Reason>,
}
