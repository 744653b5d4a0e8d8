//! The registry at its edges: parts that do not fit, digests of other bytes, tags that may not move, tokens that are
//! too old, and what ECR's own calls see of it all. Tools that push for a living are in `tests/e2e/test_registry.py`.

use evenkeel_sim::{call::Service, world::Options};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::scene::{Got, Scene};

const UPLOADS: &str = "/v2/team/jobs/blobs/uploads/";
const MEDIA: &str = "application/vnd.oci.image.manifest.v1+json";

async fn scene() -> Scene {
    Scene::new(Options::default()).await
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let hex: Vec<String> = Sha256::digest(bytes).iter().map(|it| format!("{it:02x}")).collect();
    format!("sha256:{}", hex.concat())
}

impl Scene {
    async fn bare(&self, method: &str, path: &str) -> Got {
        self.ask((method, path), &[], "").await.unwrap()
    }

    /// Begins an upload: where it is.
    async fn begin(&self) -> String {
        let begun = self.bare("POST", UPLOADS).await;
        assert_eq!((begun.status, begun.header("range")), (202, "0-0"));
        begun.header("location").to_owned()
    }

    async fn part(&self, place: &str, (from, bytes): (usize, &'static str)) -> Option<Got> {
        let range = format!("{from}-{}", from + bytes.len() - 1);
        self.ask(("PATCH", place), &[("content-range", &range)], bytes).await
    }

    async fn end(&self, place: &str, whole: &str, last: &'static str) -> Got {
        let place = format!("{place}?digest={}", digest(whole.as_bytes()));
        self.ask(("PUT", &place), &[], last).await.unwrap()
    }

    async fn blob(&self, bytes: &'static str) -> Value {
        let place = format!("{UPLOADS}?digest={}", digest(bytes.as_bytes()));
        let made = self.ask(("POST", &place), &[], bytes).await.unwrap();
        assert_eq!(made.status, 201, "{made:?}");
        json!({ "mediaType": "application/octet-stream", "digest": digest(bytes.as_bytes()), "size": bytes.len() })
    }

    async fn manifest(&self, layer: &'static str) -> String {
        let layers = [self.blob(layer).await];
        json!({ "schemaVersion": 2, "mediaType": MEDIA, "config": self.blob("{}").await, "layers": layers })
            .to_string()
    }

    async fn push(&self, reference: &str, manifest: &str) -> Got {
        let path = format!("/v2/team/jobs/manifests/{reference}");
        let headers = [("content-type", MEDIA)];
        self.ask(("PUT", &path), &headers, manifest.to_owned()).await.unwrap()
    }

    /// The operations that the journal holds, and what came of them.
    fn journal(&self) -> Vec<(String, u16, bool)> {
        let world = self.sim.shared.world();
        let all = world.journal().since(2).iter();
        all.map(|it| (it.operation.clone(), it.status, it.write)).collect()
    }
}

#[tokio::test]
async fn an_image_that_is_pushed_is_one_that_ecr_knows() {
    let scene = scene().await;
    let manifest = scene.manifest("layer one").await;
    let expected = digest(manifest.as_bytes());
    let put = scene.push("v1", &manifest).await;
    assert_eq!((put.status, put.header("docker-content-digest")), (201, expected.as_str()));
    assert_eq!(scene.push("v1", &manifest).await.status, 201, "again is no matter");
    for reference in ["v1", &expected] {
        let got = scene.bare("GET", &format!("/v2/team/jobs/manifests/{reference}")).await;
        assert_eq!((got.status, got.header("content-type")), (200, MEDIA));
        assert_eq!(got.body, manifest.as_bytes());
        assert_eq!(got.header("docker-content-digest"), expected);
    }
    let head = scene.bare("HEAD", "/v2/team/jobs/manifests/v1").await;
    assert_eq!(head.header("content-length"), manifest.len().to_string());
    assert!(head.body.is_empty());
    let ids = json!({ "imageIds": [{ "imageTag": "v1" }] });
    let found = scene.aws(Service::Ecr, "BatchGetImage", ("team/jobs", ids));
    assert_eq!(found["images"][0]["imageManifest"], manifest);
    let image = json!({ "imageManifest": manifest, "imageTag": "v2" });
    scene.aws(Service::Ecr, "PutImage", ("team/jobs", image));
    let got = scene.bare("GET", "/v2/team/jobs/manifests/v2").await;
    assert_eq!(got.header("docker-content-digest"), expected);
}

#[tokio::test]
async fn parts_follow_each_other_and_a_cut_one_is_asked_about() {
    let scene = scene().await;
    let place = scene.begin().await;
    assert_eq!(scene.part(&place, (0, "0123")).await.unwrap().header("range"), "0-3");
    let wrong = scene.part(&place, (3, "34")).await.unwrap();
    assert_eq!((wrong.status, wrong.header("range")), (416, "0-3"));
    assert_eq!((wrong.code().as_str(), wrong.header("location")), ("RANGE_INVALID", &*place));
    // The next part arrives, but nobody hears of it; the one after that does not arrive.
    let rule = |fault| json!([{ "fault": fault, "operations": ["UploadLayerPart"], "after": 1, "times": 1 }]);
    scene.faults(rule("reset-after"));
    assert_eq!(scene.part(&place, (4, "45")).await.map(|it| it.status), Some(202));
    assert!(scene.part(&place, (6, "67")).await.is_none());
    let status = scene.bare("GET", &place).await;
    assert_eq!((status.status, status.header("range")), (204, "0-7"));
    scene.faults(json!([{ "fault": "reset-before", "operations": ["UploadLayerPart"] }]));
    assert!(scene.part(&place, (8, "89")).await.is_none());
    assert_eq!(scene.bare("GET", &place).await.header("range"), "0-7");
    // The last bytes come with the end.
    scene.faults(json!([]));
    assert_eq!(scene.end(&place, "0123456789", "89").await.status, 201);
    assert_eq!(scene.bare("GET", &place).await.code(), "BLOB_UPLOAD_UNKNOWN");
    let place = scene.begin().await;
    let other = scene.end(&place, "other", "these").await;
    assert_eq!((other.status, other.code().as_str()), (400, "DIGEST_INVALID"));
    assert_eq!(scene.bare("GET", &place).await.code(), "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_layer_is_kept_by_its_digest_and_read_in_parts() {
    let scene = scene().await;
    let place = scene.begin().await;
    // As tools send it that know nothing of ranges.
    assert_eq!(scene.ask(("PATCH", &place), &[], "01234").await.unwrap().status, 202);
    let end = scene.end(&place, "0123456789", "56789").await;
    assert_eq!((end.status, end.header("docker-content-digest")), (201, &*digest(b"0123456789")));
    let path = format!("/v2/team/jobs/blobs/{}", digest(b"0123456789"));
    let head = scene.bare("HEAD", &path).await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "10", 0));
    assert_eq!(scene.bare("GET", &path).await.body, "0123456789");
    let some = scene.ask(("GET", &path), &[("range", "bytes=7-")], "").await.unwrap();
    assert_eq!((some.status, some.header("content-range")), (206, "bytes 7-9/10"));
    assert_eq!(some.body, "789");
    let none = scene.ask(("GET", &path), &[("range", "bytes=10-")], "").await.unwrap();
    assert_eq!(none.status, 416);
    let place = scene.begin().await;
    assert_eq!(scene.bare("DELETE", &place).await.status, 204);
    assert_eq!(scene.bare("GET", &place).await.status, 404);
    // A layer of another repository is not taken from there.
    scene.aws(Service::Ecr, "CreateRepository", ("others", json!({})));
    let mount = format!("/v2/others/blobs/uploads/?mount={}&from=team/jobs", digest(b"0123456789"));
    assert_eq!(scene.bare("POST", &mount).await.status, 202);
    let there = format!("/v2/others/blobs/{}", digest(b"0123456789"));
    assert_eq!(scene.bare("HEAD", &there).await.status, 404);
}

