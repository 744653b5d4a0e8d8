//! ECR: repositories, images, policies; and the door for container tools.

mod image;
pub(crate) mod oci;
mod policy;
mod repository;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::oci::token::Token;
use crate::{
    call::{Answer, Call, Refusal, Reply},
    time,
};

pub(crate) use self::image::wild;

/// What is answered here.
pub(crate) const OPERATIONS: &[&str] = &[
    "BatchDeleteImage",
    "BatchGetImage",
    "CreateRepository",
    "DeleteLifecyclePolicy",
    "DeleteRepository",
    "DeleteRepositoryPolicy",
    "DescribeImages",
    "DescribeRepositories",
    "GetAuthorizationToken",
    "GetLifecyclePolicy",
    "GetRepositoryPolicy",
    "ListImages",
    "ListTagsForResource",
    "PutImage",
    "PutImageScanningConfiguration",
    "PutImageTagMutability",
    "PutLifecyclePolicy",
    "SetRepositoryPolicy",
    "TagResource",
    "UntagResource",
];

/// One account's repositories in one Region.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) repositories: BTreeMap<String, Repository>,
}

/// A repository.
#[derive(Debug)]
pub(crate) struct Repository {
    /// As DescribeRepositories shows it.
    pub(crate) shown: Value,
    /// Where each image tag leads.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) images: BTreeMap<String, Image>,
    pub(crate) policy: Option<Value>,
    pub(crate) lifecycle: Option<Value>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) layers: oci::Layers,
}

/// An image: a manifest. PutImage takes its layers on trust.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) manifest: String,
    pub(crate) media: String,
    pub(crate) pushed: f64,
}

/// A call and its date.
pub(crate) struct Asked<'a> {
    pub(crate) call: &'a Call,
    pub(crate) date: Timestamp,
}

impl Asked<'_> {
    fn account(&self) -> &str {
        &self.call.caller.account
    }

    fn name(&self) -> &str {
        &self.call.resource
    }

    fn seconds(&self) -> f64 {
        time::seconds(self.date)
    }

    /// The error about a repository that is not there.
    fn missing(&self) -> Refusal {
        let (name, account) = (self.name(), self.account());
        Refusal::new(
            400,
            "RepositoryNotFoundException",
            format!(
                "The repository with name '{name}' does not exist in the registry with id '{account}'"
            ),
        )
    }
}

impl Registry {
    pub(crate) fn answer(&mut self, call: &Call, date: Timestamp) -> Answer {
        let asked = Asked { call, date };
        match call.operation {
            "CreateRepository" => repository::create(self, &asked),
            "DescribeRepositories" => repository::describe(self, &asked),
            "DeleteRepository" => repository::delete(self, &asked),
            "GetAuthorizationToken" => Ok(token(&asked)),
            operation => {
                let found = self.repositories.get_mut(&call.resource);
                let found = found.ok_or_else(|| asked.missing())?;
                of_repository(operation, found, &asked)
            }
        }
    }

    /// A picture of a repository for the journal.
    pub(crate) fn picture(&self, name: &str) -> Value {
        self.repositories.get(name).map_or(Value::Null, |it| {
            json!({
                "repository": it.shown,
                "imageTags": it.tags,
                "policy": it.policy,
                "lifecycle": it.lifecycle,
                "tags": it.labels,
            })
        })
    }
}

fn of_repository(operation: &str, found: &mut Repository, asked: &Asked<'_>) -> Answer {
    match operation {
        "PutImage" => image::put(found, asked),
        "BatchGetImage" => image::batch_get(found, asked),
        "BatchDeleteImage" => image::batch_delete(found, asked),
        "DescribeImages" => image::describe(found, asked),
        "ListImages" => Ok(image::list(found, asked)),
        "PutImageTagMutability" => repository::mutability(found, asked),
        "PutImageScanningConfiguration" => Ok(repository::scanning(found, asked)),
        "ListTagsForResource" => Ok(repository::list_tags(found)),
        "TagResource" => repository::tag(found, asked),
        "UntagResource" => Ok(repository::untag(found, asked)),
        "PutLifecyclePolicy" => policy::put_lifecycle(found, asked),
        "GetLifecyclePolicy" => policy::get_lifecycle(found, asked),
        "DeleteLifecyclePolicy" => policy::delete_lifecycle(found, asked),
        "SetRepositoryPolicy" => policy::set(found, asked),
        "GetRepositoryPolicy" => policy::get(found, asked),
        _ => policy::delete(found, asked),
    }
}

fn ok(body: Value) -> Reply {
    Reply::new(200, body)
}

/// The way in for container tools. The registry is where this call went, not at the address that AWS would have.
fn token(asked: &Asked<'_>) -> Reply {
    let (account, region) = (asked.account(), &asked.call.caller.region);
    let token = Token::new(&asked.call.caller, asked.date.as_second());
    let real = || format!("https://{account}.dkr.ecr.{region}.amazonaws.com");
    ok(json!({ "authorizationData": [{
        "authorizationToken": token.written(),
        "expiresAt": token.expires,
        "proxyEndpoint": asked.call.header("host").map_or_else(real, |it| format!("http://{it}")),
    }] }))
}

/// One page of something, from the token on: the rows and the next token.
fn page<T>(rows: impl Iterator<Item = T>, asked: &Asked<'_>, most: usize) -> (Vec<T>, Value) {
    let body = &asked.call.body;
    let from = asked.call.text("nextToken").and_then(|it| it.parse().ok()).unwrap_or(0_usize);
    let size = body["maxResults"].as_u64().and_then(|it| usize::try_from(it).ok());
    let size = size.unwrap_or(most).clamp(1, 1000);
    let mut rows: Vec<T> = rows.skip(from).take(size + 1).collect();
    let next = if rows.len() > size { json!((from + size).to_string()) } else { Value::Null };
    rows.truncate(size);
    (rows, next)
}

/// Puts the next token into a body, if there is one.
fn with_token(mut body: Value, next: Value) -> Reply {
    if !next.is_null() {
        body["nextToken"] = next;
    }
    ok(body)
}

fn parameter(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterException", message)
}
