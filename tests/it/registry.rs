//! Images in folders and archives, honest and hostile, and pushes to the stand-in's registry while it misbehaves.

use std::{collections::BTreeMap, fs, path::Path, sync::Mutex};

use evenkeel::{
    kinds::image::OCI,
    registry::{
        archive,
        client::{Access, Client},
        image::{self, LocalImage},
        layout,
        push::{self, PushObserver, PushSummary},
    },
};
use evenkeel_sim::{call::Service, journal::Entry};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::scene::Scene;

const REPOSITORY: &str = "team/jobs";
/// Two parts and a bit.
const LAYER: usize = (20 << 20) + 7;

/// A layout with one image for each architecture; returns their digests.
pub fn write(folder: &Path, architectures: &[&str], layer: &[u8]) -> Vec<String> {
    fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
    let put = |bytes: &[u8], media_type: &str| {
        let digest = image::digest(bytes);
        fs::write(folder.join("blobs").join(digest.replacen(':', "/", 1)), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    let one = |architecture: &&str| {
        let config = json!({ "architecture": architecture, "os": "linux", "config": { "Entrypoint": ["/x"] } });
        let manifest = json!({
            "schemaVersion": 2,
            "config": put(config.to_string().as_bytes(), "application/vnd.oci.image.config.v1+json"),
            "layers": [put(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
        });
        put(manifest.to_string().as_bytes(), OCI)
    };
    let all: Vec<Value> = architectures.iter().map(one).collect();
    let digests = all.iter().map(|it| it["digest"].as_str().unwrap().to_owned()).collect();
    let index = json!({ "schemaVersion": 2, "manifests": all });
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    digests
}

fn error<T>(result: Result<T, impl std::fmt::Display>) -> String {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn of_several_images_the_one_for_the_machine_is_taken() {
    let folder = TempDir::new().unwrap();
    let digests = write(folder.path(), &["amd64", "arm64"], b"layer");
    let open = |architecture| layout::open(folder.path(), architecture);
    assert_eq!(open(Some("arm64")).unwrap().digest(), digests[1]);
    assert_eq!(open(Some("amd64")).unwrap().digest(), digests[0]);
    assert!(error(open(None)).contains("say which with --architecture"));
    assert!(error(open(Some("s390x"))).contains("index of 2 images, for amd64, arm64"));
    assert_eq!(open(Some("arm64")).unwrap().blobs().len(), 2);
}

#[test]
fn a_layout_that_lies_is_refused() {
    let folder = TempDir::new().unwrap();
    let open = || layout::open(folder.path(), None);
    let index = folder.path().join("index.json");
    let digests = write(folder.path(), &["amd64"], b"layer");
    let manifest = folder.path().join("blobs").join(digests[0].replacen(':', "/", 1));
    let good = fs::read(&manifest).unwrap();
    fs::write(&manifest, [good.as_slice(), b" "].concat()).unwrap();
    assert!(error(open()).contains("another digest"));
    fs::write(&manifest, vec![b' '; 5 << 20]).unwrap();
    assert!(error(open()).contains("no manifest is so large"));
    for (text, expected) in [
        ("", "EOF"),
        ("[]", "holds no image"),
        ("7", "invalid type"),
        (r#"{"manifests":[]}"#, "holds no image"),
        (r#"{"manifests":[{"digest":"sha256:../../../../etc/passwd","size":1}]}"#, "is no digest"),
        (r#"{"manifests":[{"digest":"md5:00","size":1}]}"#, "is no digest"),
    ] {
        fs::write(&index, text).unwrap();
        assert!(error(open()).contains(expected), "{text}: {}", error(open()));
    }
}

/// An archive of these files; what ends with `->` is a link.
fn tar(path: &Path, files: &[(&str, &[u8])]) {
    let mut tar = tar::Builder::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Past the library's own care: others' archives were not made by it.
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.finish().unwrap();
}

fn saved(layers: &[&str]) -> Vec<u8> {
    json!([{ "Config": "c.json", "RepoTags": null, "Layers": layers }]).to_string().into_bytes()
}

#[test]
fn an_archive_of_dockers_comes_out_the_same_each_time() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("image.tar");
    let config = json!({ "architecture": "arm64", "os": "linux" }).to_string();
    let list = saved(&["a/layer.tar", "b/layer.tar"]);
    let files: [(&str, &[u8]); 4] = [
        ("a/layer.tar", b"one"),
        ("b/layer.tar", b"two"),
        ("c.json", config.as_bytes()),
        ("manifest.json", &list),
    ];
    tar(&file, &files);
    let (first, _kept) = archive::open(&file, Some("arm64")).unwrap();
    let (second, _also) = archive::open(&file, Some("arm64")).unwrap();
    assert_eq!((first.digest(), first.blobs().len()), (second.digest(), 3));
    assert_eq!(first.config.architecture, "arm64");
    for blob in first.blobs() {
        let bytes = fs::read(first.path(&blob.digest)).unwrap();
        assert_eq!((image::digest(&bytes), bytes.len() as u64), (blob.digest.clone(), blob.size));
    }
}

#[test]
fn an_archive_that_lies_is_refused_and_writes_nothing_elsewhere() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("image.tar");
    let check = |files: &[(&str, &[u8])], expected: &str| {
        tar(&file, files);
        let said = error(archive::open(&file, None));
        assert!(said.contains(expected), "{said}");
    };
    check(&[("../out", b"x")], "leads out of it");
    check(&[("/tmp/evenkeel-out", b"x")], "leads out of it");
    check(&[("x", b"x")], "holds no image");
    check(&[("manifest.json", b"{")], "manifest.json: ");
    check(&[("manifest.json", b"[]")], "holds 0 images");
    check(&[("manifest.json", &saved(&[]))], "`c.json` is not in it");
    check(&[("c.json", b"{}"), ("manifest.json", &saved(&["../../x"]))], "`../../x` is not in it");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// What a push reports.
#[derive(Default)]
struct PushLog {
    reached: Mutex<BTreeMap<usize, Vec<u64>>>,
    again: Mutex<usize>,
}

impl PushObserver for PushLog {
    fn skipped(&self, _: usize) {}
    fn reached(&self, blob: usize, offset: u64) {
        self.reached.lock().unwrap().entry(blob).or_default().push(offset);
    }
    fn done(&self, _: usize) {}
    fn again(&self, _: &str) {
        *self.again.lock().unwrap() += 1;
    }
}

/// A repository on the stand-in, and an image for it.
struct Registry {
    scene: Scene,
    client: Client,
    image: LocalImage,
    _folder: TempDir,
}

impl Registry {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let call = |operation, resource| scene.call(Service::Ecr, operation, (resource, json!({})));
        call("CreateRepository", REPOSITORY);
        let token =
            call("GetAuthorizationToken", "")["authorizationData"][0]["authorizationToken"].clone();
        let access = Access {
            url: scene.sim.url(),
            authorization: Some(format!("Basic {}", token.as_str().unwrap())),
            extra_roots: None,
            proxy: |_| None,
        };
        let folder = TempDir::new().unwrap();
        let layer: Vec<u8> = (0..LAYER).map(|it| u8::try_from(it % 251).unwrap()).collect();
        write(folder.path(), &["amd64"], &layer);
        let image = layout::open(folder.path(), None).unwrap();
        Self { client: Client::new(access, REPOSITORY), scene, image, _folder: folder }
    }

    fn push(&self) -> (PushSummary, Option<String>, PushLog) {
        let log = PushLog::default();
        let pushed =
            tokio::task::block_in_place(|| push::push(&self.client, &self.image, "v1", &log));
        match pushed {
            Ok(pushed) => (pushed, None, log),
            Err(failure) => (failure.so_far, Some(format!("{:?}", failure.error)), log),
        }
    }

    fn calls(&self, operation: &str) -> usize {
        let own = |it: &Entry| it.operation == operation && it.resource == REPOSITORY;
        self.scene.count_of(&Scene::caller().key, own)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_sends_parts_and_a_second_one_nothing() {
    let registry = Registry::new().await;
    let (pushed, error, log) = registry.push();
    let bytes = LAYER as u64 + registry.image.manifest.config.size;
    assert_eq!((error, pushed), (None, PushSummary { sent: 2, skipped: 0, bytes, same: false }));
    assert_eq!(log.reached.lock().unwrap()[&0], [10 << 20, 20 << 20, LAYER as u64]);
    let parts = registry.calls("UploadLayerPart");
    let (pushed, error, _) = registry.push();
    assert_eq!((error, pushed.same, pushed.bytes), (None, true, 0));
    assert_eq!(registry.calls("UploadLayerPart"), parts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_arrived_is_not_sent_again() {
    let registry = Registry::new().await;
    registry.scene.faults(&json!([
        { "fault": "reset-after", "operations": ["UploadLayerPart"], "times": 2 },
        { "fault": "throttle", "operations": ["InitiateLayerUpload"], "times": 1 },
        { "fault": "error", "operations": ["CompleteLayerUpload", "PutImage"], "times": 1 },
    ]));
    let (pushed, error, log) = registry.push();
    assert_eq!((error, pushed.sent), (None, 2));
    assert!(*log.again.lock().unwrap() >= 4);
    // What arrived although no answer came back is counted by the registry, and was not sent twice.
    assert!(pushed.bytes < LAYER as u64 + registry.image.manifest.config.size);
    assert_eq!(log.reached.lock().unwrap()[&0].last(), Some(&(LAYER as u64)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_ends_says_why() {
    let registry = Registry::new().await;
    registry.scene.faults(&json!([{ "fault": "deny", "operations": ["InitiateLayerUpload"] }]));
    assert!(registry.push().1.unwrap().contains("Refused(403"));
    registry.scene.faults(&json!([]));
    // The file changes behind our back.
    let layer = registry.image.path(&registry.image.manifest.layers[0].digest);
    fs::write(&layer, b"other").unwrap();
    assert!(registry.push().1.unwrap().contains("its bytes are not those of"));
    assert_eq!(registry.calls("PutImage"), 0);
}
