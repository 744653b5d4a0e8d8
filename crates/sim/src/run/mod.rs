//! Runs images: what an invocation of the stand-in otherwise takes from a script. Off unless it is asked for, since it
//! starts what somebody pushed as processes with the rights of this user.
//!
//! An image is unpacked once. An environment ([`room::Room`]) is a process of its entrypoint and a server that speaks
//! the Lambda runtime API to it; it stays for the next call. Time is the clock's on the wall here: what a program takes
//! cannot be hurried.

mod entry;
mod output;
mod room;
mod unpack;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tempfile::TempDir;
use tokio::{
    sync::{OnceCell, Semaphore},
    task::JoinSet,
};

use self::{entry::Entry, room::Room};
use crate::{lambda::invoke::Outcome, server::Clock, world::errand::Errand};

/// How many images run at once; the rest wait.
const AT_ONCE: usize = 32;

/// Where an image is, or what is wrong with it.
type Unpacked = Arc<OnceCell<Result<PathBuf, String>>>;

/// All environments that have a process.
#[derive(Debug)]
pub(crate) struct Runner {
    clock: Clock,
    folder: TempDir,
    images: Mutex<BTreeMap<String, Unpacked>>,
    rooms: Mutex<BTreeMap<String, Room>>,
    tasks: Mutex<JoinSet<()>>,
    permits: Semaphore,
}

impl Runner {
    pub(crate) fn new(clock: Clock) -> std::io::Result<Self> {
        Ok(Self {
            clock,
            folder: TempDir::with_prefix("evenkeel-sim-")?,
            images: Mutex::default(),
            rooms: Mutex::default(),
            tasks: Mutex::default(),
            permits: Semaphore::new(AT_ONCE),
        })
    }

    /// Does something whether or not somebody waits for it.
    pub(crate) fn later(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// One invocation, from its start to its end.
    pub(crate) async fn run(&self, errand: &Errand) -> Outcome {
        let _permit = self.permits.acquire().await;
        let warm = lock(&self.rooms).remove(&errand.room);
        let room = match warm.and_then(Room::alive) {
            Some(room) => Ok(room),
            None => self.open(errand).await,
        };
        let mut room = match room {
            Ok(room) => room,
            Err(fault) => return fault.outcome(errand, self.clock.now()),
        };
        let outcome = room.serve(errand, self.clock).await;
        if !outcome.gone {
            lock(&self.rooms).insert(errand.room.clone(), room);
        }
        outcome
    }

    async fn open(&self, errand: &Errand) -> Result<Room, entry::Fault> {
        let cell = Arc::clone(lock(&self.images).entry(errand.image.digest.clone()).or_default());
        let folder = self.folder.path().join(errand.image.digest.replace(':', "-"));
        let layers = errand.image.layers.clone();
        let unpack = || async {
            let unpack = move || unpack::layers(&layers, &folder).map(|()| folder);
            let done = tokio::task::spawn_blocking(unpack).await;
            done.unwrap_or_else(|error| Err(error.to_string()))
        };
        let root = cell.get_or_init(unpack).await.clone();
        let entry = Entry::of(errand, root)?;
        Room::open(errand, entry, self.folder.path()).await
    }

    /// These processes end.
    pub(crate) fn retire(&self, rooms: &[String]) {
        lock(&self.rooms).retain(|name, _| !rooms.contains(name));
    }

    /// All processes end, also those that are asked something.
    pub(crate) fn end(&self) {
        lock(&self.tasks).abort_all();
        lock(&self.rooms).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
