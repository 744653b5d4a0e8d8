//! Fields of a repository that a document leaves to others, as JSON Pointers below `spec`.

/// A field that may be left to others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named after the fields of `spec`")]
pub enum Ignored {
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
const FIXED: &[(&str, Ignored)] = &[
    ("/imageTagMutability", Ignored::Mutability),
    ("/imageTagMutabilityExclusionFilters", Ignored::Exclusions),
    ("/imageScanningConfiguration", Ignored::Scanning),
    ("/imageScanningConfiguration/scanOnPush", Ignored::Scanning),
    ("/encryptionConfiguration", Ignored::Encryption),
    ("/encryptionConfiguration/encryptionType", Ignored::Encryption),
    ("/encryptionConfiguration/kmsKey", Ignored::Encryption),
    ("/lifecyclePolicy", Ignored::Lifecycle),
    ("/repositoryPolicy", Ignored::Policy),
    ("/tags", Ignored::Tags),
];

impl Ignored {
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
            assert!(Ignored::parse(&format!("/{field}")).is_some(), "{field}");
        }
        for bad in ["", "/", "/nothing", "/repositoryName", "/tags/", "/tags/a/b"] {
            assert_eq!(Ignored::parse(bad), None, "{bad}");
        }
        assert_eq!(Ignored::parse("/tags/a~1b"), Some(Ignored::Tag("a/b".into())));
    }
}
