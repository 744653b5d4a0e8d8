//! The three verbs over HTTP, on recorded answers: what goes out, and what comes of what comes back.
//! What no emulator shows is shown here: pages, conflicts, lost races, throttles, indexes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use evenkeel::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{Cloud as _, Priority},
        identity,
    },
    engine::{
        failure::{Class, Failure, chain},
        name::Name,
        secret::Secret,
    },
    kinds::{
        function::{
            aws::FunctionCloud,
            step::{Create, Patch, Step, Tag, UpdateCode, UpdateConfig},
        },
        function_config::{
            config::{Capacity, Config, FileSystem},
            logging::{Logging, LoggingGiven},
        },
    },
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::common::replay::{self, Answer, Asked, error, ok};

const SECRET: &str = "hunter2-canary";

fn functions((clients, calls): (&Clients, &Arc<Calls>)) -> FunctionCloud {
    FunctionCloud::new(clients.lambda.clone(), Arc::clone(calls))
}

fn config() -> Config {
    let mut config = Config::unset("resize", "arn:aws:iam::1:role/job".into());
    config.memory_size = 512;
    config.environment.insert("TOKEN".into(), Secret::new(SECRET));
    let given = LoggingGiven {
        log_format: Some("JSON"),
        system_log_level: Some("WARN"),
        ..LoggingGiven::default()
    };
    config.logging = Logging::filled("resize", given);
    config
}

/// Applies a step; returns what went out.
fn sent(step: &Step) -> (Asked, Value) {
    let (clients, calls, tape) = replay::aws(|_, _| ok(json!({})));
    replay::run(functions((&clients, &calls)).apply(step)).unwrap();
    let asked = tape.asked.lock().unwrap().first().unwrap().clone();
    let body = serde_json::from_str(&asked.body).unwrap();
    (asked, body)
}

#[test]
fn a_creation_sends_what_differs_from_the_defaults() {
    let step = Step::Create(Box::new(Create {
        name: Name::new("resize"),
        image_uri: "r/thumbs@sha256:00".into(),
        architecture: "arm64".into(),
        config: config(),
        leaves_concurrency: false,
        tags: BTreeMap::from([("team".to_owned(), "blue".to_owned())]),
    }));
    let (asked, body) = sent(&step);
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/2015-03-31/functions"));
    assert_eq!(
        body,
        json!({
            "FunctionName": "resize",
            "PackageType": "Image",
            "Code": { "ImageUri": "r/thumbs@sha256:00" },
            "Architectures": ["arm64"],
            "Role": "arn:aws:iam::1:role/job",
            "MemorySize": 512,
            "Timeout": 3,
            "Environment": { "Variables": { "TOKEN": SECRET } },
            "LoggingConfig": {
                "LogFormat": "JSON",
                "ApplicationLogLevel": "INFO",
                "SystemLogLevel": "WARN",
                "LogGroup": "/aws/lambda/resize",
            },
            "Tags": { "team": "blue" },
        })
    );
}

#[test]
fn a_creation_leaves_to_aws_how_many_requests_come_at_once() {
    let step = |leaves_concurrency| {
        let capacity = Some(Capacity::filled("arn:pool".into(), None, None));
        Step::Create(Box::new(Create {
            name: Name::new("resize"),
            image_uri: "r/thumbs@sha256:00".into(),
            architecture: "arm64".into(),
            config: Config { capacity, ..config() },
            leaves_concurrency,
            tags: BTreeMap::new(),
        }))
    };
    let number = |step: &Step| {
        let sent = &sent(step).1["CapacityProviderConfig"];
        let sent = &sent["LambdaManagedInstancesCapacityProviderConfig"];
        assert_eq!(sent["CapacityProviderArn"], "arn:pool");
        sent["PerExecutionEnvironmentMaxConcurrency"].clone()
    };
    assert_eq!([number(&step(false)), number(&step(true))], [json!(16), Value::Null]);
}

#[test]
fn an_update_of_code_sends_architecture_and_revision() {
    let step = Step::UpdateCode(UpdateCode {
        name: Name::new("resize"),
        image_uri: "r/thumbs@sha256:00".into(),
        architecture: "x86_64".into(),
        revision_id: Some("rev-1".into()),
        shown: String::new(),
    });
    let (asked, body) = sent(&step);
    assert_eq!(asked.path, "/2015-03-31/functions/resize/code");
    let expected = json!({
        "ImageUri": "r/thumbs@sha256:00", "Architectures": ["x86_64"], "RevisionId": "rev-1",
    });
    assert_eq!(body, expected);
}

