//! ECR over HTTP, on recorded answers: images, versions and repositories.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use evenkeel::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        facts::{Facts, ImageFact},
        failure::{Class, Failure},
        kind::Kind as _,
        name::Name,
        observed::{Known, Reading},
        tags::Tags,
    },
    kinds::{
        image::{
            Image, Live as LiveImage,
            aws::ImageCloud,
            spec::{Id, Spec},
        },
        repository::{
            aws::RepositoryCloud,
            live::Live,
            spec::{Config, Encryption},
            step::Step,
        },
    },
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::common::{
    REGISTRY, digest,
    replay::{self, Answer, Asked, error, ok},
};

const SINGLE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn ecr_image(tag: Option<&str>, letter: &str, media_type: &str, manifest: &Value) -> Value {
    json!({
        "imageId": { "imageTag": tag, "imageDigest": format!("sha256:{}", letter.repeat(64)) },
        "imageManifest": manifest.to_string(),
        "imageManifestMediaType": media_type,
    })
}

/// Lists these references; returns what was found of each, and how many calls it took.
fn images(
    references: &[String],
    answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static,
) -> (BTreeMap<String, LiveImage>, Result<(), Failure>, Vec<Value>) {
    let (clients, calls, tape) = replay::aws(answer);
    let cloud = ImageCloud::new(clients.ecr.clone(), calls, "eu-west-1".into());
    let wanted = references
        .iter()
        .map(|it| (Name::new(it.as_str()), Arc::new(Spec::of_reference(it).unwrap())));
    let wanted = Arc::new(wanted.collect::<BTreeMap<_, _>>());
    let (found, result) = replay::run(async {
        let (sender, mut pages) = mpsc::channel(100);
        let result = evenkeel::aws::cloud::Cloud::<Image>::list(&cloud, wanted, sender).await;
        let mut found = BTreeMap::new();
        while let Some(page) = pages.recv().await {
            found.extend(page.rows.into_iter().map(|(name, seen)| (name.to_string(), seen.live)));
        }
        (found, result)
    });
    let asked = tape.asked.lock().unwrap();
    let bodies = asked.iter().map(|it| serde_json::from_str(&it.body).unwrap()).collect();
    (found, result, bodies)
}

#[test]
fn images_are_asked_for_by_repository_and_told_apart() {
    let all = ["a:v1", "a:v2", "a:gone", "b:list"].map(|it| format!("{REGISTRY}/{it}"));
    let (found, result, bodies) = images(&all, |_, asked| {
        if asked.body.contains("\"repositoryName\":\"a\"") {
            let images = [
                ecr_image(Some("v2"), "b", SINGLE, &json!({})),
                ecr_image(Some("v1"), "a", SINGLE, &json!({})),
            ];
            let failure = json!({
                "imageId": { "imageTag": "gone" },
                "failureCode": "ImageNotFound",
                "failureReason": "Requested image not found",
            });
            return ok(json!({ "images": images, "failures": [failure] }));
        }
        let child = |arch: &str, letter: &str| {
            json!({
                "digest": format!("sha256:{}", letter.repeat(64)),
                "platform": { "os": "linux", "architecture": arch },
            })
        };
        let manifests = json!({ "manifests": [child("amd64", "c"), child("arm64", "d")] });
        ok(json!({ "images": [ecr_image(Some("list"), "e", INDEX, &manifests)] }))
    });
    assert_eq!(result, Ok(()));
    let get = |name: &str| found[&format!("{REGISTRY}/{name}")].image.clone();
    assert_eq!(get("a:v1"), ImageFact::Single(digest("a")));
    assert_eq!(get("a:v2"), ImageFact::Single(digest("b")));
    assert_eq!(get("a:gone"), ImageFact::Missing("the tag `gone` is not in the repository".into()));
    let children = [("amd64", "c"), ("arm64", "d")];
    let children = children.map(|(arch, letter)| (arch.to_owned(), digest(letter)));
    assert_eq!(get("b:list"), ImageFact::Index(BTreeMap::from(children)));
    assert_eq!(bodies.len(), 2, "one call for each repository");
    assert_eq!(bodies[0]["registryId"], "111122223333");
    assert_eq!(bodies[0]["acceptedMediaTypes"].as_array().unwrap().len(), 4);
}

#[test]
fn a_hundred_and_one_tags_take_two_calls() {
    let all: Vec<String> = (0..101).map(|it| format!("{REGISTRY}/aa:v{it}")).collect();
    let (found, result, bodies) = images(&all, |_, asked| {
        let asked: Value = serde_json::from_str(&asked.body).unwrap();
        let ids = asked["imageIds"].as_array().unwrap();
        assert!(ids.len() <= 100);
        let image = |id: &Value| ecr_image(id["imageTag"].as_str(), "a", SINGLE, &json!({}));
        ok(json!({ "images": ids.iter().map(image).collect::<Vec<_>>() }))
    });
    assert_eq!((found.len(), result, bodies.len()), (101, Ok(()), 2));
}

