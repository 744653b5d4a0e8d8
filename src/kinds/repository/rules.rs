//! What a shape cannot say about a `Repository`: rules between fields.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{doc::RepositoryDoc, ignore::IgnoredRepositoryField, spec::AES256};
use crate::{
    kinds::{
        document::{Violation, check_tags},
        repository_name::REPOSITORY_NAME as NAME,
    },
    shape::{FieldRule, Provenance},
};

/// ECR's limit for a lifecycle policy, in characters.
const LIFECYCLE: FieldRule = FieldRule::number(
    "lifecyclePolicy",
    30_720,
    "at most {} characters as JSON",
    Provenance::Model,
)
.mirrors("ecr:PutLifecyclePolicy.lifecyclePolicyText");
/// ECR's limit for a repository policy, in characters.
const ACCESS: FieldRule = FieldRule::number(
    "repositoryPolicy",
    10_240,
    "at most {} characters as JSON",
    Provenance::Model,
)
.mirrors("ecr:SetRepositoryPolicy.policyText");

/// The rules that AWS has and the shape cannot say.
pub const RULES: &[FieldRule] = &[LIFECYCLE, ACCESS];

/// What `imageTagMutability` ends in if there are exclusions.
const WITH_EXCLUSION: &str = "_WITH_EXCLUSION";

/// Checks a document against the rules between its fields; returns one violation for each that it
/// breaks. `name` is the document's, which is the repository's unless it says otherwise.
pub fn check(name: &str, doc: &RepositoryDoc) -> Vec<Violation> {
    let mut violations = check_tags(&doc.tags);
    if doc.repository_name.is_none() && !(name.len() >= NAME.min && NAME.fits(name)) {
        let message = format!("`{name}` is no name of a repository; it should be {}", NAME.words);
        violations.push(Violation::new(&[], message, "rename it, or set `spec.repositoryName`"));
    }
    let excludes =
        doc.image_tag_mutability.as_deref().is_some_and(|it| it.ends_with(WITH_EXCLUSION));
    if excludes == doc.image_tag_mutability_exclusion_filters.is_empty() {
        let message = "exclusion filters and `…_WITH_EXCLUSION` go together";
        let hint = "give both, or neither";
        violations.push(Violation::new(&["imageTagMutabilityExclusionFilters"], message, hint));
    }
    if let Some(encryption) = &doc.encryption_configuration
        && encryption.encryption_type == AES256
        && encryption.kms_key.is_some()
    {
        let message = "a key is used only with KMS";
        let hint = "set `encryptionType: KMS`, or take the key out";
        violations.push(Violation::new(&["encryptionConfiguration", "kmsKey"], message, hint));
    }
    for pointer in doc.policy.ignore.iter().filter(|it| IgnoredRepositoryField::parse(it).is_none())
    {
        let message = format!("`{pointer}` names no field that can be left to others");
        let hint = "name one below `spec`, as `/lifecyclePolicy`";
        violations.push(Violation::new(&["policy", "ignore"], message, hint));
    }
    violations.extend(doc.lifecycle_policy.iter().flat_map(lifecycle));
    violations.extend(doc.repository_policy.iter().flat_map(access));
    violations
}

/// Checks that a lifecycle policy has rules, each of them whole and with a priority of its own, and
/// is not too long. What the rules say is ECR's to check.
fn lifecycle(policy: &Value) -> Vec<Violation> {
    let path = &["lifecyclePolicy", "rules"];
    let mut violations = Vec::new();
    let mut seen = BTreeSet::new();
    for rule in policy.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let whole = ["selection", "action"].iter().all(|it| rule.get(it).is_some());
        match rule.get("rulePriority").and_then(Value::as_i64).filter(|it| *it >= 1) {
            Some(priority) if !seen.insert(priority) => {
                let message = format!("two rules have the priority {priority}");
                violations.push(Violation::new(path, message, "give each its own"));
            }
            Some(_) if whole => {}
            Some(_) | None => {
                let message = "a rule lacks `rulePriority` (from 1), `selection` or `action`";
                violations.push(Violation::new(path, message, "add it"));
            }
        }
    }
    if seen.is_empty() && violations.is_empty() {
        let hint = "add one, or take `lifecyclePolicy` out";
        violations.push(Violation::new(path, "a lifecycle policy needs a rule", hint));
    }
    violations.extend(size(policy, &LIFECYCLE));
    violations
}

/// Checks that a repository policy has statements, each with an effect, and is not too long. What
/// they say is IAM's to check.
fn access(policy: &Value) -> Vec<Violation> {
    let path = &["repositoryPolicy", "Statement"];
    let mut violations = Vec::new();
    let statements = match policy.get("Statement") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    if statements.is_empty() {
        let hint = "add one, or take `repositoryPolicy` out";
        violations.push(Violation::new(path, "a policy needs a statement", hint));
    }
    let effect =
        |it: &Value| matches!(it.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"));
    if !statements.iter().all(effect) {
        let message = "a statement has no `Effect` of `Allow` or `Deny`";
        violations.push(Violation::new(path, message, "add it"));
    }
    violations.extend(size(policy, &ACCESS));
    violations
}

fn size(policy: &Value, most: &FieldRule) -> Option<Violation> {
    let size = policy.to_string().len();
    let (field, most) = (most.field, most.size());
    let message = format!("`{field}` takes {size} bytes as JSON; ECR allows {most}");
    (size > most).then(|| Violation::new(&[field], message, "shorten it"))
}
