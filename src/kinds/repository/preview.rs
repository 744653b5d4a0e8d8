//! What a plan says of a repository that will be created, or deleted.

use super::{
    live::Live,
    spec::{AES256, MUTABLE, Spec},
};
use crate::engine::{
    preview::{DeletedPart, Preview},
    tags,
};

/// What DeleteRepository does without `force`.
const EMPTY: &str = "ECR deletes it only while it is empty: images are never deleted by Evenkeel";

/// The fields of a repository that will be made, as far as AWS would not choose them by itself.
pub(super) fn preview(spec: &Spec) -> Preview {
    let Spec { config, encryption, lifecycle, policy, tags, .. } = spec;
    let mut preview = Preview::default();
    let unless = |value: &str, default: &str| {
        if value == default { String::new() } else { value.to_owned() }
    };
    preview.push("/imageTagMutability", unless(&config.image_tag_mutability, MUTABLE));
    if !config.exclusions.is_empty() {
        let filters: Vec<&str> = config.exclusions.iter().map(String::as_str).collect();
        let filters = format!("[{}]", filters.join(", "));
        let path = "/imageTagMutabilityExclusionFilters";
        preview.push(path, filters);
    }
    let scans = config.scan_on_push.to_string();
    preview.push("/imageScanningConfiguration/scanOnPush", unless(&scans, "false"));
    if let Some(it) = encryption {
        let kind = unless(&it.encryption_type, AES256);
        preview.push("/encryptionConfiguration/encryptionType", kind);
        preview.push("/encryptionConfiguration/kmsKey", it.kms_key.as_deref().unwrap_or(""));
    }
    for (path, value) in [("lifecyclePolicy", lifecycle), ("repositoryPolicy", policy)] {
        preview
            .push(format!("/{path}"), value.as_ref().map(ToString::to_string).unwrap_or_default());
    }
    tags::preview(&tags.set, &mut preview);
    preview
}

/// What goes with a repository, as far as a read shows it.
pub(super) fn deletion(live: &Live) -> Preview {
    let policies = [("lifecyclePolicy", &live.lifecycle), ("repositoryPolicy", &live.policy)];
    let there = policies.into_iter().filter(|(_, it)| matches!(it.get(), Some(Some(_))));
    let part = |facet: &str| DeletedPart {
        facet: facet.to_owned(),
        stays: false,
        message: "deleted with the repository".to_owned(),
    };
    let parts = there.map(|(facet, _)| part(facet)).collect();
    Preview { parts, notes: vec![EMPTY.to_owned()], ..Preview::default() }
}
