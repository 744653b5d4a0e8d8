//! Repositories and their tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Asked, Registry, Repository, oci::Layers, ok, page, parameter, with_token};
use crate::call::{Answer, Refusal, Reply};

const MUTABILITY: [&str; 4] =
    ["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"];

pub(super) fn create(registry: &mut Registry, asked: &Asked<'_>) -> Answer {
    let (call, account, name) = (asked.call, asked.account(), asked.name());
    check_name(name)?;
    if registry.repositories.contains_key(name) {
        let text = format!(
            "The repository with name '{name}' already exists in the registry with id '{account}'"
        );
        return Err(Refusal::new(400, "RepositoryAlreadyExistsException", text));
    }
    let region = &call.caller.region;
    let mut encryption = call.body["encryptionConfiguration"].clone();
    if encryption.is_null() {
        encryption = json!({ "encryptionType": "AES256" });
    }
    if encryption["encryptionType"] != "AES256" && encryption["kmsKey"].is_null() {
        encryption["kmsKey"] = format!("arn:aws:kms:{region}:{account}:key/aws-ecr").into();
    }
    let shown = json!({
        "repositoryArn": format!("arn:aws:ecr:{region}:{account}:repository/{name}"),
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}"),
        "createdAt": asked.seconds(),
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": { "scanOnPush": call.body["imageScanningConfiguration"]["scanOnPush"] == true },
        "encryptionConfiguration": encryption,
    });
    let mut made = Repository {
        shown,
        tags: BTreeMap::new(),
        images: BTreeMap::new(),
        policy: None,
        lifecycle: None,
        labels: BTreeMap::new(),
        layers: Layers::default(),
    };
    set_mutability(&mut made, asked)?;
    tag(&mut made, asked)?;
    let body = json!({ "repository": made.shown });
    registry.repositories.insert(name.to_owned(), made);
    Ok(ok(body))
}

/// ECR's own pattern (API model, RepositoryName): lower-case words, divided by a single `.`, `_`, `__` or any number of `-`,
/// in folders; 2 to 256 characters.
fn check_name(name: &str) -> Result<(), Refusal> {
    let letter = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    let divider = |it: &str| matches!(it, "." | "_" | "__") || it.chars().all(|it| it == '-');
    let dividers = |word: &str| {
        let between: Vec<&str> = word.split(letter).filter(|it| !it.is_empty()).collect();
        between.into_iter().all(divider)
    };
    let word = |it: &str| it.starts_with(letter) && it.ends_with(letter) && dividers(it);
    if (2..=256).contains(&name.len()) && name.split('/').all(word) {
        return Ok(());
    }
    Err(parameter(
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''",
    ))
}

pub(super) fn describe(registry: &Registry, asked: &Asked<'_>) -> Answer {
    let Some(names) = asked.call.body["repositoryNames"].as_array() else {
        let all = registry.repositories.values().map(|it| it.shown.clone());
        let (rows, next) = page(all, asked, 100);
        return Ok(with_token(json!({ "repositories": rows }), next));
    };
    let mut rows: Vec<Value> = Vec::new();
    for name in names.iter().filter_map(Value::as_str) {
        let account = asked.account();
        let missing = || {
            let text = format!(
                "The repository with name '{name}' does not exist in the registry with id '{account}'"
            );
            Refusal::new(400, "RepositoryNotFoundException", text)
        };
        rows.push(registry.repositories.get(name).ok_or_else(missing)?.shown.clone());
    }
    Ok(ok(json!({ "repositories": rows })))
}

pub(super) fn delete(registry: &mut Registry, asked: &Asked<'_>) -> Answer {
    let (name, account) = (asked.name(), asked.account());
    let found = registry.repositories.get(name).ok_or_else(|| asked.missing())?;
    if !found.images.is_empty() && asked.call.body["force"] != true {
        let text = format!(
            "The repository with name '{name}' in registry with id '{account}' cannot be deleted because it still contains images"
        );
        return Err(Refusal::new(400, "RepositoryNotEmptyException", text));
    }
    let body = json!({ "repository": found.shown });
    registry.repositories.remove(name);
    Ok(ok(body))
}

pub(super) fn mutability(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    set_mutability(found, asked)?;
    let mut body = json!({
        "registryId": asked.account(),
        "repositoryName": asked.name(),
        "imageTagMutability": found.shown["imageTagMutability"],
    });
    if let Some(filters) = found.shown.get("imageTagMutabilityExclusionFilters") {
        body["imageTagMutabilityExclusionFilters"] = filters.clone();
    }
    Ok(ok(body))
}

fn set_mutability(found: &mut Repository, asked: &Asked<'_>) -> Result<(), Refusal> {
    let body = &asked.call.body;
    let Some(wanted) = body["imageTagMutability"].as_str() else { return Ok(()) };
    if !MUTABILITY.contains(&wanted) {
        return Err(parameter(format!(
            "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'Member must satisfy enum value set: {MUTABILITY:?}'"
        )));
    }
    let filters = body["imageTagMutabilityExclusionFilters"].clone();
    let given = filters.as_array().is_some_and(|it| !it.is_empty());
    if given != wanted.ends_with("_WITH_EXCLUSION") {
        return Err(parameter(
            "imageTagMutabilityExclusionFilters go with an imageTagMutability of IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION",
        ));
    }
    found.shown["imageTagMutability"] = wanted.into();
    if let Some(shown) = found.shown.as_object_mut() {
        shown.remove("imageTagMutabilityExclusionFilters");
        if given {
            shown.insert("imageTagMutabilityExclusionFilters".into(), filters);
        }
    }
    Ok(())
}

pub(super) fn scanning(found: &mut Repository, asked: &Asked<'_>) -> Reply {
    let on = asked.call.body["imageScanningConfiguration"]["scanOnPush"] == true;
    found.shown["imageScanningConfiguration"] = json!({ "scanOnPush": on });
    ok(json!({
        "registryId": asked.account(),
        "repositoryName": asked.name(),
        "imageScanningConfiguration": { "scanOnPush": on },
    }))
}

pub(super) fn list_tags(found: &Repository) -> Reply {
    let row = |(key, value): (&String, &String)| json!({ "Key": key, "Value": value });
    ok(json!({ "tags": found.labels.iter().map(row).collect::<Vec<_>>() }))
}

pub(super) fn tag(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let tags = asked.call.body["tags"].as_array().cloned().unwrap_or_default();
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let mut merged = found.labels.clone();
    for it in &tags {
        let key = text(&it["Key"]);
        if key.starts_with("aws:") {
            let text = "Tag keys that begin with 'aws:' are reserved for AWS";
            return Err(Refusal::new(400, "InvalidTagParameterException", text));
        }
        merged.insert(key, text(&it["Value"]));
    }
    if merged.len() > 50 {
        return Err(Refusal::new(400, "TooManyTagsException", "Too many tags: the most is 50"));
    }
    found.labels = merged;
    Ok(ok(json!({})))
}

pub(super) fn untag(found: &mut Repository, asked: &Asked<'_>) -> Reply {
    for key in asked.call.body["tagKeys"].as_array().into_iter().flatten() {
        found.labels.remove(key.as_str().unwrap_or_default());
    }
    ok(json!({}))
}
