//! The config hash: what a configuration looks like, in 64 hex digits that survive upgrades.
//!
//! Only fields that differ from AWS's default for a function without a capacity provider enter it, so that
//! a version of Evenkeel that manages one field more leaves every old hash as it was. Names of environment
//! variables enter it; their values only as an HMAC with the operator's key, since a hash of a short secret
//! in a tag can be guessed.

use std::{collections::BTreeMap, sync::Arc};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::{
    engine::{canonical, hex::hex, secret::Secret},
    kinds::function_config::config::{Config, ENVIRONMENT, defaults},
};

/// A key that turns environment values into something that may stand in a tag.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey(Arc<[u8]>);

impl HashKey {
    /// Wraps the key's bytes, as they are in the operator's file.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The HMAC of a value, in hex: whoever has no key cannot guess the value from it.
    fn seal(&self, value: &Secret) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(value.expose().as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

/// Hashes a configuration with its architecture, for the tag `evenkeel.dev/applied`, which others
/// can read. Values of variables enter only as an HMAC with `key`; without a key only their names
/// do, and the hash does not show that a value changed.
pub fn config_hash(
    function: &str,
    config: &Config,
    architecture: &str,
    key: Option<&HashKey>,
) -> String {
    let unset = Config::unset(function, String::new());
    let mut fields = BTreeMap::from([("role", json!(config.role))]);
    fields.extend(config.differing(&unset).map(|it| (it.name, (it.hashed)(config))));
    if architecture != defaults::ARCHITECTURE {
        fields.insert("architectures", json!([architecture]));
    }
    if let (Some(variables), Some(key)) = (fields.get_mut(ENVIRONMENT), key) {
        let sealed = config.environment.iter().map(|(name, it)| (name.clone(), key.seal(it)));
        *variables = sealed.collect();
    }
    canonical::hash(&json!(fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::function_config::{
        config::Capacity,
        logging::{Logging, LoggingGiven},
    };

    fn config() -> Config {
        let mut config = Config::unset("resize", "arn:aws:iam::1:role/r".into());
        config.environment.insert("TOKEN".into(), Secret::new("a"));
        config
    }

    fn hash(config: &Config, key: Option<&HashKey>) -> String {
        config_hash("resize", config, "x86_64", key)
    }

    /// A tag in another party's account holds this: it must never change by accident.
    #[test]
    fn the_hash_is_an_interface() {
        let mut config = config();
        let start = |config: &Config| hash(config, None).get(..16).unwrap().to_owned();
        assert_eq!(start(&config), "b864d3434fcb6a51");
        config.memory_size = 512;
        assert_eq!(start(&config), "13a389c6a8075881");
        config.memory_size = 128;
        config.logging = Logging::filled(
            "resize",
            LoggingGiven { log_format: Some("JSON"), ..LoggingGiven::default() },
        );
        assert_eq!(start(&config), "0cfd9103d7d4f165");
        // With a capacity provider JSON is the default, and enters it all the same: the tags of those who had to write
        // it down hold it.
        config.capacity = Some(Capacity::filled("arn".into(), None, None));
        assert_eq!(start(&config), "c9e510d88298de82");
    }

    #[test]
    fn values_enter_only_with_a_key() {
        let (one, mut two) = (config(), config());
        two.environment.insert("TOKEN".into(), Secret::new("b"));
        let key = HashKey::new(b"key");
        assert_eq!(hash(&one, None), hash(&two, None));
        assert_ne!(hash(&one, Some(&key)), hash(&two, Some(&key)));
        two.environment.insert("OTHER".into(), Secret::new("b"));
        assert_ne!(hash(&one, None), hash(&two, None));
    }
}
