//! What `plan` and `run --once` share: a daemon that works until nothing is left to do.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::time;

use super::{
    args::CoreArgs,
    error::{CliError, DaemonError, UsageError},
    input, manifests,
    outcome::CommandOutcome,
    targets,
    time_scale::{clock, time_scale},
};
use crate::{
    aws::calls::QuotaShares,
    daemon::{
        board::{Board, BoardState},
        options::{Options, Working},
        pause::PauseFile,
        run::Daemon,
        source::{Snapshot, SourceError, SourceOptions},
    },
    engine::{kind::Kind as _, policy::Mode, prune::Terms, status::Status},
    kinds::{function::hash::HashKey, image::Image},
    manifest::Selection,
};

/// How often to see whether the work is done.
const PEEK: Duration = Duration::from_millis(20);
/// The shortest key that is one: 128 bits.
const HASH_KEY_MIN: usize = 16;

/// What to work on, and how.
pub(super) struct Job<'a> {
    pub(super) core: &'a CoreArgs,
    pub(super) dir: PathBuf,
    pub(super) source: SourceOptions,
    pub(super) selection: Selection,
    pub(super) settings: Working,
    pub(super) terms: Terms,
    pub(super) confirm: Option<String>,
    pub(super) pause: Option<PathBuf>,
}

/// How those work that read once, and write nothing.
pub(super) fn read_only(selection: &Selection) -> Working {
    Working {
        mode: Mode::Observe,
        resync: Duration::from_hours(1),
        audit_share: QuotaShares::AUDIT,
        in_flight_max: 1,
        read_mode: selection.read_mode(),
    }
}

/// Starts a daemon for a command. Before anything is touched, names that are no document's are
/// refused, and so is to prune with a selection, since pruning judges everything that is ours. A
/// fast clock is refused unless every target is on this machine.
pub(super) async fn start(job: Job<'_>) -> Result<Daemon, CliError> {
    let Job { core, dir, source, selection, settings, terms, confirm, pause } = job;
    if !selection.is_all() {
        if terms.prune {
            return Err(UsageError::PruneOfSome.into());
        }
        manifests::known(&*manifests::read_with(&dir, source)?, &selection)?;
    }
    let options = Options {
        root: dir,
        source,
        owner: core.owner.clone(),
        share: core.access.quota_share,
        settings,
        selection,
        terms,
        confirm,
        pause: PauseFile::new(pause),
        hash_key: hash_key(core)?,
        clock: clock()?,
        targets: targets::load(&core.access, settings.mode).await?,
    };
    if time_scale()? > 1.0 && !options.targets.iter().all(|it| it.clients.is_loopback()) {
        return Err(UsageError::HurriedAws.into());
    }
    Ok(Daemon::start(options).map_err(|error| DaemonError::Metrics(error.into()))?)
}

fn hash_key(args: &CoreArgs) -> Result<Option<HashKey>, CliError> {
    let Some(file) = &args.hash_key_file else { return Ok(None) };
    let bytes = input::read(file)?;
    if bytes.len() < HASH_KEY_MIN {
        return Err(UsageError::HashKey { path: file.clone(), min: HASH_KEY_MIN }.into());
    }
    Ok(Some(HashKey::new(&bytes)))
}

/// How a session ended.
pub(super) enum End {
    /// Nothing is left to do.
    Quiet,
    /// The manifests cannot be read.
    NoSource(SourceError),
    /// It took too long.
    Late,
}

/// Waits until the manifests are read and no engine has work left, they cannot be read, or time is
/// up. `peek` sees the board now and then.
pub(super) async fn settle(
    daemon: &Daemon,
    timeout: Duration,
    mut peek: impl FnMut(&Board),
) -> End {
    let quiet = async {
        loop {
            peek(&daemon.board);
            let end =
                daemon.board.read(|shown| match (&shown.source.error, &shown.source.snapshot) {
                    (Some(why), None) => Some(End::NoSource(why.clone())),
                    (_, None) => None,
                    (_, Some(_)) => shown.is_quiet(daemon.engines()).then_some(End::Quiet),
                });
            match end {
                Some(end) => return end,
                None => time::sleep(PEEK).await,
            }
        }
    };
    time::timeout(timeout, quiet).await.unwrap_or(End::Late)
}

/// Returns how a command ends by what the board says: an error if something is not known, faulty or
/// on hold, else whether something differs.
///
/// With a selection by name, faults in manifests are told by `problems` and do not count here.
pub(super) fn outcome(shown: &BoardState, selection: &Selection) -> CommandOutcome {
    let rows = || shown.rows.values().filter(|it| it.key.kind != Image::NAME && !it.orphan);
    let unknown = rows().any(|it| it.status == Status::Unknown);
    let intact = |it: &Arc<Snapshot>| it.intact() || selection.is_by_name();
    let invalid = !shown.source.snapshot.as_ref().is_some_and(intact);
    let paused = shown.targets.values().any(Option::is_some);
    if unknown || invalid || paused || !shown.source.strays.is_empty() {
        return CommandOutcome::Error;
    }
    // Whoever prunes is not done while there is something to prune.
    let candidates =
        shown.prune_decisions.values().any(|it| it.blocked.is_some() || !it.allowed.is_empty());
    if candidates || rows().any(|it| it.differs()) {
        CommandOutcome::Differs
    } else {
        CommandOutcome::Good
    }
}

/// Returns what is wrong besides the rows, one line each.
pub(super) fn problems(shown: &BoardState) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(shown.source.error.iter().map(|it| format!("error: {}", it.text())));
    let diagnostics = shown.source.snapshot.iter().flat_map(|it| &it.diagnostics);
    lines.extend(diagnostics.map(|it| format!("error: {it}")));
    let strays = shown.source.strays.iter();
    lines.extend(
        strays.map(|it| format!("error: manifests name the target `{it}`, which is not declared")),
    );
    for (target, paused) in &shown.targets {
        let paused = paused.iter();
        lines.extend(paused.map(|it| format!("error: target {target} is on hold: {}", it.message)));
    }
    lines.extend(shown.held.iter().map(|it| format!("nothing is written: {}", it.message)));
    for (target, decision) in &shown.prune_decisions {
        if let Some((_, why)) = &decision.blocked {
            let (count, hash) = (decision.candidates, &decision.hash);
            lines.push(format!("target {target}: {count} to delete (hash {hash}): {why}"));
        }
    }
    lines
}
