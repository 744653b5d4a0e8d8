//! What the environment says: the only place where it is read.

use rusty_s3::{Credentials, UrlStyle};

use crate::failure::Failure;

/// How much of an object is read if the function does not say; a human genome has 3,100 MB.
const OBJECT_MB: u64 = 4096;
/// S3's own limit for one object.
const OBJECT_MB_MAX: u64 = 50 << 20;

/// How this function is set up.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where results are stored, if they are.
    pub(crate) results: Option<String>,
    /// The largest object that is read, in bytes.
    pub(crate) object_max: u64,
    pub(crate) region: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Option<Credentials>,
}

/// Where S3 is, and how buckets are named there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    /// Whether a bucket is a part of the host's name, as AWS wants it.
    pub(crate) hosts: bool,
}

impl Endpoint {
    /// A bucket with a dot is in no certificate of AWS's.
    pub(crate) fn style(&self, bucket: &str) -> UrlStyle {
        if self.hosts && !bucket.contains('.') { UrlStyle::VirtualHost } else { UrlStyle::Path }
    }
}

/// A variable of the environment; one that is empty is not set.
#[expect(clippy::disallowed_methods, reason = "this is how Lambda configures a function")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|it| !it.is_empty())
}

impl Settings {
    /// Reads everything at the start, so that a mistake shows before the first event.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let results = variable("RESULT_BUCKET");
        if let Some(bucket) = results.as_deref().filter(|it| !is_bucket(it)) {
            return Err(bad("RESULT_BUCKET", bucket, "the name of a bucket"));
        }
        let megabytes = match variable("OBJECT_MAX_MB") {
            None => OBJECT_MB,
            Some(text) => match text.parse() {
                Ok(number @ 1..=OBJECT_MB_MAX) => number,
                _ => {
                    return Err(bad(
                        "OBJECT_MAX_MB",
                        &text,
                        "a whole number of megabytes, 1 or more",
                    ));
                }
            },
        };
        let region = variable("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned());
        let endpoint = endpoint(&variable, &region)?;
        let credentials = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
        let credentials = credentials.map(|(key, secret)| match variable("AWS_SESSION_TOKEN") {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        });
        Ok(Self { results, object_max: megabytes << 20, region, endpoint, credentials })
    }
}

fn endpoint(variable: &impl Fn(&str) -> Option<String>, region: &str) -> Result<Endpoint, Failure> {
    for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
        let Some(url) = variable(name) else { continue };
        if !["http://", "https://"].iter().any(|it| url.starts_with(it))
            || url.parse::<ureq::http::Uri>().is_err()
        {
            return Err(bad(name, &url, "a URL that begins with http:// or https://"));
        }
        return Ok(Endpoint { url, hosts: false });
    }
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(Endpoint { url: format!("https://s3.{region}.{domain}"), hosts: true })
}

fn bad(name: &str, value: &str, wanted: &str) -> Failure {
    Failure::Settings(format!("the variable {name} is `{value}`, and has to be {wanted}"))
}

/// Whether this can be a bucket: 3 to 63 of a-z, 0-9, `-` and `.`, a letter or digit at both ends.
pub(crate) fn is_bucket(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|it| plain(it) || it == '-' || it == '.')
        && name.starts_with(plain)
        && name.ends_with(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&str, &str)]) -> Result<Settings, Failure> {
        let find = |name: &str| given.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        Settings::read(find)
    }

    #[test]
    fn nothing_is_needed() {
        let settings = read(&[]).unwrap();
        assert!(settings.results.is_none() && settings.credentials.is_none());
        assert_eq!(settings.object_max, 4 << 30);
        assert_eq!(settings.endpoint.url, "https://s3.us-east-1.amazonaws.com");
    }

    #[test]
    fn an_endpoint_for_s3_comes_before_one_for_everything() {
        let all = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let s3 = ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2");
        assert_eq!(read(&[all]).unwrap().endpoint, Endpoint { url: all.1.into(), hosts: false });
        assert_eq!(read(&[all, s3]).unwrap().endpoint.url, s3.1);
        let china = read(&[("AWS_REGION", "cn-north-1")]).unwrap().endpoint;
        assert_eq!(china.url, "https://s3.cn-north-1.amazonaws.com.cn");
        assert!(matches!(china.style("reads"), UrlStyle::VirtualHost));
        assert!(matches!(china.style("reads.of.mine"), UrlStyle::Path));
    }

    #[test]
    fn a_mistake_is_named_before_the_first_event() {
        for (name, value) in [
            ("RESULT_BUCKET", "Results"),
            ("RESULT_BUCKET", "s3://results"),
            ("OBJECT_MAX_MB", "0"),
            ("OBJECT_MAX_MB", "1e3"),
            ("OBJECT_MAX_MB", "99999999999999999999"),
            ("AWS_ENDPOINT_URL", "127.0.0.1:4566"),
            ("AWS_ENDPOINT_URL_S3", "http://"),
        ] {
            let said = read(&[(name, value)]).unwrap_err();
            assert_eq!(said.kind(), "BadSettings");
            assert!(said.to_string().contains(&format!("{name} is `{value}`")), "{said}");
        }
    }
}