#[test]
fn a_repository_that_is_not_there_and_one_that_cannot_be_read() {
    let all = ["gone:v1", "secret:v1", "good:v1"].map(|it| format!("{REGISTRY}/{it}"));
    let (found, result, _) = images(&all, |_, asked| {
        if asked.body.contains("\"gone\"") {
            return error(400, "RepositoryNotFoundException", "no such repository");
        }
        if asked.body.contains("\"secret\"") {
            return error(400, "AccessDeniedException", "not authorized");
        }
        ok(json!({ "images": [ecr_image(Some("v1"), "a", SINGLE, &json!({}))] }))
    });
    let missing = ImageFact::Missing("the repository `gone` does not exist".into());
    assert_eq!(found[&all[0]].image, missing);
    assert_eq!(found[&all[2]].image, ImageFact::Single(digest("a")));
    assert!(!found.contains_key(&all[1]));
    assert_eq!(result.unwrap_err().class, Class::Denied);
}

#[test]
fn an_answer_that_names_another_tag_is_asked_for_once_more() {
    let all = ["aa:v1", "aa:v2"].map(|it| format!("{REGISTRY}/{it}"));
    // As moto does it: the image's last tag, whatever was asked for.
    let (found, result, bodies) = images(&all, |_, asked| {
        let mut images = Vec::new();
        if asked.body.contains("\"v1\"") {
            images.push(ecr_image(Some("build-1"), "a", SINGLE, &json!({})));
        }
        if asked.body.contains("\"v2\"") {
            images.push(ecr_image(Some("v2"), "b", SINGLE, &json!({})));
        }
        ok(json!({ "images": images }))
    });
    assert_eq!(result, Ok(()));
    assert_eq!(found[&all[0]].image, ImageFact::Single(digest("a")));
    assert_eq!(found[&all[1]].image, ImageFact::Single(digest("b")));
    assert_eq!(bodies.len(), 2);
}

#[test]
fn an_image_of_another_region_is_told_without_a_call() {
    let other = "111122223333.dkr.ecr.us-east-1.amazonaws.com/aa:v1".to_owned();
    let (found, result, bodies) = images(&[other.clone()], |_, _| unreachable!("no call"));
    assert_eq!((result, bodies.len()), (Ok(()), 0));
    let ImageFact::Unusable(why) = &found[&other].image else { panic!("{found:?}") };
    assert!(why.contains("us-east-1") && why.contains("eu-west-1"), "{why}");
    assert!(Spec::of_reference("h/a@sha256:00").is_none());
    let by_digest = format!("h/a@{}", digest("a"));
    assert_eq!(Spec::of_reference(&by_digest).unwrap().id, Id::Digest(digest("a")));
}

#[test]
fn a_range_means_the_highest_version_and_tags_are_listed_once() {
    let all = ["aa?semver=^1.4", "aa?semver=^3", "aa:v1"].map(|it| format!("{REGISTRY}/{it}"));
    let (found, result, bodies) = images(&all, |_, asked| {
        if asked.target.ends_with("ListImages") {
            let second = asked.body.contains("nextToken");
            let tags = if second { ["1.4.10", "2.0.0"] } else { ["1.4.9", "latest"] };
            let ids = tags.map(|it| json!({ "imageTag": it }));
            let token = if second { Value::Null } else { json!("more") };
            return ok(json!({ "imageIds": ids, "nextToken": token }));
        }
        let image = |(tag, letter)| ecr_image(Some(tag), letter, SINGLE, &json!({}));
        let images = [("1.4.10", "b"), ("v1", "a")].map(image);
        ok(json!({ "images": images }))
    });
    assert_eq!(result, Ok(()));
    assert_eq!(found[&all[0]].tag.as_deref(), Some("1.4.10"));
    assert_eq!(found[&all[0]].image, ImageFact::Single(digest("b")));
    assert_eq!(found[&all[1]].tag.as_deref(), Some(""));
    let ImageFact::Missing(why) = &found[&all[1]].image else { panic!("{found:?}") };
    assert!(why.contains("^3"), "{why}");
    assert_eq!(found[&all[2]].tag, None);
    assert_eq!(bodies.len(), 3, "two pages of tags, for both ranges, and one call for the images");
    assert_eq!(bodies[0]["filter"]["tagStatus"], "TAGGED");
}

