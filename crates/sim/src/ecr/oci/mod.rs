//! ECR's other door: OCI's distribution API below `/v2/`, as container tools speak it.
//!
//! What is pushed here is what ECR's own calls know. The operations carry the names that CloudTrail gives them, so
//! that rules and the journal need no second list; what ECR has no name for begins with a verb that reads or `Cancel`.

mod blob;
mod manifest;
pub(crate) mod token;

use http::Method;
use jiff::Timestamp;

use super::{Asked, Registry, Repository};
use crate::{
    call::{Answer, Call, Refusal, Reply},
    ecr::oci::token::Token,
};

pub(crate) use self::blob::Layers;

/// The largest layer, or part of one. ECR takes 52 GB; this is memory.
const LAYER_MAX: usize = 512 << 20;

/// Whether a path belongs here.
pub(crate) fn is_ours(path: &str) -> bool {
    path == "/v2" || path.starts_with("/v2/")
}

/// The largest body of a request for a layer; none if it is for something else.
pub(crate) fn body_max(path: &str) -> Option<usize> {
    (is_ours(path) && path.contains("/blobs/uploads")).then_some(LAYER_MAX)
}

/// Fills in what is asked for, and of what.
pub(crate) fn call(mut call: Call, method: &Method, path: &str) -> Result<Call, Refusal> {
    let path = path.strip_prefix("/v2").unwrap_or_default().trim_start_matches('/');
    let whole = call.param("digest").is_some();
    let Asking { operation, name, rest } = route(method, path, whole).map_err(unsupported)?;
    call.operation = operation;
    name.clone_into(&mut call.resource);
    call.rest = vec![rest.to_owned()];
    Ok(call)
}

/// What a path and a method ask for.
struct Asking<'a> {
    operation: &'static str,
    name: &'a str,
    rest: &'a str,
}

/// No such path, or not with this method.
fn unsupported(status: u16) -> Refusal {
    Refusal::new(status, "UNSUPPORTED", "The operation is unsupported.")
}

/// Fails with the status of what is not here.
fn route<'a>(method: &Method, path: &'a str, whole: bool) -> Result<Asking<'a>, u16> {
    let method = method.as_str();
    let asking = |operation, name, rest| Ok(Asking { operation, name, rest });
    if path.is_empty() {
        return if matches!(method, "GET" | "HEAD") {
            asking("GetVersion", "", "")
        } else {
            Err(405)
        };
    }
    if let Some((name, id)) = path.rsplit_once("/blobs/uploads") {
        let id = id.trim_start_matches('/');
        return match (method, id.is_empty()) {
            // One request that brings all: it is over with this.
            ("POST", true) if whole => asking("CompleteLayerUpload", name, id),
            ("POST", true) => asking("InitiateLayerUpload", name, id),
            ("GET", false) => asking("GetLayerUpload", name, id),
            ("PATCH", false) => asking("UploadLayerPart", name, id),
            ("PUT", false) => asking("CompleteLayerUpload", name, id),
            ("DELETE", false) => asking("CancelLayerUpload", name, id),
            _ => Err(405),
        };
    }
    if let Some(name) = path.strip_suffix("/tags/list") {
        return if method == "GET" { asking("ListImages", name, "") } else { Err(405) };
    }
    let (head, last) = path.rsplit_once('/').ok_or(404_u16)?;
    match (method, head.rsplit_once('/')) {
        ("HEAD", Some((name, "blobs"))) => asking("BatchCheckLayerAvailability", name, last),
        ("GET", Some((name, "blobs"))) => asking("GetDownloadUrlForLayer", name, last),
        ("HEAD" | "GET", Some((name, "manifests"))) => asking("BatchGetImage", name, last),
        ("PUT", Some((name, "manifests"))) => asking("PutImage", name, last),
        (_, Some((_, "blobs" | "manifests"))) => Err(405),
        _ => Err(404),
    }
}

/// The answer to somebody without credentials, or with wrong ones.
pub(crate) fn unauthorized(host: Option<&str>) -> Refusal {
    let realm = base(host);
    let challenge = format!("Basic realm=\"{realm}/\",service=\"ecr.amazonaws.com\"");
    Refusal::new(401, "UNAUTHORIZED", "Not Authorized").header("www-authenticate", challenge)
}

/// Where this registry is, as the caller sees it.
fn base(host: Option<&str>) -> String {
    host.map(|it| format!("http://{it}")).unwrap_or_default()
}

impl Registry {
    /// Answers one call of a container tool.
    pub(crate) fn oci(&mut self, call: &Call, date: Timestamp) -> Answer {
        admit(call, date)?;
        if call.operation == "GetVersion" {
            return Ok(Reply::new(200, serde_json::json!({})));
        }
        let asked = Asked { call, date };
        let missing = || Refusal::new(404, "NAME_UNKNOWN", asked.missing().message);
        let found = self.repositories.get_mut(&call.resource).ok_or_else(missing)?;
        of_repository(found, &asked)
    }
}

/// Lets nobody in whose token has expired. A call that did not come over HTTP needs none.
fn admit(call: &Call, date: Timestamp) -> Result<(), Refusal> {
    let Some(header) = call.header("authorization") else { return Ok(()) };
    if Token::read(header).is_some_and(|it| date.as_second() < it.expires) {
        return Ok(());
    }
    match call.operation {
        "GetVersion" => Err(unauthorized(call.header("host"))),
        _ => Err(expired()),
    }
}

/// How ECR says that a token is too old: no 401, which would have tools ask for another.
pub(crate) fn expired() -> Refusal {
    let text = "Your authorization token has expired. Reauthenticate and try again.";
    Refusal::new(403, "DENIED", text)
}

fn of_repository(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    match asked.call.operation {
        "InitiateLayerUpload" => Ok(blob::begin(found, asked)),
        "UploadLayerPart" => blob::part(found, asked),
        "CompleteLayerUpload" => blob::complete(found, asked),
        "GetLayerUpload" => blob::status(found, asked),
        "CancelLayerUpload" => blob::cancel(found, asked),
        "BatchCheckLayerAvailability" | "GetDownloadUrlForLayer" => blob::get(found, asked),
        "PutImage" => manifest::put(found, asked),
        "ListImages" => Ok(manifest::tags(found, asked)),
        _ => manifest::get(found, asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_operations() {
        let check = |method: &str, path: &str, expected: Option<(&str, &str, &str)>| {
            let method = method.parse().expect("a method");
            let found = route(&method, path, false).ok();
            assert_eq!(found.map(|it| (it.operation, it.name, it.rest)), expected, "{path}");
        };
        check("GET", "", Some(("GetVersion", "", "")));
        check("POST", "a/b/blobs/uploads/", Some(("InitiateLayerUpload", "a/b", "")));
        check("POST", "a/blobs/uploads", Some(("InitiateLayerUpload", "a", "")));
        check("PATCH", "a/blobs/uploads/7", Some(("UploadLayerPart", "a", "7")));
        check("HEAD", "a/blobs/sha256:0", Some(("BatchCheckLayerAvailability", "a", "sha256:0")));
        check("PUT", "a/b/c/manifests/v1", Some(("PutImage", "a/b/c", "v1")));
        check("GET", "a/manifests/manifests/v1", Some(("BatchGetImage", "a/manifests", "v1")));
        check("GET", "a/b/tags/list", Some(("ListImages", "a/b", "")));
        check("DELETE", "a/manifests/v1", None);
        check("GET", "_catalog", None);
    }
}
