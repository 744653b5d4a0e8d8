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
        objects::BoardObject,
        options::{Options, Working},
        pause::PauseFile,
        run::Daemon,
        source::{Snapshot, SourceError, SourceOptions},
        view::{
            View,
            plan::{PlanOutcome, planned},
        },
    },
    engine::{policy::Mode, prune::Terms, status::Status},
    kinds::function::hash::HashKey,
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
/// up. `may_end` is called now and then, and says whether nothing is waited for besides.
pub(super) async fn settle(
    daemon: &Daemon,
    timeout: Duration,
    mut may_end: impl FnMut(&Board) -> bool,
) -> End {
    let quiet = async {
        loop {
            let engines = daemon.engines();
            let end = daemon.board.read(|shown| end_of(shown, shown.is_quiet(engines)));
            // Asked second: what began to wait while the board was read is seen.
            let may_end = may_end(&daemon.board);
            match end {
                Some(End::Quiet) if !may_end => {}
                Some(end) => return end,
                None => {}
            }
            time::sleep(PEEK).await;
        }
    };
    time::timeout(timeout, quiet).await.unwrap_or(End::Late)
}

/// How a session ends by what the board says; `None`: it goes on. `over`: nothing is left to do.
fn end_of(shown: &BoardState, over: bool) -> Option<End> {
    match (&shown.source.error, &shown.source.snapshot) {
        (Some(why), None) => Some(End::NoSource(why.clone())),
        (_, None) => None,
        (_, Some(_)) => over.then_some(End::Quiet),
    }
}

/// Returns how a command ends by what the board says: an error if something is not known, faulty or
/// on hold, else whether something differs.
///
/// With a selection by name, faults in manifests are told by `problems` and do not count here.
pub(super) fn outcome(view: &View, selection: &Selection) -> CommandOutcome {
    let shown = &view.shown;
    let unread = |it: &BoardObject| it.facets.iter().any(|it| it.status == Status::Unknown);
    let mut wanted = view.objects().iter().filter(|it| !it.base.orphan);
    let unknown = wanted.any(|it| unread(it) || planned(it).outcome == PlanOutcome::Unknown);
    let intact = |it: &Arc<Snapshot>| it.intact() || selection.is_by_name();
    let invalid = !shown.source.snapshot.as_ref().is_some_and(intact);
    let paused = shown.targets.values().any(Option::is_some);
    if unknown || invalid || paused || !shown.source.strays.is_empty() {
        return CommandOutcome::Error;
    }
    // Whoever prunes is not done while there is something to prune.
    let candidates =
        shown.prune_decisions.values().any(|it| it.blocked.is_some() || !it.allowed.is_empty());
    if candidates || view.objects().iter().any(differs) {
        CommandOutcome::Differs
    } else {
        CommandOutcome::Good
    }
}

/// Whether an object that a manifest asks for is not as it asks. What is held on request and as asked is well.
fn differs(object: &BoardObject) -> bool {
    !object.base.orphan && object.facets.iter().any(|it| it.differs())
}
