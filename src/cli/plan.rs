//! `evenkeel plan`: the same core as `run`, with its hands tied.

use std::time::Duration;

use super::{
    CliError, Outcome, Output, PlanArgs, print,
    session::{self, End, Job, outcome, problems},
    table,
};
use crate::{
    daemon::{api, options::Working},
    engine::{kind::Kind as _, policy::Mode, prune::Terms},
    kinds::image::Image,
};

/// Prints what `run` would do.
pub(super) async fn plan(args: PlanArgs) -> Result<Outcome, CliError> {
    let (dir, selection) = args.scope.split();
    let settings = Working {
        mode: Mode::Observe,
        resync: Duration::from_hours(1),
        in_flight_max: 1,
        reading: selection.reading(),
    };
    let meant = selection.clone();
    let terms = Terms { prune: args.prune, once: true, ..Terms::default() };
    let job = Job { core: &args.core, dir, selection, settings, terms, confirm: None, pause: None };
    let daemon = session::start(job).await?;
    let end = session::settle(&daemon, args.timeout, |_| {}).await;
    let (outcome, text) = daemon.board.read(|shown| {
        let text = match args.output {
            Output::Json => format!("{:#}", api::objects(shown)),
            Output::Text => {
                let rows = shown.rows.values().map(|it| &**it);
                let rows = rows.filter(|it| it.key.kind != Image::NAME);
                let mut lines = problems(shown);
                lines.push(table::plan(rows));
                lines.join("\n")
            }
        };
        (outcome(shown, &meant), text)
    });
    daemon.stop().await;
    match end {
        End::Quiet => {
            print(&text)?;
            Ok(outcome)
        }
        End::NoSource(why) => Err(CliError(why)),
        End::Late => {
            print(&text)?;
            Err(CliError(format!("not everything could be looked at within {:?}", args.timeout)))
        }
    }
}
