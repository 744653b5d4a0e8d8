//! One target: is it the account that it should be, and what do the manifests want of it?

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time,
};
use tracing::{error, info, warn};

use super::{
    board::Board,
    event_log::{EventLog, EventReason, LoggedEvent, Subject},
    pause::PauseFile,
    prune::PruneSupervisor,
    reader::SourceState,
    refresh::RefreshQueue,
    senders::{Broadcast, ENGINES, EngineSenders},
    source::Snapshot,
    stop::stopped,
    telemetry::PROBLEM,
};
use crate::{
    aws::identity::Identity,
    engine::{
        diff::Reason,
        failure::{Class, Failure, chain},
        gate::WriteStop,
        name::{Name, Owner},
        place::Place,
        prune::Manifests,
        time::{Clock, Mono},
        work::Refresh,
    },
    kinds::function::{expand::Setting, hash::HashKey},
    manifest::{self, Document, Documents, Selection},
};

/// How soon to ask again who we are, while a target is on hold; where AWS gave no answer, sooner at first.
const RECHECK: Duration = Duration::from_secs(30);
/// How soon after the first answer that did not come; each further pause is twice as long.
const RECHECK_FIRST: Duration = Duration::from_secs(1);
/// How often to make sure that we still are who we were: credentials are renewed under us.
const RECHECK_CONFIRMED: Duration = Duration::from_mins(10);

/// How often to look for the pause file.
const PAUSE_CHECK: Duration = Duration::from_secs(1);

/// The manifests, as they are read.
pub(super) type Snapshots = watch::Receiver<SourceState>;

/// What keeps one target's engines informed.
pub(super) struct TargetSupervisor {
    pub(super) name: Name,
    pub(super) region: String,
    pub(super) registry: Option<String>,
    /// The account that it must be; if nobody said, the first that we see.
    pub(super) account_id: Option<String>,
    pub(super) owner: Owner,
    pub(super) hash_key: Option<HashKey>,
    pub(super) selection: Selection,
    /// Whether what nobody asks for is looked for too.
    pub(super) watches: bool,
    pub(super) identity: Identity,
    /// How often in a row AWS has not said who we are.
    pub(super) unanswered: u32,
    pub(super) senders: EngineSenders,
    /// The names of the log groups that documents ask for.
    pub(super) log_groups: watch::Sender<BTreeSet<String>>,
    pub(super) board: Arc<Board>,
    pub(super) event_log: Arc<EventLog>,
    pub(super) snapshots: Snapshots,
    /// The snapshot that the engines know.
    pub(super) current: Option<Arc<Snapshot>>,
    pub(super) prune_supervisor: PruneSupervisor,
    pub(super) pause: PauseFile,
    pub(super) write_stop: Option<WriteStop>,
    pub(super) clock: Arc<dyn Clock>,
    /// Where people ask for reads.
    pub(super) refresh_queue: Arc<RefreshQueue>,
    /// Rung when AWS refuses our credentials.
    pub(super) credentials_refused: Arc<Notify>,
    /// Rung when the objects that nobody wants are others.
    pub(super) prune_input: Arc<Notify>,
    pub(super) stop: watch::Receiver<bool>,
}

impl TargetSupervisor {
    /// Keeps the engines informed until told to stop: whose the credentials are, what the manifests
    /// ask for, what may be deleted, and whether anything may be written.
    pub(super) async fn run(mut self) {
        let mut stop = self.stop.clone();
        self.check_pause().await;
        let mut paused = self.check(None, false).await;
        self.desire().await;
        // Deadlines, since other news must not put them off.
        let (mut check_at, mut pause_at) = (self.recheck_at(paused.as_ref()), Mono::default());
        let mut refused_at = Mono::default();
        loop {
            let now = self.clock.now().mono;
            let check = check_at.since(now);
            let decision = self.prune_supervisor.next().map_or(Duration::MAX, |at| at.since(now));
            let pause = pause_at.since(now);
            tokio::select! {
                changed = self.snapshots.changed() => match changed {
                    Ok(()) => self.desire().await,
                    Err(_) => return,
                },
                () = time::sleep(self.clock.real(check)) => {
                    paused = self.recheck(paused, false).await;
                    check_at = self.recheck_at(paused.as_ref());
                }
                () = self.credentials_refused.notified() => {
                    let now = self.clock.now().mono;
                    // Who refuses what STS accepts refuses others too: they are not fetched all the time.
                    let refused = now.since(refused_at) > RECHECK || refused_at == Mono::default();
                    refused_at = if refused { now } else { refused_at };
                    paused = self.recheck(paused, refused).await;
                    check_at = self.recheck_at(paused.as_ref());
                }
                asked = self.refresh_queue.next(&self.name) => self.refresh(asked).await,
                () = self.prune_input.notified() => self.rule(false).await,
                () = time::sleep(self.clock.real(decision)) => self.rule(false).await,
                () = time::sleep(self.clock.real(pause)) => {
                    self.check_pause().await;
                    pause_at = self.clock.now().mono.after(PAUSE_CHECK);
                }
                () = stopped(&mut stop) => return,
            }
        }
    }

