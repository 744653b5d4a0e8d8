//! The config hash: what a configuration looks like, in 64 hex digits that survive upgrades.
//!
//! Only fields that differ from AWS's default for a function without a capacity provider enter it, so that
//! a version of Evenkeel that manages one field more leaves every old hash as it was. Names of environment
//! variables enter it; their values only as an HMAC with the operator's key, since a hash of a short secret
//! in a tag can be guessed.

use std::{collections::BTreeMap, sync::Arc};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::config::{Config, defaults};
use crate::engine::{canonical, hex::hex, secret::Secret};

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
    let variables: BTreeMap<&str, Value> = config
        .environment
        .iter()
        .map(|(name, value)| {
            (name.as_str(), key.map_or(Value::Null, |key| Value::String(key.seal(value))))
        })
        .collect();
    // Every field is named, so that a new one cannot be forgotten here.
    let Config {
        role,
        description,
        memory_size,
        timeout,
        ephemeral_storage,
        environment: _,
        kms_key_arn,
        vpc,
        file_systems,
        dead_letter,
        tracing,
        logging,
        image,
        capacity,
    } = config;
    let mut fields = BTreeMap::from([("role", json!(role))]);
    let mut put = |name, same: bool, value: Value| {
        if !same {
            fields.insert(name, value);
        }
    };
    put("description", *description == unset.description, json!(description));
    put("memorySize", *memory_size == unset.memory_size, json!(memory_size));
    put("timeout", *timeout == unset.timeout, json!(timeout));
    put(
        "ephemeralStorage",
        *ephemeral_storage == unset.ephemeral_storage,
        json!(ephemeral_storage),
    );
    put("architectures", architecture == defaults::ARCHITECTURE, json!([architecture]));
    put("environment", variables.is_empty(), json!(variables));
    put("kmsKeyArn", *kms_key_arn == unset.kms_key_arn, json!(kms_key_arn));
    put("vpcConfig", *vpc == unset.vpc, json!(vpc));
    put("fileSystemConfigs", *file_systems == unset.file_systems, json!(file_systems));
    put("deadLetterConfig", *dead_letter == unset.dead_letter, json!(dead_letter));
    put("tracingConfig", *tracing == unset.tracing, json!(tracing));
    put("loggingConfig", *logging == unset.logging, json!(logging));
    put("imageConfig", *image == unset.image, json!(image));
    put("capacityProviderConfig", capacity.is_none(), json!(capacity));
    canonical::hash(&json!(fields))
}

#[cfg(test)]
mod tests {
    use super::{
        super::config::{Capacity, Logging, LoggingGiven},
        *,
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
