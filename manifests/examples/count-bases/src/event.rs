//! What is asked: `{"fasta": ">a\nACGT"}`, `{"bucket": …, "key": …}`, what S3 says of an object that has come, or a
//! request over HTTP (a function URL) whose body is one of the first two, or the text itself.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{failure::Failure, settings::is_bucket};

/// The longest key that S3 knows, in bytes.
const KEY_MAX: usize = 1024;
/// What helps whoever sent something else.
const HINT: &str = "send {\"fasta\": \">name\\nACGT\"} or {\"bucket\": \"…\", \"key\": \"…\"}";

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// Where the text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Inline(Vec<u8>),
    Object(Place),
    /// The same, because S3 said that it has come: nobody waits for the answer.
    Notice(Place),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// Whether the caller came over HTTP, and wants to be answered so.
pub(crate) fn is_http(event: &Value) -> bool {
    event.pointer("/requestContext/http").is_some()
}

/// What an event asks for.
pub(crate) fn source(event: &Value) -> Result<Source, Failure> {
    if is_http(event) {
        return posted(event);
    }
    match event.get("Records").and_then(Value::as_array).map(Vec::as_slice) {
        Some([record]) => notice(record),
        Some(records) => Err(bad(format!(
            "the event has {} records, and one is counted at a time",
            records.len()
        ))),
        None => plain(event),
    }
}

fn plain(event: &Value) -> Result<Source, Failure> {
    let text = |name: &str| match event.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(bad(format!("`{name}` is no text; {HINT}"))),
    };
    match (text("fasta")?, text("bucket")?, text("key")?) {
        (Some(fasta), None, None) => Ok(Source::Inline(fasta.into())),
        (None, Some(bucket), Some(key)) => place(bucket, key).map(Source::Object),
        (None, Some(_), None) => Err(bad(format!("`key` is missing; {HINT}"))),
        (None, None, Some(_)) => Err(bad(format!("`bucket` is missing; {HINT}"))),
        (Some(_), _, _) => Err(bad(format!("`fasta` and an object are two texts; {HINT}"))),
        (None, None, None) => Err(bad(format!("the event asks for nothing; {HINT}"))),
    }
}

/// What S3 sends writes a key as forms do.
fn notice(record: &Value) -> Result<Source, Failure> {
    let text = |path: &str| record.pointer(path).and_then(Value::as_str);
    let (Some(bucket), Some(key)) = (text("/s3/bucket/name"), text("/s3/object/key")) else {
        return Err(bad("the record is not about an object in S3".into()));
    };
    let key = key.replace('+', " ");
    let key = percent_decode_str(&key)
        .decode_utf8()
        .map_err(|_| bad(format!("the key `{key}` is not UTF-8")))?;
    place(bucket, &key).map(Source::Notice)
}

/// The body of a request: an event as above, or the text itself.
fn posted(event: &Value) -> Result<Source, Failure> {
    let body = event.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if event.get("isBase64Encoded") == Some(&Value::Bool(true)) {
        STANDARD.decode(body).map_err(|it| bad(format!("the body is not base64: {it}")))?
    } else {
        body.as_bytes().to_vec()
    };
    if body.is_empty() {
        return Err(bad(format!("the request has no body; post a FASTA text, or {HINT}")));
    }
    match serde_json::from_slice::<Value>(&body) {
        Ok(event) if event.is_object() => plain(&event),
        // A FASTA text is never JSON.
        _ => Ok(Source::Inline(body)),
    }
}

fn place(bucket: &str, key: &str) -> Result<Place, Failure> {
    if !is_bucket(bucket) {
        return Err(bad(format!("`{bucket}` is no name of a bucket")));
    }
    if key.is_empty() || key.len() > KEY_MAX {
        return Err(bad(format!("`key` has {} bytes; it needs 1 to {KEY_MAX}", key.len())));
    }
    if key.split('/').any(|it| it == "." || it == "..") {
        // URLs are cleaned of them on their way: another object would be read.
        return Err(bad(format!(
            "`key` is `{key}`; a part `.` or `..` of a key cannot be asked for"
        )));
    }
    Ok(Place { bucket: bucket.to_owned(), key: key.to_owned() })
}

fn bad(text: String) -> Failure {
    Failure::Event(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(bucket: &str, key: &str) -> Place {
        Place { bucket: bucket.into(), key: key.into() }
    }

    fn post(body: &Value, base64: bool) -> Value {
        json!({ "requestContext": { "http": { "method": "POST" } }, "body": body, "isBase64Encoded": base64 })
    }

    #[test]
    fn a_text_comes_in_five_ways() {
        let inline = Source::Inline(b">a\nACGT".to_vec());
        assert_eq!(source(&json!({ "fasta": ">a\nACGT" })).unwrap(), inline);
        let event = json!({ "bucket": "reads", "key": "run 1/a.fa", "fasta": null });
        assert_eq!(source(&event).unwrap(), Source::Object(object("reads", "run 1/a.fa")));
        let record = json!({ "s3": { "bucket": { "name": "reads" }, "object": { "key": "run+1/%C3%A4%2B.fa" } } });
        let event = json!({ "Records": [record] });
        assert_eq!(source(&event).unwrap(), Source::Notice(object("reads", "run 1/ä+.fa")));
        for event in [
            post(&json!(">a\nACGT"), false),
            post(&json!("PmEKQUNHVA=="), true),
            post(&json!("{\"fasta\": \">a\\nACGT\"}"), false),
        ] {
            assert_eq!(source(&event).unwrap(), inline, "{event}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_send() {
        for (event, said) in [
            (json!(null), "asks for nothing; send {\"fasta\""),
            (json!([1]), "asks for nothing"),
            (json!({ "Fasta": "" }), "asks for nothing"),
            (json!({ "fasta": 7 }), "`fasta` is no text"),
            (json!({ "bucket": "reads" }), "`key` is missing"),
            (json!({ "key": "a" }), "`bucket` is missing"),
            (json!({ "fasta": "", "bucket": "reads", "key": "a" }), "two texts"),
            (json!({ "bucket": "a/../b", "key": "a" }), "`a/../b` is no name of a bucket"),
            (json!({ "bucket": "reads", "key": "" }), "`key` has 0 bytes"),
            (json!({ "bucket": "reads", "key": "k".repeat(1025) }), "`key` has 1025 bytes"),
            (json!({ "bucket": "reads", "key": "a/../../others/b" }), "cannot be asked for"),
            (json!({ "Records": [] }), "the event has 0 records"),
            (json!({ "Records": [{ "Sns": {} }] }), "not about an object in S3"),
            (post(&json!(null), false), "the request has no body"),
            (post(&json!("?"), true), "the body is not base64"),
        ] {
            let failure = source(&event).unwrap_err();
            assert_eq!((failure.kind(), failure.status()), ("BadEvent", 400));
            assert!(failure.to_string().contains(said), "{failure}");
        }
    }
}