#[tokio::test]
async fn what_is_missing_or_malformed_is_named() {
    let scene = scene().await;
    let manifest = scene.manifest("layer").await;
    let error = |got: Got| (got.status, got.code());
    let gone = scene.bare("POST", "/v2/nobody/blobs/uploads/").await;
    let text =
        "The repository with name 'nobody' does not exist in the registry with id '123456789012'";
    assert_eq!(gone.json()["errors"][0]["message"], text);
    assert_eq!(error(gone), (404, "NAME_UNKNOWN".into()));
    let none = scene.bare("GET", "/v2/team/jobs/manifests/v1").await;
    assert_eq!(error(none), (404, "MANIFEST_UNKNOWN".into()));
    let layer = scene.bare("GET", &format!("/v2/team/jobs/blobs/{}", digest(b"none"))).await;
    assert_eq!(error(layer), (404, "BLOB_UNKNOWN".into()));
    let unpushed = manifest.replace(&digest(b"layer"), &digest(b"another"));
    assert_eq!(error(scene.push("v1", &unpushed).await), (400, "MANIFEST_BLOB_UNKNOWN".into()));
    let index = json!({ "schemaVersion": 2, "manifests": [{ "digest": digest(b"none") }] });
    let index = scene.push("v1", &index.to_string()).await;
    assert_eq!(error(index), (400, "MANIFEST_BLOB_UNKNOWN".into()));
    assert_eq!(error(scene.push("-v1", &manifest).await), (400, "TAG_INVALID".into()));
    assert_eq!(error(scene.push("v1", "no JSON").await), (400, "MANIFEST_INVALID".into()));
    let other = digest(b"other");
    assert_eq!(error(scene.push(&other, &manifest).await), (400, "DIGEST_INVALID".into()));
    let path = "/v2/team/jobs/manifests/v1";
    let typed = [("content-type", "application/vnd.docker.distribution.manifest.v2+json")];
    let typed = scene.ask(("PUT", path), &typed, manifest).await.unwrap();
    assert_eq!(error(typed), (400, "MANIFEST_INVALID".into()));
    assert_eq!(error(scene.bare("DELETE", path).await), (405, "UNSUPPORTED".into()));
    let nothing = json!({ "imageIds": [{ "imageTag": "v1" }] });
    let nothing = scene.aws(Service::Ecr, "BatchGetImage", ("team/jobs", nothing));
    assert_eq!(nothing["images"], json!([]));
}

