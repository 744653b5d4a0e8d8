//! One execution environment: a process, its runtime API, and what it prints.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use evenkeel_runtime_api::{Event, Job, Port, Process, RuntimeMessage, error, reason};
use serde_json::Value;
use tokio::process::Command;

use super::{
    entry::{Entry, Fault},
    output::Output,
};
use crate::{
    lambda::{
        invoke::{Ending, Line, Outcome},
        log::Logging,
    },
    server::Clock,
    time,
    world::errand::Errand,
};

/// How long a start may take besides the first call's own time. Lambda's limit.
const INIT_MAX: Duration = Duration::from_secs(10);

/// A process that answers events.
#[derive(Debug)]
pub(super) struct Room {
    process: Process,
    output: Output,
    /// Whether it has not asked for an event yet.
    starting: bool,
    since: Instant,
}

#[expect(clippy::disallowed_methods, reason = "what a process takes is measured on the wall")]
fn wall() -> Instant {
    Instant::now()
}

impl Room {
    /// Starts the process.
    pub(super) async fn open(errand: &Errand, entry: Entry, folder: &Path) -> Result<Self, Fault> {
        let refused = |error: std::io::Error| entry.refused(&error);
        let port = Port::open().await.map_err(refused)?;
        let (output, stdout, stderr) = Output::new(folder).map_err(refused)?;
        let mut command = Command::new(&entry.program);
        command
            .args(&entry.arguments)
            .current_dir(&entry.folder)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|it| ("PATH", it)))
            .envs(entry.environment.iter().map(|(key, value)| (key, value)))
            .envs(variables(errand, port.address()))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr);
        let process = Process::start(port, &mut command).map_err(refused)?;
        Ok(Self { process, output, starting: true, since: wall() })
    }

    /// Itself, unless the process is gone.
    pub(super) fn alive(mut self) -> Option<Self> {
        self.process.is_alive().then_some(self)
    }

    /// One event, from laying it out to the answer.
    pub(super) async fn serve(&mut self, errand: &Errand, clock: Clock) -> Outcome {
        let mut run = Run { errand, clock, lines: Vec::new(), init: None, began: wall() };
        let time = run.timeout();
        if self.starting {
            let Self { process, output, .. } = &mut *self;
            let event = process.next(INIT_MAX + time, || run.look(output, true)).await;
            run.init = Some(self.since.elapsed());
            if !matches!(event, Event::Message(RuntimeMessage::Ready)) {
                run.began = self.since;
                return self.over(run, event, true).await;
            }
            self.starting = false;
            run.look(&mut self.output, true);
        }
        run.began = wall();
        let (job, Self { process, output, .. }) = (run.job(), &mut *self);
        let event = process.call(job, time, || run.look(output, false)).await;
        self.over(run, event, false).await
    }

    /// The end of an invocation, however it came. Unless the function answered, the process goes with it.
    async fn over(&mut self, mut run: Run<'_>, event: Event, early: bool) -> Outcome {
        let took = run.began.elapsed();
        let answered = matches!(
            event,
            Event::Message(RuntimeMessage::Response(_) | RuntimeMessage::Error(..))
        );
        let memory = memory(self.process.id());
        let Self { process, output, .. } = &mut *self;
        let rested = answered && process.rests(|| run.look(output, early)).await;
        let mut outcome = run.outcome(event);
        let took = took.min(run.timeout());
        if !rested {
            self.process.kill().await;
        }
        let now = run.clock.now();
        run.lines.extend(self.output.last(now, early));
        run.lines.append(&mut outcome.lines);
        Outcome {
            lines: run.lines,
            took_ms: took.as_secs_f64() * 1000.0,
            init_ms: run.init.filter(|_| !early).map(|it| it.as_secs_f64() * 1000.0),
            memory_mb: memory,
            ended: now,
            gone: !rested || self.output.flooded(),
            ..outcome
        }
    }
}

