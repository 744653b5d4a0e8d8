//! What of the environment AWS's own tools take and Evenkeel does not: told at the start, where it is set. What does
//! work, and which test shows it, is in docs/reference/environment.md.

use std::{env, sync::Once};

use tracing::{Level, enabled, warn};

use super::out;
use crate::{aws::proxies, engine::partition::Partition};

/// Variables that have no effect, and what there is in their place.
pub const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("AWS_MAX_ATTEMPTS", RETRIES),
    ("AWS_RETRY_MODE", RETRIES),
    ("AWS_DEFAULTS_MODE", "a call may take 30 s, a connection 5 s"),
    (
        "AWS_STS_REGIONAL_ENDPOINTS",
        "STS is asked in the Region itself; AWS_ENDPOINT_URL_STS names another endpoint",
    ),
    ("AWS_METADATA_SERVICE_TIMEOUT", METADATA),
    ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", METADATA),
    ("AWS_CREDENTIAL_EXPIRATION", "keys of the environment count as keys without an end"),
    ("AWS_CREDENTIAL_FILE", "set AWS_SHARED_CREDENTIALS_FILE"),
    ("AWS_SECURITY_TOKEN", "set AWS_SESSION_TOKEN"),
    (
        "AWS_LOGIN_CACHE_DIRECTORY",
        "Evenkeel takes no session of `aws login`; a `credential_process` can give its credentials",
    ),
];

const RETRIES: &str =
    "Evenkeel tries calls again by its own rules, and asks for credentials three times";
const METADATA: &str = "instance metadata is asked by the SDK's own limits";

/// The variables that name proxies, the one that counts first.
const PROXIES: [[&str; 2]; 3] =
    [["HTTPS_PROXY", "https_proxy"], ["HTTP_PROXY", "http_proxy"], ["ALL_PROXY", "all_proxy"]];

/// A command may open its targets more than once.
static TOLD: Once = Once::new();

/// Tells what of the environment has no effect, and which of these Regions are not known. `run` logs it, other commands
/// write it to standard error.
pub(super) fn tell<'a>(regions: impl IntoIterator<Item = &'a str>) {
    let unknown = regions.into_iter().filter(|it| Partition::known(it).is_none()).map(|it| {
        format!(
            "the Region `{it}` is of no partition that this Evenkeel knows: its ARNs and hosts are taken for those of `aws`"
        )
    });
    let texts: Vec<String> = faults().into_iter().chain(unknown).collect();
    TOLD.call_once(|| texts.iter().for_each(|it| say(it)));
}

fn say(text: &str) {
    if enabled!(Level::WARN) {
        warn!(because = text, "part of the environment is not used");
    } else {
        out::warn(&format!("warning: {text}"));
    }
}

fn faults() -> Vec<String> {
    let is_set = |name: &str| env::var_os(name).is_some_and(|it| !it.is_empty());
    let plain = WITHOUT_EFFECT.iter().filter(|(name, _)| is_set(name));
    let mut all: Vec<String> =
        plain.map(|(name, instead)| format!("{name} has no effect: {instead}")).collect();
    for names in PROXIES {
        let set = names.into_iter().find_map(|name| Some((name, env::var_os(name)?)));
        let Some((name, value)) = set else { continue };
        // The value may hold a password.
        if let Some(why) = proxies::fault(&value.to_string_lossy()) {
            all.push(format!("{name} has no effect: {why}; calls do not go by it"));
        }
    }
    all
}
