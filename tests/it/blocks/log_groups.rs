//! Log groups: whose they are, and which one is meant.

use evenkeel_sim::call::Service;

use super::*;

impl Scene {
    fn logs(&self, operation: &'static str, body: Value) -> Value {
        self.call(Service::Logs, operation, ("/aws/lambda/job", body))
    }

    /// The function's log group, if there is one.
    pub(super) fn log_group(&self) -> Value {
        self.logs("DescribeLogGroups", json!({}))["logGroups"][0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_group_as_lambda_makes_it_is_nobodys_and_one_that_somebody_set_up_is() {
    let scene = Scene::new().await;
    scene.logs("CreateLogGroup", json!({}));
    scene.manifest("  logGroup: { retentionInDays: 7 }\n");
    scene.apply().await;
    assert_eq!(scene.log_group()["retentionInDays"], 7);
    scene.manifest("");
    scene.apply().await;
    assert_eq!(scene.noted(), Vec::<String>::new());
    scene.manifest("  logGroup: { retentionInDays: 7 }\n");
    scene.apply().await;
    assert_eq!(scene.noted(), ["logGroup"]);
    scene.manifest("");
    scene.apply().await;
    scene.logs("PutRetentionPolicy", json!({ "retentionInDays": 365 }));
    // Fewer days would delete logs.
    scene.manifest("  logGroup: { retentionInDays: 7 }\n");
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NotOwned"), "{text}");
    assert_eq!(scene.log_group()["retentionInDays"], 365);
    scene.manifest("  logGroup: { retentionInDays: 7 }\n  policy: { adopt: true }\n");
    scene.apply().await;
    assert_eq!(scene.log_group()["retentionInDays"], 7);
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_name_goes_on_is_another_one() {
    let scene = Scene::new().await;
    for number in 0..60 {
        let name = format!("/aws/lambda/job-{number:02}");
        scene.call(Service::Logs, "CreateLogGroup", (&name, json!({})));
    }
    scene.manifest("  logGroup: {}\n");
    scene.apply().await;
    assert_eq!(scene.log_group()["logGroupName"], "/aws/lambda/job");
    scene.assert_quiet().await;
}

/// A fresh group is nobody's also where the account says for how long logs are kept, and nothing is deleted when that
/// number leaves the manifest.
#[tokio::test(flavor = "multi_thread")]
async fn a_retention_of_the_accounts_is_left_to_it() {
    let scene = Scene::new().await;
    let document = json!({ "retentionInDays": 30 }).to_string();
    let policy = json!({ "policyName": "all", "policyType": "RETENTION_POLICY", "policyDocument": document });
    scene.logs("PutAccountPolicy", policy);
    scene.logs("CreateLogGroup", json!({}));
    scene.manifest("  logGroup: { retentionInDays: 7 }\n");
    scene.apply().await;
    assert_eq!(scene.noted(), ["logGroup"]);
    scene.assert_quiet().await;
    let told = scene.count(|it| it.operation.ends_with("RetentionPolicy"));
    assert_eq!(told, 0, "what the group itself says has no effect");
    scene.manifest("  logGroup: {}\n");
    scene.apply().await;
    assert_eq!(scene.count(|it| it.operation.ends_with("RetentionPolicy")), 0);
    // Once the account says nothing, the manifest's number counts.
    scene.manifest("  logGroup: { retentionInDays: 7 }\n");
    scene.apply().await;
    scene.logs("DeleteAccountPolicy", json!({}));
    scene.apply().await;
    assert_eq!(scene.log_group()["retentionInDays"], 7);
    scene.assert_quiet().await;
}
