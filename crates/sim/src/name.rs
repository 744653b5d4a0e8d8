//! The names of functions in every form that Lambda takes, and the qualifiers beside them. What is refused, and with
//! which code, is from recorded answers of AWS (`tests/contract/recorded`).

use crate::call::{Caller, Refusal};

/// What a text says about a function.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FunctionReference {
    pub(crate) name: String,
    pub(crate) qualifier: Option<String>,
    account: Option<String>,
}

/// Which operation reads the name: CreateFunction is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    Create,
    Other,
}

/// The most characters of a name that is made, however it is written.
const CREATE_MAX: usize = 140;
/// The most characters of a function's own name.
const NAME_MAX: usize = 64;
const QUALIFIER_MAX: usize = 128;

const PATTERN: &str = "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";

/// A function's name out of a name, an ARN or a part of one, each with or without a qualifier.
pub(crate) fn function(
    text: &str,
    caller: &Caller,
    rules: Rules,
) -> Result<FunctionReference, Refusal> {
    let wrong = |constraint: &str| Refusal::constraint("functionName", text, constraint);
    if rules == Rules::Create && text.len() > CREATE_MAX {
        return Err(wrong("Member must have length less than or equal to 140"));
    }
    let (region, named) = read(text, rules).ok_or_else(|| wrong(PATTERN))?;
    if let Some(region) = region.filter(|it| *it != caller.region) {
        return Err(Refusal::missing(format!(
            "Functions from '{region}' are not reachable in this region ('{}')",
            caller.region
        )));
    }
    if rules == Rules::Create {
        if named.account.as_ref().is_some_and(|it| *it != caller.account) {
            return Err(Refusal::new(403, "AccessDeniedException", ""));
        }
        if named.name.len() > NAME_MAX {
            let text = "1 validation error detected: Value at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64";
            return Err(Refusal::invalid(text));
        }
    }
    Ok(named)
}

/// The Region that a text names, if it names one, and the rest of it.
fn read(text: &str, rules: Rules) -> Option<(Option<&str>, FunctionReference)> {
    let rest = match text.strip_prefix("arn:") {
        Some(rest) => {
            let (partition, rest) = rest.split_once(':')?;
            let letters = |it: char| it.is_ascii_alphabetic() || it == '-';
            let known = partition.is_empty()
                || (partition.starts_with("aws") && partition.chars().all(letters));
            rest.strip_prefix("lambda:").filter(|_| known)?
        }
        None => text,
    };
    let (region, rest) = optional(rest, region);
    let (account, rest) = optional(rest, account);
    let rest = rest.strip_prefix("function:").unwrap_or(rest);
    let (name, qualifier) = match rest.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (rest, None),
    };
    let dots = rules == Rules::Other;
    let good = |it: char| plain(it) || (dots && it == '.');
    let fits = !name.is_empty() && name.chars().all(good) && qualifier.is_none_or(qualifies);
    let (qualifier, account) = (qualifier.map(str::to_owned), account.map(str::to_owned));
    fits.then(|| (region, FunctionReference { name: name.to_owned(), qualifier, account }))
}

/// A part up to the next colon, if it is of a sort.
fn optional(text: &str, sort: impl Fn(&str) -> bool) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((part, rest)) if sort(part) => (Some(part), rest),
        Some(_) | None => (None, text),
    }
}

fn plain(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '-' || it == '_'
}

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn region(text: &str) -> bool {
    let parts: Vec<&str> = text.strip_prefix("eusc-").unwrap_or(text).split('-').collect();
    let letters = |it: &&str| !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase());
    let Some((number, words)) = parts.split_last() else { return false };
    let digit = number.len() == 1 && number.chars().all(|it| it.is_ascii_digit());
    digit && matches!(words.len(), 2 | 3) && words.iter().all(letters)
}

fn account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|it| it.is_ascii_digit())
}

/// What may follow a name.
fn qualifies(text: &str) -> bool {
    matches!(text, "$LATEST" | "$LATEST.PUBLISHED") || (!text.is_empty() && text.chars().all(plain))
}

