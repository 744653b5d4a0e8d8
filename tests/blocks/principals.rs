//! Principals of permissions and of repository policies: one account in two forms, principals that are not there
//! yet, and what AWS shows otherwise than it was written.

use std::fs;

use evenkeel_sim::call::{Call, Service};

use super::*;

/// What Lambda says of a role that is not there.
const INVALID: &str =
    "The provided principal was invalid. Please check the principal and try again.";
/// What ECR says of it.
const NOT_FOUND: &str =
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'";

impl Scene {
    /// The statements of the function's policy, by their ids in the manifest.
    fn statements(&self) -> Vec<Value> {
        let call = Call::by(Self::caller(), (Service::Lambda, "GetPolicy"), ("job", Value::Null));
        let Ok(found) = self.sim.by_call(&call) else { return Vec::new() };
        let policy: Value = serde_json::from_str(found.body["Policy"].as_str().unwrap()).unwrap();
        policy["Statement"].as_array().unwrap().clone()
    }

    fn sids(&self) -> Vec<String> {
        let sid = |it: Value| it["Sid"].as_str().unwrap().to_owned();
        let named = self.statements().into_iter().map(sid);
        named
            .map(|it| it.trim_start_matches("ek-").rsplit_once('-').unwrap().0.to_owned())
            .collect()
    }

    /// Applies what cannot be in sync.
    async fn apply_anyhow(&self) {
        let (code, text) = self.on_manifests(&["apply"]).await;
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

