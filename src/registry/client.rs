//! The calls of the OCI distribution API that a push needs (OCI distribution specification 1.1, "Push").

use std::time::Duration;

use serde::Deserialize;
use ureq::{
    Agent, Proxy,
    http::{Response, header},
    tls::{Certificate, RootCerts, TlsConfig},
};

use super::{error::ImageError, image};
use crate::kinds::image::{INDEX, SINGLE};

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long one call may take, with a part of a layer in it.
const CALL_MAX: Duration = Duration::from_mins(5);
/// How much of an answer is read.
const BODY_MAX: u64 = 64 * 1024;

/// Where a registry is, and who asks.
#[derive(Clone)]
pub struct Access {
    /// As `https://123456789012.dkr.ecr.eu-central-1.amazonaws.com`.
    pub url: String,
    /// The header `Authorization`, if it wants one.
    pub authorization: Option<String>,
    /// Certificates in PEM that are trusted besides the bundled ones.
    pub extra_roots: Option<Vec<u8>>,
    /// The URL of the proxy for a URL, with its user and password; `None`: there is none.
    pub proxy: fn(&str) -> Option<String>,
}

/// One repository of a registry.
pub struct Client {
    agent: Agent,
    access: Access,
    repository: String,
}

/// Why a call failed.
#[derive(Debug)]
pub enum RegistryError {
    /// It may go well another time: the connection, a server's error, too many calls.
    Passing(String),
    /// The upload is not known, or stands elsewhere than we thought.
    Lost(String),
    /// It will not go well: what the registry says, with its status.
    Refused(u16, String),
}

impl RegistryError {
    /// Says in words why the push to this repository failed, and what to do.
    pub(crate) fn into_image_error(self, repository: &str) -> ImageError {
        match self {
            Self::Passing(why) | Self::Lost(why) => ImageError::Unreachable(format!(
                "the push broke off: {why}; what is uploaded stays, so try again: the rest will follow"
            )),
            Self::Refused(status @ (401 | 403), why) => ImageError::Refused(format!(
                "the registry refuses ({status}): {why}; a push needs ecr:GetAuthorizationToken, and on the repository \
                 {repository} ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, \
                 ecr:CompleteLayerUpload, ecr:PutImage and ecr:BatchGetImage (deploy/iam/develop.json)"
            )),
            Self::Refused(404, why) => ImageError::Refused(format!(
                "the registry has no repository {repository}: {why}; describe it in a manifest (`kind: Repository`), or \
                 make it with `aws ecr create-repository --repository-name {repository}`"
            )),
            Self::Refused(status, why) => {
                ImageError::Refused(format!("the registry refuses ({status}): {why}"))
            }
        }
    }
}

/// An upload under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Where the next part goes.
    url: String,
    /// How many bytes are there.
    pub offset: u64,
    /// The smallest part that is taken, but for the last.
    pub part_min: u64,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<ErrorBody>,
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

type RegistryResponse = Response<ureq::Body>;