/// The qualifier of a call: of the query, and it must be the one of the name if both say one. URLs are for aliases only.
pub(crate) fn qualifier(
    asked: Option<&str>,
    named: Option<String>,
    operation: &str,
) -> Result<Option<String>, Refusal> {
    let Some(asked) = asked else { return Ok(named) };
    let wrong = |constraint: &str| Err(Refusal::constraint("qualifier", asked, constraint));
    if asked.len() > QUALIFIER_MAX {
        return wrong("Member must have length less than or equal to 128");
    }
    let digits = asked.chars().all(|it| it.is_ascii_digit());
    if operation.contains("FunctionUrlConfig") && (digits || !asked.chars().all(plain)) {
        return wrong(
            "Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)",
        );
    }
    if asked != "$LATEST.PUBLISHED" && !asked.chars().all(|it| plain(it) || it == '$') {
        return wrong("Member must satisfy regular expression pattern: [a-zA-Z0-9-_$]+");
    }
    if named.is_some_and(|it| it != asked) {
        return Err(Refusal::invalid(
            "The derived qualifier from the function name does not match the specified qualifier.",
        ));
    }
    Ok(Some(asked.to_owned()))
}

/// The ARN of something that can have tags.
pub(crate) fn tagged(arn: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = arn.split(':').collect();
    let fits = match parts.as_slice() {
        ["arn", partition, "lambda", place, owner, rest @ ..] => {
            let kind = match rest {
                ["function", name] => !name.is_empty(),
                ["function", name, qualifier] => !name.is_empty() && qualifies(qualifier),
                ["event-source-mapping" | "code-signing-config" | "capacity-provider", id] => {
                    !id.is_empty()
                }
                _ => false,
            };
            partition.starts_with("aws") && region(place) && account(owner) && kind
        }
        _ => false,
    };
    let text = "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:…";
    if fits { Ok(()) } else { Err(Refusal::constraint("resource", arn, text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        let (account, region) = ("123456789012".into(), "eu-west-1".into());
        Caller { account, region, key: "k".into() }
    }

    #[test]
    fn functions_are_named_in_many_ways() {
        let check = |text: &str, name: &str, qualifier: Option<&str>| {
            let found = function(text, &caller(), Rules::Other).expect("a name");
            let found = (found.name.as_str(), found.qualifier.as_deref());
            assert_eq!(found, (name, qualifier), "{text}");
        };
        check("f", "f", None);
        check("f:live", "f", Some("live"));
        check("123456789012:function:f", "f", None);
        check("arn:aws:lambda:eu-west-1:123456789012:function:f", "f", None);
        check("arn:aws:lambda:eu-west-1:123456789012:function:f:7", "f", Some("7"));
        check("function", "function", None);
        check("arn:aws:lambda:eu-west-1:123456789012:function", "function", None);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let code = |text: &str, rules: Rules| {
            function(text, &caller(), rules).expect_err("no name").code.into_owned()
        };
        let elsewhere = "arn:aws:lambda:us-east-1:123456789012:function:f";
        assert_eq!(code(elsewhere, Rules::Other), "ResourceNotFoundException");
        for text in ["f!", "f:1:2", "account:function:f", "arn:aws:lambda::123456789012:function:f"]
        {
            assert_eq!(code(text, Rules::Other), "ValidationException", "{text}");
        }
        assert_eq!(code(&"f".repeat(65), Rules::Create), "InvalidParameterValueException");
        let other = "arn:aws:lambda:eu-west-1:210987654321:function:f";
        assert_eq!(code(other, Rules::Create), "AccessDeniedException");
    }

    #[test]
    fn a_qualifier_is_said_once() {
        let check = |asked: &str, named: Option<&str>| {
            qualifier(Some(asked), named.map(str::to_owned), "GetFunction").is_ok()
        };
        assert!(check("1", None) && check("1", Some("1")) && check("$latest", None));
        assert!(!check("1", Some("2")) && !check("a!", None));
        assert!(qualifier(Some("1"), None, "GetFunctionUrlConfig").is_err());
    }
}
