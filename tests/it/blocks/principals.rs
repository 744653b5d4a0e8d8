//! Principals of permissions and of repository policies: one account in two forms, principals that are not there
//! yet, and what AWS shows otherwise than it was written.

use std::fs;

use evenkeel_sim::call::Service;

use super::*;

/// What Lambda says of a role that is not there.
const INVALID: &str =
    "The provided principal was invalid. Please check the principal and try again.";
/// What ECR says of it.
const NOT_FOUND: &str =
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'";

impl Scene {
    /// The statements of the function's policy, by their ids in the manifest.
    fn permitted(&self) -> Vec<String> {
        let all = self.sids("job").into_iter();
        all.map(|it| it.trim_start_matches("ek-").rsplit_once('-').unwrap().0.to_owned()).collect()
    }

    /// Applies what cannot be in sync.
    async fn apply_anyhow(&self) {
        let (code, text) = self.on_manifests(&["apply", "--timeout", "5s"]).await;
        assert_eq!(code, 1, "{text}");
    }

    fn permissions(&self, lines: &[&str]) {
        let lines: String = lines.iter().map(|it| format!("    - {{ {it} }}\n")).collect();
        self.manifest(&format!("  permissions:\n{lines}"));
    }

    /// How often the binary made this call.
    fn made(&self, operation: &str) -> usize {
        self.count(|it| it.operation == operation)
    }

    /// The repository `tools/align` with this policy.
    fn repository(&self, rest: &str) {
        let text = format!(
            "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: {{ name: tools/align }}\nspec:\n{rest}"
        );
        fs::write(self.manifests().join("repository.yaml"), text).unwrap();
    }

    fn policy(&self) -> Value {
        let found = self.call(Service::Ecr, "GetRepositoryPolicy", ("tools/align", json!({})));
        serde_json::from_str(found["policyText"].as_str().unwrap()).unwrap()
    }
}

