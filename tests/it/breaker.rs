//! The mass-drift breaker on the stand-in, by the real binary: that of one kind stops the writes of all kinds.

use std::fs;

use evenkeel_sim::call::Service;
use serde_json::json;

use crate::common::scene::Scene;

/// More than a few, and all of them: the breaker opens also if a list shows only some of them.
const FUNCTIONS: usize = 30;
const OPEN: &str = r#"evenkeel_breaker_open{target="default"} 1"#;

impl Scene {
    /// A person changes whether images of the repository are scanned.
    fn scan(&self, on_push: bool) {
        let body = json!({
            "repositoryName": "tools",
            "imageScanningConfiguration": { "scanOnPush": on_push },
        });
        self.call(Service::Ecr, "PutImageScanningConfiguration", ("tools", body));
    }

    /// A person changes the memory of all functions in one moment.
    fn resize(&self, memory: u32) {
        for number in 0..FUNCTIONS {
            let body = json!({ "MemorySize": memory });
            let name = format!("job-{number}");
            self.call(Service::Lambda, "UpdateFunctionConfiguration", (name.as_str(), body));
        }
    }

    fn is(&self, kind: &str, field: &str, value: &str) -> bool {
        self.row(kind)[field] == value
    }
}

/// Without a pause file, too: what a person did not ask to stop is stopped all the same.
#[tokio::test(flavor = "multi_thread")]
async fn mass_drift_of_one_kind_stops_the_writes_of_all() {
    let scene = Scene::new().await;
    for number in 0..FUNCTIONS {
        scene.manifest_of(&format!("job-{number}"), "");
    }
    let tools = "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: { name: tools }\nspec:\n  \
                 imageScanningConfiguration: { scanOnPush: true }\n";
    fs::write(scene.manifests().join("tools.yaml"), tools).unwrap();
    scene.apply().await;
    let daemon = scene.start();
    scene.until("all is well", |it| it.is("Repository", "status", "synced")).await;
    scene.resize(512);
    scene.until("mass drift is seen", |it| it.served("/metrics").contains(OPEN)).await;
    scene.pass(5.0).await;
    let before = scene.writes();
    scene.scan(false);
    scene.until("the repository drifts", |it| it.is("Repository", "status", "drifted")).await;
    scene.pass(240.0).await;
    assert_eq!(scene.writes(), before, "the repository is written though the breaker is open");
    assert!(scene.is("Repository", "reason", "MassDrift"), "{}", scene.row("Repository"));
    scene.resize(128);
    scene.until("it goes on", |it| it.is("Repository", "status", "synced")).await;
    assert!(scene.writes() > before, "{}", scene.log());
    drop(daemon);
}
