//! What `plan` and `run --once` share: a daemon that works until nothing is left to do.

use std::time::Duration;

use tokio::time;

use super::{CliError, CoreArgs, Outcome, targets};
use crate::{
    daemon::{
        board::{Board, Shown},
        options::{Options, Working},
        run::Daemon,
    },
    engine::{kind::Kind as _, status::Status},
    kinds::{function::hash::HashKey, image::Image},
};

/// How often to see whether the work is done.
const PEEK: Duration = Duration::from_millis(20);
/// The shortest key that is one: 128 bits.
const HASH_KEY_MIN: usize = 16;

/// Starts the engines.
pub(super) async fn start(args: &CoreArgs, settings: Working) -> Result<Daemon, CliError> {
    let options = Options {
        root: args.dir.clone(),
        owner: args.owner.clone(),
        share: args.quota_share,
        settings,
        hash_key: hash_key(args)?,
        targets: targets::load(args, settings.mode).await?,
    };
    Daemon::start(options).map_err(|error| CliError(error.to_string()))
}

fn hash_key(args: &CoreArgs) -> Result<Option<HashKey>, CliError> {
    let Some(file) = &args.hash_key_file else { return Ok(None) };
    let bytes = targets::read(file)?;
    if bytes.len() < HASH_KEY_MIN {
        let message = format!("{}: a key has at least {HASH_KEY_MIN} bytes", file.display());
        return Err(CliError(message));
    }
    Ok(Some(HashKey::new(&bytes)))
}

/// How a session ended.
pub(super) enum End {
    /// Nothing is left to do.
    Quiet,
    /// The manifests cannot be read.
    NoSource(String),
    /// It took too long.
    Late,
}

/// Waits until nothing is left to do. `peek` sees the board now and then.
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

/// What the board says at the end, as exit codes go: 2 where something is not known.
pub(super) fn outcome(shown: &Shown) -> Outcome {
    let rows = || shown.rows.values().filter(|it| it.key.kind != Image::NAME && !it.orphan);
    let unknown = rows().any(|it| it.status == Status::Unknown);
    let invalid = shown.source.snapshot.as_ref().is_none_or(|it| !it.intact());
    let paused = shown.targets.values().any(Option::is_some);
    if unknown || invalid || paused || !shown.source.strays.is_empty() {
        return Outcome::Error;
    }
    if rows().any(|it| it.differs()) { Outcome::Differs } else { Outcome::Good }
}

/// What is wrong besides the rows, one line each.
pub(super) fn problems(shown: &Shown) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(shown.source.error.iter().map(|it| format!("error: {it}")));
    let notes = shown.source.snapshot.iter().flat_map(|it| &it.notes);
    lines.extend(notes.map(|it| format!("error: {it}")));
    let strays = shown.source.strays.iter();
    lines.extend(
        strays.map(|it| format!("error: manifests name the target `{it}`, which is not declared")),
    );
    for (target, paused) in &shown.targets {
        let paused = paused.iter();
        lines.extend(paused.map(|it| format!("error: target {target} is on hold: {}", it.message)));
    }
    lines
}
