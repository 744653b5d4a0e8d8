//! One container that answers events: its process, its runtime API, and what it prints.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use evenkeel_runtime_api::{Desk, Job, Said, error, reason, serve};
use jiff::Timestamp;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::mpsc,
    task::JoinSet,
    time,
};

use super::super::{
    CliError,
    args::Builder,
    builder::container::{Container, Wanted},
    out,
};
use crate::{
    aws::invoke::{Answer, PAYLOAD_MAX},
    engine::time::Clock,
};

/// How long a container may take to ask for its first event. Lambda gives 10 s; making a container takes its time.
const START_MAX: Duration = Duration::from_mins(1);
/// How much of what a run printed is kept, as with Lambda.
const LOG_MAX: u64 = 4096;
/// With these docker and podman say that they could not run a container at all, or not start its program.
const REFUSED: [i32; 2] = [125, 126];

/// A container that answers events.
pub(super) struct Session {
    // The process goes first, then what it ran in.
    child: Child,
    container: Container,
    builder: Builder,
    desk: Arc<Desk>,
    said: mpsc::Receiver<Said>,
    output: File,
    timeout: Duration,
    arn: String,
    memory_mb: i32,
    ready: bool,
    count: u64,
    // Dropping the set ends the server.
    _api: JoinSet<()>,
}

/// What ended a wait.
enum Event {
    Said(Said),
    Ended(Option<ExitStatus>),
    Late,
}

/// How a run ended.
struct Run {
    payload: Vec<u8>,
    failed: bool,
    /// Whether the container can take another event.
    stays: bool,
}

impl Run {
    fn said(payload: &[u8], failed: bool, stays: bool) -> Self {
        Self { payload: payload.to_vec(), failed, stays }
    }

    /// What the function itself could not tell.
    fn broken(kind: &str, id: &str, why: &str) -> Self {
        Self { payload: error(kind, id, why), failed: true, stays: false }
    }
}

impl Session {
    /// Starts a container for a function that may take so many seconds for an event.
    pub(super) async fn open(
        builder: Builder,
        wanted: &Wanted,
        (function, seconds): (&str, i32),
    ) -> Result<Self, CliError> {
        let failed = |error: io::Error| CliError(format!("no container can be started: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        let (output, stdout, stderr) = output().map_err(failed)?;
        let (container, mut command) =
            builder.container(wanted, ("AWS_LAMBDA_RUNTIME_API", &address))?;
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let child = Command::from(command).kill_on_drop(true).spawn().map_err(failed)?;
        let (say, said) = mpsc::channel(16);
        let desk = Arc::new(Desk::new(say));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::clone(&desk)));
        Ok(Self {
            child,
            container,
            builder,
            desk,
            said,
            output,
            timeout: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
            arn: format!("arn:aws:lambda:local:000000000000:function:{function}"),
            memory_mb: wanted.memory_mb,
            ready: false,
            count: 0,
            _api: tasks,
        })
    }

    /// Itself, unless its process is gone.
    pub(super) fn alive(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    /// One event, from laying it out to the answer; and itself, if it can take another. An error means that the
    /// function could not be tried at all.
    pub(super) async fn invoke(
        mut self,
        clock: &dyn Clock,
        event: &[u8],
    ) -> Result<(Answer, Option<Self>), CliError> {
        self.count += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.count);
        let from = if self.ready { self.length() } else { 0 };
        let early = if self.ready { None } else { self.start(&id).await? };
        let began = clock.now();
        let run = match early {
            Some(run) => run,
            None => self.answer(clock, (&id, event)).await,
        };
        let took = clock.now().mono.since(began.mono);
        let answer = Answer {
            payload: run.payload,
            function_error: run.failed.then(|| "Unhandled".to_owned()),
            log: self.log(from, (&id, took)),
            version: None,
            request: Some(id),
        };
        if run.stays {
            return Ok((answer, Some(self)));
        }
        self.close().await;
        Ok((answer, None))
    }

