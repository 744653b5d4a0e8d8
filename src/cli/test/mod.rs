//! `evenkeel test`: the smoke tests of the manifests, through the alias that callers use, or in a container on this
//! machine before the first deploy.
//!
//! Read in this order: `cases` (what there is to test), `live` and `local` (the two ways), this file (which of them),
//! `report` (what people and programs see).

mod cases;
mod live;
mod local;
mod report;
mod session;

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use tokio::{sync::Semaphore, task::JoinSet};

use self::{
    cases::{Case, Cases},
    live::Live,
    local::Place,
    report::{Report, Suite},
};
use super::{
    CliError, Outcome, Output, TestArgs,
    args::On,
    door::{self, Door},
    once::Signals,
    out::{self, note, print},
};
use crate::engine::policy::Mode;

/// How many functions are tested at once in AWS.
const AT_ONCE: usize = 4;

/// Runs the smoke tests.
pub(super) async fn test(args: TestArgs) -> Result<Outcome, CliError> {
    let mut signals = Signals::new()?;
    tokio::select! {
        outcome = Box::pin(work(args)) => outcome,
        () = signals.stop() => Err(CliError("stopped by a signal before all tests had run".into())),
    }
}

async fn work(args: TestArgs) -> Result<Outcome, CliError> {
    if args.image.is_some() && args.on == On::Aws {
        let message = "--image runs on this machine, and --on aws does not; leave one of them out";
        return Err(CliError(message.into()));
    }
    let on = if args.image.is_some() { On::Local } else { args.on };
    let mut cases = cases::read(&args.scope)?;
    let door = match on {
        On::Local => None,
        On::Auto | On::Aws => {
            let access = (&args.access, Mode::Observe);
            Some(Arc::new(Box::pin(door::open(access, args.target.as_deref())).await?))
        }
    };
    if let Some(door) = &door {
        cases.keep_target(&door.place.target)?;
    }
    let Cases { all, without } = cases;
    let mut report = Report { suites: Vec::new(), without };
    let (mut ready, mut waiting) = (Vec::new(), all);
    if let Some(door) = &door {
        (ready, waiting) = Box::pin(found(door, (waiting, on))).await;
    }
    report.suites.extend(ready);
    if !waiting.is_empty() {
        let place = Place { args: &args, door: door.as_deref() };
        report.suites.extend(Box::pin(local::run(&place, &waiting)).await?);
    }
    report.suites.sort_by(|one, other| one.function.cmp(&other.function));
    tell(&args, &report)
}

/// What became of the functions that are in AWS, and those that are to run here.
async fn found(door: &Arc<Door>, (cases, on): (Vec<Case>, On)) -> (Vec<Suite>, Vec<Case>) {
    let (mut tasks, permits) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    for case in cases {
        let (door, permits) = (Arc::clone(door), Arc::clone(&permits));
        tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let suite = Box::pin(Live { door: &door }.run(&case)).await;
            (case, suite)
        });
    }
    let (mut suites, mut waiting) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        let Ok((case, suite)) = done else { continue };
        match suite {
            Some(suite) => suites.push(suite),
            None if on == On::Auto => waiting.push(case),
            None => {
                let why = format!("there is no function {} in {}", case.name, door.place.region);
                suites.push(case.error(format!("{why}; `evenkeel apply` makes it")));
            }
        }
    }
    waiting.sort_by(|one, other| one.name.cmp(&other.name));
    (suites, waiting)
}

fn tell(args: &TestArgs, report: &Report) -> Result<Outcome, CliError> {
    if let Some(path) = &args.junit {
        let text = report.junit()?;
        let rights = fs::Permissions::from_mode(0o644);
        let saved = out::save(path, &text, rights);
        saved.map_err(|error| CliError(format!("{}: {error}", path.display())))?;
        note(&format!("{} is written", path.display()));
    }
    print(&match args.output {
        Output::Text => report.text(),
        Output::Json => report.json()?,
    })?;
    Ok(report.outcome())
}