#[tokio::test]
async fn an_immutable_tag_stays_where_it_is() {
    let scene = scene().await;
    let (first, second) = (scene.manifest("one").await, scene.manifest("two").await);
    assert_eq!(scene.push("v1", &first).await.status, 201);
    let body = json!({ "imageTagMutability": "IMMUTABLE" });
    scene.aws(Service::Ecr, "PutImageTagMutability", ("team/jobs", body));
    for manifest in [&first, &second] {
        let refused = scene.push("v1", manifest).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "TAG_INVALID"));
        let text = "The image tag 'v1' already exists in the 'team/jobs' repository and cannot be overwritten because the tag is immutable.";
        assert_eq!(refused.json()["errors"][0]["message"], text);
    }
    assert_eq!(scene.push(&digest(second.as_bytes()), &second).await.status, 201);
    assert_eq!(scene.push("v2", &second).await.status, 201);
}

#[tokio::test]
async fn tags_come_in_pages() {
    let scene = scene().await;
    let manifest = scene.manifest("one").await;
    for tag in ["c", "a", "b"] {
        assert_eq!(scene.push(tag, &manifest).await.status, 201);
    }
    let list = scene.bare("GET", "/v2/team/jobs/tags/list?n=2").await;
    assert_eq!(list.json(), json!({ "name": "team/jobs", "tags": ["a", "b"] }));
    assert_eq!(list.header("link"), "</v2/team/jobs/tags/list?last=b&n=2>; rel=\"next\"");
    let rest = scene.bare("GET", "/v2/team/jobs/tags/list?last=b&n=2").await;
    assert_eq!((&rest.json()["tags"], rest.header("link")), (&json!(["c"]), ""));
}

#[tokio::test]
async fn nobody_comes_in_without_a_token_that_is_good() {
    // Twelve hours pass in no time.
    let mut scene = Scene::new(Options { time_scale: 1_000_000.0, ..Options::default() }).await;
    let challenge = format!("Basic realm=\"{}/\",service=\"ecr.amazonaws.com\"", scene.sim.url());
    for given in ["", "Basic QVdTOnN0YW5kLWlu", "Bearer x"] {
        let got = scene.ask(("GET", "/v2/"), &[("authorization", given)], "").await.unwrap();
        assert_eq!((got.status, got.header("www-authenticate")), (401, challenge.as_str()));
    }
    let late = scene.sim.shared.now() + std::time::Duration::from_hours(13);
    while scene.sim.shared.now() < late {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.bare("GET", "/v2/").await.status, 401);
    let late = scene.bare("POST", UPLOADS).await;
    assert_eq!((late.status, late.code().as_str()), (403, "DENIED"));
    let text = "Your authorization token has expired. Reauthenticate and try again.";
    assert_eq!(late.json()["errors"][0]["message"], text);
    scene.log_in();
    assert_eq!(
        scene.bare("GET", "/v2/").await.header("docker-distribution-api-version"),
        "registry/2.0"
    );
}

#[tokio::test]
async fn faults_are_told_as_a_registry_tells_them_and_all_is_written_down() {
    let scene = scene().await;
    let manifest = scene.manifest("one").await;
    for (fault, status, code) in
        [("throttle", 429, "TOOMANYREQUESTS"), ("deny", 403, "DENIED"), ("error", 500, "UNKNOWN")]
    {
        scene.faults(json!([{ "fault": fault, "operations": ["PutImage"], "retryAfter": 7 }]));
        let got = scene.push("v1", &manifest).await;
        assert_eq!((got.status, got.code().as_str()), (status, code));
        assert_eq!(got.header("retry-after"), "7");
    }
    scene.faults(json!([]));
    scene.push("v1", &manifest).await;
    let place = scene.begin().await;
    scene.bare("GET", &place).await;
    let of = |name: &str, status, write| (name.to_owned(), status, write);
    assert_eq!(
        scene.journal(),
        [
            of("CompleteLayerUpload", 201, true),
            of("CompleteLayerUpload", 201, true),
            of("PutImage", 429, true),
            of("PutImage", 403, true),
            of("PutImage", 500, true),
            of("PutImage", 201, true),
            of("InitiateLayerUpload", 202, true),
            of("GetLayerUpload", 204, false),
        ]
    );
}
