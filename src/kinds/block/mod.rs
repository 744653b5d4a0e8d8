//! What belongs to a function and cannot be tagged by itself: its URL, its permissions and so on. Each is a facet of
//! the function; what they have in common is said here, once.
//!
//! A block is ours if the function is, and if the function has the tag `evenkeel.dev/block/…` for it ([`claims`]).
//! It is written before AWS is asked to make the block, so that a block which is taken out of the manifest is
//! known to be ours to delete, also after a restart.
//!
//! Read in this order: [`Block`] (what a kind says of itself), [`host`] (the function that it belongs to), `diff`
//! (what differs and the steps).

pub mod aws;
mod changes;
pub mod claims;
mod diff;
pub mod host;
mod kind;
mod left;
mod place;

use std::{fmt, marker::PhantomData};

use serde::Deserialize;
use serde_json::Value;

pub use self::left::Keeping;

use self::host::Host;
pub use self::place::{At, BelongsTo, Fields};
use crate::{
    engine::{
        bulk_rows::BulkRows,
        diff::{Cause, Reason},
        kind::Kind,
        name::Name,
        observed::Known,
    },
    kinds::{
        document::Violation,
        part::{Part, Site},
    },
    shape::Field,
};

/// The kind of document that blocks are parts of.
const FUNCTION: &str = "Function";

