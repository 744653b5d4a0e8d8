//! Whose credentials we have, as AWS says. The clients of a target sign with none before that is known to be the right
//! account: also not with those that come in the place of others, an hour later.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_config::identity::IdentityCache;
use aws_credential_types::{
    Credentials,
    provider::{
        self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
    },
};
use aws_sdk_sts::Client;
use aws_smithy_async::time::{SystemTimeSource, TimeSource as _};
use tokio::sync::Semaphore;

use super::{
    calls::{Call, Calls},
    clients::Clients,
    op::Op,
};
use crate::engine::{
    failure::{Class, Failure},
    work::Priority,
};

/// How long credentials are used that do not say when they end, as the SDK's own cache does it.
const UNDATED: Duration = Duration::from_mins(15);
/// How long before their end credentials are used no more: a call may take half a minute.
const MARGIN: Duration = Duration::from_mins(1);
/// How long before their end others are asked for with a check, so that calls seldom wait for one.
const AHEAD: Duration = Duration::from_mins(12);

/// Asks STS whose our credentials are, through the target's one door.
pub struct Identity {
    sts: Client,
    calls: Arc<Calls>,
    custody: Arc<Custody>,
}

impl Identity {
    /// Makes clients that sign only with confirmed credentials, and returns with them what asks AWS
    /// about the credentials and confirms them.
    pub fn guard(clients: Clients, calls: &Arc<Calls>) -> (Clients, Self) {
        let Some(source) = clients.config().credentials_provider() else {
            // Then nothing can be signed, and every call says so.
            let (sts, custody) = (clients.sts.clone(), Arc::default());
            return (clients, Self { sts, calls: Arc::clone(calls), custody });
        };
        let custody = Arc::new(Custody { source: Some(source), ..Custody::default() });
        let with = |provider: SharedCredentialsProvider| {
            // The custody is the cache: where it changes its mind, no call may go on with what was before.
            let config = clients.config().to_builder().identity_cache(IdentityCache::no_cache());
            Clients::signing_with(&config.credentials_provider(provider).build())
        };
        let sts = with(SharedCredentialsProvider::new(CheckProvider(Arc::clone(&custody)))).sts;
        let guarded = with(SharedCredentialsProvider::new(ConfirmedProvider(Arc::clone(&custody))));
        (guarded, Self { sts, calls: Arc::clone(calls), custody })
    }

    /// The account that our credentials belong to: twelve digits. With `again`, credentials that were good before are
    /// fetched again: AWS has refused them.
    pub async fn account_id(&self, again: bool) -> Result<String, Failure> {
        self.custody.begin(again);
        account_id(&self.sts, &self.calls).await
    }

    /// The account that was just named is the right one: what it was named for may be used.
    pub fn confirm(&self) {
        self.custody.confirm();
    }

    /// It is the wrong one, or AWS does not accept the credentials: nothing of it may be used, and the next check
    /// fetches others.
    pub fn reject(&self) {
        self.custody.reject();
    }

    /// Whether there are credentials that were confirmed and may still be used.
    pub fn is_confirmed(&self) -> bool {
        self.custody.confirmed(MARGIN).is_some()
    }

    /// How soon a check has to fetch the next ones, so that no call waits for them.
    pub fn rest(&self) -> Duration {
        self.custody.rest().saturating_sub(MARGIN * 2)
    }
}

/// The account that the credentials of this client belong to: twelve digits.
pub async fn account_id(sts: &Client, calls: &Calls) -> Result<String, Failure> {
    let call = Call::plain(Op::GetCallerIdentity, Priority::Write);
    let (identity, _) = calls.run(call, sts.get_caller_identity().send()).await?;
    let missing = || Op::GetCallerIdentity.failure(Class::Unclear, "the answer names no account");
    identity.account.ok_or_else(missing)
}

/// Credentials between where they come from and the clients that use them.
#[derive(Default)]
struct Custody {
    source: Option<SharedCredentialsProvider>,
    state: Mutex<CustodyState>,
    /// One at a time asks the source.
    turn: Turn,
}

struct Turn(Semaphore);

