//! A process that answers events: it finds its API, is asked, and is heard until it ends.

use std::{io, process::ExitStatus, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::mpsc,
    task::JoinSet,
    time,
};

use super::{Desk, Job, RuntimeMessage, serve};

/// How often whoever waits is asked whether to go on.
const LOOK: Duration = Duration::from_millis(50);
/// How long a function that has answered may take to ask for more, or to end.
const REST_MAX: Duration = Duration::from_millis(500);

/// Where a process will find its API: a port of 127.0.0.1 that only it has.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    address: String,
}

impl Port {
    /// Takes a free one.
    pub async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        Ok(Self { listener, address })
    }

    /// What stands in `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// What ended a wait.
#[derive(Debug)]
pub enum Event {
    /// The function sent a message.
    Message(RuntimeMessage),
    /// The process ended.
    Ended(Option<ExitStatus>),
    /// Time is up.
    Late,
    /// Whoever waits has had enough of it.
    Stopped,
}

/// A process with its API. It ends with this.
#[derive(Debug)]
pub struct Process {
    child: Child,
    desk: Arc<Desk>,
    messages: mpsc::Receiver<RuntimeMessage>,
    // Dropping the set ends the server.
    _api: JoinSet<()>,
}

impl Process {
    /// Starts it.
    pub fn start(port: Port, command: &mut Command) -> io::Result<Self> {
        let child = command.kill_on_drop(true).spawn()?;
        let (say, messages) = mpsc::channel(16);
        let desk = Arc::new(Desk::new(say));
        let mut api = JoinSet::new();
        api.spawn(serve(port.listener, Arc::clone(&desk)));
        Ok(Self { child, desk, messages, _api: api })
    }

    /// Its id, as long as it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The next thing that happens. `stop` is asked now and then.
    pub async fn next(&mut self, most: Duration, stop: impl FnMut() -> bool) -> Event {
        self.wait(most, stop, |_| false).await
    }

    /// One event, from laying it out to what comes of it.
    pub async fn call(&mut self, job: Job, most: Duration, stop: impl FnMut() -> bool) -> Event {
        self.desk.lay(job);
        // It has answered the event before this one, or fetches this one: neither is an answer.
        self.wait(most, stop, |it| matches!(it, RuntimeMessage::Ready)).await
    }

    /// Whether a function that has answered can take another event.
    pub async fn rests(&mut self, stop: impl FnMut() -> bool) -> bool {
        matches!(
            self.next(REST_MAX, stop).await,
            Event::Message(RuntimeMessage::Ready) | Event::Late
        )
    }

    /// The time is looked at first: whoever asks for events without end is late like anybody.
    async fn wait(
        &mut self,
        most: Duration,
        mut stop: impl FnMut() -> bool,
        passes: impl Fn(&RuntimeMessage) -> bool,
    ) -> Event {
        let late = time::sleep(most);
        tokio::pin!(late);
        loop {
            tokio::select! {
                biased;
                () = &mut late => return Event::Late,
                Some(message) = self.messages.recv() => if !passes(&message) {
                    return Event::Message(message);
                },
                ended = self.child.wait() => return Event::Ended(ended.ok()),
                () = time::sleep(LOOK) => if stop() {
                    return Event::Stopped;
                },
            }
        }
    }

    /// Ends it.
    pub async fn kill(&mut self) {
        // It may be gone already.
        self.child.kill().await.ok();
    }
}