    fn recheck_at(&self, paused: Option<&Reason>) -> Mono {
        let wait = match (paused, self.unanswered) {
            (None, 0) => RECHECK_CONFIRMED.min(self.identity.rest().max(RECHECK)),
            (_, 0) => RECHECK,
            (_, times) => RECHECK.min(RECHECK_FIRST * (1 << (times - 1).min(5))),
        };
        self.clock.now().mono.after(wait)
    }

    async fn recheck(&mut self, paused: Option<Reason>, refused: bool) -> Option<Reason> {
        let known = self.account_id.is_some();
        let paused = self.check(paused, refused).await;
        // What the manifests want can be said only once the account is known.
        if !known && self.account_id.is_some() {
            self.desire().await;
        }
        paused
    }

    /// Asks AWS who we are, and puts the target on hold unless the answer is right. `before`: why
    /// it is on hold. `refused`: AWS did not accept the credentials for something else. Returns why
    /// the target is on hold now; `None`: it is not.
    async fn check(&mut self, before: Option<Reason>, refused: bool) -> Option<Reason> {
        let found = self.identity.account_id(refused).await;
        self.unanswered = match &found {
            Err(failure) if failure.class != Class::Credentials => self.unanswered + 1,
            Ok(_) | Err(_) => 0,
        };
        let paused = self.verdict(found, before.as_ref());
        self.board.write(|board| {
            board.targets.insert(self.name.clone(), paused.clone());
            let account = self.account_id.iter().cloned();
            board.accounts.extend(account.map(|it| (self.name.clone(), it)));
        });
        if paused != before {
            let target = &self.name;
            if let Some(Reason { code: reason, message }) = &paused {
                error!(target: PROBLEM, %target, reason, because = message, "target on hold");
                self.event(EventReason::warning(reason), message);
            } else {
                info!(%target, "target goes on");
                self.event(EventReason::normal("TargetGoesOn"), "it is read and written again");
            }
            self.broadcast(Broadcast::Paused(paused.clone())).await;
        }
        paused
    }

    /// Decides by what AWS said whether the target is on hold (`Some`), and confirms or rejects the
    /// credentials. If no account was declared, the first one that AWS names is the target's.
    fn verdict(
        &mut self,
        found: Result<String, Failure>,
        before: Option<&Reason>,
    ) -> Option<Reason> {
        match (found, &self.account_id) {
            (Ok(found), Some(wanted)) if found != *wanted => {
                let message = format!(
                    "the credentials belong to account {found}, and the target `{}` is account \
                     {wanted}; nothing is read or written",
                    self.name
                );
                self.identity.reject();
                Some(Reason::new("WrongAccount", message))
            }
            (Ok(found), _) => {
                self.identity.confirm();
                self.account_id = Some(found);
                None
            }
            (Err(failure), _) if failure.class == Class::Credentials => {
                // What was refused once is not asked about again: the source may have others by then.
                self.identity.reject();
                let message = match failure.cause.code {
                    Some(_) => format!("AWS does not accept our credentials: {}", chain(&failure)),
                    // Nothing was asked of AWS.
                    None => failure.cause.message,
                };
                Some(Reason::new("CredentialsInvalid", message))
            }
            // AWS has said whose the credentials are that are in use, and nothing else is used.
            (Err(failure), _) if before.is_none() && self.identity.is_confirmed() => {
                warn!(target = %self.name, error = chain(&failure), "cannot ask who we are");
                None
            }
            (Err(failure), _) => {
                let message = format!(
                    "AWS does not say whose account this is, so nothing is read or written: {}",
                    chain(&failure)
                );
                Some(Reason::new("IdentityUnknown", message))
            }
        }
    }

