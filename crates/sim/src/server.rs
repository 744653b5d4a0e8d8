//! The stand-in behind a socket.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    admin,
    call::{Answer, Call, Refusal, Reply},
    chance,
    ecr::oci,
    fault::Cut,
    run::Runner,
    time::Moment,
    wire,
    world::{Options, Ticket, World},
};

/// The largest request that is read. AWS's own limit for a synchronous event is 6 MB.
const BODY_MAX: usize = 16 << 20;
/// How often what is due happens when nobody asks.
const TICK: Duration = Duration::from_millis(10);

/// The world and its clock, shared by all connections.
#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    clock: Clock,
    /// Who runs images, if that was asked for.
    runner: Option<Runner>,
}

/// The stand-in's clock: it may be hurried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
    scale: f64,
}

impl Clock {
    pub(crate) fn now(self) -> Moment {
        self.began.elapsed().mul_f64(self.scale)
    }
}

impl Shared {
    /// Now, by the stand-in's clock.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The world, to look at or to meddle with.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long something takes by the clock on the wall.
    fn real(&self, virtual_time: Duration) -> Duration {
        virtual_time.div_f64(self.clock.scale)
    }
}

/// A stand-in that is listening. It ends when this is dropped.
#[derive(Debug)]
pub struct Sim {
    /// Where.
    pub addr: SocketAddr,
    /// What is behind it.
    pub shared: Arc<Shared>,
    // Dropping the set ends the tasks.
    _tasks: JoinSet<()>,
}

impl Sim {
    /// Starts listening; port 0 is any free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be had.
    #[expect(clippy::disallowed_methods, reason = "the stand-in keeps its own time")]
    pub async fn start(options: Options, addr: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let scale = options.time_scale.clamp(0.001, 1_000_000.0);
        let clock = Clock { began: Instant::now(), scale };
        let runner = options.run_images.then(|| Runner::new(clock)).transpose()?;
        let world = Mutex::new(World::new(options));
        let shared = Arc::new(Shared { world, clock, runner });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        tasks.spawn(tick(Arc::clone(&shared)));
        Ok(Self { addr, shared, _tasks: tasks })
    }

    /// A call of somebody whom neither quotas nor faults hit, at this moment.
    ///
    /// # Errors
    /// AWS's own refusal.
    pub fn by_call(&self, call: &Call) -> Answer {
        let now = self.shared.now();
        self.shared.world().by_call(call, now)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // Whoever asks still holds the runner, which would hold its processes.
        if let Some(runner) = &self.shared.runner {
            runner.end();
        }
    }
}

async fn tick(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(TICK).await;
        let now = shared.now();
        shared.world().tick(now);
        if let Some(runner) = &shared.runner {
            let retired = shared.world().retired();
            runner.retire(&retired);
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&shared)))),
                // Out of file descriptors, perhaps: that passes.
                Err(_) => tokio::time::sleep(TICK).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Small answers should not wait for more to send.
    stream.set_nodelay(true).ok();
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { answer(request, shared).await }
    });
    // A connection that a fault cut, or that the client closed, ends in an error: that is all.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}

/// The connection is to be cut.
#[derive(Debug)]
struct Severed;

impl std::fmt::Display for Severed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut by a fault")
    }
}

impl std::error::Error for Severed {}

type Served = Result<Response<Full<Bytes>>, Severed>;

async fn answer(request: http::Request<Incoming>, shared: Arc<Shared>) -> Served {
    let (head, body) = request.into_parts();
    let limit = oci::body_max(head.uri.path()).unwrap_or(BODY_MAX);
    let Ok(body) = Limited::new(body, limit).collect().await else {
        return Ok(wire::plain(413, Bytes::new()));
    };
    let request = wire::Request {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body: body.to_bytes(),
    };
    if let Some(path) = request.uri.path().strip_prefix("/_sim") {
        return Ok(admin::answer(path, &request, &shared));
    }
    match wire::call(&request) {
        Ok(call) => handle(&call, &shared).await,
        Err((service, refusal)) => Ok(wire::response(service, Err(refusal), "0")),
    }
}

async fn handle(call: &Call, shared: &Arc<Shared>) -> Served {
    let now = shared.now();
    let ticket = shared.world().admit(call, now);
    let _ended = Ended { shared, number: ticket.number };
    let half = shared.real(ticket.play.delay / 2);
    let id = chance::uuid(0, ticket.number);
    pause(half).await;
    let answer = match ticket.play.cut {
        Some((cut, false)) => return sever(cut).await,
        _ => act(call, &ticket, shared).await,
    };
    pause(half).await;
    if let Some((cut, true)) = ticket.play.cut {
        return sever(cut).await;
    }
    Ok(wire::response(call.service, answer, &id))
}

/// Runs an image, or asks the world. Whoever does not wait for an image is answered at once; whoever goes away in the
/// meantime does not end it.
async fn act(call: &Call, ticket: &Ticket, shared: &Arc<Shared>) -> Answer {
    let begin = || shared.world().errand(call, ticket, shared.now());
    let Some((runner, errand)) = shared.runner.as_ref().and_then(|it| Some((it, begin()?))) else {
        return run(call, ticket, shared);
    };
    let (done, reply) = tokio::sync::oneshot::channel();
    let (asked, all) = (call.clone(), Arc::clone(shared));
    runner.later(async move {
        let Some(runner) = &all.runner else { return };
        let outcome = runner.run(&errand).await;
        let now = all.now();
        let reply = all.world().complete(&asked, (&errand.begun, outcome), now);
        // The caller may be gone.
        done.send(reply).ok();
    });
    let answer = if call.header("x-amz-invocation-type") == Some("Event") {
        Ok(Reply::empty(202))
    } else {
        let gone = |_| Refusal::new(500, "ServiceException", "The environment is gone.");
        reply.await.map_err(gone)
    };
    shared.world().told(ticket, &answer);
    answer
}

fn run(call: &Call, ticket: &Ticket, shared: &Shared) -> Answer {
    let mut world = shared.world();
    let now = shared.now();
    world.run(call, ticket, now)
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

async fn sever(cut: Cut) -> Served {
    match cut {
        Cut::Reset => Err(Severed),
        // The client gives up, or is gone; then this is dropped.
        Cut::Hang => match std::future::pending::<Infallible>().await {},
    }
}

/// Takes note of the end of a call, however it ends.
struct Ended<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let now = self.shared.now();
        self.shared.world().end(self.number, now);
    }
}
