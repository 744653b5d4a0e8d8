//! Which URLs are of this machine.

/// Whether a URL is one of this machine's, where nothing that it is sent leaves it.
pub fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before an @ is no host: `http://127.0.0.1@example.com` goes to example.com.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for yes in ["http://127.0.0.1:5000", "http://localhost", "http://[::1]:80/x", "127.8.8.8:1"]
        {
            assert!(is_loopback(yes), "{yes}");
        }
        for no in [
            "https://lambda.eu-west-1.amazonaws.com",
            "http://127.0.0.1@example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "",
        ] {
            assert!(!is_loopback(no), "{no}");
        }
    }
}