/// The most that a process used so far, in megabytes; 0 where nobody tells.
fn memory(id: Option<u32>) -> u64 {
    let read = || {
        let text = std::fs::read_to_string(format!("/proc/{}/status", id?)).ok()?;
        let line = text.lines().find_map(|it| it.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    read().map_or(0, |kilobytes| kilobytes.div_ceil(1024))
}

/// What the process finds in its environment besides the image's own: the function's variables, and Lambda's.
fn variables(errand: &Errand, api: &str) -> Vec<(String, String)> {
    let begun = &errand.begun;
    let given = begun.config.get("Environment").and_then(|it| it["Variables"].as_object());
    let given = given.into_iter().flatten();
    let given = given.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().into()));
    let memory = begun.config.get("MemorySize").and_then(Value::as_u64).unwrap_or(128);
    let own = [
        ("AWS_LAMBDA_RUNTIME_API", api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", begun.function.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", begun.version.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", Logging::of(&begun.function, &begun.config).group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", begun.environment.stream.clone()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_REGION", errand.region.clone()),
        ("AWS_DEFAULT_REGION", errand.region.clone()),
        // Here a key that begins with an account's number belongs to that account.
        ("AWS_ACCESS_KEY_ID", format!("{}FUNCTION", errand.account)),
        ("AWS_SECRET_ACCESS_KEY", "stand-in".to_owned()),
        ("AWS_SESSION_TOKEN", "stand-in".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    let own = own.into_iter().map(|(key, value)| (key.to_owned(), value));
    given.chain(own).collect()
}

/// An invocation under way.
struct Run<'a> {
    errand: &'a Errand,
    clock: Clock,
    lines: Vec<Line>,
    init: Option<Duration>,
    began: Instant,
}

impl Run<'_> {
    fn timeout(&self) -> Duration {
        let seconds = self.errand.begun.config.get("Timeout").and_then(Value::as_u64);
        Duration::from_secs(seconds.unwrap_or(3))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a process compares its deadline with its own clock"
    )]
    fn job(&self) -> Job {
        let deadline = SystemTime::now() + self.timeout();
        let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let event = Bytes::from(self.errand.event.clone());
        Job::new(&self.errand.begun.id, (&self.errand.arn, deadline), event)
    }

    /// Gives what was printed its time; whether it was too much.
    fn look(&mut self, output: &mut Output, early: bool) -> bool {
        self.lines.extend(output.lines(self.clock.now(), early));
        output.flooded()
    }

    fn outcome(&self, event: Event) -> Outcome {
        match event {
            Event::Message(RuntimeMessage::Response(body)) => self.ended(body.to_vec(), None),
            Event::Message(
                RuntimeMessage::Error(kind, body) | RuntimeMessage::InitError(kind, body),
            ) => {
                let told: Value = serde_json::from_slice(&body).unwrap_or_default();
                let kind = told["errorType"].as_str().map(str::to_owned).or(kind);
                let kind = kind.unwrap_or_else(|| "Runtime.Unknown".to_owned());
                self.ended(body.to_vec(), Some(Ending::Failure(kind)))
            }
            Event::Message(RuntimeMessage::TooLarge) => {
                self.broken("Function.ResponseSizeTooLarge", "the answer is larger than 6 MB")
            }
            // A second request for an event, in the place of an answer, is handled where it comes.
            Event::Message(RuntimeMessage::Ready) | Event::Late => self.late(),
            Event::Ended(status) => self.failed(&reason(status)),
            Event::Stopped => self.failed("Runtime exited with error: signal: killed"),
        }
    }

    fn ended(&self, payload: Vec<u8>, ending: Option<Ending>) -> Outcome {
        Outcome {
            payload,
            error: ending.is_some().then(|| "Unhandled".to_owned()),
            ending: ending.unwrap_or(Ending::Success),
            lines: Vec::new(),
            took_ms: 0.0,
            init_ms: None,
            memory_mb: 0,
            ended: self.clock.now(),
            gone: false,
        }
    }

    fn late(&self) -> Outcome {
        let (id, at) = (&self.errand.begun.id, self.clock.now());
        let text = format!("Task timed out after {:.2} seconds", self.timeout().as_secs_f64());
        let date = time::date(self.errand.begun.start, at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
        let line = Line { at, text: format!("{date} {id} {text}\n"), early: false };
        let payload = error("Sandbox.Timedout", id, &text);
        Outcome { lines: vec![line], ..self.ended(payload, Some(Ending::Timeout)) }
    }

    fn failed(&self, text: &str) -> Outcome {
        self.broken("Runtime.ExitError", text)
    }

    /// What the function itself does not tell.
    fn broken(&self, kind: &str, text: &str) -> Outcome {
        let (id, at) = (&self.errand.begun.id, self.clock.now());
        let line =
            Line { at, text: format!("RequestId: {id} Error: {text}\n{kind}"), early: false };
        let ending = Some(Ending::Failure(kind.to_owned()));
        Outcome { lines: vec![line], ..self.ended(error(kind, id, text), ending) }
    }
}
