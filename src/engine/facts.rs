//! What one kind lets the others know. Kinds never import each other; they meet here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use super::name::Name;

/// What a fact is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactKey {
    /// An image reference in full: `registry/repository:tag` or `registry/repository@sha256:…`.
    Image(Name),
    /// A repository of the target's own registry, by its name.
    Repository(Name),
    /// A function.
    Function(Name),
    /// A function that is as its document asks.
    Settled(Name),
    /// A function's alias, and what its keeper saw of the function.
    Release(Name),
}

impl fmt::Display for FactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(reference) => write!(f, "image {reference}"),
            Self::Repository(name) => write!(f, "repository {name}"),
            Self::Function(name) => write!(f, "function {name}"),
            Self::Settled(name) => write!(f, "function {name} in sync"),
            Self::Release(name) => write!(f, "release of function {name}"),
        }
    }
}

/// What is known of it. Every engine that hears of it keeps it, so that what it says is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The image's digest and shape.
    Image(ImageFact),
    /// The tag that a range of versions means now, and its image.
    Version(String, ImageFact),
    /// Whether the repository exists.
    Repository(bool),
    /// What belongs to a function must know of it.
    Function(Arc<FunctionFact>),
    /// The `RevisionId` at which the function was seen to be as its document asks.
    Settled(Arc<str>),
    /// What belongs to an alias must know of it.
    Release(Arc<ReleaseFact>),
}

/// A function, as far as it concerns what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunctionFact {
    /// Whether it is there.
    pub exists: bool,
    /// Whether AWS is making it: what belonged to one that was there before is gone.
    pub pending: bool,
    /// Whether AWS is at work on it, so that its tags cannot be written.
    pub busy: bool,
    /// Who keeps it, as far as its tags could be read.
    pub owner: Option<String>,
    /// The blocks of it that its tags say we made.
    pub blocks: BTreeSet<String>,
    /// Settings, in words, that can be chosen only when it is made and that no document can ask for; of one that is
    /// gone, those that it had.
    pub chosen_once: Vec<String>,
}

/// A function's alias.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReleaseFact {
    /// Its name, if it is there.
    pub alias: Option<String>,
    /// The versions that it leads to, by number.
    pub versions: BTreeSet<u64>,
    /// The function's `RevisionId`, as the alias's keeper saw it last.
    pub revision: String,
}

/// What a registry says about an image reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageFact {
    /// It is not there; the text says what exactly is missing.
    Missing(String),
    /// The registry could not be asked, or has it and does not give it out now; the text says why.
    Unreadable(String),
    /// It is there, and Lambda would refuse it; the text says why, and what to do.
    Unusable(String),
    /// One manifest, for one platform. Its architecture stands in its config blob, which we do not
    /// read, so it is not known.
    Single(Digest),
    /// An index or manifest list: one child per architecture (`amd64`, `arm64`, in OCI's words).
    /// Lambda refuses the index itself and takes a child.
    Index(BTreeMap<String, Digest>),
}

/// OCI's word for one of Lambda's architectures.
pub fn oci_architecture(lambda: &str) -> &'static str {
    if lambda == "arm64" { "arm64" } else { "amd64" }
}

/// The sha256 of an image manifest: 64 lower-case hex digits, without `sha256:`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// Reads `sha256:<hex>` (ECR, OCI) or `<hex>` (Lambda's `CodeSha256` of an image).
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        let good = hex.len() == 64
            && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        good.then(|| Self(hex.into()))
    }

    /// The 64 hex digits.
    pub fn hex(&self) -> &str {
        &self.0
    }

    /// The first `length` hex digits, for people and tags.
    pub fn short(&self, length: usize) -> &str {
        self.0.get(..length).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl Fact {
    /// Whether what is known `now` says that a function, or its alias, has come to be since
    /// `before`, so that nothing of what belongs to it can have been there already.
    pub fn is_made(before: Option<&Self>, now: Option<&Self>) -> bool {
        match (before, now) {
            (Some(Self::Function(before)), Some(Self::Function(now))) => {
                let ready = |it: &FunctionFact| it.exists && !it.pending;
                ready(now) && !ready(before)
            }
            (Some(Self::Release(before)), Some(Self::Release(now))) => {
                now.alias.is_some() && now.alias != before.alias
            }
            _ => false,
        }
    }
}

impl Fact {
    /// The same with what `before` alone can tell: what a function that is gone now was made with.
    fn after(self, before: Option<&Self>) -> Self {
        match (self, before) {
            (Self::Function(now), Some(Self::Function(before)))
                if !now.exists && !before.chosen_once.is_empty() =>
            {
                let chosen_once = before.chosen_once.clone();
                Self::Function(FunctionFact { chosen_once, ..(*now).clone() }.into())
            }
            (fact, _) => fact,
        }
    }
}

/// Everything that the other kinds have said so far. A key that is not in it is unknown.
#[derive(Debug, Clone, Default)]
pub struct Facts(BTreeMap<FactKey, Fact>);

impl Facts {
    /// What is known of `key`.
    pub fn get(&self, key: &FactKey) -> Option<&Fact> {
        self.0.get(key)
    }

    /// Everything that is known.
    pub fn iter(&self) -> impl Iterator<Item = (&FactKey, &Fact)> {
        self.0.iter()
    }

    /// Takes in what is known now (`None`: no longer known); says whether that is news.
    pub fn learn(&mut self, key: FactKey, fact: Option<Fact>) -> bool {
        match fact.map(|it| it.after(self.0.get(&key))) {
            Some(fact) => {
                let changed = self.0.get(&key) != Some(&fact);
                self.0.insert(key, fact);
                changed
            }
            None => self.0.remove(&key).is_some(),
        }
    }
}