impl Default for Turn {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

#[derive(Default)]
struct CustodyState {
    /// What may be used, and until when.
    confirmed: Option<(Credentials, SystemTime)>,
    /// What came in its place, and nobody has confirmed.
    offered: Option<Credentials>,
    /// What a check that is under way is about.
    asked: Option<Credentials>,
    /// Whether it is about others than those that may be used.
    again: bool,
}

impl Custody {
    fn with<T>(&self, act: impl FnOnce(&mut CustodyState) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin(&self, again: bool) {
        self.with(|state| {
            state.asked = None;
            state.again = again;
        });
    }

    fn confirm(&self) {
        self.with(|state| {
            let Some(asked) = state.asked.take() else { return };
            state.offered = None;
            state.confirmed = Some(dated(asked));
        });
    }

    fn reject(&self) {
        self.with(|state| *state = CustodyState::default());
    }

    /// What may be used for so long from now.
    fn confirmed(&self, rest: Duration) -> Option<Credentials> {
        let at = now() + rest;
        self.with(|state| {
            state.confirmed.as_ref().filter(|(_, until)| *until > at).map(|(it, _)| it.clone())
        })
    }

    /// How long what may be used is good for.
    fn rest(&self) -> Duration {
        let until = self.with(|state| state.confirmed.as_ref().map(|(_, until)| *until));
        until.and_then(|it| it.duration_since(now()).ok()).unwrap_or_default()
    }

    /// What was offered and has not ended.
    fn offered(&self) -> Option<Credentials> {
        self.with(|state| {
            let ended = |it: &Credentials| it.expiry().is_some_and(|it| it <= now());
            if state.offered.as_ref().is_some_and(ended) {
                state.offered = None;
            }
            state.offered.clone()
        })
    }

    /// What the source has now.
    async fn fetch(&self) -> provider::Result {
        let source = self.source.as_ref();
        let missing = || CredentialsError::not_loaded("there is no source of credentials");
        source.ok_or_else(missing)?.provide_credentials().await
    }

    /// The credentials that a client signs with. If those that were confirmed are at their end,
    /// others are fetched; they wait for a check, and the call fails ([`Unconfirmed`]).
    async fn use_confirmed(&self) -> provider::Result {
        if let Some(good) = self.confirmed(MARGIN) {
            return Ok(good);
        }
        let _turn = self.turn.0.acquire().await;
        // Another call may have had the turn, and new credentials by it.
        if let Some(good) = self.confirmed(MARGIN) {
            return Ok(good);
        }
        if self.offered().is_some() {
            return Err(CredentialsError::provider_error(Unconfirmed));
        }
        let found = self.fetch().await?;
        self.with(|state| {
            let known = state.confirmed.as_ref().map(|(it, _)| it.access_key_id());
            // The same key belongs to the same account, whatever its end.
            if known == Some(found.access_key_id()) {
                state.confirmed = Some(dated(found.clone()));
                return Ok(found);
            }
            state.offered = Some(found);
            Err(CredentialsError::provider_error(Unconfirmed))
        })
    }

    /// The credentials that a check signs with: all of its tries are about the same ones. The first
    /// of: those of an earlier try, those that wait for a check, the confirmed ones (not with
    /// `again`), and those that the source has now.
    async fn ask(&self) -> provider::Result {
        let _turn = self.turn.0.acquire().await;
        let (asked, again) = self.with(|state| (state.asked.clone(), state.again));
        let good = || self.confirmed(AHEAD).filter(|_| !again);
        let found = match asked.or_else(|| self.offered()).or_else(good) {
            Some(found) => found,
            None => self.fetch().await?,
        };
        self.with(|state| state.asked = Some(found.clone()));
        Ok(found)
    }
}

/// Credentials, and until when they are used.
fn dated(credentials: Credentials) -> (Credentials, SystemTime) {
    let until = credentials.expiry().unwrap_or_else(|| now() + UNDATED);
    (credentials, until)
}

/// Credentials end by the world's clock, whatever clock the daemon runs on.
fn now() -> SystemTime {
    SystemTimeSource::new().now()
}

/// Credentials that are new: AWS has not been asked yet whose they are.
#[derive(Debug)]
pub struct Unconfirmed;

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the credentials are new, and AWS has not said yet whose they are")
    }
}

impl Error for Unconfirmed {}

/// What the clients of a target sign with.
struct ConfirmedProvider(Arc<Custody>);

/// What a check signs with.
struct CheckProvider(Arc<Custody>);

impl ProvideCredentials for ConfirmedProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.use_confirmed())
    }
}

