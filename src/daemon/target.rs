//! One target: is it the account that it should be, and what do the manifests want of it?

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc, watch},
    time,
};
use tracing::{error, info, warn};

use super::{board::Board, source::Snapshot, stop::stopped};
use crate::{
    aws::identity::Identity,
    engine::{
        diff::Said,
        failure::{Class, Failure, chain},
        name::{Name, Owner},
        place::Place,
        work::Event,
    },
    kinds::{
        function::{Function, expand::Setting, hash::HashKey},
        image::Image,
    },
    manifest::{self, Documents},
};

/// How soon to ask again who we are, while a target is on hold.
const RECHECK: Duration = Duration::from_secs(30);
/// How often to make sure that we still are who we were: credentials are renewed under us.
const REASSURE: Duration = Duration::from_mins(10);

/// A new snapshot, or none yet.
pub(super) type Snapshots = watch::Receiver<Option<Arc<Snapshot>>>;

/// What keeps one target's engines informed.
pub(super) struct Supervisor {
    pub(super) name: Name,
    pub(super) region: String,
    /// The account that it must be; if nobody said, the first that we see.
    pub(super) account_id: Option<String>,
    pub(super) owner: Owner,
    pub(super) hash_key: Option<HashKey>,
    pub(super) identity: Identity,
    pub(super) functions: mpsc::Sender<Event<Function>>,
    pub(super) images: mpsc::Sender<Event<Image>>,
    pub(super) board: Arc<Board>,
    pub(super) snapshots: Snapshots,
    /// Rung when AWS refuses our credentials.
    pub(super) doubt: Arc<Notify>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Supervisor {
    /// Runs until told to stop.
    pub(super) async fn run(mut self) {
        let mut stop = self.stop.clone();
        let mut paused = self.check(None).await;
        self.desire().await;
        loop {
            let wait = if paused.is_some() { RECHECK } else { REASSURE };
            tokio::select! {
                changed = self.snapshots.changed() => match changed {
                    Ok(()) => self.desire().await,
                    Err(_) => return,
                },
                () = time::sleep(wait) => paused = self.recheck(paused).await,
                () = self.doubt.notified() => paused = self.recheck(paused).await,
                () = stopped(&mut stop) => return,
            }
        }
    }

    async fn recheck(&mut self, paused: Option<Said>) -> Option<Said> {
        let known = self.account_id.is_some();
        let paused = self.check(paused).await;
        // What the manifests want can be said only once the account is known.
        if !known && self.account_id.is_some() {
            self.desire().await;
        }
        paused
    }

    /// Asks AWS who we are, and puts the target on hold unless the answer is right.
    async fn check(&mut self, before: Option<Said>) -> Option<Said> {
        let found = self.identity.account_id().await;
        let paused = self.verdict(found, before.as_ref());
        self.board.write(|board| board.targets.insert(self.name.clone(), paused.clone()));
        if paused != before {
            let target = &self.name;
            if let Some(Said { reason, message }) = &paused {
                error!(%target, reason, because = message, "target on hold");
            } else {
                info!(%target, "target goes on");
            }
            self.tell(|| Event::Paused(paused.clone()), || Event::Paused(paused.clone())).await;
        }
        paused
    }

    fn verdict(&mut self, found: Result<String, Failure>, before: Option<&Said>) -> Option<Said> {
        match (found, &self.account_id) {
            (Ok(found), Some(wanted)) if found != *wanted => {
                let message = format!(
                    "the credentials belong to account {found}, and the target `{}` is account \
                     {wanted}; nothing is read or written",
                    self.name
                );
                Some(Said::new("WrongAccount", message))
            }
            (Ok(found), _) => {
                self.account_id = Some(found);
                None
            }
            (Err(failure), _) if failure.class == Class::Credentials => {
                let message = format!("AWS does not accept our credentials: {}", chain(&failure));
                Some(Said::new("CredentialsInvalid", message))
            }
            // Who we were, we probably still are; the calls themselves will tell.
            (Err(failure), Some(_)) => {
                warn!(target = %self.name, error = chain(&failure), "cannot ask who we are");
                before.cloned()
            }
            (Err(failure), None) => {
                let message =
                    format!("AWS does not say whose account this is: {}", chain(&failure));
                Some(Said::new("IdentityUnknown", message))
            }
        }
    }

    /// Tells the engines what the manifests want.
    async fn desire(&mut self) {
        let Some(snapshot) = self.snapshots.borrow_and_update().clone() else { return };
        let Some(account_id) = self.account_id.clone() else { return };
        let place = Place { target: self.name.clone(), account_id, region: self.region.clone() };
        let setting =
            Setting { place: &place, owner: &self.owner, hash_key: self.hash_key.as_ref() };
        let documents = Documents {
            all: &snapshot.documents,
            frozen: &snapshot.frozen,
            intact: snapshot.intact(),
        };
        let wishes = manifest::expand(documents, setting);
        // Images first, so that they are under way when functions begin to wait for them.
        let (images, functions) = (wishes.images, wishes.functions);
        self.tell(|| Event::Desired(functions), || Event::Desired(images)).await;
    }

    async fn tell(
        &self,
        functions: impl FnOnce() -> Event<Function>,
        images: impl FnOnce() -> Event<Image>,
    ) {
        let sent = self.images.send(images()).await.is_ok()
            && self.functions.send(functions()).await.is_ok();
        if !sent {
            tracing::debug!(target = %self.name, "the engines have ended");
        }
    }
}
