//! The part of a read that every block has: the function with its tags, by GetFunction, which has a quota of
//! its own.

mod places;
mod survey;

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_lambda::{
    Client,
    operation::get_function::GetFunctionOutput,
    types::{LastUpdateStatus, State},
};
use jiff::Timestamp;

pub use self::places::{Others, PAGES_MAX};
use self::survey::Survey;
use super::{
    At, Block, Extra, FacetLive, FacetStep, Of, Spec, Step,
    claims::{SetClaim, claim, key},
    host::Host,
};
use crate::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{AwsKind, Cloud, Got, Pages, Priority},
        date::timestamp,
        function_reads::FunctionAnswer,
        op::{Bucket, Op},
    },
    engine::{
        failure::{Class, Failure, chain},
        name::Name,
        observed::{Known, Reading},
        tags::{OURS, Tags},
        time::Mono,
    },
};

/// What a read showed, and the moment that it speaks for.
pub type Read<C> = (Result<Option<C>, Failure>, Option<Mono>);

/// A block's own side of AWS.
pub trait FacetClient: Block {
    /// The quotas that bound its audit ([`AwsKind::READ_COSTS`]): those of its own calls, and GetFunction's only where
    /// nothing else is read.
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::Lambda, 1.0)];

    /// Reads the block where it is, or should be; `None` if there is none, also where AWS says so with an empty value.
    /// `host` is what GetFunction has just shown. With it comes the moment at which the first request began, after which
    /// the function is read once more, but for the audit; `None` if `host` shows the whole block.
    fn read(
        connection: &Connection,
        host: &GetFunctionOutput,
        asked: FacetQuery<'_, Self>,
    ) -> impl Future<Output = Read<Self::Config>> + Send;

    /// Where a call acts. Only blocks that are watched ([`Block::GUARDED`]) have to say it.
    fn place(_: &Self::Call) -> Option<&At> {
        None
    }

    /// What opens the function to others at places other than the block's own, where no document asks for it. Only
    /// blocks that are watched ([`Block::GUARDED`]) have any.
    fn elsewhere(
        _: &Connection,
        _: Others<'_>,
    ) -> impl Future<Output = Result<Vec<Extra<Self::Call>>, Failure>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Makes one call that changes the block.
    fn write(
        connection: &Connection,
        call: &Self::Call,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What a read is about.
pub struct FacetQuery<'a, B: Block> {
    /// Where it is, or should be.
    pub at: &'a At,
    /// What is wanted; `None`: nothing.
    pub wanted: Option<&'a B::Config>,
    /// Who goes first.
    pub priority: Priority,
}

/// The way to AWS.
pub struct Connection {
    /// What can be called.
    pub clients: Clients,
    /// The one door.
    pub calls: Arc<Calls>,
}

impl Connection {
    /// Lambda.
    pub fn lambda(&self) -> &Client {
        &self.clients.lambda
    }
}

/// The way to AWS of one kind of block.
pub struct Hung<B: Block> {
    connection: Connection,
    survey: Survey<B>,
}

impl<B: FacetClient> AwsKind for Of<B> {
    type Cloud = Hung<B>;
    const READ_COSTS: &'static [(Bucket, f64)] = B::READ_COSTS;

    fn open(clients: &Clients, calls: Arc<Calls>) -> Hung<B> {
        Hung {
            connection: Connection { clients: clients.clone(), calls },
            survey: Survey::default(),
        }
    }
}

impl<B: FacetClient> Cloud<Of<B>> for Hung<B> {
    /// Nothing shows many at once.
    async fn list(
        &self,
        _: Arc<BTreeMap<Name, Arc<Spec<B>>>>,
        _: Pages<Of<B>>,
    ) -> Result<(), Failure> {
        Ok(())
    }