#[test]
fn an_update_of_configuration_sends_only_its_patch_and_clears_with_empty_values() {
    let members = [
        "memorySize",
        "environment",
        "kmsKeyArn",
        "vpcConfig",
        "fileSystemConfigs",
        "deadLetterConfig",
        "imageConfig",
    ];
    let config = Config { memory_size: 256, ..Config::unset("resize", String::new()) };
    let patch = Patch { members: members.into(), config };
    let step = Step::UpdateConfig(Box::new(UpdateConfig {
        name: Name::new("resize"),
        patch,
        direct_reads: BTreeMap::new(),
        revision_id: Some("rev-1".into()),
        shown: String::new(),
    }));
    let (asked, body) = sent(&step);
    assert_eq!(asked.path, "/2015-03-31/functions/resize/configuration");
    let expected = json!({
        "MemorySize": 256,
        "Environment": { "Variables": {} },
        "KMSKeyArn": "",
        "VpcConfig": {
            "SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": false,
        },
        "FileSystemConfigs": [],
        "DeadLetterConfig": { "TargetArn": "" },
        "ImageConfig": {},
        "RevisionId": "rev-1",
    });
    assert_eq!(body, expected);
}

#[test]
fn tags_are_merged_into_the_arn() {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:resize";
    let step = Step::Tag(Tag {
        name: Name::new("resize"),
        arn: arn.into(),
        tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        shown: String::new(),
    });
    let (asked, body) = sent(&step);
    assert!(asked.path.starts_with("/2017-03-31/tags/arn%3Aaws%3Alambda"), "{}", asked.path);
    assert_eq!(body, json!({ "Tags": { "a": "b" } }));
}

fn page(names: &[&str], marker: Option<&str>) -> Answer {
    let functions: Vec<Value> = names
        .iter()
        .map(|it| json!({ "FunctionName": it, "PackageType": "Image", "Role": "r" }))
        .collect();
    ok(json!({ "Functions": functions, "NextMarker": marker }))
}

/// Lists everything; returns the names that came before the end, and how it ended.
fn list(
    answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static,
) -> (Vec<String>, Result<(), Failure>, Vec<String>) {
    let (clients, calls, tape) = replay::aws(answer);
    let cloud = functions((&clients, &calls));
    let (names, result) = replay::run(async {
        let (sender, mut pages) = mpsc::channel(100);
        let result = cloud.list(Arc::default(), sender).await;
        let mut names = Vec::new();
        while let Some(page) = pages.recv().await {
            assert!(page.rows.iter().all(|(_, seen)| !seen.exact));
            names.extend(page.rows.into_iter().map(|(name, _)| name.to_string()));
        }
        (names, result)
    });
    let asked = tape.asked.lock().unwrap().iter().map(|it| it.path.clone()).collect();
    (names, result, asked)
}

#[test]
fn lists_follow_their_markers() {
    let (names, result, asked) = list(|number, _| match number {
        0 => page(&["a", "b"], Some("m 1")),
        1 => page(&["c"], None),
        _ => unreachable!("no third page"),
    });
    assert_eq!((names, result), (vec!["a".into(), "b".into(), "c".into()], Ok(())));
    assert!(asked[0].contains("MaxItems=50"), "{asked:?}");
    assert!(asked[1].contains("Marker=m%201"), "{asked:?}");
}

#[test]
fn a_list_that_breaks_off_says_what_it_read_and_that_it_broke() {
    let (names, result, _) = list(|number, _| match number {
        0 => page(&["a", "b"], Some("m1")),
        _ => error(500, "ServiceException", "internal"),
    });
    assert_eq!(names, ["a", "b"]);
    assert_eq!(result.unwrap_err().class, Class::Unclear);
}

/// Looks at a function that AWS answers about in this way.
fn look(answer: Answer) -> Result<bool, Failure> {
    let (clients, calls, _) = replay::aws(move |_, _| answer.clone());
    let cloud = functions((&clients, &calls));
    let got = replay::run(cloud.get(&Name::new("resize"), None, Priority::Mover))?;
    Ok(got.0.is_some())
}

#[test]
fn only_awss_own_word_says_that_a_function_is_absent() {
    assert_eq!(look(error(404, "ResourceNotFoundException", "Function not found")), Ok(false));
    // A proxy, an emulator, a wrong endpoint.
    let html = (404, Vec::new(), "<html>404 Not Found</html>".to_owned());
    assert_eq!(look(html).unwrap_err().class, Class::Unclear);
    assert_eq!(look((200, Vec::new(), "{}".into())).unwrap_err().class, Class::Unclear);
    assert_eq!(look((200, Vec::new(), "not json".into())).unwrap_err().class, Class::Unclear);
}

