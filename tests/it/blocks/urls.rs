//! A URL that anybody may call: the two permissions that it needs come and go with it.

use super::*;

const OPEN: &str = "  url: { public: true }\n";

impl Scene {
    /// The statements of the function, or of an alias of it, by their ids without the hash.
    fn allowed(&self, qualifier: Option<&str>) -> Vec<(String, Value)> {
        let policy = self.lambda("GetPolicy", qualifier, Value::Null);
        let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
        let all = policy["Statement"].as_array().unwrap().iter();
        let name = |it: &Value| {
            let id = it["Sid"].as_str().unwrap();
            id.rsplit_once('-').map_or(id, |(name, _)| name).to_owned()
        };
        all.map(|it| (name(it), it.clone())).collect()
    }

    fn allowed_names(&self, qualifier: Option<&str>) -> Vec<String> {
        let mut names: Vec<String> = self.allowed(qualifier).into_iter().map(|it| it.0).collect();
        names.sort();
        names
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_url_has_both_permissions_for_as_long_as_it_is_public() {
    let scene = Scene::new().await;
    scene.manifest(OPEN);
    scene.apply().await;
    scene.assert_quiet().await;
    assert_eq!(scene.lambda("GetFunctionUrlConfig", None, Value::Null)["AuthType"], "NONE");
    let both = ["ek-public-invoke", "ek-public-url"];
    assert_eq!(scene.allowed_names(None), both);
    for (name, statement) in scene.allowed(None) {
        let (action, condition) = if name == "ek-public-url" {
            let auth = json!({ "lambda:FunctionUrlAuthType": "NONE" });
            ("lambda:InvokeFunctionUrl", json!({ "StringEquals": auth }))
        } else {
            let through = json!({ "lambda:InvokedViaFunctionUrl": "true" });
            ("lambda:InvokeFunction", json!({ "Bool": through }))
        };
        let found = (&statement["Action"], &statement["Principal"], &statement["Condition"]);
        assert_eq!(found, (&json!(action), &json!("*"), &condition), "{statement}");
    }
    let (_, text) = scene.planned(&[]).await;
    assert!(text.contains("anyone on the internet can invoke the function"), "{text}");
    // One of them is not enough.
    for id in scene.sids("job") {
        scene.lambda("RemovePermission", None, json!(id));
        let (code, text) = scene.planned(&[]).await;
        assert!(code == 1 && text.contains("/permissions/public-"), "{text}");
        scene.apply().await;
        assert_eq!(scene.allowed_names(None), both);
    }
    // Others of the manifest stand beside them, and stay when they go.
    scene.manifest(&format!("{OPEN}  permissions: [{{ sid: s3, principal: s3.amazonaws.com }}]\n"));
    scene.apply().await;
    assert_eq!(scene.allowed_names(None), ["ek-public-invoke", "ek-public-url", "ek-s3"]);
    scene.manifest(
        "  url: { authType: AWS_IAM }\n  permissions: [{ sid: s3, principal: s3.amazonaws.com }]\n",
    );
    scene.apply().await;
    assert_eq!(scene.allowed_names(None), ["ek-s3"]);
    scene.manifest(OPEN);
    scene.apply().await;
    scene.manifest("");
    scene.apply().await;
    assert_eq!(scene.sids("job"), Vec::<String>::new());
    assert_eq!(scene.urls(), Vec::<String>::new());
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_release_the_permissions_of_a_public_url_stand_on_its_alias() {
    let scene = Scene::new().await;
    scene.manifest(OPEN);
    scene.apply().await;
    scene.manifest(&format!("{OPEN}  release: {{}}\n"));
    scene.apply().await;
    scene.assert_quiet().await;
    assert_eq!(scene.urls(), ["live"]);
    assert_eq!(scene.allowed_names(Some("live")), ["ek-public-invoke", "ek-public-url"]);
    assert_eq!(scene.sids("job"), Vec::<String>::new());
}

/// Whoever takes away what opens a function to everybody leaves what was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn the_permissions_of_a_public_url_are_no_unmanaged_change() {
    let scene = Scene::new().await;
    scene.manifest(&format!("{OPEN}  policy: {{ exclusive: true }}\n"));
    scene.apply().await;
    let stranger =
        json!({ "StatementId": "all", "Action": "lambda:InvokeFunction", "Principal": "*" });
    scene.lambda("AddPermission", None, stranger);
    let daemon = scene.start();
    let both = ["ek-public-invoke", "ek-public-url"];
    scene.until("the stranger's is gone", |it| it.allowed_names(None) == both).await;
    let quiet =
        |it: &Scene| ["Url", "Permissions"].iter().all(|kind| it.row(kind)["status"] == "synced");
    scene.until("nothing is left to say", quiet).await;
    assert_eq!(scene.allowed_names(None), both);
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_whose_callers_get_403_is_told_and_stays_as_it_is_asked_for() {
    let scene = Scene::new().await;
    let half = "  permissions: [{ sid: everybody, principal: \"*\", action: \"lambda:InvokeFunctionUrl\", functionUrlAuthType: NONE }]\n";
    scene.manifest(&format!("  url: {{ authType: NONE }}\n{half}"));
    scene.apply().await;
    let (code, text) = scene.planned(&[]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("callers of the URL get 403"), "{text}");
    assert!(text.contains("lacks `lambda:InvokeFunction` ("), "{text}");
    assert!(text.contains("`public: true` stands for"), "{text}");
    assert!(!text.contains("anyone on the internet"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_url_is_imported_as_public() {
    let scene = Scene::new().await;
    scene.manifest(OPEN);
    scene.apply().await;
    let (code, text) = scene.run(&["import", "job"]).await;
    assert!(code == 0 && text.contains("  url:\n    public: true\n"), "{text}");
    assert!(!text.contains("permissions:") && !text.contains("authType"), "{text}");
    // With one permission callers are turned away: it is not public.
    let id = scene.sids("job").into_iter().find(|it| it.contains("invoke")).unwrap();
    scene.lambda("RemovePermission", None, json!(id));
    let (_, text) = scene.run(&["import", "job"]).await;
    assert!(text.contains("authType: NONE") && text.contains("sid: public-url"), "{text}");
    // A statement of another party's does as well, and stays.
    let theirs = json!({
        "StatementId": "FunctionURLAllowInvokeAction", "Action": "lambda:InvokeFunction", "Principal": "*",
        "InvokedViaFunctionUrl": true,
    });
    scene.lambda("AddPermission", None, theirs);
    let (_, text) = scene.run(&["import", "job"]).await;
    assert!(text.contains("    public: true\n"), "{text}");
    assert!(text.contains("as FunctionURLAllowInvokeAction of another party"), "{text}");
}
