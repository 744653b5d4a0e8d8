//! Fields of a repository that a document leaves to others, as JSON Pointers below `spec`.

/// A field that may be left to others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named after the fields of `spec`")]
pub enum IgnoredRepositoryField {
    Mutability,
    Exclusions,
    Scanning,
    Encryption,
    Lifecycle,
    Policy,
    Tags,
    /// One tag.
    Tag(String),
}

/// Every pointer with a fixed text.
const FIXED: &[(&str, IgnoredRepositoryField)] = &[
    ("/imageTagMutability", IgnoredRepositoryField::Mutability),
    ("/imageTagMutabilityExclusionFilters", IgnoredRepositoryField::Exclusions),
    ("/imageScanningConfiguration", IgnoredRepositoryField::Scanning),
    ("/imageScanningConfiguration/scanOnPush", IgnoredRepositoryField::Scanning),
    ("/encryptionConfiguration", IgnoredRepositoryField::Encryption),
    ("/encryptionConfiguration/encryptionType", IgnoredRepositoryField::Encryption),
    ("/encryptionConfiguration/kmsKey", IgnoredRepositoryField::Encryption),
    ("/lifecyclePolicy", IgnoredRepositoryField::Lifecycle),
    ("/repositoryPolicy", IgnoredRepositoryField::Policy),
    ("/tags", IgnoredRepositoryField::Tags),
];

impl IgnoredRepositoryField {
    /// Reads a pointer; `None` if it names nothing that can be left to others.
    pub fn parse(pointer: &str) -> Option<Self> {
        if let Some((_, field)) = FIXED.iter().find(|(known, _)| *known == pointer) {
            return Some(field.clone());
        }
        let key =
            pointer.strip_prefix("/tags/").filter(|it| !it.is_empty() && !it.contains('/'))?;
        Some(Self::Tag(key.replace("~1", "/").replace("~0", "~")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::repository::shape::SPEC;

    #[test]
    fn every_field_can_be_left_to_others() {
        let all = SPEC.iter().map(|it| it.name);
        let fields = all.filter(|it| !["repositoryName", "policy", "tagsPolicy"].contains(it));
        for field in fields {
            assert!(IgnoredRepositoryField::parse(&format!("/{field}")).is_some(), "{field}");
        }
        for bad in ["", "/", "/nothing", "/repositoryName", "/tags/", "/tags/a/b"] {
            assert_eq!(IgnoredRepositoryField::parse(bad), None, "{bad}");
        }
        assert_eq!(
            IgnoredRepositoryField::parse("/tags/a~1b"),
            Some(IgnoredRepositoryField::Tag("a/b".into()))
        );
    }
}
