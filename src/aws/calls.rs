//! The one door to AWS: every call waits for its token here, is timed, classified, counted and logged.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use super::{
    classify, failure,
    function_answers::FunctionAnswers,
    limiter::RateLimiter,
    missing::optional,
    op::{Bucket, Op},
    scrub::scrub,
};
use crate::engine::{
    failure::{Class, Failure},
    name::Name,
    secret::Secret,
    time::{Clock, Mono},
    work::Priority,
};

/// What is remembered of one call.
#[derive(Debug)]
pub struct CallRecord<'a> {
    /// Where.
    pub target: &'a Name,
    /// What.
    pub op: Op,
    /// `ok`, AWS's error code if it is one that we know, else `other`.
    pub code: &'static str,
    /// From the first byte sent to the answer.
    pub took: Duration,
    /// How long it waited for its token.
    pub waited: Duration,
}

/// Something that counts calls.
pub trait CallLog: Send + Sync + 'static {
    /// Counts one.
    fn record(&self, call: &CallRecord<'_>);
}

/// The calls of one target.
pub struct Calls {
    target: Name,
    limiters: BTreeMap<Bucket, RateLimiter>,
    function_answers: FunctionAnswers,
    clock: Arc<dyn Clock>,
    log: Arc<dyn CallLog>,
}

/// How many calls a second may be made of one quota, and how that goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// The quota.
    pub bucket: Bucket,
    /// Calls a second when all is well.
    pub rate: f64,
    /// Calls a second as throttling leaves it now.
    pub rate_now: f64,
    /// How many calls wait.
    pub waiting: usize,
    /// How many calls AWS has throttled since the start.
    pub throttled: u64,
    /// How many calls a second more urgent work than the audit has made in the last half minute.
    pub urgent: f64,
}

/// The parts of AWS's quotas that we use, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuotaShares {
    /// The part of a quota that is ours.
    pub ours: f64,
    /// The part of that which the audit may always have.
    pub audit: f64,
}

impl QuotaShares {
    /// What the audit has by default.
    pub const AUDIT: f64 = 0.15;

    /// This part of the quotas, with the audit's default.
    pub fn of(ours: f64) -> Self {
        Self { ours, audit: Self::AUDIT }
    }
}

/// What is being called, and how urgently.
pub struct Call<'a> {
    /// The operation.
    pub op: Op,
    /// Who goes first.
    pub priority: Priority,
    /// What the call carries and no message may repeat.
    pub secrets: Vec<&'a Secret>,
}

impl Call<'_> {
    /// A call that carries no secrets.
    pub fn plain(op: Op, priority: Priority) -> Self {
        Self { op, priority, secrets: Vec::new() }
    }
}

impl Calls {
    /// The door to one target.
    pub fn new(
        target: Name,
        shares: QuotaShares,
        clock: &Arc<dyn Clock>,
        log: Arc<dyn CallLog>,
    ) -> Self {
        let QuotaShares { ours, audit } = shares;
        let limiter =
            |bucket: Bucket| RateLimiter::new(bucket.quota() * ours, audit, Arc::clone(clock));
        let limiters = Bucket::ALL.into_iter().map(|bucket| (bucket, limiter(bucket)));
        let function_answers = FunctionAnswers::default();
        Self {
            target,
            limiters: limiters.collect(),
            function_answers,
            clock: Arc::clone(clock),
            log,
        }
    }

    /// What may be called of each quota, and how many calls wait, for people.
    pub fn allowances(&self) -> Vec<Allowance> {
        self.limiters.keys().map(|it| self.allowance(*it)).collect()
    }

    /// What may be called of one quota, and how many calls wait.
    pub fn allowance(&self, bucket: Bucket) -> Allowance {
        let now = self.now();
        self.limiter(bucket).with(|it| Allowance {
            bucket,
            rate: it.rate(),
            rate_now: it.rate_now(),
            waiting: it.waiting(),
            throttled: it.throttled_calls(),
            urgent: it.urgent(now),
        })
    }

    fn limiter(&self, bucket: Bucket) -> &RateLimiter {
        self.limiters.get(&bucket).expect("every bucket has a gate")
    }

    pub(super) fn function_answers(&self) -> &FunctionAnswers {
        &self.function_answers
    }

    /// The time.
    pub fn now(&self) -> Mono {
        self.clock.now().mono
    }

    /// The date, to be written down or compared with one that was.
    pub fn wall(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// How long a wait takes by the machine's clock.
    pub fn real(&self, wait: Duration) -> Duration {
        self.clock.real(wait)
    }

    /// Makes one call, which starts only once it has its token. Returns the answer and the moment at
    /// which the request began: the answer is at least as true as that.
    pub async fn run<T, E>(
        &self,
        call: Call<'_>,
        request: impl Future<Output = Result<T, SdkError<E, Response>>>,
    ) -> Result<(T, Mono), Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (result, started) = self.timed(call, request).await;
        result.map(|answer| (answer, started))
    }

    /// Makes one call, as [`Self::run`] does, and returns the moment also where it failed: "not
    /// there" is an answer too. The error's text is scrubbed of the call's secrets; a throttle
    /// slows down the quota.
    pub async fn timed<T, E>(
        &self,
        call: Call<'_>,
        request: impl Future<Output = Result<T, SdkError<E, Response>>>,
    ) -> (Result<T, Failure>, Mono)
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Call { op, priority, secrets } = call;
        let limiter = self.limiter(op.bucket());
        let waited = limiter.pass(priority).await;
        let started = self.now();
        let result = request.await;
        let took = self.now().since(started);
        let result = result.map_err(|error| {
            let mut failure = failure::failure(op.name(), &error);
            failure.cause.message = scrub(&failure.cause.message, &secrets);
            failure
        });
        let code = match &result {
            Ok(_) => "ok",
            Err(failure) => classify::label(failure.cause.code.as_deref()),
        };
        self.log.record(&CallRecord { target: &self.target, op, code, took, waited });
        tracing::debug!(target: "evenkeel::aws", at = %self.target, op = op.name(), code, ?took, "called");
        if let Err(failure) = &result
            && failure.class == Class::Throttled
        {
            limiter.throttled(failure.retry_after);
        }
        (result, started)
    }

    /// Reads what may not be there: AWS says so with an error, which becomes `Ok(None)`. The moment
    /// at which the request began comes with any result.
    pub async fn find<T, E>(
        &self,
        call: Call<'_>,
        request: impl Future<Output = Result<T, SdkError<E, Response>>>,
    ) -> (Result<Option<T>, Failure>, Mono)
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (result, started) = self.timed(call, request).await;
        (optional(result), started)
    }

    /// Makes one call that changes something and whose answer says no more than that it did.
    pub fn write<T, E>(
        &self,
        op: Op,
        request: impl Future<Output = Result<T, SdkError<E, Response>>>,
    ) -> impl Future<Output = Result<(), Failure>>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        // The requests of the SDK are large; on the heap they do not make those of our callers large.
        let request = Box::pin(request);
        async move { self.run(Call::plain(op, Priority::Write), request).await.map(drop) }
    }
}
