//! Config hashes, written down once: tags of live functions hold them, so that another hash for the same configuration
//! would make every function seem changed by another party.

use std::fs;

use evenkeel::{kinds::function::hash::HashKey, manifest::DesiredState};
use serde_json::{Value, json};

use super::spec;
use crate::common::{desired, root};

/// Members of `spec` and the hash of what they ask for: the first half.
fn values() -> Vec<(Value, &'static str)> {
    vec![
        (json!({}), "1c17d195b6d99e92a848daab1b049618c78883f147bf1fb28d06c68befa87523"),
        (
            json!({ "role": "arn:aws:iam::111122223333:role/team/other" }),
            "ee1fd2db901e191609a4bce4ac2963d52994a87aaca917b185d35e09fdfc5163",
        ),
        (
            json!({ "description": "Tells \"ä\" from a\n" }),
            "59ad084cc43ba898eaf630d356d4d955a762ee77bea8304d7526016237a39cfb",
        ),
        (
            json!({ "memorySize": 512 }),
            "88b190585216ec6439cbfe263cc865f3412b784ada0c758e4fbd75eeee35bd1d",
        ),
        (
            json!({ "timeout": 60 }),
            "05530080b2b7f73d42ef1a3603b829d4b94d548227cd9c69102cf4ada70c8b2a",
        ),
        (
            json!({ "ephemeralStorage": { "size": 1024 } }),
            "2c7cf5452d4f984e80b98fd690114b26a1ad1c9e730ce5228833adf1ecba7bbf",
        ),
        (
            json!({ "architectures": ["arm64"] }),
            "02604b831d0723b6b81f25c6ee60d211df349400939ad50e9ada4e4e629776d5",
        ),
        (
            json!({ "environment": { "variables": { "B": "1", "A": "2", "K": { "keep": true } } } }),
            "ed4d7b5e3b5bd6fcc26f051bcb21492d573b3ccd1d7722d26f72947e862aa656",
        ),
    ]
}

/// The second half.
fn structs() -> Vec<(Value, &'static str)> {
    let vpc = json!({ "subnetIds": ["subnet-2", "subnet-1"], "securityGroupIds": ["sg-1"] });
    let provider = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:a";
    vec![
        (
            json!({ "kmsKeyArn": "arn:aws:kms:${target.region}:${target.accountId}:key/0a" }),
            "8323094ca4937766aeb5521bcae48c642929bd7fdf6b78b4144c2fb9491c33e3",
        ),
        (
            json!({ "vpcConfig": vpc }),
            "dfd8403ceab5a3fc8ae672b385ea2c6fdb09df46a41f395e0930ecc4080e3810",
        ),
        (
            json!({ "vpcConfig": { "ipv6AllowedForDualStack": true } }),
            "ba1f7b06c344121e97671aa9e4cea7bd71ece781197d2abb4495c150a53ea9ab",
        ),
        (
            json!({ "fileSystemConfigs": [{ "arn": "arn:a", "localMountPath": "/mnt/a" }] }),
            "756aae577e44483882ce50571dd1d672ffce85959ccdda4265c8aabe1369a832",
        ),
        (
            json!({ "deadLetterConfig": { "targetArn": "arn:aws:sqs:eu-west-1:1:dead" } }),
            "4a434b7f0550f9a7ed700ee1e0cac922e8d832d751ef8644eb67032fb9619cf8",
        ),
        (
            json!({ "tracingConfig": { "mode": "Active" } }),
            "3cfdc422f0fab7a1a9a2522764efea8d611a9eaeab834d04ad7726c9770abaf8",
        ),
        (
            json!({ "loggingConfig": { "logFormat": "JSON", "systemLogLevel": "WARN" } }),
            "bfd0e0e15bcf5c20f4645683fc4573356af9764850e80c15add2219ef3e34373",
        ),
        (
            json!({ "loggingConfig": { "logGroup": "/jobs", "applicationLogLevel": "DEBUG" } }),
            "3e4d50893f28b53fdaac662644d6c5678a1c0dc30ff23aa9bed573fee5dd8d6e",
        ),
        (
            json!({ "imageConfig": { "entryPoint": ["/bin/a"], "workingDirectory": "/w" } }),
            "631ddf3fdd31b0431253ef1b8b01dae9d85d1c14c983eeeacf81ca2b8eee4f98",
        ),
        (
            json!({ "imageConfig": { "command": ["-v", ""] } }),
            "1dad13468dde52e426df994029bbb547f4e12de56a63fe8f7a8c3099160218bb",
        ),
        (
            json!({ "capacityProviderConfig": { "capacityProviderArn": provider } }),
            "61f011b37fbb477343cb4a3a8a29b58f4ad24cde6b1790770901205b53941c0b",
        ),
        (
            json!({ "memorySize": 4096, "loggingConfig": { "logGroup": "/jobs" }, "capacityProviderConfig": {
                "capacityProviderArn": provider,
                "perExecutionEnvironmentMaxConcurrency": 8,
                "executionEnvironmentMemoryGiBPerVCpu": 2.29,
            } }),
            "d63d22b70bf5c796c71f8629a77814f7847fda968d7bf8ddd717c91d9c5fdd95",
        ),
        // What AWS does anyway enters no hash.
        (
            json!({ "timeout": 3, "memorySize": 128, "kmsKeyArn": "", "description": "" }),
            "1c17d195b6d99e92a848daab1b049618c78883f147bf1fb28d06c68befa87523",
        ),
    ]
}

