//! From a document to the spec for one target: names become ARNs, gaps become AWS's defaults.

use std::collections::BTreeSet;

use super::{
    config::{Capacity, Config, FileSystem, ImageConfig, Logging, LoggingGiven, Vpc, defaults},
    doc::{FunctionDoc, ImageConfigDoc, ImagePolicyDoc, OnTagMove, VpcConfigDoc},
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
    kinds::document::tag_spec,
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
        let config = config(name, doc, setting.place);
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

/// Builds the configuration that a document asks for in a target: placeholders filled in, the role
/// as an ARN, Lambda's defaults for what is left out. Kept variables are not in it: only AWS has
/// their values.
fn config(name: &Name, doc: &FunctionDoc, place: &Place) -> Config {
    let arn = |text: &str| place.fill_in(text);
    let mut config = Config::unset(name.as_str(), role(&doc.role, place));
    config.description = doc.description.clone().unwrap_or_default();
    config.memory_size = doc.memory_size.unwrap_or(config.memory_size);
    config.timeout = doc.timeout.unwrap_or(config.timeout);
    if let Some(storage) = &doc.ephemeral_storage {
        config.ephemeral_storage = storage.size;
    }
    config.environment =
        doc.variables().map(|(name, value)| (name.clone(), value.clone())).collect();
    config.kms_key_arn = doc.kms_key_arn.as_deref().map(arn).unwrap_or_default();
    if let Some(vpc) = &doc.vpc_config {
        config.vpc = vpc_config(vpc);
    }
    config.file_systems = doc
        .file_system_configs
        .iter()
        .map(|it| FileSystem { arn: arn(&it.arn), local_mount_path: it.local_mount_path.clone() })
        .collect();
    config.dead_letter =
        doc.dead_letter_config.as_ref().map(|it| arn(&it.target_arn)).unwrap_or_default();
    if let Some(tracing) = &doc.tracing_config {
        config.tracing.clone_from(&tracing.mode);
    }
    config.logging = Logging::filled(name.as_str(), logging(doc));
    if let Some(image) = &doc.image_config {
        config.image = image_config(image);
    }
    config.capacity = doc.capacity_provider_config.as_ref().map(|it| {
        Capacity::filled(
            arn(&it.capacity_provider_arn),
            it.per_execution_environment_max_concurrency,
            it.execution_environment_memory_gib_per_vcpu,
        )
    });
    config
}

/// What a document says of the log, before Lambda's defaults are filled in.
pub fn logging(doc: &FunctionDoc) -> LoggingGiven<'_> {
    let managed = doc.capacity_provider_config.is_some();
    let Some(given) = &doc.logging_config else {
        return LoggingGiven { managed, ..LoggingGiven::default() };
    };
    LoggingGiven {
        managed,
        log_format: given.log_format.as_deref(),
        application_log_level: given.application_log_level.as_deref(),
        system_log_level: given.system_log_level.as_deref(),
        log_group: given.log_group.as_deref(),
    }
}

fn role(text: &str, place: &Place) -> String {
    let text = place.fill_in(text);
    if text.starts_with("arn:") { text } else { place.role_arn(&text) }
}

fn vpc_config(doc: &VpcConfigDoc) -> Vpc {
    let VpcConfigDoc { subnet_ids, security_group_ids, ipv6_allowed_for_dual_stack } = doc;
    Vpc {
        subnet_ids: subnet_ids.iter().cloned().collect(),
        security_group_ids: security_group_ids.iter().cloned().collect(),
        ipv6_allowed_for_dual_stack: *ipv6_allowed_for_dual_stack,
    }
}

fn image_config(doc: &ImageConfigDoc) -> ImageConfig {
    let ImageConfigDoc { entry_point, command, working_directory } = doc;
    ImageConfig {
        entry_point: entry_point.clone(),
        command: command.clone(),
        working_directory: working_directory.clone(),
    }
}
