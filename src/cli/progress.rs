//! Progress of `apply` and `run --once` on a terminal: what is being done, and how much is left.

use indicatif::{ProgressBar, ProgressStyle};

use super::out::is_watched;
use crate::{
    daemon::board::{Board, BoardState},
    engine::{
        kind::Kind as _,
        status::{Row, Truth},
    },
    kinds::image::Image,
};

/// A line that is drawn over and over; nothing where nobody watches.
pub(super) struct ApplyProgress(Option<ProgressBar>);

impl ApplyProgress {
    /// Draws the line on standard error if somebody watches it, and else nothing.
    pub(super) fn start() -> Self {
        if !is_watched() {
            return Self(None);
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} settled  {wide_msg}")
        {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// Draws what the board says.
    pub(super) fn peek(&self, board: &Board) {
        let Some(bar) = &self.0 else { return };
        let (all, settled, doing) = board.read(sum);
        bar.set_length(all);
        bar.set_position(settled);
        bar.set_message(doing);
        bar.tick();
    }

    /// Lets something else print while the line is away.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Returns how many objects there are, how many of them Evenkeel is not at work on, and what is
/// being done for one of the others. Images do not count: functions wait for them and say so.
fn sum(shown: &BoardState) -> (u64, u64, String) {
    let rows = || shown.rows.values().filter(|it| it.key.kind != Image::NAME);
    let working = |row: &Row| {
        row.conditions.iter().any(|it| it.kind == "Reconciling" && it.status == Truth::True)
    };
    let all = rows().count();
    let busy = rows().filter(|it| working(it)).count();
    let doing = rows().find(|it| working(it)).map(|it| it.reason.message.clone());
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    (number(all), number(all - busy), doing.unwrap_or_default())
}