    /// Waits for it to ask for an event; how it ended, if it did not.
    async fn start(&mut self, id: &str) -> Result<Option<Run>, CliError> {
        let program = self.builder.program();
        match self.next(START_MAX).await {
            Event::Said(Said::InitError(_, body)) => Ok(Some(Run::said(&body, true, false))),
            Event::Said(_) => {
                self.ready = true;
                Ok(None)
            }
            Event::Ended(status) if self.refused(status) => {
                let said = self.printed(0);
                let line = said.lines().rfind(|it| !it.trim().is_empty());
                let line = out::clean(line.unwrap_or("it says nothing").trim());
                Err(CliError(format!("{program} cannot run the image: {line}")))
            }
            Event::Ended(status) => Ok(Some(Run::broken("Runtime.ExitError", id, &reason(status)))),
            Event::Late => Err(CliError(format!(
                "the container did not ask for an event within {START_MAX:?}: the image must speak Lambda's runtime \
                 API, and {program} must let it reach this machine's 127.0.0.1 (`--network host`; Docker Desktop has \
                 to be told: \"Enable host networking\")"
            ))),
        }
    }

    /// docker and podman have a code for it; buildah fails before there is a process.
    fn refused(&self, status: Option<ExitStatus>) -> bool {
        let code = status.and_then(|it| it.code());
        self.builder != Builder::Buildah && code.is_some_and(|it| REFUSED.contains(&it))
    }

    async fn answer(&mut self, clock: &dyn Clock, (id, event): (&str, &[u8])) -> Run {
        let began = clock.now();
        let since = began.wall.duration_since(Timestamp::UNIX_EPOCH);
        let deadline = Duration::try_from(since).unwrap_or_default() + self.timeout;
        self.desk.lay(Job::new(id, (&self.arn, deadline), event.to_vec().into()));
        loop {
            let left = self.timeout.saturating_sub(clock.now().mono.since(began.mono));
            return match self.next(left).await {
                // It has answered the event before this one, and asks for this one now.
                Event::Said(Said::Ready) => continue,
                Event::Said(Said::Response(body)) if body.len() > PAYLOAD_MAX => {
                    let why = format!("the answer has {} bytes, and 6 MB are allowed", body.len());
                    Run::broken("Function.ResponseSizeTooLarge", id, &why)
                }
                Event::Said(Said::TooLarge) => {
                    let why = "the answer is larger than 6 MB";
                    Run::broken("Function.ResponseSizeTooLarge", id, why)
                }
                Event::Said(Said::Response(body)) => Run::said(&body, false, true),
                Event::Said(Said::Error(_, body) | Said::InitError(_, body)) => {
                    Run::said(&body, true, true)
                }
                Event::Late => {
                    let seconds = self.timeout.as_secs_f64();
                    let why = format!("Task timed out after {seconds:.2} seconds");
                    Run::broken("Sandbox.Timedout", id, &why)
                }
                Event::Ended(status) => Run::broken("Runtime.ExitError", id, &reason(status)),
            };
        }
    }

    async fn next(&mut self, wait: Duration) -> Event {
        tokio::select! {
            biased;
            Some(said) = self.said.recv() => Event::Said(said),
            ended = self.child.wait() => Event::Ended(ended.ok()),
            () = time::sleep(wait) => Event::Late,
        }
    }

    fn length(&self) -> u64 {
        self.output.metadata().map_or(0, |it| it.len())
    }

    /// What was printed since then, or the end of it.
    fn printed(&mut self, from: u64) -> String {
        let from = from.max(self.length().saturating_sub(LOG_MAX));
        let mut bytes = Vec::new();
        // What cannot be read was not printed.
        if self.output.seek(SeekFrom::Start(from)).is_ok() {
            (&mut self.output).take(LOG_MAX).read_to_end(&mut bytes).ok();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The log of one run, with the line that ends it in Lambda's.
    fn log(&mut self, from: u64, (id, took): (&str, Duration)) -> String {
        let millis = took.as_secs_f64() * 1000.0;
        format!(
            "{}\nREPORT RequestId: {id}\tDuration: {millis:.2} ms\tMemory Size: {} MB\t\n",
            self.printed(from).trim_end(),
            self.memory_mb
        )
    }

    /// Ends it.
    pub(super) async fn close(mut self) {
        // It may be gone already.
        self.child.kill().await.ok();
        drop(self.container);
    }
}

/// Where a container prints to: a file without a name, to read, and to write to twice. Whatever was printed before an
/// answer is there once the answer is.
fn output() -> io::Result<(File, File, File)> {
    let write = tempfile::Builder::new().append(true).tempfile()?;
    let read = File::open(write.path())?;
    let write = write.into_file();
    let other = write.try_clone()?;
    Ok((read, write, other))
}
