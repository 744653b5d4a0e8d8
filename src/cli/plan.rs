//! `evenkeel plan`: the same core as `run`, with its hands tied.

use super::{
    args::{Output, PlanArgs},
    error::{CliError, DaemonError, ManifestError},
    out::print,
    outcome::CommandOutcome,
    session::{self, End, Job, outcome, problems},
    table,
};
use crate::{daemon::view::query::ObjectQuery, engine::prune::Terms};

/// Prints what `run` would do, by the same engines, which write nothing. When time is up, prints
/// what is known so far and fails.
pub(super) async fn plan(args: PlanArgs) -> Result<CommandOutcome, CliError> {
    let (dir, selection) = args.scope.split();
    let settings = session::read_only(&selection);
    let meant = selection.clone();
    let terms = Terms { prune: args.prune, once: true, ..Terms::default() };
    let job = Job {
        core: &args.core,
        dir,
        source: args.manifests.options(),
        selection,
        settings,
        terms,
        confirm: None,
        pause: None,
    };
    let daemon = session::start(job).await?;
    let end = session::settle(&daemon, args.timeout, |_| {}).await;
    let now = daemon.viewer.now();
    let view = daemon.viewer.view(now);
    let text = match args.output {
        Output::Json => {
            let all = serde_json::to_string_pretty(&view.list(&ObjectQuery::default(), false));
            all.map_err(|error| CliError::Serialize(error.into()))?
        }
        Output::Text => {
            let rows = view.rows().map(|it| &**it);
            let mut lines = problems(&view.shown);
            lines.push(table::plan(rows));
            lines.join("\n")
        }
    };
    let outcome = outcome(&view.shown, &meant);
    daemon.stop().await;
    match end {
        End::Quiet => {
            print(&text)?;
            Ok(outcome)
        }
        End::NoSource(error) => Err(ManifestError::from(error).into()),
        End::Late => {
            print(&text)?;
            Err(DaemonError::Late { within: args.timeout }.into())
        }
    }
}
