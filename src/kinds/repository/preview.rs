//! What a plan says of a repository that will be created.

use super::spec::Spec;
use crate::engine::{preview::Preview, tags};

/// The fields of a repository that will be made.
pub(super) fn preview(spec: &Spec) -> Preview {
    let Spec { config, encryption, lifecycle, policy, tags, .. } = spec;
    let mut preview = Preview::default();
    preview.push("/imageTagMutability", &config.image_tag_mutability);
    if !config.exclusions.is_empty() {
        let filters: Vec<&str> = config.exclusions.iter().map(String::as_str).collect();
        let filters = format!("[{}]", filters.join(", "));
        let path = "/imageTagMutabilityExclusionFilters";
        preview.push(path, filters);
    }
    preview.push("/imageScanningConfiguration/scanOnPush", config.scan_on_push);
    if let Some(it) = encryption {
        preview.push("/encryptionConfiguration/encryptionType", &it.encryption_type);
        preview.push("/encryptionConfiguration/kmsKey", it.kms_key.as_deref().unwrap_or(""));
    }
    for (path, value) in [("lifecyclePolicy", lifecycle), ("repositoryPolicy", policy)] {
        preview
            .push(format!("/{path}"), value.as_ref().map(ToString::to_string).unwrap_or_default());
    }
    tags::preview(&tags.set, &mut preview);
    preview
}