/// What one kind of block says of itself.
pub trait Block: Sized + Send + Sync + 'static {
    /// As in keys and metric labels: `Url`.
    const NAME: &'static str;
    /// The member of `spec` that describes it, and its word in the tag's key: `url`. A member within another
    /// block's has both names, as `concurrency/provisioned`.
    const FIELD: &'static str;
    /// Under which cause a difference is counted if it is drift.
    const CAUSE: Cause;
    /// Whether whatever a read shows of it is ours, since its name says so: then neither a tag nor `policy.adopt` is asked
    /// for. See [`Block::is_free`] for what is taken over though it is not.
    const NAMED: bool = false;
    /// Whether a new function comes without it: then what there is of it was made by us.
    const STARTS_ABSENT: bool = true;
    /// What of the function it belongs to. It is [`BelongsTo::Function`] if AWS's calls about it take no qualifier.
    const BELONGS_TO: BelongsTo;
    /// Whether it is watched though no document asks for it, since it may open the function to others.
    const GUARDED: bool = false;
    /// What the member may hold.
    const SHAPE: Field;
    /// The block as people write it.
    type Doc: for<'de> Deserialize<'de> + Clone + PartialEq + Send + Sync + 'static;
    /// The block in one form for both sides. Equal means the same in every field, also in those that no document asks
    /// for; [`Block::is_as_asked`] says what is in sync.
    type Config: Clone + PartialEq + Send + Sync + 'static;
    /// One AWS call with every argument decided; its `Display` is the line that an operator reads,
    /// and tells apart every argument that is worth another try after a failure.
    type Call: Clone + PartialEq + fmt::Display + Send + Sync + 'static;

    /// Every rule that a document breaks and that a shape cannot say; paths begin below the block. Called offline for each
    /// document. Rules that need the function or another part stand in `manifest/parts.rs`, those that need the target in
    /// `cli/placement.rs`.
    fn check(_: &Self::Doc) -> Vec<Violation> {
        Vec::new()
    }

    /// What a document means in a target. Called when the manifests are read. Where [`Block::SHAPE`] lets `${target.…}`
    /// through, this fills it in (`site.place.fill_in`).
    fn config(doc: &Self::Doc, site: &Site<'_>) -> Self::Config;

    /// Returns every field that has a value, by its path below the block (`authType`; empty for the
    /// block itself). [`claims::hash`] of them stands in the function's tag, unless
    /// [`Block::remembered`] says otherwise.
    fn fields(config: &Self::Config) -> Fields;

    /// What AWS takes for a new block where nothing is asked for, by the paths of [`Block::fields`]. A plan leaves out
    /// each field with such a value: of a new URL `invokeMode: BUFFERED`, or a CORS setting that nobody set. Empty for
    /// a block whose every field somebody asked for.
    fn defaults() -> Fields {
        Fields::new()
    }

    /// A configuration as people would write it: the member of `spec`. What AWS does by default is left out. Called by
    /// `import`; `None` where there is nothing to write.
    fn to_manifest(config: &Self::Config) -> Option<Value>;

    /// What a read shows, as far as the document is about it; `None` if that is nothing. What AWS has by
    /// default is nothing, unless it is what is wanted. Called before each comparison, and without `wanted` where nothing
    /// is wanted, or wanted elsewhere, and to tell whether the block is there.
    fn concern(live: &Self::Config, _wanted: Option<&Self::Config>) -> Option<Self::Config> {
        Some(live.clone())
    }

    /// Whether what a read shows is what is wanted. `live` is what [`Block::concern`] made of the reading.
    fn is_as_asked(live: &Self::Config, wanted: &Self::Config) -> bool {
        live == wanted
    }

    /// Whether what is there may be taken over without a word, since AWS makes it so by itself: a log group without
    /// retention or key. Called for a block that is not ours and differs; otherwise it waits for `policy.adopt`.
    fn is_free(_: &Self::Config) -> bool {
        false
    }

    /// Whether AWS made it so by itself, and nobody has set it since: what differs then is no drift. Called for each
    /// difference of a block that is ours.
    fn is_untouched(_: &Self::Config) -> bool {
        false
    }

    /// What of it nobody has set since AWS made it: only that is written where it is left to others.
    fn untouched(_: &Self::Config) -> Option<Self::Config> {
        None
    }

    /// Which of several things of one block it is about, if there are several: the same difference of another one
    /// is another difference.
    fn which(_: &Self::Config) -> Option<&str> {
        None
    }

    /// The calls that make `live` what is wanted, in order; `live` is `None` where there is no block yet. Called where
    /// [`Block::is_as_asked`] says no. Without a call the difference is told and stays.
    fn put(at: &At, wanted: &Self::Config, live: Option<&Self::Config>) -> Vec<Self::Call>;

    /// The calls that take the block away from where it is; none for one that is only forgotten. Called for a block of ours
    /// that has left the document, or moves.
    fn remove(at: &At, live: &Self::Config) -> Vec<Self::Call>;

    /// Whether a call gives back what all functions share ([`Kind::frees`]).
    fn frees(_: &Self::Call) -> bool {
        false
    }

    /// The fields that a call is about, if the block is made up of fields with calls of their own, as the statements of
    /// `permissions`: then a plan shows a new or lost block field by field, and a call that failed holds up its own
    /// fields only.
    fn touches(_: &Self::Call) -> Vec<String> {
        Vec::new()
    }

    /// The lane of a call that depends on no call of another lane ([`Scope`](crate::engine::diff::Scope)). Such a call
    /// has fields of its own ([`Block::touches`]). `None`: it needs the calls before it, and those after need it.
    fn lane(_: &Self::Call) -> Option<String> {
        None
    }

    /// Whether a call only makes room for the next one, which ends the difference.
    fn makes_room(_: &Self::Call) -> bool {
        false
    }

    /// What the tag remembers of it, as a hash: so an edit is told from another party's change, also after a restart. What
    /// is not ours to set, as the number that a scaler chose, does not enter.
    fn remembered(config: &Self::Config) -> Fields {
        Self::fields(config)
    }

    /// What AWS makes of it, as a read shows it. Called at each comparison where a block is wanted.
    fn state(_live: &Self::Config, _wanted: &Self::Config) -> FacetState {
        FacetState::Settled
    }

    /// What of it opens the function to others though no document asks for it. `ours`: whether the block itself is
    /// ours, or wanted.
    fn extras(_: &At, _: &Self::Config, _ours: bool) -> Vec<Extra<Self::Call>> {
        Vec::new()
    }

    /// Whether a row of a bulk read shows the block that is wanted otherwise than an exact read did; `live` is `None`
    /// where that showed none.
    fn bulk_row_differs(
        _wanted: &Self::Config,
        _live: Option<&Self::Config>,
        _rows: &BulkRows,
    ) -> bool {
        false
    }

    /// What people should know of what was read: that another party sets what the document asks for.
    fn notice(_: &Self::Config, _: &Self::Config) -> Option<Reason> {
        None
    }

    /// What people should know of what is wanted, in plain words: it becomes the condition `Warning`, and stands in a plan.
    fn warning(_: &Self::Config) -> Option<Reason> {
        None
    }
}

/// Something that opens a function to others, and that no document asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Extra<C> {
    /// Its place below the block.
    pub path: String,
    /// What it is, in words.
    pub words: String,
    /// The call that takes it away.
    pub call: C,
}

impl<C> Extra<C> {
    /// The same at another place than the block's own.
    #[must_use]
    pub fn elsewhere(self, at: &At) -> Self {
        let qualifier = at.qualifier.as_deref().unwrap_or("$LATEST");
        let path = [qualifier, &self.path].into_iter().filter(|it| !it.is_empty());
        let path = path.collect::<Vec<_>>().join("/");
        Self { path, words: format!("{}, {}", self.words, at.words()), ..self }
    }
}

