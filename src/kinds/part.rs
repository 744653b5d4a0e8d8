//! What a `Function` document describes besides the function itself. Each member of `spec` that does is the desired state
//! for one or more objects of a kind of its own, which all stand in one place: [`Site`].

use serde::Deserialize;
use serde_json::Value;

use super::document::Violation;
use crate::{
    engine::{kind::Kind, name::Name, observed::Known, place::Place, policy::Deletion},
    shape::Field,
};

/// A member of `spec` with objects of its own.
pub trait Part: 'static {
    /// Their kind.
    type Kind: Kind;
    /// The member as people write it.
    type Doc: for<'de> Deserialize<'de> + Clone + PartialEq + Send + Sync + 'static;
    /// The member's name.
    const FIELD: &'static str;
    /// What it may hold.
    const SHAPE: Field;

    /// Every rule that a document breaks and that a shape cannot say; paths begin below the member.
    fn check(doc: &Self::Doc) -> Vec<Violation>;

    /// The tag of a new function, without what all such tags begin with, that says what it will be made: it is
    /// ours from the start: `("url", …)`. Called when a function is made. `None` for objects with tags of their own.
    fn claim_tag(doc: &Self::Doc, site: &Site<'_>) -> Option<(&'static str, String)>;

    /// What is wanted: the objects, by name. Called when the manifests are read, for each document with the member.
    fn wanted(doc: &Self::Doc, site: &Site<'_>) -> Vec<(Name, <Self::Kind as Kind>::Spec)>;

    /// What is watched though the document does not ask for it, since it might open the function to others. Called for
    /// each document without the member.
    fn guard(_: &Site<'_>) -> Vec<(Name, <Self::Kind as Kind>::Spec)> {
        Vec::new()
    }

    /// What a read shows, as people would write it into a document: the member, or one item of it if it is a list.
    /// What AWS does by default is left out; `None` where nothing is there that a document would have to ask for.
    fn to_manifest(live: &<Self::Kind as Kind>::Live) -> Known<Option<Value>>;

    /// What is to be done about what the document does not ask for, once that shows to be ours: by what it
    /// belongs to ([`Kind::host`]).
    fn spare(doc: Option<&Self::Doc>, site: &Site<'_>) -> Option<<Self::Kind as Kind>::Spec>;
}

/// Which of the two permissions that callers of a URL of type `NONE` need a document gives to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UrlGrants {
    /// `lambda:InvokeFunctionUrl`.
    pub url: bool,
    /// `lambda:InvokeFunction`.
    pub invoke: bool,
}

/// The function that the parts of a document belong to.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The function.
    pub function: &'a Name,
    /// Who we are.
    pub owner: &'a str,
    /// The target.
    pub place: &'a Place,
    /// The alias that callers use, if the document keeps one.
    pub alias: Option<&'a str>,
    /// Where the function logs.
    pub log_group: &'a str,
    /// Whose instances it runs on.
    pub instances: Instances,
    /// The pointers that the document leaves to others (`policy.ignore`).
    pub ignored: &'a [String],
    /// What the document's permissions give to callers of a public URL.
    pub url_grants: UrlGrants,
    /// Whether what we did not make may be taken over.
    pub adopts: bool,
    /// Whether what nobody asks for is looked for too: a single run has no time for that.
    pub watches: bool,
    /// Whether it is taken away.
    pub exclusive: bool,
    /// What is to happen when the document goes.
    pub deletion: Deletion,
}

/// Whose instances a function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instances {
    /// Lambda's.
    Lambda,
    /// Its own account's (Lambda Managed Instances): each version costs there.
    Managed,
}

impl Instances {
    /// Those of a function that has a capacity provider, or none.
    pub fn of<T>(provider: Option<&T>) -> Self {
        if provider.is_some() { Self::Managed } else { Self::Lambda }
    }
}