/// A range that could not see all tags chooses none: a newer version may stand on a page that was not read.
#[test]
fn a_range_that_cannot_see_all_tags_fails() {
    let all = ["aa?semver=^1.4", "aa:v1"].map(|it| format!("{REGISTRY}/{it}"));
    let (found, result, _) = images(&all, |_, asked| {
        if asked.target.ends_with("ListImages") {
            let ids = [json!({ "imageTag": "1.4.9" })];
            return ok(json!({ "imageIds": ids, "nextToken": "more" }));
        }
        let image = |(tag, letter)| ecr_image(Some(tag), letter, SINGLE, &json!({}));
        let images = [("1.4.9", "b"), ("v1", "a")].map(image);
        ok(json!({ "images": images }))
    });
    let failure = result.unwrap_err();
    assert_eq!((failure.op, failure.class), ("ListImages", Class::Unclear));
    assert!(failure.cause.message.contains("100 pages"), "{failure:?}");
    assert_eq!(found.keys().collect::<Vec<_>>(), [&all[1]]);
}

/// What ECR says of an image that it does not give out: whether it is gone, is of no use, or may come by itself.
#[test]
fn what_ecr_does_not_give_out_now_is_asked_for_again() {
    let ask = |code: Option<&'static str>| {
        let reference = format!("{REGISTRY}/aa:v1");
        let (found, result, _) = images(&[reference.clone()], move |_, _| {
            let failure = json!({
                "imageId": { "imageTag": "v1" },
                "failureCode": code,
                "failureReason": "as ECR says",
            });
            ok(json!({ "images": [], "failures": [failure] }))
        });
        assert_eq!(result, Ok(()));
        let found = found[&reference].clone();
        let seen = Reading { live: found.clone(), revision: None, exact: true };
        let (name, spec) = (Name::new(reference.as_str()), Spec::of_reference(&reference).unwrap());
        let waits = Image::diff(&name, &spec, &seen, &Facts::default()).waits;
        (found.image, waits.into_iter().next().map(|it| (it.reason.code, it.recheck)))
    };
    let minute = Some(std::time::Duration::from_mins(1));
    for code in [
        "UpstreamTooManyRequests",
        "UpstreamUnavailable",
        "UpstreamAccessDenied",
        "KmsError",
        "ImageInaccessible",
        "SomethingNew",
    ] {
        let (image, waits) = ask(Some(code));
        let ImageFact::Unreadable(why) = image else { panic!("{code}: {image:?}") };
        assert!(why.contains(code) && why.contains("as ECR says"), "{why}");
        let todo = match code {
            "ImageInaccessible" => "UpdateImageStorageClass",
            "UpstreamAccessDenied" => "pull-through cache",
            _ => "",
        };
        assert!(why.contains(todo), "{why}");
        assert_eq!(waits, Some(("ImageUnreadable", minute)), "{code}");
    }
    assert!(matches!(ask(None).0, ImageFact::Unreadable(_)));
    assert!(matches!(ask(Some("ImageNotFound")).0, ImageFact::Missing(_)));
    assert!(matches!(ask(Some("InvalidImageDigest")).0, ImageFact::Unusable(_)));
}

const NAME: &str = "thumbs";

fn repository() -> Value {
    json!({
        "repositoryName": NAME,
        "repositoryArn": "arn:aws:ecr:eu-west-1:111122223333:repository/thumbs",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "dev-*" }],
        "imageScanningConfiguration": { "scanOnPush": true },
        "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "arn:aws:kms:k" },
    })
}

