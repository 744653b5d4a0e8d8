//! The pages on a large fleet: how soon a table is there, and what many who look cost the engines.

use std::{
    io::Read as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    fleet::{HURRY, SHARE, began, ended},
    report::{self, Report, percentile},
    stage::{Daemon, Fleet},
};

const PAINTS: usize = 20;
const POLLERS: usize = 50;
const STREAMS: usize = 20;
/// How often each of them asks, by our clock.
const POLL: Duration = Duration::from_secs(1);
/// Longer than a copy of the board is kept: each first paint makes one.
const APART: Duration = Duration::from_millis(700);
/// Passes with nobody there, and as many with all of them.
const PASSES: usize = 3;

/// Measures both.
pub async fn measure(count: usize, report: &mut Report) {
    let fleet = Fleet::made(count, HURRY).await;
    let daemon = fleet.start(SHARE);
    daemon.ready().await;
    daemon.verified(count).await;
    report::heading(&format!("Pages on {count} functions"));
    let mut paints = Vec::new();
    for path in ["/objects", "/objects?sort=status&q=job", "/"] {
        let mut took = paint(&daemon, path).await;
        paints.append(&mut took);
    }
    let ms = |value: f64| (1000.0 * value, "ms");
    report.add(("page.first_paint_p50_ms", count), ms(percentile(&mut paints, 0.5)), None);
    report.add(("page.first_paint_max_ms", count), ms(percentile(&mut paints, 1.0)), Some(500.0));
    let (alone, cpu_alone) = passes(&fleet, &daemon, count).await;
    let crowd = Crowd::start(&daemon);
    let (crowded, cpu_crowded) = passes(&fleet, &daemon, count).await;
    let mut waits = crowd.leave();
    let asked = waits.len();
    report.add(("page.pass_alone_s", count), (alone, "s"), None);
    report.add(("page.pass_crowded_s", count), (crowded, "s"), None);
    report.add(("page.crowded_over_alone", count), (crowded / alone, "times"), Some(1.1));
    report.add(("page.cpu_alone_s", count), (cpu_alone, "s"), None);
    report.add(("page.cpu_crowded_s", count), (cpu_crowded, "s"), None);
    report.add(("page.answers", count), (asked as f64, "answers"), None);
    report.add(("page.answer_p99_ms", count), ms(percentile(&mut waits, 0.99)), None);
    report.add(("page.rss_mb", count), (daemon.rss_mb(), "MB"), None);
}

/// How long a page takes that nobody has just asked for, from the request to its last byte.
async fn paint(daemon: &Daemon, path: &str) -> Vec<f64> {
    let url = format!("{}{path}", daemon.url);
    let took = move || {
        let one = |_| {
            thread::sleep(APART);
            ask(&ureq::agent(), &url)
        };
        (0..PAINTS).map(one).collect()
    };
    tokio::task::spawn_blocking(took).await.unwrap()
}

fn ask(agent: &ureq::Agent, url: &str) -> f64 {
    let began = Instant::now();
    let text = agent.get(url).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(text.len() > 1_000, "{url} is empty");
    began.elapsed().as_secs_f64()
}

/// The time of a pass by the fleet's clock, and what processor time it costs: the median of some.
async fn passes(fleet: &Fleet, daemon: &Daemon, count: usize) -> (f64, f64) {
    let (mut walls, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..PASSES {
        let mark = fleet.mark();
        let first = began(fleet, mark).await;
        let cpu = daemon.cpu();
        walls.push(ended(fleet, mark, count).await - first);
        costs.push(daemon.cpu() - cpu);
    }
    (percentile(&mut walls, 0.5), percentile(&mut costs, 0.5))
}

/// Asks again and again; how long each answer took.
fn poll(url: &str, late: Duration, gone: &AtomicBool) -> Vec<f64> {
    thread::sleep(late);
    let (agent, mut waits) = (ureq::agent(), Vec::new());
    while !gone.load(Ordering::Relaxed) {
        waits.push(ask(&agent, url));
        thread::sleep(POLL);
    }
    waits
}

/// Reads a stream until the daemon ends.
fn follow(url: &str) {
    let mut answer = ureq::get(url).call().unwrap();
    let mut reader = answer.body_mut().as_reader();
    let mut piece = [0; 4096];
    while reader.read(&mut piece).is_ok_and(|it| it > 0) {}
}

/// Those who look.
struct Crowd {
    gone: Arc<AtomicBool>,
    pollers: Vec<JoinHandle<Vec<f64>>>,
}

impl Crowd {
    fn start(daemon: &Daemon) -> Self {
        let gone = Arc::new(AtomicBool::new(false));
        let paths = ["/objects?status=synced", "/api/v1/objects?limit=100&sort=status"];
        let poller = |number: usize| {
            let url = format!("{}{}", daemon.url, paths[number % 2]);
            // Not all at once.
            let late = POLL.mul_f64(number as f64 / POLLERS as f64);
            let gone = Arc::clone(&gone);
            thread::spawn(move || poll(&url, late, &gone))
        };
        let pollers = (0..POLLERS).map(poller).collect();
        for _ in 0..STREAMS {
            let url = format!("{}/api/v1/events/stream", daemon.url);
            thread::spawn(move || follow(&url));
        }
        Self { gone, pollers }
    }

    fn leave(self) -> Vec<f64> {
        self.gone.store(true, Ordering::Relaxed);
        self.pollers.into_iter().flat_map(|it| it.join().unwrap()).collect()
    }
}
