//! Principals of resource policies, compared as IAM compares them. Lambda and ECR share the one rule: an account
//! is named by its 12 digits or by the ARN of its root (IAM User Guide, "AWS account principals").

/// The account, 12 digits, if a principal names a whole account: `111122223333`, or
/// `arn:aws:iam::111122223333:root` in any partition. `None` for a service, a user, a role or `*`.
pub fn account(principal: &str) -> Option<&str> {
    let number = root(principal).unwrap_or(principal);
    let digits = number.len() == 12 && number.bytes().all(|it| it.is_ascii_digit());
    digits.then_some(number)
}

/// What stands for the account in `arn:PARTITION:iam::ACCOUNT:root`.
fn root(principal: &str) -> Option<&str> {
    let (partition, rest) = principal.strip_prefix("arn:")?.split_once(':')?;
    let account = rest.strip_prefix("iam::")?.strip_suffix(":root")?;
    (partition == "aws" || partition.starts_with("aws-")).then_some(account)
}

/// Whether it is the unique id of a user (`AIDA…`) or role (`AROA…`): AWS shows one in a policy where the user or role
/// was deleted (IAM User Guide, "IAM identifiers").
pub fn is_unique_id(principal: &str) -> bool {
    let begins = ["AIDA", "AROA"].iter().any(|it| principal.starts_with(it));
    begins && principal.len() >= 16 && principal.bytes().all(|it| it.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_and_its_root_are_one_principal() {
        for one in [
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "arn:aws-cn:iam::111122223333:root",
            "arn:aws-us-gov:iam::111122223333:root",
        ] {
            assert_eq!(account(one), Some("111122223333"), "{one}");
        }
    }

    #[test]
    fn the_id_of_who_was_deleted_is_told_from_names() {
        assert!(is_unique_id("AROAEXAMPLEEXAMPLE123"));
        assert!(is_unique_id("AIDAEXAMPLEEXAMPLE123"));
        for other in ["AROA", "arn:aws:iam::111122223333:role/AROAEXAMPLEEXAMPLE123", "*"] {
            assert!(!is_unique_id(other), "{other}");
        }
    }

    #[test]
    fn what_only_looks_like_an_account_is_none() {
        for none in [
            "*",
            "",
            "s3.amazonaws.com",
            "11112222333",
            "1111222233334",
            "arn:aws:iam::111122223333:role/root",
            "arn:aws:iam::111122223333:user/x:root",
            "arn:aws:sts::111122223333:root",
            "arn:aws:iam:us-east-1:111122223333:root",
            "arn:other:iam::111122223333:root",
            "x:111122223333:root",
            "AROAEXAMPLEEXAMPLE123",
        ] {
            assert_eq!(account(none), None, "{none}");
        }
    }
}