#[test]
fn each_field_enters_the_hash_as_it_always_did() {
    let wrong: Vec<String> = values()
        .into_iter()
        .chain(structs())
        .map(|(members, hash)| (spec(&members, None).config_hash, hash, members))
        .filter(|(found, hash, _)| found != hash)
        .map(|(found, _, members)| format!("{found} {members}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn values_of_variables_enter_it_as_they_always_did() {
    let members = json!({ "environment": { "variables": { "A": "1", "B": "1", "C": "é" } } });
    let key = HashKey::new(b"key");
    assert_eq!(
        spec(&members, Some(&key)).config_hash,
        "5f8355487ec6d1be57b05e4a11ae09a6bce2ce6f24ce1f4de756e26982efcff4"
    );
    assert_eq!(
        spec(&json!({}), Some(&key)).config_hash,
        "1c17d195b6d99e92a848daab1b049618c78883f147bf1fb28d06c68befa87523"
    );
}

#[test]
fn examples_have_the_hashes_that_they_always_had() {
    let mut found = Vec::new();
    for file in ["examples/managed", "examples/thumbnails", "examples/sequencing", "examples/state"]
    {
        let text = fs::read_to_string(root().join(format!("manifests/{file}.yaml"))).unwrap();
        let DesiredState { functions, .. } = desired(&text, true, Default::default());
        found.extend(
            functions.wanted.iter().map(|(name, it)| format!("{name} {}", it.spec.config_hash)),
        );
    }
    assert_eq!(
        found,
        [
            "index-reads 333a528f40b666ca81b33438948082d589731805b1addcd3a998d226cd41c815",
            "thumbnails 400278347a467fbb02b29b2668b8b9cf9441ea215c2e4d27e1304f802e9cef46",
            "annotate-variants 92cefbd42c31b6947d1f6819cf3cefb75e7780661d95859be00cf69acb8c5723",
            "fastq-quality c215b4ffe3e8037fd32181ebad5d5fc90f32b767527dfefe54eba586e3f63b11",
            "align-reads 44709d8431f30e34ed992cdd7f06b24afeb00e9414d90efa90da45edfe20743c",
            "annotate-reads b9f3ce6d7f2d008b46c315754ce658d4f5717661fd6781f2a13e4ea65a36ccae",
            "call-variants d9a52b5d453908ef2246aaad4e394967af2d6f111ac62acfe34f24b54589fcb4"
        ]
    );
}
