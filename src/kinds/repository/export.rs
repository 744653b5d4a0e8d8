//! A repository as people would write it.

use serde_json::{Map, Value, json};

use super::{
    live::Live,
    spec::{AES256, MUTABLE},
};
use crate::kinds::{document, export};

/// Writes the `spec` of a live repository, without what ECR does by default. Policies and tags that
/// could not be read are left out.
pub fn to_manifest(live: &Live) -> Map<String, Value> {
    let Live { config, encryption, .. } = live;
    let mut spec = Map::new();
    let mut put = |name: &str, value: Value| drop(spec.insert(name.to_owned(), value));
    if config.image_tag_mutability != MUTABLE {
        put("imageTagMutability", json!(config.image_tag_mutability));
    }
    if !config.exclusions.is_empty() {
        let filters = config.exclusions.iter().map(|it| json!({ "filter": it }));
        put("imageTagMutabilityExclusionFilters", filters.collect());
    }
    if config.scan_on_push {
        put("imageScanningConfiguration", json!({ "scanOnPush": true }));
    }
    if encryption.encryption_type != AES256 {
        let written = export::map([
            ("encryptionType", Some(encryption.encryption_type.as_str().into())),
            ("kmsKey", encryption.kms_key.as_deref().map(Into::into)),
        ]);
        put("encryptionConfiguration", written);
    }
    let policies = [("lifecyclePolicy", &live.lifecycle), ("repositoryPolicy", &live.policy)];
    for (name, policy) in policies {
        if let Some(policy) = policy.get().and_then(Option::as_ref) {
            put(name, policy.clone());
        }
    }
    for (name, value) in live.tags.get().map(document::to_manifest).unwrap_or_default() {
        put(name, value);
    }
    spec
}
