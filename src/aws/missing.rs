//! The one place that decides whether a failure says that what a call reads is not there.

use super::op::Op;
use crate::engine::failure::Failure;

/// Lambda's usual code.
const NOT_FOUND: &str = "ResourceNotFoundException";

/// By which codes AWS says that what a call reads is not there, where they are not Lambda's usual one. What a thing
/// belongs to does not count: the policy of a repository that is gone is not read as absent.
const ABSENT: &[(Op, &[&str])] = &[
    (Op::DescribeRepositories, &["RepositoryNotFoundException"]),
    (Op::BatchGetImage, &["RepositoryNotFoundException"]),
    (Op::ListImages, &["RepositoryNotFoundException"]),
    (Op::GetLifecyclePolicy, &["LifecyclePolicyNotFoundException"]),
    (Op::GetRepositoryPolicy, &["RepositoryPolicyNotFoundException"]),
    (
        Op::GetProvisionedConcurrencyConfig,
        &["ProvisionedConcurrencyConfigNotFoundException", NOT_FOUND],
    ),
];

/// Whether AWS says, with a code of its own, that what a call reads is not there.
pub fn is_missing(failure: &Failure) -> bool {
    let codes = ABSENT.iter().find(|(op, _)| op.name() == failure.op);
    let codes = codes.map_or(&[NOT_FOUND][..], |(_, codes)| *codes);
    failure.cause.code.as_deref().is_some_and(|it| codes.contains(&it))
}

/// What a call read; `None` if it is not there ([`is_missing`]).
pub fn optional<T>(result: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match result {
        Err(failure) if is_missing(&failure) => Ok(None),
        result => result.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::classify::classify;

    #[test]
    fn a_call_says_what_is_not_there_with_its_own_code() {
        let lists = [Op::DescribeRepositories, Op::BatchGetImage, Op::ListImages];
        let lists = lists.map(|op| (op, "RepositoryNotFoundException", true));
        let rows = [
            (Op::GetFunction, NOT_FOUND, true),
            (Op::GetPolicy, NOT_FOUND, true),
            (Op::ListAliases, NOT_FOUND, true),
            (Op::FilterLogEvents, NOT_FOUND, true),
            (Op::GetFunction, "AccessDeniedException", false),
            (Op::GetFunction, "404", false),
            (Op::GetProvisionedConcurrencyConfig, NOT_FOUND, true),
            (
                Op::GetProvisionedConcurrencyConfig,
                "ProvisionedConcurrencyConfigNotFoundException",
                true,
            ),
            (Op::GetLifecyclePolicy, "LifecyclePolicyNotFoundException", true),
            (Op::GetRepositoryPolicy, "RepositoryPolicyNotFoundException", true),
            // It is the repository that is not there.
            (Op::GetLifecyclePolicy, "RepositoryNotFoundException", false),
            (Op::GetRepositoryPolicy, "RepositoryNotFoundException", false),
            (Op::DescribeRepositories, NOT_FOUND, false),
        ];
        for (op, code, missing) in rows.into_iter().chain(lists) {
            let mut failure = op.failure(classify(Some(code), ""), "not there");
            assert!(!is_missing(&failure), "{op:?} without a code");
            failure.cause.code = Some(code.into());
            assert_eq!(is_missing(&failure), missing, "{op:?} {code}");
            assert_eq!(optional::<()>(Err(failure)).is_ok(), missing, "{op:?} {code}");
        }
    }
}