    /// Tells the engines what the manifests want, or that they still want it. Does nothing before
    /// there is a snapshot, or before the account is known.
    async fn desire(&mut self) {
        let source_state = self.snapshots.borrow_and_update().clone();
        let Some(snapshot) = source_state.snapshot else { return };
        if self.current.as_ref().is_some_and(|it| Arc::ptr_eq(it, &snapshot)) {
            if source_state.readable {
                self.broadcast(Broadcast::Reread(source_state.read_at)).await;
            }
            self.rule(false).await;
            return;
        }
        let Some(account_id) = self.account_id.clone() else { return };
        let (target, region) = (self.name.clone(), self.region.clone());
        let place = Place { target, account_id, region, registry: self.registry.clone() };
        let setting =
            Setting { place: &place, owner: &self.owner, hash_key: self.hash_key.as_ref() };
        let meant = snapshot.documents.iter().filter(|it| self.selection.takes(it));
        let documents: Vec<Arc<Document>> = meant.cloned().collect();
        let documents = Documents {
            all: &documents,
            frozen: &snapshot.frozen,
            intact: snapshot.intact(),
            read_at: source_state.read_at,
            watches: self.watches,
        };
        let desired = manifest::expand(documents, setting);
        self.current = Some(snapshot);
        let groups = desired.log_groups.wanted.values();
        let groups = groups.filter_map(|it| it.spec.config.as_ref()).map(|it| it.group.clone());
        self.log_groups.send_replace(groups.collect());
        let sent = self.senders.desire(desired.into()).await;
        self.log_end(sent);
        // What was ruled rested on other manifests.
        self.rule(true).await;
    }

    /// Tells the engines what people ask to be read again.
    async fn refresh(&self, asked: Vec<Refresh>) {
        for asked in asked {
            let objects = match &asked {
                Refresh::All => "all".to_owned(),
                Refresh::Documents(documents) => {
                    let names = documents.iter().map(|it| format!("{}/{}", it.kind, it.name));
                    names.collect::<Vec<_>>().join(", ")
                }
            };
            info!(target = %self.name, objects, "reading AWS again on request");
            self.broadcast(Broadcast::Refresh(Arc::new(asked))).await;
        }
    }

    /// Says what may be deleted, if that is news.
    async fn rule(&mut self, again: bool) {
        let intact = self.current.as_ref().is_some_and(|it| it.intact());
        let manifests = Manifests { intact, readable: self.snapshots.borrow().readable };
        let now = self.clock.now().mono;
        if let Some(decision) = self.prune_supervisor.rule(manifests, now, again) {
            self.board.write(|board| board.rulings_sent += u64::try_from(ENGINES).unwrap_or(0));
            self.broadcast(Broadcast::PruneDecided(decision)).await;
        }
    }

    /// Stops all writes of the target while the pause file exists or a breaker is open. Tells the
    /// engines, the log and the board only when that changes.
    async fn check_pause(&mut self) {
        let file = self.pause.why();
        let whole = file.clone().map(|reason| WriteStop { reason, rescues: false });
        let why = whole.or_else(|| self.mass_drift());
        if why == self.write_stop {
            return;
        }
        if let Some(WriteStop { reason, .. }) = &why {
            warn!(target = %self.name, because = reason.message, "writing nothing");
            self.event(EventReason::warning(reason.code), &reason.message);
        } else {
            info!(target = %self.name, "writing again");
            self.event(EventReason::normal("WritingAgain"), "what held all writes is over");
        }
        self.write_stop.clone_from(&why);
        self.board.write(|board| board.held.clone_from(&file));
        self.broadcast(Broadcast::WriteStop(why)).await;
    }

    /// One kind's breaker stops the writes of all kinds.
    fn mass_drift(&self) -> Option<WriteStop> {
        let broken = self.board.read(|board| {
            let mut ours = board.facets.iter().filter(|((target, _), _)| *target == self.name);
            ours.any(|(_, engine)| engine.summary.broken.is_some())
        });
        let message = "too many objects of this target have drifted at once, so nothing is written";
        broken.then(|| WriteStop { reason: Reason::new("MassDrift", message), rescues: true })
    }

    fn event(&self, reason: EventReason, message: &str) {
        let subject = Subject::Target(self.name.clone());
        let at = self.clock.now().wall;
        self.event_log.event(LoggedEvent::new(at, subject, reason, message));
    }

    async fn broadcast(&self, message: Broadcast) {
        let sent = self.senders.broadcast(message).await;
        self.log_end(sent);
    }

    fn log_end(&self, sent: bool) {
        if !sent {
            tracing::debug!(target = %self.name, "the engines have ended");
        }
    }
}
