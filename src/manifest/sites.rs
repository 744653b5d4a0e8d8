//! The functions that documents describe, as their parts see them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Body, Document, parts::FunctionParts};
use crate::{
    engine::{
        desired::{DesiredObject, Location},
        kind::Kind,
        name::{Key, Name},
        place::Place,
        policy::{Adopt, Policy},
        time::Mono,
    },
    kinds::{
        function::{doc::FunctionDoc, expand::Setting},
        function_config::logging::Logging,
        part::{Instances, Part, Site},
    },
};

/// The documents of one moment.
#[derive(Clone, Copy)]
pub struct Documents<'a> {
    /// All of them, in order.
    pub all: &'a [Arc<Document>],
    /// The keys that stand at their last good version.
    pub frozen: &'a BTreeSet<Key>,
    /// Whether every file could be read.
    pub intact: bool,
    /// When they were read.
    pub read_at: Mono,
    /// Whether what nobody asks for is looked for too.
    pub watches: bool,
}

/// The functions of a target. What their documents do not ask for is worked out from them when it is needed, so
/// this keeps the documents, which the reader keeps anyway.
pub(super) struct Sites {
    functions: BTreeMap<Name, Described>,
    place: Place,
    owner: String,
    watches: bool,
}

struct Described {
    document: Arc<Document>,
    settings: DocumentSettings,
}

/// What a document says of everything in it.
#[derive(Clone)]
pub(super) struct DocumentSettings {
    policy: Arc<Policy>,
    labels: Arc<BTreeMap<String, String>>,
    manifest: Location,
    frozen: bool,
}

impl DocumentSettings {
    pub(super) fn of(document: &Document, policy: &Policy, frozen: bool) -> Self {
        let (file, line) = (Arc::clone(&document.origin.file), document.origin.line);
        Self {
            policy: Arc::new(policy.clone()),
            labels: Arc::clone(&document.meta.labels),
            manifest: Location { file, line },
            frozen,
        }
    }

    /// The desired state for one of its objects.
    pub(super) fn wanted<S>(&self, spec: S) -> DesiredObject<Arc<S>> {
        let Self { policy, labels, manifest, frozen } = self.clone();
        DesiredObject { spec: Arc::new(spec), policy, labels, manifest: Some(manifest), frozen }
    }
}

impl Sites {
    /// Collects the functions that the documents describe for one target.
    pub(super) fn of(documents: Documents<'_>, setting: Setting<'_>) -> Self {
        let target = &setting.place.target;
        let ours = documents.all.iter().filter(|it| it.meta.targets.contains(target));
        let described = |document: &Arc<Document>| {
            let Body::Function(doc, _) = &document.body else { return None };
            let name = document.aws_name();
            let key = Key { target: target.clone(), kind: document.kind(), name: name.clone() };
            let settings =
                DocumentSettings::of(document, &doc.policy, documents.frozen.contains(&key));
            Some((name, Described { document: Arc::clone(document), settings }))
        };
        Self {
            functions: ours.filter_map(described).collect(),
            place: setting.place.clone(),
            owner: setting.owner.as_str().to_owned(),
            watches: documents.watches,
        }
    }

    /// Shows each function with its document.
    pub(super) fn each(
        &self,
        mut show: impl FnMut(&Site<'_>, &FunctionDoc, &FunctionParts, &DocumentSettings),
    ) {
        for name in self.functions.keys() {
            self.at(name, &mut show);
        }
    }

    /// The desired state for what the document of a function does not ask for.
    pub(super) fn spare<P: Part>(
        &self,
        name: &Name,
        doc: impl FnOnce(&FunctionParts) -> Option<&P::Doc>,
    ) -> Option<DesiredObject<Arc<<P::Kind as Kind>::Spec>>> {
        self.at(name, |site, _, parts, settings| {
            P::spare(doc(parts), site).map(|spec| settings.wanted(spec))
        })?
    }

    /// Calls `show` with one function and its document, and returns what that returns; `None` if no
    /// document describes it.
    fn at<T>(
        &self,
        name: &Name,
        show: impl FnOnce(&Site<'_>, &FunctionDoc, &FunctionParts, &DocumentSettings) -> T,
    ) -> Option<T> {
        let (name, Described { document, settings }) = self.functions.get_key_value(name)?;
        let Body::Function(doc, parts) = &document.body else { return None };
        let site = Site {
            function: name,
            owner: &self.owner,
            place: &self.place,
            alias: parts.alias(),
            log_group: &log_group(name, doc),
            instances: Instances::of(doc.capacity_provider_config.as_ref()),
            ignored: &doc.policy.ignore,
            url_grants: parts.url_grants(),
            adopts: doc.policy.adopt != Adopt::No,
            watches: self.watches,
            exclusive: doc.policy.exclusive,
            deletion: doc.policy.deletion,
        };
        Some(show(&site, doc, parts, settings))
    }
}

/// Where a function logs.
pub(super) fn log_group(name: &Name, doc: &FunctionDoc) -> String {
    let given = doc.logging_config.as_ref().and_then(|it| it.log_group.as_deref());
    let given = given.filter(|it| !it.is_empty());
    given.map_or_else(|| Logging::default_group(name.as_str()), ToOwned::to_owned)
}
