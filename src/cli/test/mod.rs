//! `evenkeel test`: the smoke tests of the manifests, through the alias that callers use, or in a container on this
//! machine before the first deploy.
//!
//! Read in this order: `cases` (what there is to test), `live` and `local` (the two ways), `session` (a container, with
//! what it has `printed` and `left`), this file (which of them), `report` (what people and programs see).

mod cases;
mod left;
mod live;
mod local;
mod printed;
mod report;
mod session;

use std::sync::Arc;

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
    out::{note, print},
};
use crate::engine::{name::Name, policy::Mode};

/// How many functions are tested at once in AWS.
const AT_ONCE: usize = 4;

/// Runs the smoke tests.
pub(super) async fn test(args: TestArgs) -> Result<Outcome, CliError> {
    let mut signals = Signals::new()?;
    tokio::select! {
        outcome = Box::pin(work(args)) => outcome,
        _ = signals.next() => Err(CliError("stopped by a signal before all tests had run".into())),
    }
}

async fn work(args: TestArgs) -> Result<Outcome, CliError> {
    if args.image.is_some() && args.on == On::Aws {
        let message = "--image runs on this machine, and --on aws does not; leave one of them out";
        return Err(CliError(message.into()));
    }
    args.junit.as_deref().map_or(Ok(()), report::writable)?;
    let on = if args.image.is_some() { On::Local } else { args.on };
    let mut cases = cases::read(&args.scope)?;
    let door = match on {
        On::Local => None,
        On::Auto | On::Aws => {
            let access = (&args.access, Mode::Observe);
            Some(Arc::new(Box::pin(door::open(access, args.target.as_deref())).await?))
        }
    };
    let given = args.target.as_deref().map(Name::new);
    if let Some(target) = door.as_ref().map(|it| &it.place.target).or(given.as_ref()) {
        cases.keep_target(target)?;
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
    let (mut suites, mut waiting, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    for case in cases {
        let (door, permits) = (Arc::clone(door), Arc::clone(&permits));
        let broken = case.error("the test broke off; that is a fault of evenkeel's own");
        let task = tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let suite = Box::pin(Live { door: &door }.run(&case)).await;
            (case, suite)
        });
        lost.push((task.id(), broken));
    }
    while let Some(done) = tasks.join_next_with_id().await {
        let (id, done) = match done {
            Ok((id, done)) => (id, Some(done)),
            Err(error) => (error.id(), None),
        };
        let broken = lost.extract_if(.., |it| it.0 == id).map(|it| it.1);
        match done {
            None => suites.extend(broken.collect::<Vec<_>>()),
            Some((_, Some(suite))) => suites.push(suite),
            Some((case, None)) if on == On::Auto => waiting.push(case),
            Some((case, None)) => {
                let why = format!("there is no function {} in {}", case.name, door.place.region);
                suites.push(case.error(format!("{why}; `evenkeel apply` makes it")));
            }
        }
    }
    waiting.sort_by(|one, other| one.name.cmp(&other.name));
    (suites, waiting)
}

/// The report first: a file that cannot be written takes nothing away from it.
fn tell(args: &TestArgs, report: &Report) -> Result<Outcome, CliError> {
    print(&match args.output {
        Output::Text => report.text(),
        Output::Json => report.json()?,
    })?;
    if let Some(path) = &args.junit {
        report.save(path)?;
        note(&format!("{} is written", path.display()));
    }
    Ok(report.outcome())
}