fn look(
    answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> Result<Option<Reading<Live>>, Failure> {
    let (clients, calls, _) = replay::aws(move |_, asked| answer(asked));
    let cloud = RepositoryCloud::new(clients.ecr, calls);
    replay::run(cloud.get(&Name::new(NAME), None, Priority::Mover)).map(|(found, _)| found)
}

fn described(asked: &Asked) -> Answer {
    match asked.target.rsplit('.').next().unwrap() {
        "DescribeRepositories" => ok(json!({ "repositories": [repository()] })),
        "ListTagsForResource" => ok(json!({ "tags": [{ "Key": "team", "Value": "blue" }] })),
        "GetLifecyclePolicy" => ok(json!({ "lifecyclePolicyText": "{\"rules\": []}" })),
        "GetRepositoryPolicy" => error(400, "RepositoryPolicyNotFoundException", "none"),
        other => panic!("{other}"),
    }
}

#[test]
fn a_repository_is_read_with_four_calls() {
    let live = look(described).unwrap().unwrap().live;
    assert_eq!(live.config.image_tag_mutability, "IMMUTABLE_WITH_EXCLUSION");
    assert_eq!(live.config.exclusions, BTreeSet::from(["dev-*".to_owned()]));
    assert!(live.config.scan_on_push);
    assert_eq!(live.encryption.kms_key.as_deref(), Some("arn:aws:kms:k"));
    assert_eq!(live.tags, Known::Yes(Tags::from([("team".into(), "blue".into())])));
    assert_eq!(live.lifecycle, Known::Yes(Some(json!({ "rules": [] }))));
    assert_eq!(live.policy, Known::Yes(None));
}

#[test]
fn what_may_not_be_read_of_a_repository_is_unknown_and_what_fails_fails() {
    let refuse = |operation: &'static str, status, code: &'static str| {
        look(move |asked| {
            let hit = asked.target.ends_with(operation);
            if hit { error(status, code, "no") } else { described(asked) }
        })
    };
    let denied = refuse("GetRepositoryPolicy", 400, "AccessDeniedException").unwrap().unwrap();
    assert!(
        matches!(denied.live.policy, Known::No(_)) && matches!(denied.live.tags, Known::Yes(_))
    );
    let throttled = refuse("ListTagsForResource", 400, "ThrottlingException");
    assert_eq!(throttled.unwrap_err().class, Class::Throttled);
    let gone = refuse("DescribeRepositories", 400, "RepositoryNotFoundException");
    assert_eq!(gone, Ok(None));
    let broken = look(|asked| {
        let hit = asked.target.ends_with("GetLifecyclePolicy");
        let html = || ok(json!({ "lifecyclePolicyText": "<html>" }));
        if hit { html() } else { described(asked) }
    });
    assert!(matches!(broken.unwrap().unwrap().live.lifecycle, Known::No(_)));
}

/// What a step sends: the operation and the body.
fn sent(step: &Step) -> (String, Value) {
    let (clients, calls, tape) = replay::aws(|_, _| ok(json!({})));
    let cloud = RepositoryCloud::new(clients.ecr, calls);
    replay::run(cloud.apply(step)).unwrap();
    let asked = tape.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    let operation = asked[0].target.rsplit('.').next().unwrap().to_owned();
    (operation, serde_json::from_str(&asked[0].body).unwrap())
}

#[test]
fn every_step_on_a_repository_is_the_call_that_it_names() {
    let name = || Name::new(NAME);
    let arn = || "arn:aws:ecr:eu-west-1:111122223333:repository/thumbs".to_owned();
    let tags = || Tags::from([("team".to_owned(), "blue".to_owned())]);
    let create = Step::Create {
        name: name(),
        config: Config {
            image_tag_mutability: "IMMUTABLE".into(),
            exclusions: BTreeSet::new(),
            scan_on_push: true,
        },
        encryption: Some(Encryption { encryption_type: "AES256".into(), kms_key: None }),
        tags: tags(),
    };
    let (operation, body) = sent(&create);
    assert_eq!((operation.as_str(), &body["repositoryName"]), ("CreateRepository", &json!(NAME)));
    assert_eq!(body["imageTagMutability"], "IMMUTABLE");
    assert_eq!(body["encryptionConfiguration"], json!({ "encryptionType": "AES256" }));
    assert_eq!(body["tags"], json!([{ "Key": "team", "Value": "blue" }]));
    assert!(body.get("imageTagMutabilityExclusionFilters").is_none(), "{body}");
    let exclusions = BTreeSet::from(["dev-*".to_owned()]);
    let shown = String::new();
    let mutability = "MUTABLE_WITH_EXCLUSION".to_owned();
    let step = Step::Mutability { name: name(), mutability, exclusions, shown };
    let (operation, body) = sent(&step);
    assert_eq!(operation, "PutImageTagMutability");
    assert_eq!(body["imageTagMutabilityExclusionFilters"][0]["filterType"], "WILDCARD");
    let keys = BTreeSet::from(["team".to_owned()]);
    let text = || Some("{}".to_owned());
    for (step, expected) in [
        (Step::Scanning { name: name(), scan_on_push: true }, "PutImageScanningConfiguration"),
        (Step::Lifecycle { name: name(), text: text() }, "PutLifecyclePolicy"),
        (Step::Lifecycle { name: name(), text: None }, "DeleteLifecyclePolicy"),
        (Step::Policy { name: name(), text: text() }, "SetRepositoryPolicy"),
        (Step::Policy { name: name(), text: None }, "DeleteRepositoryPolicy"),
        (Step::Tag { name: name(), arn: arn(), tags: tags(), shown: String::new() }, "TagResource"),
        (Step::Untag { name: name(), arn: arn(), keys, shown: String::new() }, "UntagResource"),
        (Step::Delete(name()), "DeleteRepository"),
    ] {
        let (operation, body) = sent(&step);
        assert_eq!(operation, expected);
        assert!(body.get("force").is_none(), "a repository is never deleted with its images");
    }
}
