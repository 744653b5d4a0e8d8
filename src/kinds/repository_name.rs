//! ECR's rule for the names of repositories: of those that Evenkeel makes, and of those that images come from.

use crate::shape::Text;

/// A repository's name, with its folders.
pub const REPOSITORY_NAME: Text = Text::new(
    (2, 256),
    r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$",
    "2 to 256 of a-z 0-9 . _ - /, each part with a letter or digit at both ends and, between those, single `.`, `_`, \
     `__` or any number of `-`",
);
