//! `evenkeel test`: the smoke tests of the manifests, through the alias that callers use, or in a container on this
//! machine before the first deploy.
//!
//! Read in this order: `cases` (what there is to test), `live` and `local` (the two ways), `session` (a container, with
//! its `output` and `leftover_processes`), this file (which of them), `report` (what people and programs see).

mod cases;
mod leftover_processes;
mod live;
mod local;
mod output;
mod report;
pub(super) use self::report::TestReport;
mod session;

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinSet};

use self::{
    cases::{FunctionTests, TestSelection},
    live::AliasTester,
    local::LocalTests,
    report::SuiteReport,
};
use super::{
    args::{On, Output, TestArgs},
    error::{CliError, Interrupted, UsageError},
    out::{note, print},
    outcome::CommandOutcome,
    signals::Signals,
    target_clients::{self, TargetClients},
};
use crate::engine::{name::Name, policy::Mode};

/// How many functions are tested at once in AWS.
const AT_ONCE: usize = 4;

/// Runs the smoke tests.
pub(super) async fn test(args: TestArgs) -> Result<CommandOutcome, CliError> {
    let mut signals = Signals::new()?;
    tokio::select! {
        outcome = Box::pin(work(args)) => outcome,
        _ = signals.next() => Err(Interrupted::Test.into()),
    }
}

/// Runs the tests in AWS, and on this machine those of functions that are not there yet, or all of
/// them if that is asked for. Prints the report.
async fn work(args: TestArgs) -> Result<CommandOutcome, CliError> {
    if args.image.is_some() && args.on == On::Aws {
        return Err(UsageError::ImageOnAws.into());
    }
    args.junit.as_deref().map_or(Ok(()), report::check_writable)?;
    let on = if args.image.is_some() { On::Local } else { args.on };
    let mut cases = cases::read(&args.scope)?;
    let target = match on {
        On::Local => None,
        On::Auto | On::Aws => {
            let name = args.target.as_deref();
            let open = target_clients::open(&args.access, Mode::Observe, name);
            Some(Arc::new(Box::pin(open).await?))
        }
    };
    let given = args.target.as_deref().map(Name::new);
    if let Some(name) = target.as_ref().map(|it| &it.place.target).or(given.as_ref()) {
        cases.keep_target(name)?;
    }
    let TestSelection { all, without } = cases;
    let mut report = TestReport::new(Vec::new(), without);
    let mut waiting = all;
    if let Some(target) = &target {
        let live = Box::pin(test_live(target, waiting, on)).await;
        report.suites.extend(live.suites);
        waiting = live.waiting;
    }
    if !waiting.is_empty() {
        let local = LocalTests { args: &args, target: target.as_deref() };
        report.suites.extend(Box::pin(local.run(&waiting)).await?);
    }
    report.suites.sort_by(|one, other| one.function.cmp(&other.function));
    show(&args, &report)
}

/// What became of the functions in AWS.
struct LiveReport {
    suites: Vec<SuiteReport>,
    /// Those that are not there, and are to run here.
    waiting: Vec<FunctionTests>,
}

/// Tests functions in AWS, some at once. With `On::Auto` those that are not there are returned;
/// otherwise that is an error of theirs.
async fn test_live(target: &Arc<TargetClients>, cases: Vec<FunctionTests>, on: On) -> LiveReport {
    let (mut tasks, permits) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    let (mut suites, mut waiting, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    for case in cases {
        let (target, permits) = (Arc::clone(target), Arc::clone(&permits));
        let broken = case.error("the test broke off; that is a fault of evenkeel's own");
        let task = tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let suite = Box::pin(AliasTester { target: &target }.run(&case)).await;
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
                let why = format!("there is no function {} in {}", case.name, target.place.region);
                suites.push(case.error(format!("{why}; `evenkeel apply` makes it")));
            }
        }
    }
    waiting.sort_by(|one, other| one.name.cmp(&other.name));
    LiveReport { suites, waiting }
}

/// Prints the report and then writes the JUnit file: if that fails, the report is there all the
/// same.
fn show(args: &TestArgs, report: &TestReport) -> Result<CommandOutcome, CliError> {
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
