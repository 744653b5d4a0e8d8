//! By which names this server is asked for. A page of another site can let its own name lead to our address (DNS
//! rebinding) and then send what it likes, but the browser goes on to send that name as `Host`.

use std::{collections::BTreeSet, fmt, net::IpAddr, str::FromStr};

use axum::{
    extract::Request,
    http::{HeaderMap, header},
};

/// How long a name may be: RFC 1035, section 2.3.4.
const NAME_MAX: usize = 253;

/// A host as requests name it, without a port. Names are compared without case and without a dot at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostName {
    /// An address; IPv4 within IPv6 is IPv4.
    Address(IpAddr),
    /// A name, in lower case.
    Name(String),
}

/// Why a text names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no host: write a name or an address without a port, as evenkeel.example or 10.0.0.7"
)]
pub struct BadHost(String);

impl FromStr for HostName {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
        let address = bare.parse::<IpAddr>().ok().map(|it| Self::Address(it.to_canonical()));
        address.or_else(|| Self::name(text)).ok_or_else(|| BadHost(text.to_owned()))
    }
}

impl HostName {
    /// The host of an authority, as the header `Host` has it: a host and perhaps a port.
    fn of_authority(text: &str) -> Option<Self> {
        let bracketed = text.strip_prefix('[').and_then(|it| it.split_once(']'));
        let (host, port) = if let Some((address, rest)) = bracketed {
            let address = address.parse::<IpAddr>().ok().filter(IpAddr::is_ipv6)?;
            (Self::Address(address.to_canonical()), rest)
        } else {
            let (host, _) = text.split_once(':').unwrap_or((text, ""));
            let address = host.parse::<IpAddr>().ok().map(Self::Address);
            (address.or_else(|| Self::name(host))?, text.strip_prefix(host)?)
        };
        let digits = |it: &str| it.len() <= 5 && it.bytes().all(|it| it.is_ascii_digit());
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(digits);
        is_port.then_some(host)
    }

    fn name(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let good = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
        let fits = (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(good);
        fits.then(|| Self::Name(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The address of ours that a connection came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReachedAddress(pub(super) IpAddr);

/// Whether a request asks for this server by a name that is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IsOwnHost(pub(super) bool);

/// The names that this server answers to when it is to do something.
#[derive(Debug, Default)]
pub(super) struct OwnHosts {
    /// Those that the operator names.
    pub(super) allowed: BTreeSet<HostName>,
}

impl OwnHosts {
    /// Whether everything by which a request names its host is ours: the name `localhost`, a loopback address, the
    /// address that it came to, or what the operator allows.
    pub(super) fn check(&self, request: &Request) -> IsOwnHost {
        let reached = request.extensions().get::<ReachedAddress>().map(|it| it.0);
        let is_own =
            |text: &str| HostName::of_authority(text).is_some_and(|it| self.is_own(&it, reached));
        // A proxy's form of a request names the host once more.
        let target = request.uri().authority().is_none_or(|it| is_own(it.as_str()));
        IsOwnHost(target && header_of(request.headers()).is_some_and(is_own))
    }

    fn is_own(&self, host: &HostName, reached: Option<IpAddr>) -> bool {
        let known = match host {
            HostName::Address(address) => {
                address.is_loopback() || reached.is_some_and(|it| it.to_canonical() == *address)
            }
            HostName::Name(name) => name == "localhost",
        };
        known || self.allowed.contains(host)
    }
}

/// The header `Host`, if there is one and no second one.
fn header_of(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::HOST).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.to_str().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(uri: &str, hosts: &[&str]) -> Request {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ReachedAddress("10.0.0.7".parse().unwrap()));
        request
    }

    #[track_caller]
    fn check(host: &str, own: bool) {
        let hosts = OwnHosts { allowed: ["Evenkeel.Example.", "192.0.2.1"].map(read).into() };
        assert_eq!(hosts.check(&request("/", &[host])), IsOwnHost(own), "{host}");
    }

    fn read(text: &str) -> HostName {
        text.parse().unwrap()
    }

    #[test]
    fn loopback_the_own_address_and_what_is_allowed_are_ours() {
        for host in [
            "localhost",
            "localhost:9809",
            "localhost:",
            "LOCALHOST.:1",
            "127.0.0.1:9809",
            "127.255.0.3",
            "[::1]:9809",
            "[::1]",
            "[::ffff:127.0.0.1]:80",
            "10.0.0.7:9809",
            "[::ffff:10.0.0.7]",
            "evenkeel.example:443",
            "EVENKEEL.example.",
            "192.0.2.1",
        ] {
            check(host, true);
        }
    }

    #[test]
    fn any_other_name_is_not_nor_what_only_looks_like_ours() {
        for host in [
            "",
            ":9809",
            "evil.example",
            "localhost.evil.example",
            "evil.localhost",
            "127.0.0.1.evil.example",
            "evil@localhost",
            "localhost@evil.example",
            "localhost:9809:1",
            "localhost:x",
            "localhost:123456",
            "localhost/",
            "localhost, evil.example",
            " localhost",
            "127.1",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "2130706433",
            "128.0.0.1",
            "0.0.0.0",
            "10.0.0.8",
            "::1",
            "[::1",
            "[::1]x",
            "[::1]x:1",
            "[127.0.0.1]",
            "[::2]",
            "[fe80::1%25lo]",
        ] {
            check(host, false);
        }
    }

    #[test]
    fn a_request_has_one_host_and_says_the_same_everywhere() {
        let hosts = OwnHosts::default();
        let own = |uri: &str, named: &[&str]| hosts.check(&request(uri, named)).0;
        assert!(own("/", &["localhost"]) && own("http://localhost:1/", &["localhost"]));
        assert!(!own("/", &[]) && !own("/", &["localhost", "localhost"]));
        assert!(!own("http://evil.example/", &["localhost"]));
        assert!(!own("http://localhost/", &["evil.example"]));
    }

    #[test]
    fn a_host_on_the_command_line_has_no_port() {
        assert_eq!(read("[::1]"), read("::1"));
        assert_eq!(read("evenkeel.example").to_string(), "evenkeel.example");
        for bad in ["", "a b", "a:80", "http://a", "*", "[::1]:80", &"x".repeat(254)] {
            assert!(bad.parse::<HostName>().is_err(), "{bad}");
        }
    }
}
