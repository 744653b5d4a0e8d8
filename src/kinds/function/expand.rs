//! From a document to the spec for one target: names become ARNs, gaps become AWS's defaults.

use std::collections::BTreeSet;

use super::{
    doc::{FunctionDoc, ImagePolicyDoc, OnTagMove},
    hash::{HashKey, config_hash},
    ignore::IgnoredField,
    image_ref::{ImageRef, Reference},
    spec::{DesiredImage, Spec},
};
use crate::{
    engine::{
        kind::Kind as _,
        name::{Name, Owner},
        place::Place,
        tags::{Ownership, Tags},
    },
    kinds::{document::tag_spec, function_config::config::defaults},
};

/// What a spec depends on besides its document.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The target.
    pub place: &'a Place,
    /// Who we are.
    pub owner: &'a Owner,
    /// The key for environment values, if the operator gave one.
    pub hash_key: Option<&'a HashKey>,
}

impl Spec {
    /// The spec that a document means in a target. `image` is the document's own, already read; the tags
    /// of blocks are the caller's to fill in.
    pub fn of(name: &Name, doc: &FunctionDoc, image: &ImageRef, setting: Setting<'_>) -> Self {
        let config = doc.config(name, setting.place);
        let architecture =
            doc.architectures.first().map_or(defaults::ARCHITECTURE, String::as_str).to_owned();
        let hash = config_hash(name.as_str(), &config, &architecture, setting.hash_key);
        Self {
            arn: setting.place.function_arn(name.as_str()),
            image: full(image, &doc.image_policy, setting.place),
            tags: tag_spec(&doc.tags, doc.tags_policy),
            ownership: Ownership::of(
                super::Function::NAME,
                name,
                setting.owner.as_str(),
                doc.policy.deletion,
            ),
            blocks: Tags::new(),
            leaves_concurrency: doc
                .capacity_provider_config
                .as_ref()
                .is_some_and(|it| it.per_execution_environment_max_concurrency.is_none()),
            ignored: ignored(doc),
            kept: doc.kept().cloned().collect(),
            config_hash: hash,
            hash_key: setting.hash_key.cloned(),
            architecture,
            config,
        }
    }
}

/// What is left to others, kept values among it.
fn ignored(doc: &FunctionDoc) -> BTreeSet<IgnoredField> {
    let named = doc.policy.ignore.iter().filter_map(|it| IgnoredField::parse(it));
    named.chain(doc.kept().cloned().map(IgnoredField::Variable)).collect()
}

/// Fills in the registry that the document leaves out: the target's. `own_repository` is set only
/// for the account's own registry, where the repository may have a document to wait for.
fn full(image: &ImageRef, policy: &ImagePolicyDoc, place: &Place) -> DesiredImage {
    let host = image.registry.as_ref().map_or_else(|| place.registry(), |it| it.host.clone());
    let repository = format!("{host}/{}", image.repository);
    let (reference, pinned) = match &image.reference {
        Reference::Tag(tag) => (format!("{repository}:{tag}"), None),
        Reference::Digest(digest) => (format!("{repository}@{digest}"), Some(digest.clone())),
    };
    let own = host == place.own_registry();
    DesiredImage {
        written_host: image.registry.as_ref().and_then(|it| it.written.clone()),
        reference: Name::new(reference),
        pinned,
        range: policy.semver.as_ref().map(|it| Name::new(format!("{repository}?semver={it}"))),
        report_moves: policy.on_tag_move == OnTagMove::Report,
        own_repository: own.then(|| Name::new(image.repository.clone())),
        repository,
    }
}
