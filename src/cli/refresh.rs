//! `evenkeel refresh`: asks a running Evenkeel to read now.

use serde_json::{Value, json};

use super::{
    args::RefreshArgs,
    error::{CliError, DaemonError},
    out::print,
    outcome::CommandOutcome,
    rows::{agent, items, member, word},
};
use crate::{daemon::http::REQUEST_HEADER, engine::count::count};

/// Asks for the named objects, or for everything, and prints in one line what was asked for.
pub(super) fn refresh(args: &RefreshArgs) -> Result<CommandOutcome, CliError> {
    let url = format!("{}/api/v1/refresh", args.url.trim_end_matches('/'));
    print(&line(&ask(&url, &args.names)?))?;
    Ok(CommandOutcome::Good)
}

/// Asks the daemon, and returns what it answers if it does what it is asked to.
fn ask(url: &str, names: &[String]) -> Result<Value, DaemonError> {
    let request = agent(url).post(url).config().http_status_as_error(false).build();
    let answer = request.header(REQUEST_HEADER, "1").send_json(json!({ "objects": names }));
    let mut answer =
        answer.map_err(|it| DaemonError::NoAnswer { url: url.to_owned(), source: Box::new(it) })?;
    let (status, body) = (answer.status(), answer.body_mut().read_json::<Value>());
    if status.is_success() {
        return body
            .map_err(|it| DaemonError::BadAnswer { url: url.to_owned(), source: Box::new(it) });
    }
    let body = body.unwrap_or_default();
    let why = match word(&body, "error") {
        "" => status.to_string(),
        why => why.to_owned(),
    };
    Err(DaemonError::RefreshRefused { url: url.to_owned(), status: status.as_u16(), why })
}

/// What the answer says was asked for.
fn line(answer: &Value) -> String {
    let number = member(answer, "count").as_u64().unwrap_or_default();
    let documents = count(number, "document");
    let asked = match member(answer, "coalesced").as_bool() {
        Some(true) => " (already requested a moment ago)",
        _ => "",
    };
    let what = if member(answer, "everything").as_bool() == Some(true) {
        format!("of everything, {documents}, at the pace of a first audit")
    } else {
        let keys: Vec<&str> = items(answer, "documents").filter_map(Value::as_str).collect();
        format!("of {documents}: {}", keys.join(", "))
    };
    format!("requested a read {what}{asked}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_read() {
        let check = |answer: Value, expected: &str| assert_eq!(line(&answer), expected);
        check(
            json!({ "everything": true, "documents": [], "count": 22, "coalesced": true }),
            "requested a read of everything, 22 documents, at the pace of a first audit (already requested a moment ago)",
        );
        check(
            json!({ "documents": ["default/Function/resize"], "count": 1, "coalesced": false }),
            "requested a read of 1 document: default/Function/resize",
        );
    }
}