impl Client {
    /// Makes a client of one repository. It trusts the bundled certificates and those of `access`,
    /// and follows no redirects.
    pub fn new(access: Access, repository: &str) -> Self {
        let mut roots: Vec<Certificate<'static>> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|it| Certificate::from_der(it).to_owned())
            .collect();
        let extra = access.extra_roots.as_deref().unwrap_or_default();
        roots.extend(ureq::tls::parse_pem(extra).filter_map(|it| match it.ok()? {
            ureq::tls::PemItem::Certificate(it) => Some(it),
            _ => None,
        }));
        let tls = TlsConfig::builder().root_certs(RootCerts::from(roots)).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_global(Some(CALL_MAX))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().into(), access, repository: repository.to_owned() }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v2/{}/{path}", self.access.url.trim_end_matches('/'), self.repository)
    }

    /// The header, for the registry alone: an upload may lead elsewhere.
    fn authorization(&self, url: &str) -> Option<&str> {
        let base = self.access.url.trim_end_matches('/');
        let own = url.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        self.access.authorization.as_deref().filter(|_| own)
    }

    /// Whether the repository has a blob.
    pub fn has(&self, digest: &str) -> Result<bool, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"));
        let response = self.send(self.agent.head(&url), &url)?;
        match response.status().as_u16() {
            // A registry may keep its blobs elsewhere.
            200..=399 => Ok(true),
            404 => Ok(false),
            _ => Err(refused(response)),
        }
    }

    /// Begins an upload.
    pub fn begin(&self) -> Result<Upload, RegistryError> {
        let url = self.url("blobs/uploads/");
        let request = self.authorized(self.agent.post(&url), &url);
        let response = request.send_empty().map_err(|it| broken(&it))?;
        self.upload(response, &url, 0)
    }

    /// Sends the next part.
    pub fn part(&self, upload: &Upload, bytes: &[u8]) -> Result<Upload, RegistryError> {
        let end = upload.offset + bytes.len() as u64;
        let request = self
            .authorized(self.agent.patch(&upload.url), &upload.url)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_RANGE, format!("{}-{}", upload.offset, end.saturating_sub(1)));
        let response = request.send(bytes).map_err(|it| broken(&it))?;
        self.upload(response, &upload.url, end)
    }

    /// How far an upload has come.
    pub fn status(&self, upload: &Upload) -> Result<Upload, RegistryError> {
        let response = self.send(self.agent.get(&upload.url), &upload.url)?;
        let reached = response.headers().get(header::RANGE).and_then(|it| it.to_str().ok());
        let reached = reached.and_then(|it| it.rsplit('-').next()?.parse::<u64>().ok());
        // `0-0` is what registries say of an upload without a byte.
        let offset = reached.filter(|it| *it > 0).map_or(0, |it| it.saturating_add(1));
        self.upload(response, &upload.url, offset)
    }

    /// Ends an upload; the registry compares the digest. [`RegistryError::Lost`] if it no longer
    /// knows the upload.
    pub fn finish(&self, upload: &Upload, digest: &str) -> Result<(), RegistryError> {
        let sign = if upload.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{sign}digest={digest}", upload.url);
        let request = self.authorized(self.agent.put(&url), &url);
        let response = request.send_empty().map_err(|it| broken(&it))?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            404 | 416 => Err(RegistryError::Lost(words(response))),
            _ => Err(refused(response)),
        }
    }

    /// The digest of the manifest that a tag names; `None` if there is no such tag, or no digest in
    /// the answer.
    pub fn manifest(&self, tag: &str) -> Result<Option<String>, RegistryError> {
        let url = self.url(&format!("manifests/{tag}"));
        let accepted = [SINGLE, INDEX].concat().join(", ");
        let response = self.send(self.agent.head(&url).header(header::ACCEPT, accepted), &url)?;
        match response.status().as_u16() {
            200..=299 => Ok(digest_of(&response)),
            404 => Ok(None),
            _ => Err(refused(response)),
        }
    }

    /// Writes a manifest under a tag. `Err` also if the registry answers with another digest than
    /// that of `bytes`.
    pub fn put_manifest(
        &self,
        tag: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<(), RegistryError> {
        let url = self.url(&format!("manifests/{tag}"));
        let request = self.authorized(self.agent.put(&url), &url);
        let response = request
            .header(header::CONTENT_TYPE, media_type)
            .send(bytes)
            .map_err(|it| broken(&it))?;
        let (status, said) = (response.status().as_u16(), digest_of(&response));
        let ours = image::digest(bytes);
        match (status, said) {
            (200..=299, Some(other)) if other != ours => Err(RegistryError::Refused(
                status,
                format!("it says that the image is {other}, and it is {ours}"),
            )),
            (200..=299, _) => Ok(()),
            _ => Err(refused(response)),
        }
    }

    /// Chooses the proxy, and adds the header `Authorization`, but only for the registry's own URLs: an upload may lead
    /// elsewhere.
    fn authorized<T>(
        &self,
        request: ureq::RequestBuilder<T>,
        url: &str,
    ) -> ureq::RequestBuilder<T> {
        // An upload may lead to another host, and so by another proxy.
        let proxy = (self.access.proxy)(url).and_then(|it| Proxy::new(&it).ok());
        let request = request.config().proxy(proxy).build();
        match self.authorization(url) {
            Some(value) => request.header(header::AUTHORIZATION, value),
            None => request,
        }
    }

    fn send(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
        url: &str,
    ) -> Result<RegistryResponse, RegistryError> {
        self.authorized(request, url).call().map_err(|it| broken(&it))
    }

    /// Reads from the answer to a call where the upload goes on: `url` is where that call went,
    /// `offset` how many bytes are there after it.
    fn upload(
        &self,
        response: RegistryResponse,
        url: &str,
        offset: u64,
    ) -> Result<Upload, RegistryError> {
        let status = response.status().as_u16();
        if !(200..=299).contains(&status) {
            // Where an upload begins there is none to be lost.
            let lost = url.contains("/uploads/") && !url.ends_with("/uploads/");
            return Err(match status {
                404 | 416 if lost => RegistryError::Lost(words(response)),
                _ => refused(response),
            });
        }
        let text = |name: &str| response.headers().get(name).and_then(|it| it.to_str().ok());
        let part_min = text("oci-chunk-min-length").and_then(|it| it.parse().ok()).unwrap_or(0);
        let next = match text("location") {
            Some(next) if next.starts_with('/') => {
                let host = self.access.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
                format!("{host}{next}")
            }
            Some(next) => next.to_owned(),
            None => url.to_owned(),
        };
        Ok(Upload { url: next, offset, part_min })
    }
}

fn digest_of(response: &RegistryResponse) -> Option<String> {
    let digest = response.headers().get("docker-content-digest")?.to_str().ok()?;
    Some(digest.to_owned())
}

/// What came of a connection that did not hold.
fn broken(error: &ureq::Error) -> RegistryError {
    RegistryError::Passing(error.to_string())
}

fn refused(response: RegistryResponse) -> RegistryError {
    match response.status().as_u16() {
        status @ (408 | 429 | 500..=599) => {
            RegistryError::Passing(format!("{status}: {}", words(response)))
        }
        status => RegistryError::Refused(status, words(response)),
    }
}

/// What a registry says of an error, on one line and at most 300 characters long.
fn words(mut response: RegistryResponse) -> String {
    let status = response.status();
    let body =
        response.body_mut().with_config().limit(BODY_MAX).read_to_string().unwrap_or_default();
    let said =
        serde_json::from_str::<Errors>(&body).ok().and_then(|it| it.errors.into_iter().next());
    let text = match said {
        Some(ErrorBody { code, message }) => format!("{code}: {message}"),
        None if body.trim().is_empty() => {
            status.canonical_reason().unwrap_or("it does not say why").to_owned()
        }
        None => body,
    };
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(300).collect()
}