impl ProvideCredentials for CheckProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.ask())
    }
}

impl fmt::Debug for ConfirmedProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confirmed")
    }
}

impl fmt::Debug for CheckProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives one set after the other, each for a minute more than the last.
    #[derive(Debug)]
    struct Sets(Mutex<Vec<(&'static str, Duration)>>);

    impl ProvideCredentials for Sets {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let mut sets = self.0.lock().unwrap();
            let (key, rest) = if sets.len() > 1 { sets.remove(0) } else { sets[0] };
            let credentials = Credentials::new(key, "secret", None, Some(now() + rest), "test");
            future::ProvideCredentials::ready(Ok(credentials))
        }
    }

    fn custody(sets: &[(&'static str, Duration)]) -> Custody {
        let source = Some(SharedCredentialsProvider::new(Sets(Mutex::new(sets.to_vec()))));
        Custody { source, ..Custody::default() }
    }

    async fn used(custody: &Custody) -> Option<String> {
        custody.use_confirmed().await.ok().map(|it| it.access_key_id().to_owned())
    }

    async fn asked(custody: &Custody, again: bool) -> String {
        custody.begin(again);
        custody.ask().await.unwrap().access_key_id().to_owned()
    }

    const HOUR: Duration = Duration::from_hours(1);
    const SECONDS: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn nothing_is_used_before_it_is_confirmed() {
        let custody = custody(&[("a", HOUR), ("b", HOUR)]);
        assert_eq!(used(&custody).await, None);
        // It is what was offered that is asked for, in every try.
        assert_eq!(asked(&custody, true).await, "a");
        assert_eq!(custody.ask().await.unwrap().access_key_id(), "a");
        assert_eq!(used(&custody).await, None);
        custody.confirm();
        assert_eq!(used(&custody).await.as_deref(), Some("a"));
    }

    #[tokio::test]
    async fn what_comes_in_the_place_of_others_is_confirmed_too() {
        let custody = custody(&[("a", SECONDS), ("b", HOUR)]);
        assert_eq!(asked(&custody, false).await, "a");
        custody.confirm();
        // It is about to end, and the next may be anybody's for all that is known.
        assert_eq!(used(&custody).await, None);
        assert_eq!(asked(&custody, false).await, "b");
        custody.confirm();
        assert_eq!(used(&custody).await.as_deref(), Some("b"));
    }

    #[tokio::test]
    async fn a_check_fetches_ahead_and_what_is_good_goes_on_meanwhile() {
        let custody = custody(&[("a", Duration::from_mins(11)), ("b", HOUR)]);
        assert_eq!(asked(&custody, false).await, "a");
        custody.confirm();
        assert_eq!(asked(&custody, false).await, "b");
        assert_eq!(used(&custody).await.as_deref(), Some("a"));
        custody.confirm();
        assert_eq!(used(&custody).await.as_deref(), Some("b"));
    }

    #[tokio::test]
    async fn what_ends_before_anybody_named_it_is_fetched_again() {
        let custody = custody(&[("a", SECONDS), ("b", Duration::ZERO), ("c", HOUR)]);
        assert_eq!(asked(&custody, false).await, "a");
        custody.confirm();
        assert_eq!(used(&custody).await, None);
        // `b` was offered, and is over.
        assert_eq!(asked(&custody, false).await, "c");
        custody.confirm();
        assert_eq!(used(&custody).await.as_deref(), Some("c"));
    }

    #[tokio::test]
    async fn the_same_key_with_a_new_end_is_no_news() {
        let custody = custody(&[("a", SECONDS), ("a", HOUR)]);
        assert_eq!(asked(&custody, false).await, "a");
        custody.confirm();
        assert_eq!(used(&custody).await.as_deref(), Some("a"));
    }

    #[tokio::test]
    async fn what_aws_refused_or_is_another_accounts_is_used_no_more() {
        let custody = custody(&[("a", HOUR), ("b", HOUR)]);
        assert_eq!(asked(&custody, false).await, "a");
        custody.confirm();
        assert_eq!(asked(&custody, true).await, "b");
        custody.confirm();
        assert_eq!(used(&custody).await.as_deref(), Some("b"));
        custody.reject();
        assert_eq!(custody.confirmed(Duration::ZERO), None);
        assert_eq!(used(&custody).await, None);
    }
}
