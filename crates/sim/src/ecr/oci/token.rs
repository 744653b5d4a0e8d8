//! Tokens: what GetAuthorizationToken hands out, and who is behind one that comes back.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{call::Caller, chance};

/// How long a token is good, in seconds. ECR's own 12 hours.
const LIFE: i64 = 12 * 3600;

/// Whose a token is, and until when.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) caller: Caller,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

impl Token {
    /// A new one.
    pub(crate) fn new(caller: &Caller, now: i64) -> Self {
        Self { caller: caller.clone(), expires: now + LIFE }
    }

    /// `AWS:` and the password, as they go into a header.
    pub(crate) fn written(&self) -> String {
        let Caller { account, region, key } = &self.caller;
        let payload = json!([account, region, key]).to_string();
        let password = json!({
            "payload": BASE64_STANDARD.encode(&payload),
            "datakey": seal(&payload, self.expires),
            "version": "2",
            "type": "DATA_KEY",
            "expiration": self.expires,
        });
        BASE64_STANDARD.encode(format!("AWS:{}", BASE64_STANDARD.encode(password.to_string())))
    }

    /// Out of the header `Authorization`; none if it is not one of ours.
    pub(crate) fn read(header: &str) -> Option<Self> {
        let given = decoded(header.strip_prefix("Basic ")?)?;
        let password: Value = serde_json::from_str(&decoded(given.strip_prefix("AWS:")?)?).ok()?;
        let payload = decoded(password["payload"].as_str()?)?;
        let expires = password["expiration"].as_i64()?;
        if password["datakey"] != seal(&payload, expires) {
            return None;
        }
        let (account, region, key) = serde_json::from_str(&payload).ok()?;
        Some(Self { caller: Caller { account, region, key }, expires })
    }
}

/// Notices a token that somebody changed. It keeps no secret.
fn seal(payload: &str, expires: i64) -> String {
    chance::sha256(&format!("{payload}{expires}")).chars().take(32).collect()
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is() {
        let caller = Caller { account: "1".into(), region: "r".into(), key: "k".into() };
        let written = Token::new(&caller, 100).written();
        let read = Token::read(&format!("Basic {written}")).expect("a token");
        assert_eq!((read.caller, read.expires), (caller, 100 + LIFE));
        assert!(Token::read("Basic QVdTOnN0YW5kLWlu").is_none());
        assert!(Token::read(&format!("Bearer {written}")).is_none());
    }
}
