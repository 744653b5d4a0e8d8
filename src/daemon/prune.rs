//! What may be deleted in one target: collecting what the engines know, and keeping the ruling.

use std::{collections::BTreeMap, sync::Arc};

use tracing::warn;

use super::board::Board;
use crate::{
    engine::{
        name::Name,
        prune::{Judge, Manifests, PruneBlock, PruneDecision, PruneInput, Terms},
        time::Mono,
    },
    kinds::TAGGED,
};

/// Keeps the ruling of one target.
pub(super) struct PruneSupervisor {
    target: Name,
    judge: Judge,
    board: Arc<Board>,
    last: Arc<PruneDecision>,
}

impl PruneSupervisor {
    pub(super) fn new(target: Name, terms: Terms, board: Arc<Board>) -> Self {
        let judge = Judge::new(target.clone(), terms);
        Self { target, judge, board, last: Arc::default() }
    }

    /// When to rule again, if nothing happens before.
    pub(super) fn next(&self) -> Option<Mono> {
        self.last.next
    }

    /// Rules what may be deleted, from what the engines know now, and puts the decision on the
    /// board. `None` if it is the same as the last one and `again` does not ask for it in any case.
    pub(super) fn rule(
        &mut self,
        manifests: Manifests,
        now: Mono,
        again: bool,
    ) -> Option<Arc<PruneDecision>> {
        let prune_input = self.prune_input();
        let decision = Arc::new(self.judge.rule(prune_input, manifests, now));
        if !again && decision == self.last {
            return None;
        }
        self.log_block(&decision);
        self.last = Arc::clone(&decision);
        let target = self.target.clone();
        self.board.write(|board| board.prune_decisions.insert(target, Arc::clone(&decision)));
        Some(decision)
    }

    fn prune_input(&self) -> BTreeMap<&'static str, PruneInput> {
        let known = |kind: &'static str| {
            let key = (self.target.clone(), kind);
            self.board.read(|board| board.facets.get(&key).map(|it| it.summary.prune_input.clone()))
        };
        // Nothing is known of an engine that has not begun.
        TAGGED.map(|kind| (kind, known(kind).unwrap_or_default())).into()
    }

    /// One line each time that something new keeps candidates from being deleted.
    fn log_block(&self, decision: &PruneDecision) {
        let of = |it: &PruneDecision| it.blocked.as_ref().map(|(block, _)| *block);
        let Some((block, why)) = &decision.blocked else { return };
        let first = *block == PruneBlock::FirstPass;
        if !first && (of(&self.last) != Some(*block) || self.last.hash != decision.hash) {
            let (candidates, hash) = (decision.candidates, &decision.hash);
            warn!(target = %self.target, candidates, hash, because = why, "nothing is deleted");
        }
    }
}
