//! By which proxy a URL is called: from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, also in lower case.
//! AWS's services, a registry and a daemon elsewhere are reached by the same rules.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::loopback::is_loopback;

/// The proxies that the environment names.
#[derive(Debug)]
pub struct Proxies(Matcher);

impl Proxies {
    /// Reads the environment.
    pub fn from_env() -> Self {
        Self(Matcher::from_env())
    }

    /// Whether a URL is called by a proxy. This machine, and the addresses at which a machine or a container gets its
    /// own credentials, are not: a proxy would ask for its own.
    pub(super) fn covers(&self, url: &str) -> bool {
        self.address(url).is_some()
    }

    /// The URL of the proxy for a URL, with the user and password that it asks for; `None`: there is none.
    pub fn address(&self, url: &str) -> Option<String> {
        let uri: Uri = url.parse().ok()?;
        if is_loopback(url) || is_link_local(uri.host()?) {
            return None;
        }
        let proxy = self.0.intercept(&uri)?;
        let scheme = proxy.uri().scheme_str().filter(|it| is_spoken(it))?;
        let authority = proxy.uri().authority()?;
        let user = proxy.basic_auth().and_then(|it| user(it.to_str().ok()?)).unwrap_or_default();
        Some(format!("{scheme}://{user}{authority}"))
    }
}

/// What is wrong with a variable that names a proxy, in words; `None`: nothing.
pub fn fault(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        return None;
    }
    let uri = value.parse::<Uri>().ok().filter(|it| it.authority().is_some());
    match uri.as_ref().map(|it| it.scheme_str()) {
        None => Some("it is no URL of a proxy"),
        Some(Some(scheme)) if !is_spoken(scheme) => {
            Some("it names another protocol than `http` and `https`")
        }
        Some(_) => None,
    }
}

/// Whether we speak to a proxy in this way. SOCKS is not among them.
fn is_spoken(scheme: &str) -> bool {
    matches!(scheme, "http" | "https")
}

/// `user:password@`, from the header that a proxy wants.
fn user(header: &str) -> Option<String> {
    let text = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (user, password) = text.split_once(':')?;
    let safe = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    Some(format!("{}:{}@", safe(user), safe(password)))
}

/// Whether a host is an address of the link alone, or of EC2's own for IPv6 (`fd00:ec2::/32`): of the instance's or
/// container's metadata.
fn is_link_local(host: &str) -> bool {
    match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_unicast_link_local() || address.segments().starts_with(&[0xfd00, 0x0ec2])
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_for_what_is_elsewhere() {
        let matcher = Matcher::builder()
            .http("http://plain:3128")
            .https("http://us%20er:p%40ss@secure:3128")
            .no("example.org,10.0.0.0/8")
            .build();
        let proxies = Proxies(matcher);
        for (url, proxy) in [
            ("https://lambda.eu-west-1.amazonaws.com/x", Some("http://us%20er:p%40ss@secure:3128")),
            ("http://aws.example.com", Some("http://plain:3128")),
            ("https://a.example.org", None),
            ("https://10.1.2.3", None),
            ("http://127.0.0.1:4566", None),
            ("https://localhost:4566/x", None),
            ("http://[::1]:80", None),
            ("http://169.254.169.254/latest", None),
            ("http://169.254.170.2/v2", None),
            ("http://[fd00:ec2::254]/latest", None),
            ("http://[fd00:ec3::1]/", Some("http://plain:3128")),
        ] {
            assert_eq!(proxies.address(url).as_deref(), proxy, "{url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_told() {
        for good in ["", "http://proxy:3128", "https://proxy", "proxy:3128", "http://a:b@proxy/"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["socks5://proxy:1080", "http://", "a b", "/etc/proxy"] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        let socks = Proxies(Matcher::builder().all("socks5h://proxy:1080").build());
        assert_eq!(socks.address("https://lambda.eu-west-1.amazonaws.com"), None);
    }
}