    /// Reads the function and the block; for what is watched, also the function's other aliases and
    /// versions. `None`: there is no function. A block that our credentials may not read is
    /// [`Known::No`], so that it is left alone and the rest is told.
    async fn get(
        &self,
        name: &Name,
        wanted: Option<&Spec<B>>,
        priority: Priority,
    ) -> Result<Got<Of<B>>, Failure> {
        let Self { connection, survey } = self;
        let FunctionAnswer { found, began } = connection.function(name, priority).await?;
        let Some(first) = found else {
            survey.forget(name);
            return Ok((None, began));
        };
        let place = place::<B>(name, wanted, &first);
        let config = wanted.and_then(|it| it.config.as_ref());
        // It may take long, so it comes before what a step may rest on.
        let elsewhere = if wanted.is_some_and(|it| it.guards) {
            Box::pin(survey.of(connection, Others { function: name, own: &place, priority }))
                .await?
        } else {
            Known::Yes(Vec::new())
        };
        let asked = FacetQuery { at: &place, wanted: config, priority };
        let (config, asked) = B::read(connection, &first, asked).await;
        let config = match config {
            Ok(config) => Known::Yes(config),
            Err(failure) if failure.class == Class::Denied => Known::No(chain(&failure)),
            Err(failure) => return Err(failure),
        };
        let (answer, moment) = match asked {
            // No step rests on the audit: whoever finds something to do reads again, more urgently.
            Some(_) if priority == Priority::Audit => (first, began),
            None => (first, began),
            // Its turn may have been long in coming, and what was seen of the function would be old.
            Some(moment) => match connection.function(name, priority).await?.found {
                Some(again) => (again, moment),
                None => return Ok((None, moment)),
            },
        };
        let host = host(&answer, connection.calls.wall());
        let live = FacetLive { at: place, host, config, elsewhere };
        Ok((Some(Reading { live, revision: None, exact: true }), moment))
    }

    /// Makes one call. The survey is told before: whatever AWS answers, what it saw may be old.
    async fn apply(&self, step: &Step<B>) -> Result<(), Failure> {
        match step {
            FacetStep::SetClaim(it) => Box::pin(self.connection.set_claim(it)).await,
            FacetStep::Call(it) => {
                if let Some(at) = B::place(it) {
                    self.survey.forget_unless_own(at);
                }
                B::write(&self.connection, it).await
            }
        }
    }
}

impl Connection {
    /// Reads the function with its tags ([`Calls::function`]).
    pub async fn function(
        &self,
        name: &Name,
        priority: Priority,
    ) -> Result<FunctionAnswer, Failure> {
        self.calls.function(self.lambda(), name, priority).await
    }

    /// Writes the tag that says what of the function is ours; takes it away if there is no value.
    pub async fn set_claim(&self, step: &SetClaim) -> Result<(), Failure> {
        let SetClaim { arn, word, value, .. } = step;
        let key = key(word);
        if let Some(value) = value {
            let request = self.lambda().tag_resource().resource(arn).tags(key, value);
            return self.calls.write(Op::TagResource, request.send()).await;
        }
        let request = self.lambda().untag_resource().resource(arn).tag_keys(key);
        self.calls.write(Op::UntagResource, request.send()).await
    }
}

/// Whether a tag says whose a function is, or anything else that concerns us.
fn concerns_us(key: &str) -> bool {
    key.starts_with(OURS) || key.starts_with("aws:")
}

/// Returns where a block is if it is ours, by its tag, else where it should be.
fn place<B: Block>(name: &Name, wanted: Option<&Spec<B>>, host: &GetFunctionOutput) -> At {
    let tags: Tags = host.tags.iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    match (claim(&tags, B::FIELD), wanted) {
        (Some(it), _) => At { function: name.clone(), qualifier: it.alias.map(ToOwned::to_owned) },
        (None, Some(wanted)) => wanted.at.clone(),
        (None, None) => At { function: name.clone(), qualifier: None },
    }
}

/// Takes from GetFunction's answer what blocks have to know of their function. `now`: the date.
pub fn host(answer: &GetFunctionOutput, now: Timestamp) -> Host {
    let tags = match &answer.tags_error {
        Some(error) => Known::No(format!("{}: {}", error.error_code(), error.message())),
        // The others are the function's own affair, and there are as many copies of this as it has parts.
        None => Known::Yes(
            answer
                .tags
                .iter()
                .flatten()
                .filter(|(key, _)| concerns_us(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        ),
    };
    let config = answer.configuration.as_ref();
    let state = config.and_then(|it| it.state.as_ref());
    let busy = match (state, config.and_then(|it| it.last_update_status.as_ref())) {
        (Some(State::Pending), _) => Some("AWS is making the function ready"),
        (Some(State::Deactivating), _) => Some("AWS is stopping the function's managed instances"),
        (Some(State::Deleting), _) => Some("AWS is deleting the function"),
        (_, Some(LastUpdateStatus::InProgress)) => Some("AWS is applying an update"),
        // Failed or not, AWS is not at work on it.
        _ => None,
    };
    let arn = config.and_then(|it| it.function_arn.clone()).unwrap_or_default();
    let modified = config.and_then(|it| it.last_modified.as_deref()).and_then(timestamp);
    let new = Host::is_new_at(now, modified);
    Host { arn, tags, busy: busy.map(ToOwned::to_owned), new }
}
