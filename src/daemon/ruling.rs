//! What may be deleted in one target: collecting what the engines know, and keeping the ruling.

use std::{collections::BTreeMap, sync::Arc};

use tracing::warn;

use super::board::Board;
use crate::{
    engine::{
        name::Name,
        prune::{Block, Census, Judge, Manifests, Ruling, Terms},
        time::Mono,
    },
    kinds::TAGGED,
};

/// Keeps the ruling of one target.
pub(super) struct Registrar {
    target: Name,
    judge: Judge,
    board: Arc<Board>,
    last: Arc<Ruling>,
}

impl Registrar {
    pub(super) fn new(target: Name, terms: Terms, board: Arc<Board>) -> Self {
        let judge = Judge::new(target.clone(), terms);
        Self { target, judge, board, last: Arc::default() }
    }

    /// When to rule again, if nothing happens before.
    pub(super) fn next(&self) -> Option<Mono> {
        self.last.next
    }

    /// Rules again; the ruling if it is a new one, or if `anew` asks for one in any case.
    pub(super) fn rule(
        &mut self,
        manifests: Manifests,
        now: Mono,
        anew: bool,
    ) -> Option<Arc<Ruling>> {
        let census = self.census();
        let ruling = Arc::new(self.judge.rule(census, manifests, now));
        if !anew && ruling == self.last {
            return None;
        }
        self.tell(&ruling);
        self.last = Arc::clone(&ruling);
        let target = self.target.clone();
        self.board.write(|board| board.rulings.insert(target, Arc::clone(&ruling)));
        Some(ruling)
    }

    fn census(&self) -> BTreeMap<&'static str, Census> {
        let known = |kind: &'static str| {
            let key = (self.target.clone(), kind);
            self.board.read(|board| board.engines.get(&key).map(|it| it.summary.census.clone()))
        };
        // Nothing is known of an engine that has not begun.
        TAGGED.map(|kind| (kind, known(kind).unwrap_or_default())).into()
    }

    /// One line each time that something new keeps candidates from being deleted.
    fn tell(&self, ruling: &Ruling) {
        let of = |it: &Ruling| it.blocked.as_ref().map(|(block, _)| *block);
        let Some((block, why)) = &ruling.blocked else { return };
        let first = *block == Block::FirstPass;
        if !first && (of(&self.last) != Some(*block) || self.last.hash != ruling.hash) {
            let (candidates, hash) = (ruling.candidates, &ruling.hash);
            warn!(target = %self.target, candidates, hash, because = why, "nothing is deleted");
        }
    }
}
