//! The door for those who test: `/_sim/…`, JSON in and out.
//!
//! | path | what it does |
//! | --- | --- |
//! | `GET /_sim/clock` | `{ "now": seconds, "scale": n }` |
//! | `POST /_sim/images` | `{ repository, tag?, manifest?, mediaType? }`: pushes an image, and makes the repository if it is missing; answers its digest |
//! | `POST /_sim/hand` | `{ function, set: { MemorySize: … } }`: another hand changes a configuration, at once |
//! | `PUT /_sim/faults` | `{ seed, rules: […] }`: replaces all rules; see [`crate::fault::Rule`] |
//! | `PUT /_sim/invocations` | `[…]`: what functions answer; see [`crate::world::Script`] |
//! | `POST /_sim/alarms` | `{ name, state }`: a CloudWatch alarm is `OK`, `ALARM` or `INSUFFICIENT_DATA` from now on |
//! | `POST /_sim/roles` | `{ arn }`: a role that was made just now, and cannot be assumed yet |
//! | `POST /_sim/unknown` | `{ id }`: a subnet or security group that EC2 does not know; it knows all others |
//! | `GET /_sim/functions` | all functions, as GetFunction shows them |
//! | `GET /_sim/journal?since=N` | what happened; see [`crate::journal::Entry`] |
//!
//! `account` and `region` in the query choose the place; they default to `123456789012` and `us-east-1`.

use bytes::Bytes;
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    call::{Call, Caller, Service},
    fault::Rule,
    server::Shared,
    time::Moment,
    wire::{self, Request},
    world::{Script, World},
};

/// Where calls without a place go.
const REGION: &str = "us-east-1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Image {
    repository: String,
    tag: Option<String>,
    manifest: Option<String>,
    media_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hand {
    function: String,
    set: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    #[serde(default)]
    seed: u64,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alarm {
    name: String,
    state: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    arn: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unknown {
    id: String,
}

/// An answer, or what is wrong with the question.
type Told = Result<Value, String>;

pub(crate) fn answer(path: &str, request: &Request, shared: &Shared) -> Response<Full<Bytes>> {
    let query = request.uri.query().unwrap_or_default();
    let caller = Caller {
        account: param(query, "account").unwrap_or(wire::ACCOUNT).to_owned(),
        region: param(query, "region").unwrap_or(REGION).to_owned(),
        key: "admin".into(),
    };
    let mut world = shared.world();
    let now = shared.now();
    let told = match (request.method.as_str(), path) {
        ("GET", "/clock") => {
            Ok(json!({ "now": now.as_secs_f64(), "scale": world.options().time_scale }))
        }
        ("GET", "/functions") => Ok(json!(world.functions(&caller))),
        ("GET", "/journal") => {
            let since = param(query, "since").and_then(|it| it.parse().ok()).unwrap_or(0);
            Ok(json!(world.journal().since(since)))
        }
        (_, path) => change(path, &request.body, (&mut world, &caller), now),
    };
    let (status, body) = match told {
        Ok(body) => (200, body),
        Err(text) => (400, json!({ "message": text })),
    };
    let mut response = wire::plain(status, Bytes::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn param<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|it| it.split_once('=')).find(|it| it.0 == name).map(|it| it.1)
}

fn change(path: &str, body: &Bytes, (world, caller): (&mut World, &Caller), now: Moment) -> Told {
    fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }
    match path {
        "/images" => push(world, caller, &read(body)?, now),
        "/hand" => {
            let hand: Hand = read(body)?;
            let done = world.by_hand(caller, (&hand.function, &hand.set), now);
            done.then(|| json!({})).ok_or_else(|| "it is not there, or it is busy".to_owned())
        }
        "/faults" => {
            let faults: Faults = read(body)?;
            world.faults(faults.seed, faults.rules, now);
            Ok(json!({}))
        }
        "/invocations" => {
            let scripts: Vec<Script> = read(body)?;
            world.script(caller, scripts);
            Ok(json!({}))
        }
        "/alarms" => {
            let alarm: Alarm = read(body)?;
            world.alarm(caller, &alarm.name, &alarm.state);
            Ok(json!({}))
        }
        "/roles" => {
            let role: Role = read(body)?;
            world.role(&role.arn, now);
            Ok(json!({}))
        }
        "/unknown" => {
            let unknown: Unknown = read(body)?;
            world.unknown(&unknown.id);
            Ok(json!({}))
        }
        _ => Err(format!("there is no {path} here")),
    }
}

fn push(world: &mut World, caller: &Caller, image: &Image, now: Moment) -> Told {
    let ask = |operation: &'static str, body: Value| {
        Call::by(caller.clone(), (Service::Ecr, operation), (&image.repository, body))
    };
    let date = crate::time::date(world.options().start, now);
    let tag = image.tag.as_deref();
    let media = image.media_type.as_deref().unwrap_or("application/vnd.oci.image.manifest.v1+json");
    let made = || {
        // Each push without a manifest is another image.
        let number = now.as_nanos().to_string();
        json!({ "schemaVersion": 2, "mediaType": media, "config": {}, "layers": [], "annotations": { "n": number } })
            .to_string()
    };
    let manifest = image.manifest.clone().unwrap_or_else(made);
    let registry = world.registry(caller);
    if !registry.repositories.contains_key(&image.repository) {
        let told = registry.answer(&ask("CreateRepository", json!({})), date);
        told.map_err(|it| it.message)?;
    }
    let mut body = json!({ "imageManifest": manifest, "imageManifestMediaType": media });
    if let Some(tag) = tag {
        body["imageTag"] = tag.into();
    }
    let reply = registry.answer(&ask("PutImage", body), date).map_err(|it| it.message)?;
    Ok(json!({ "digest": reply.body["image"]["imageId"]["imageDigest"] }))
}