#[test]
fn each_refusal_has_its_class() {
    let tag = Step::Tag(Tag {
        name: Name::new("resize"),
        arn: "arn:aws:lambda:eu-west-1:1:function:resize".into(),
        tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        shown: String::new(),
    });
    for (status, code, message, class) in [
        (409, "ResourceConflictException", "An update is in progress for resource: x", Class::Busy),
        (409, "ResourceConflictException", "in the following state: Pending", Class::Busy),
        (409, "ResourceConflictException", "Function already exist: resize", Class::Precondition),
        (412, "PreconditionFailedException", "The Revision Id provided", Class::Precondition),
        (429, "TooManyRequestsException", "Rate exceeded", Class::Throttled),
        (403, "AccessDeniedException", "not authorized to perform", Class::Denied),
        (403, "ExpiredTokenException", "expired", Class::Credentials),
        (403, "UnrecognizedClientException", "invalid", Class::Credentials),
        (404, "ResourceNotFoundException", "gone", Class::Gone),
        (400, "InvalidParameterValueException", "MemorySize is bad", Class::Invalid),
        (
            400,
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
            Class::MissingInput,
        ),
        (400, "ImageNotFoundException", "moto", Class::MissingInput),
        (500, "ServiceException", "internal", Class::Unclear),
        (503, "", "", Class::Unclear),
        (429, "", "", Class::Throttled),
        (400, "NeverHeardOf", "?", Class::Unclear),
    ] {
        let answer = match code {
            "" => (status, Vec::new(), String::new()),
            code => error(status, code, message),
        };
        let (clients, calls, _) = replay::aws(move |_, _| answer.clone());
        let failure = replay::run(functions((&clients, &calls)).apply(&tag)).unwrap_err();
        assert_eq!(failure.class, class, "{status} {code} {message}: {}", chain(&failure));
    }
}

#[test]
fn a_throttle_says_how_long_to_wait_and_slows_the_next_call() {
    let (clients, calls, tape) = replay::aws(|number, _| match number {
        0 => {
            let (status, mut headers, body) = error(429, "TooManyRequestsException", "Rate");
            headers.push(("retry-after", "1".into()));
            (status, headers, body)
        }
        _ => page(&[], None),
    });
    let cloud = functions((&clients, &calls));
    replay::run(async {
        let list = || {
            let (sender, pages) = mpsc::channel(10);
            let result = cloud.list(Arc::default(), sender);
            async move {
                let result = result.await;
                drop(pages);
                result
            }
        };
        let failure = list().await.unwrap_err();
        assert_eq!(failure.retry_after, Some(Duration::from_secs(1)));
        let before = calls.now();
        list().await.unwrap();
        assert!(calls.now().since(before) >= Duration::from_millis(900));
    });
    let codes = tape.codes.lock().unwrap().clone();
    assert_eq!(codes, ["ListFunctions TooManyRequestsException", "ListFunctions ok"]);
}

/// AWS replaces file systems whole: what no manifest asks for of one goes back with another path of it.
#[test]
fn reads_of_a_file_system_that_no_manifest_asks_for_are_sent_back() {
    let arn = "arn:aws:s3files:eu-west-1:111122223333:file-system/fs-1/access-point/fsap-1";
    let system = |arn: &str| FileSystem { arn: arn.into(), local_mount_path: "/mnt/b".into() };
    let step = |arn: &str, kept: &str| {
        let file_systems = vec![system(arn)];
        let config = Config { file_systems, ..config() };
        Step::UpdateConfig(Box::new(UpdateConfig {
            name: Name::new("resize"),
            patch: Patch { members: ["fileSystemConfigs"].into(), config },
            direct_reads: BTreeMap::from([(kept.to_owned(), "DISABLED".to_owned())]),
            revision_id: None,
            shown: String::new(),
        }))
    };
    let (_, body) = sent(&step(arn, arn));
    let expected = json!([{
        "Arn": arn, "LocalMountPath": "/mnt/b", "S3FilesConfig": { "DirectS3Read": "DISABLED" },
    }]);
    assert_eq!(body["FileSystemConfigs"], expected);
    let (_, body) = sent(&step(arn, "another"));
    assert!(body["FileSystemConfigs"][0].get("S3FilesConfig").is_none(), "{body}");
}

#[test]
fn what_aws_repeats_of_a_secret_is_masked() {
    let step = Step::UpdateConfig(Box::new(UpdateConfig {
        name: Name::new("resize"),
        patch: Patch { members: ["environment"].into(), config: config() },
        direct_reads: BTreeMap::new(),
        revision_id: None,
        shown: String::new(),
    }));
    let (clients, calls, _) = replay::aws(|_, asked| {
        assert!(asked.body.contains(SECRET));
        error(400, "InvalidParameterValueException", &format!("Value {SECRET} is bad"))
    });
    let failure = replay::run(functions((&clients, &calls)).apply(&step)).unwrap_err();
    assert_eq!(
        chain(&failure),
        "UpdateFunctionConfiguration failed: InvalidParameterValueException: Value *** is bad"
    );
}

#[test]
fn the_account_is_read() {
    let body = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                <GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult>\
                </GetCallerIdentityResponse>";
    let (clients, calls, _) = replay::aws(move |_, _| (200, Vec::new(), body.into()));
    let account = replay::run(identity::account_id(&clients.sts, &calls));
    assert_eq!(account.as_deref(), Ok("111122223333"));
}
