//! One container that answers events: its process, its runtime API, and what it prints.

use std::{process::Stdio, time::Duration};

use evenkeel_runtime_api::{Event, Job, Port, Process, RuntimeMessage, error, reason};
use jiff::Timestamp;

use super::{
    leftover_processes::LeftoverProcesses,
    output::{ContainerOutput, OUTPUT_MAX},
};
use crate::{
    aws::invoke::{Answer, PAYLOAD_MAX},
    cli::{
        args::ImageBuilder,
        builder::container::{Container, ContainerSpec, EnvVariable},
        error::BuilderError,
        out,
    },
    engine::{secret::Secret, time::Clock},
};

/// How long a container may take to ask for its first event. Lambda gives 10 s; making a container takes its time.
const START_MAX: Duration = Duration::from_mins(1);
/// How many lines of what an engine says are shown: its complaint, and what it says of the cause.
const LINES_MAX: usize = 3;
/// What is in lines that tell nothing of why a container cannot be started: how to get help, and warnings.
const ASIDE: [&str; 3] = [" run --help", "level=warning", "WARN["];
/// Where a function looks for its runtime API.
const API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Whose container it is.
pub(super) struct RunLimits<'a> {
    pub(super) function: &'a str,
    /// How long it may take for an event.
    pub(super) timeout: Duration,
    /// What must not be seen of what it prints.
    pub(super) secrets: &'a [Secret],
}

/// A container that answers events.
pub(super) struct Session {
    // The process goes first, then what it has left behind, then what it ran in.
    process: Process,
    leftover_processes: Option<LeftoverProcesses>,
    container: Container,
    builder: ImageBuilder,
    output: ContainerOutput,
    timeout: Duration,
    arn: String,
    memory_mb: i32,
    ready: bool,
    count: u64,
}

/// How a run ended.
struct RunResult {
    payload: Vec<u8>,
    failed: bool,
    /// Whether the container can take another event.
    stays: bool,
}

impl RunResult {
    fn of(payload: &[u8], failed: bool, stays: bool) -> Self {
        Self { payload: payload.to_vec(), failed, stays }
    }

    /// What the function itself cannot say.
    fn broken(kind: &str, id: &str, why: &str) -> Self {
        Self { payload: error(kind, id, why), failed: true, stays: false }
    }
}

impl Session {
    /// Starts a container and its runtime API; its function need not have asked for an event yet.
    pub(super) async fn open(
        builder: ImageBuilder,
        spec: &ContainerSpec,
        limits: &RunLimits<'_>,
    ) -> Result<Self, BuilderError> {
        let port = Port::open().await.map_err(BuilderError::Machine)?;
        let api = EnvVariable { name: API, value: port.address() };
        let (output, stdout, stderr) =
            ContainerOutput::new(limits.secrets).map_err(BuilderError::Machine)?;
        let leftover_processes =
            (builder == ImageBuilder::Buildah).then(|| LeftoverProcesses::new(api));
        let (container, mut command) = builder.container(spec, api).await?;
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let process = Process::start(port, &mut command).map_err(BuilderError::Machine)?;
        Ok(Self {
            process,
            leftover_processes,
            container,
            builder,
            output,
            timeout: limits.timeout,
            arn: format!("arn:aws:lambda:local:000000000000:function:{}", limits.function),
            memory_mb: spec.memory_mb,
            ready: false,
            count: 0,
        })
    }

    /// Itself, unless its process is gone.
    pub(super) fn alive(mut self) -> Option<Self> {
        self.process.is_alive().then_some(self)
    }

