//! Fields that a document leaves to others: `policy.ignore`, as JSON Pointers (RFC 6901) below `spec`.
//!
//! One mechanism serves the comparison and the calls. What is ignored takes its live value *before*
//! anything is compared or sent, so that it neither shows as a difference nor is overwritten within a
//! struct that AWS replaces whole.

use crate::kinds::function_config::config::{self, Config, ENVIRONMENT};

/// A field that may be left to others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum IgnoredField {
    /// The image.
    Image,
    /// The instruction set.
    Architectures,
    /// A member of the configuration or a field of one, by its path.
    Config(&'static str),
    /// One variable of the environment.
    Variable(String),
    /// All tags.
    Tags,
    /// One tag.
    Tag(String),
}

/// The facets that may be left to others, who scale them: those have no fields of the function's own configuration.
const FACETS: [&str; 2] = ["/concurrency/provisioned", "/scalingConfig"];

/// Whether a pointer names something that can be left to others: a field of the function, or a facet.
pub fn is_known(pointer: &str) -> bool {
    FACETS.contains(&pointer) || IgnoredField::parse(pointer).is_some()
}

impl IgnoredField {
    /// Reads a pointer; `None` if it names nothing that can be left to others.
    pub fn parse(pointer: &str) -> Option<Self> {
        let path = pointer.strip_prefix('/')?;
        let below = |prefix: &str| {
            let rest = path.strip_prefix(prefix)?;
            let good = !rest.is_empty() && !rest.contains('/');
            good.then(|| rest.replace("~1", "/").replace("~0", "~"))
        };
        match path {
            "image" => Some(Self::Image),
            "architectures" => Some(Self::Architectures),
            "environment/variables" => Some(Self::Config(ENVIRONMENT)),
            "tags" => Some(Self::Tags),
            path => config::place(path)
                .map(|it| Self::Config(it.path))
                .or_else(|| below("environment/variables/").map(Self::Variable))
                .or_else(|| below("tags/").map(Self::Tag)),
        }
    }

    /// Whether it is this member of the configuration, or in it.
    pub(super) fn is_in(&self, member: &str) -> bool {
        matches!(self, Self::Config(path) if path.split('/').next() == Some(member))
    }

    /// Copies this field from one configuration to the other. A variable that `from` does not have
    /// is removed from `to`.
    pub(super) fn copy(&self, from: &Config, to: &mut Config) {
        match self {
            Self::Config(path) => {
                if let Some(place) = config::place(path) {
                    (place.copy)(from, to);
                }
            }
            Self::Variable(name) => {
                to.environment.remove(name);
                let value = from.environment.get(name).cloned();
                to.environment.extend(value.map(|value| (name.clone(), value)));
            }
            // Code and tags are no part of the configuration.
            Self::Image | Self::Architectures | Self::Tags | Self::Tag(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::function::shape::SPEC;
    use crate::shape::{Field, Shape};

    /// The pointers of a field and of everything below it.
    fn pointers(prefix: &str, field: &Field) -> Vec<String> {
        let pointer = format!("{prefix}/{}", field.name);
        let inner = match &field.shape {
            Shape::Object(inner) => *inner,
            _ => &[],
        };
        let mut found: Vec<String> = inner.iter().flat_map(|it| pointers(&pointer, it)).collect();
        found.push(pointer);
        found
    }

    /// Every field of the shape can be ignored, but for those that are no fields of the function.
    #[test]
    fn every_field_can_be_left_to_others() {
        let mut found: Vec<String> = SPEC.iter().flat_map(|it| pointers("", it)).collect();
        let ours = ["/policy", "/functionName", "/imagePolicy", "/tagsPolicy"];
        found.retain(|it| !ours.iter().any(|own| it.starts_with(own)));
        assert!(found.len() > 25);
        for pointer in found {
            assert!(IgnoredField::parse(&pointer).is_some(), "{pointer}");
        }
        for bad in ["", "/", "memorySize", "/nothing", "/functionName", "/tags/", "/tags/a/b"] {
            assert_eq!(IgnoredField::parse(bad), None, "{bad}");
        }
        assert_eq!(IgnoredField::parse("/tags/a~1b~0c"), Some(IgnoredField::Tag("a/b~c".into())));
    }
}
