//! `evenkeel plan`: the same core as `run`, with its hands tied.

use std::{path::Path, time::Duration};

use super::{
    args::{CoreArgs, PlanArgs, PlanOutput},
    error::{CliError, DaemonError, ManifestError},
    out::print,
    outcome::CommandOutcome,
    plan_text,
    session::{self, End, Job, outcome},
    style::Style,
};
use crate::{
    daemon::{
        objects::BoardObject,
        source::SourceOptions,
        view::{View, plan::PlanView},
    },
    engine::prune::Terms,
    manifest::Selection,
};

/// Prints what `run` would do, by the same engines, which write nothing. When time is up, prints
/// what is known so far and fails.
pub(super) async fn plan(args: PlanArgs, no_color: bool) -> Result<CommandOutcome, CliError> {
    let (dir, selection) = args.scope.split();
    let request = PlanRequest {
        core: &args.core,
        dir: &dir,
        source: args.manifests.options(),
        prune: args.prune,
        timeout: args.timeout,
    };
    let style = Style::of_stdout(no_color);
    let form = |view: &View| text(&of(view, &dir), args.output, style);
    let made = request.make(&selection, form).await?;
    print(&made.result?)?;
    if made.late {
        return Err(DaemonError::Late { within: args.timeout }.into());
    }
    Ok(made.outcome)
}

/// What a plan is made of.
pub(super) struct PlanRequest<'a> {
    pub(super) core: &'a CoreArgs,
    pub(super) dir: &'a Path,
    /// How the directory is read.
    pub(super) source: SourceOptions,
    pub(super) prune: bool,
    pub(super) timeout: Duration,
}

/// A plan that was made.
pub(super) struct MadePlan<T> {
    /// What became of it.
    pub(super) result: T,
    pub(super) outcome: CommandOutcome,
    /// Whether time was up before everything was read.
    pub(super) late: bool,
}

impl PlanRequest<'_> {
    /// Reads everything that is meant, writes nothing, and hands what is known to `form`.
    pub(super) async fn make<T>(
        &self,
        selection: &Selection,
        form: impl FnOnce(&View) -> T,
    ) -> Result<MadePlan<T>, CliError> {
        let settings = session::read_only(selection);
        let terms = Terms { prune: self.prune, once: true, ..Terms::default() };
        let (dir, meant) = (self.dir.to_path_buf(), selection.clone());
        let job = Job {
            core: self.core,
            dir,
            source: self.source,
            selection: meant,
            settings,
            terms,
            confirm: None,
            pause: None,
        };
        let daemon = session::start(job).await?;
        let end = session::settle(&daemon, self.timeout, |_| true).await;
        let view = daemon.viewer.view(daemon.viewer.now());
        let result = form(&view);
        let outcome = outcome(&view, selection);
        daemon.stop().await;
        match end {
            End::NoSource(error) => Err(ManifestError::from(error).into()),
            End::Quiet => Ok(MadePlan { result, outcome, late: false }),
            End::Late => Ok(MadePlan { result, outcome, late: true }),
        }
    }
}

/// The plan of everything that is meant.
pub(super) fn of<'a>(view: &'a View, dir: &Path) -> PlanView<'a> {
    view.plan(is_meant(dir))
}

/// Whether a command that was given this path is about an object. One file is about itself: what else is ours is no
/// news.
pub(super) fn is_meant(dir: &Path) -> impl Fn(&BoardObject) -> bool + use<> {
    let whole = dir.is_dir();
    move |it| whole || !it.base.orphan
}

/// Returns a plan in the form that is asked for.
fn text(plan: &PlanView<'_>, output: PlanOutput, style: Style) -> Result<String, CliError> {
    let lost = |error: Box<dyn std::error::Error + Send + Sync>| CliError::Serialize(error);
    match output {
        PlanOutput::Json => serde_json::to_string_pretty(plan).map_err(|it| lost(it.into())),
        PlanOutput::Yaml => {
            let yaml = yaml_serde::to_string(plan).map_err(|it| lost(it.into()))?;
            Ok(yaml.trim_end().to_owned())
        }
        PlanOutput::Markdown => Ok(plan_text::markdown(plan).trim_end().to_owned()),
        PlanOutput::Text => Ok(plan_text::report(plan, style)),
    }
}