/// What AWS makes of a block, where it does more than to keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FacetState {
    /// Nothing.
    Settled,
    /// AWS is at work on it.
    Working(Reason),
    /// AWS says that it failed.
    Failed(Reason),
}

/// A block as it should be.
#[derive(Clone, PartialEq)]
pub struct FacetSpec<C> {
    /// Who we are.
    pub owner: String,
    /// Where it is.
    pub at: At,
    /// What is wanted; `None`: nothing, so that what we made is taken away.
    pub config: Option<C>,
    /// Whether a block that we did not make may be taken over.
    pub adopts: bool,
    /// Whether it is watched for what nobody asks for.
    pub guards: bool,
    /// Whether that is taken away.
    pub exclusive: bool,
    /// For how long it is kept.
    pub keeping: Keeping,
}

/// A block of one kind as it should be.
pub type Spec<B> = FacetSpec<<B as Block>::Config>;

impl<C> FacetSpec<C> {
    /// Makes the desired state of a block at its place; without `doc` the block is to go, or is
    /// watched.
    fn of<B: Block<Config = C>>(doc: Option<&<B as Block>::Doc>, site: &Site<'_>) -> Self {
        Self {
            owner: site.owner.to_owned(),
            at: At::of(B::BELONGS_TO, site),
            config: doc.map(|it| B::config(it, site)),
            adopts: site.adopts,
            guards: site.watches && B::GUARDED,
            exclusive: site.exclusive,
            keeping: Keeping::of(site.ignored, B::FIELD),
        }
    }
}

/// A block as it is, and the function that it belongs to.
#[derive(Clone, PartialEq)]
pub struct FacetLive<C, K> {
    /// Where it was read.
    pub at: At,
    /// The function.
    pub host: Host,
    /// The block; `Yes(None)`: there is none.
    pub config: Known<Option<C>>,
    /// What opens the function to others at places where no document asks for the block; none where nobody read.
    pub elsewhere: Known<Vec<Extra<K>>>,
}

/// A block of one kind as it is.
pub type Live<B> = FacetLive<<B as Block>::Config, <B as Block>::Call>;

impl<B: Block> Part for B
where
    Of<B>: Kind<Spec = Spec<B>, Live = Live<B>>,
{
    type Kind = Of<B>;
    type Doc = <B as Block>::Doc;
    const FIELD: &'static str = B::FIELD;
    const SHAPE: Field = B::SHAPE;

    fn check(doc: &Self::Doc) -> Vec<Violation> {
        B::check(doc)
    }

    fn claim_tag(doc: &Self::Doc, site: &Site<'_>) -> Option<(&'static str, String)> {
        let hash = claims::hash(&B::remembered(&B::config(doc, site)));
        B::STARTS_ABSENT.then(|| (B::FIELD, claims::value(&hash, &At::of(B::BELONGS_TO, site))))
    }

    fn wanted(doc: &Self::Doc, site: &Site<'_>) -> Vec<(Name, Spec<B>)> {
        vec![(site.function.clone(), Spec::<B>::of::<B>(Some(doc), site))]
    }

    fn guard(site: &Site<'_>) -> Vec<(Name, Spec<B>)> {
        let spec = Spec::<B>::of::<B>(None, site);
        if spec.guards { vec![(site.function.clone(), spec)] } else { Vec::new() }
    }

    /// Leaves out what AWS has by default, unless the tag says that a manifest asked for it.
    fn to_manifest(live: &Live<B>) -> Known<Option<Value>> {
        let config = match &live.config {
            Known::Yes(config) => config.as_ref(),
            Known::No(why) => return Known::No(why.clone()),
        };
        let ours = live.host.claim(B::FIELD).is_some();
        let default = |it: &&B::Config| B::concern(it, None).is_none() || B::is_free(it);
        let config = config.filter(|it| ours || !default(it));
        Known::Yes(config.and_then(B::to_manifest))
    }

    fn spare(doc: Option<&Self::Doc>, site: &Site<'_>) -> Option<Spec<B>> {
        doc.is_none().then(|| Spec::<B>::of::<B>(None, site))
    }
}

/// One call.
#[derive(Clone)]
pub enum FacetStep<K> {
    /// TagResource or UntagResource on the function: what of it is ours.
    SetClaim(claims::SetClaim),
    /// A call about the block itself.
    Call(K),
}

/// One call about a block of one kind.
pub type Step<B> = FacetStep<<B as Block>::Call>;

impl<K: fmt::Display> fmt::Display for FacetStep<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetClaim(it) => write!(f, "{it}"),
            Self::Call(it) => write!(f, "{it}"),
        }
    }
}

/// A block as a kind.
pub struct Of<B: Block>(PhantomData<B>);