/// The rule that refuses AddPermission of a principal.
fn refused(principal: &str) -> Value {
    json!({
        "fault": "refuse", "operations": ["AddPermission"], "contains": principal,
        "code": "InvalidParameterValueException", "message": INVALID,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_and_its_root_are_one_principal() {
    let scene = Scene::new().await;
    scene.permissions(&[r#"sid: partner, principal: "arn:aws:iam::111122223333:root""#]);
    scene.repository(
        "  repositoryPolicy:\n    Version: \"2012-10-17\"\n    Statement:\n      - { Sid: pull, Effect: Allow, Principal: { AWS: \"arn:aws:iam::111122223333:root\" }, Action: \"ecr:BatchGetImage\" }\n",
    );
    scene.apply().await;
    assert_eq!((scene.made("AddPermission"), scene.made("RemovePermission")), (1, 0));
    scene.assert_quiet().await;
    // It is the same statement as that of who writes 12 digits, and stays.
    scene.permissions(&[r#"sid: partner, principal: "111122223333""#]);
    scene.assert_quiet().await;
    assert_eq!(scene.made("AddPermission"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_shows_otherwise_than_it_was_written_does_not_converge_and_stays() {
    let scene = Scene::new().await;
    scene.faults(&json!([
        { "fault": "rewrite", "operations": ["AddPermission"], "contains": "odd", "code": "AROAEXAMPLE" },
    ]));
    scene.permissions(&[
        "sid: other, principal: s3.amazonaws.com",
        r#"sid: partner, principal: "arn:aws:iam::111122223333:role/odd""#,
    ]);
    let (code, text) = scene.on_manifests(&["apply", "--timeout", "5s"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NotConverging") && text.contains("/permissions/partner-"), "{text}");
    // A statement that AWS shows in other words lets its principal in: it is not left taken away.
    assert_eq!(scene.permitted(), ["other", "partner"]);
    assert!(scene.made("AddPermission") <= 3, "{}", scene.made("AddPermission"));
    // Nobody else has changed anything.
    assert!(!text.contains("drift)") && !text.contains("Fighting"), "{text}");
    let daemon = scene.start();
    scene.until("left alone", |it| it.row("Permissions")["reason"] == "NotConverging").await;
    assert_eq!(scene.permitted(), ["other", "partner"]);
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_whose_principal_is_not_there_holds_up_no_other() {
    let scene = Scene::new().await;
    scene.permissions(&[
        "sid: changes, principal: sns.amazonaws.com",
        "sid: stale, principal: s3.amazonaws.com",
    ]);
    scene.apply().await;
    scene.faults(&json!([refused("role/caller"), refused("role/successor")]));
    scene.permissions(&[
        r#"sid: caller, principal: "arn:aws:iam::111122223333:role/caller""#,
        r#"sid: changes, principal: "arn:aws:iam::111122223333:role/successor""#,
        "sid: innocent, principal: events.amazonaws.com",
    ]);
    let (code, text) = scene.on_manifests(&["apply", "--timeout", "5s"]).await;
    assert_eq!(code, 1, "{text}");
    // What changes keeps what it was until the new one is there.
    assert_eq!(scene.permitted(), ["changes", "innocent"]);
    assert!(text.contains("InputMissing") && text.contains("misspelt"), "{text}");
    assert!(text.contains("could not add permission ek-caller-"), "{text}");
    assert!(!text.contains("could not add permission ek-innocent-"), "{text}");
    // It goes on once the roles are there.
    let daemon = scene.start();
    scene.until("refused", |it| it.row("Permissions")["reason"] == "InputMissing").await;
    scene.faults(&json!([]));
    scene.until("all", |it| it.row("Permissions")["status"] == "synced").await;
    assert_eq!(scene.permitted(), ["innocent", "caller", "changes"]);
    drop(daemon);
}

/// What goes on by itself is waited for within the time, and said.
#[tokio::test(flavor = "multi_thread")]
async fn an_apply_waits_for_a_principal_that_comes() {
    let scene = Scene::new().await;
    scene.faults(&json!([refused("role/caller")]));
    scene.permissions(&[r#"sid: caller, principal: "arn:aws:iam::111122223333:role/caller""#]);
    let apply = scene.on_manifests(&["apply", "--timeout", "50s"]);
    let comes = async {
        scene.until("it is refused", |it| it.made("AddPermission") > 0).await;
        scene.pass(30.0).await;
        assert!(scene.permitted().is_empty());
        scene.faults(&json!([]));
    };
    let ((code, text), ()) = tokio::join!(apply, comes);
    assert!(code == 0 && text.contains("Applied: 1 created."), "{text}");
    assert!(text.contains("waiting for Function/job permissions: "), "{text}");
    assert_eq!(scene.permitted(), ["caller"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_names_nobody_yet_holds_up_no_other_change_of_the_repository() {
    let scene = Scene::new().await;
    scene.faults(&json!([{
        "fault": "refuse", "operations": ["SetRepositoryPolicy"], "contains": "role/caller",
        "code": "InvalidParameterException", "message": NOT_FOUND,
    }]));
    scene.repository("  imageTagMutability: MUTABLE\n");
    scene.apply().await;
    scene.repository(
        "  repositoryPolicy:\n    Version: \"2012-10-17\"\n    Statement:\n      - { Sid: pull, Effect: Allow, Principal: { AWS: \"arn:aws:iam::111122223333:role/caller\" }, Action: \"ecr:BatchGetImage\" }\n  lifecyclePolicy: { rules: [{ rulePriority: 1, selection: { tagStatus: untagged, countType: imageCountMoreThan, countNumber: 3 }, action: { type: expire } }] }\n",
    );
    let (code, text) = scene.on_manifests(&["apply", "--timeout", "5s"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("InputMissing") && text.contains("misspelt"), "{text}");
    scene.call(Service::Ecr, "GetLifecyclePolicy", ("tools/align", json!({})));
    scene.faults(&json!([]));
    scene.apply().await;
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lambdas_own_statement_is_written_where_the_manifest_names_it() {
    let scene = Scene::new().await;
    let policy = |functions: &str| {
        format!(
            "  repositoryPolicy:\n    Version: \"2012-10-17\"\n    Statement:\n      - Sid: LambdaECRImageRetrievalPolicy\n        Effect: Allow\n        Principal: {{ Service: lambda.amazonaws.com }}\n        Action: [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\"]\n        Condition: {{ StringLike: {{ \"aws:sourceArn\": \"arn:aws:lambda:us-east-1:{functions}\" }} }}\n"
        )
    };
    scene.repository(&policy("123456789012:function:*"));
    scene.apply().await;
    assert_eq!(scene.policy()["Statement"][0]["Sid"], "LambdaECRImageRetrievalPolicy");
    scene.assert_quiet().await;
    // What others make of it is drift.
    scene.repository(&policy("444455556666:function:*"));
    scene.apply().await;
    let arn = "arn:aws:lambda:us-east-1:444455556666:function:*";
    assert_eq!(
        scene.policy()["Statement"],
        json!([{
            "Sid": "LambdaECRImageRetrievalPolicy", "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Condition": { "StringLike": { "aws:sourceArn": arn } },
        }])
    );
    scene.assert_quiet().await;
    // Without the manifest's word it is Lambda's again, and functions go on pulling.
    scene.repository("  imageTagMutability: MUTABLE\n");
    scene.apply().await;
    assert_eq!(scene.policy()["Statement"][0]["Sid"], "LambdaECRImageRetrievalPolicy");
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_a_principal_that_was_deleted_goes_before_another_is_added() {
    let scene = Scene::new().await;
    // AWS shows the id of a role that is gone.
    let gone = "AROAEXAMPLEEXAMPLE123";
    scene.permissions(&[r#"sid: partner, principal: "arn:aws:iam::111122223333:role/old""#]);
    scene.apply().await;
    let id = scene.statements("job")[0]["Sid"].clone();
    scene.lambda("RemovePermission", None, id.clone());
    scene.faults(&json!([{ "fault": "rewrite", "operations": ["AddPermission"], "code": gone }]));
    scene.apply_anyhow().await;
    assert_eq!(scene.statements("job")[0]["Principal"], json!({ "AWS": gone }));
    // While it is there, AWS refuses every new one.
    scene.faults(&json!([refused("role/new")]));
    scene.permissions(&[r#"sid: partner, principal: "arn:aws:iam::111122223333:role/new""#]);
    let (code, text) = scene.on_manifests(&["apply", "--timeout", "5s"]).await;
    assert_eq!((code, scene.permitted()), (1, Vec::new()), "{text}");
    scene.faults(&json!([]));
    scene.apply().await;
    assert_eq!(scene.permitted(), ["partner"]);
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_permission_leaves_the_function_no_more_open_than_the_manifest_says() {
    let scene = Scene::new().await;
    scene.permissions(&["sid: partner, principal: s3.amazonaws.com"]);
    scene.apply().await;
    let public =
        json!({ "StatementId": "all", "Action": "lambda:InvokeFunction", "Principal": "*" });
    scene.lambda("AddPermission", None, public);
    scene.faults(&json!([refused("role/caller")]));
    scene.manifest(
        "  policy: { exclusive: true }\n  permissions:\n    - { sid: caller, principal: \"arn:aws:iam::111122223333:role/caller\" }\n",
    );
    let (code, text) = scene.on_manifests(&["apply", "--timeout", "5s"]).await;
    assert_eq!((code, scene.statements("job").len()), (1, 0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_configuration_holds_up_no_tags_and_a_refused_key_no_retention() {
    let scene = Scene::new().await;
    scene.manifest("  logGroup: { retentionInDays: 14 }\n");
    scene.apply().await;
    scene.faults(&json!([
        {
            "fault": "refuse", "operations": ["UpdateFunctionConfiguration"],
            "message": "The role defined for the function cannot be assumed by Lambda.",
        },
        {
            "fault": "refuse", "operations": ["AssociateKmsKey"],
            "code": "InvalidParameterException",
            "message": "The specified KMS Key Id could not be found.",
        },
    ]));
    scene.manifest(
        "  memorySize: 512\n  tags: { team: media }\n  logGroup: { retentionInDays: 30, kmsKeyId: \"arn:aws:kms:us-east-1:123456789012:key/none\" }\n",
    );
    let (code, text) = scene.on_manifests(&["apply", "--timeout", "5s"]).await;
    assert_eq!(code, 1, "{text}");
    let job = &scene.functions()["job"];
    assert_eq!(
        (&job["tags"]["team"], &job["configuration"]["MemorySize"]),
        (&json!("media"), &json!(128))
    );
    assert_eq!(scene.log_group()["retentionInDays"], 30);
    scene.faults(&json!([]));
    scene.apply().await;
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_waits_for_the_code_that_is_refused() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    scene.faults(&json!([{
        "fault": "refuse", "operations": ["UpdateFunctionCode"],
        "message": "Source image jobs:v1 does not exist. Provide a valid source image.",
    }]));
    scene.push(2);
    scene.manifest("  memorySize: 512\n");
    let (code, text) = scene.on_manifests(&["apply", "--timeout", "5s"]).await;
    assert_eq!(code, 1, "{text}");
    assert_eq!(scene.functions()["job"]["configuration"]["MemorySize"], 128);
}

/// Whoever the statement lets in is not shut out for one that AWS keeps in other words, or that it refuses.
#[tokio::test(flavor = "multi_thread")]
async fn the_old_statement_stays_until_the_new_one_is_there() {
    let scene = Scene::new().await;
    scene.permissions(&["sid: partner, principal: s3.amazonaws.com"]);
    scene.apply().await;
    scene.faults(&json!([
        { "fault": "rewrite", "operations": ["AddPermission"], "contains": "odd", "code": "AROAEXAMPLE" },
    ]));
    scene.permissions(&[r#"sid: partner, principal: "arn:aws:iam::111122223333:role/odd""#]);
    scene.apply_anyhow().await;
    assert_eq!(scene.permitted(), ["partner", "partner"]);
    // The same statement under another name is another statement to AWS.
    let scene = Scene::new().await;
    scene.permissions(&["sid: before, principal: s3.amazonaws.com"]);
    scene.apply().await;
    scene.faults(&json!([refused("ek-after-")]));
    scene.permissions(&["sid: after, principal: s3.amazonaws.com"]);
    scene.apply_anyhow().await;
    assert_eq!(scene.permitted(), ["before"]);
    scene.faults(&json!([]));
    scene.apply().await;
    assert_eq!(scene.permitted(), ["after"]);
}