    /// Lets the function answer one event. Returns the answer, and the session if it can take
    /// another event; otherwise it is closed. An error means that the function could not be tried
    /// at all.
    pub(super) async fn invoke(
        mut self,
        clock: &dyn Clock,
        event: &[u8],
    ) -> Result<(Answer, Option<Self>), BuilderError> {
        self.count += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.count);
        let from = if self.ready { self.output.length() } else { 0 };
        let early = if self.ready { None } else { self.start(&id).await? };
        let began = clock.now();
        let mut run = match early {
            Some(run) => run,
            None => self.answer(clock, &id, event).await,
        };
        let took = clock.now().mono.since(began.mono);
        // What it prints after its answer belongs to it, and one that ends then takes no other event.
        run.stays = run.stays && self.process.rests(|| self.output.flooded()).await;
        let answer = Answer {
            payload: run.payload,
            function_error: run.failed.then(|| "Unhandled".to_owned()),
            log: self.log(from, &id, took),
            version: None,
            request: Some(id),
        };
        if run.stays {
            return Ok((answer, Some(self)));
        }
        self.close().await;
        Ok((answer, None))
    }

    /// Waits until the function asks for its first event. Returns how it ended if it ended before;
    /// an error if the container never began, or nothing was asked in time.
    async fn start(&mut self, id: &str) -> Result<Option<RunResult>, BuilderError> {
        let program = self.builder.program();
        match self.process.next(START_MAX, || self.output.flooded()).await {
            Event::Message(RuntimeMessage::InitError(_, body)) => {
                Ok(Some(RunResult::of(&body, true, false)))
            }
            Event::Message(_) => {
                self.ready = true;
                Ok(None)
            }
            Event::Ended(status) => {
                let output = self.output.since(0);
                if self.container.began(&output).await {
                    return Ok(Some(RunResult::broken("Runtime.ExitError", id, &reason(status))));
                }
                let complaint = out::clean(&complaint(&output));
                Err(BuilderError::NotBegun { program, complaint })
            }
            Event::Stopped => Ok(Some(flooded(id))),
            Event::Late => Err(BuilderError::NoEvent { program, within: START_MAX }),
        }
    }

    /// Gives the function an event and returns what came of it: its answer, or an error as Lambda
    /// puts it.
    async fn answer(&mut self, clock: &dyn Clock, id: &str, event: &[u8]) -> RunResult {
        let since = clock.now().wall.duration_since(Timestamp::UNIX_EPOCH);
        let deadline = Duration::try_from(since).unwrap_or_default() + self.timeout;
        let job = Job::new(id, (&self.arn, deadline), event.to_vec().into());
        match self.process.call(job, self.timeout, || self.output.flooded()).await {
            Event::Message(RuntimeMessage::Response(body)) if body.len() <= PAYLOAD_MAX => {
                RunResult::of(&body, false, true)
            }
            Event::Message(RuntimeMessage::Response(_) | RuntimeMessage::TooLarge) => {
                let why = "the answer is larger than 6 MB";
                RunResult::broken("Function.ResponseSizeTooLarge", id, why)
            }
            Event::Message(RuntimeMessage::Error(_, body) | RuntimeMessage::InitError(_, body)) => {
                RunResult::of(&body, true, true)
            }
            // No answer is a request for another event.
            Event::Late | Event::Message(RuntimeMessage::Ready) => {
                let seconds = self.timeout.as_secs_f64();
                let why = format!("Task timed out after {seconds:.2} seconds");
                RunResult::broken("Sandbox.Timedout", id, &why)
            }
            Event::Ended(status) => RunResult::broken("Runtime.ExitError", id, &reason(status)),
            Event::Stopped => flooded(id),
        }
    }

    /// The log of one run, with the line that ends it in Lambda's.
    fn log(&mut self, from: u64, id: &str, took: Duration) -> String {
        let millis = took.as_secs_f64() * 1000.0;
        format!(
            "{}\nREPORT RequestId: {id}\tDuration: {millis:.2} ms\tMemory Size: {} MB\t\n",
            self.output.since(from).trim_end(),
            self.memory_mb
        )
    }

    /// Ends the process, what it has left behind, and the container.
    pub(super) async fn close(mut self) {
        self.process.kill().await;
        drop(self.leftover_processes);
        self.container.remove().await;
    }
}

fn flooded(id: &str) -> RunResult {
    let why = format!("printed more than {} MiB", OUTPUT_MAX >> 20);
    RunResult::broken("Runtime.ExitError", id, &why)
}

/// What an engine said of a container whose program never ran: nobody else printed anything.
fn complaint(output: &str) -> String {
    let lines = output.lines().map(str::trim).filter(|it| !it.is_empty());
    let lines = lines.filter(|line| !ASIDE.iter().any(|it| line.contains(it)));
    let lines: Vec<&str> = lines.take(LINES_MAX).collect();
    if lines.is_empty() { "it says nothing".to_owned() } else { lines.join(" | ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_says_is_shown_without_its_asides() {
        let docker = "docker: Error response from daemon: no such image.";
        let help = format!("{docker}\n\nRun 'docker run --help' for more information\n");
        assert_eq!(complaint(&help), docker);
        let podman = "WARN[0000] cgroups v1\nError: crun: no `/x`\n[conmon:e]: a\nb\nc";
        assert_eq!(complaint(podman), "Error: crun: no `/x` | [conmon:e]: a | b");
        assert_eq!(complaint("\n"), "it says nothing");
    }
}
