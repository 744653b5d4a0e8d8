//! Regions outside the commercial partition: ARNs, hosts of registries, and what is said where they do not fit. The
//! real binary, without AWS.

use crate::{command_line::User, common::scene::Scene};

const ACCOUNT: &str = "123456789012";

/// A function with this image and role.
fn function(name: &str, image: &str, role: &str) -> String {
    format!(
        "---\napiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {name} }}\nspec:\n  image: \
         {image}\n  role: {role}\n"
    )
}

#[test]
fn every_partitions_registries_and_roles_are_taken_at_home_only() {
    let user = User::new();
    let image = |rest: &str| format!("{ACCOUNT}.dkr.ecr.{rest}/jobs:v1");
    let eusc = image("eusc-de-east-1.amazonaws.eu");
    let role = |partition: &str| format!("arn:{partition}:iam::{ACCOUNT}:role/x");
    let check = |text: &str, region: &str| {
        user.file("m/a.yaml", text);
        let target =
            format!("targets: [{{ name: default, accountId: \"{ACCOUNT}\", region: {region} }}]\n");
        user.file("targets.yaml", &target);
        user.run(&["check", "m", "--targets", "targets.yaml"])
    };
    for (region, image, partition) in [
        ("eusc-de-east-1", eusc.clone(), "aws-eusc"),
        ("us-iso-east-1", image("us-iso-east-1.c2s.ic.gov"), "aws-iso"),
        ("cn-north-1", image("cn-north-1.amazonaws.com.cn"), "aws-cn"),
        ("us-gov-west-1", image("us-gov-west-1.amazonaws.com"), "aws-us-gov"),
        ("us-east-1", format!("{ACCOUNT}.dkr-ecr.us-east-1.on.aws/jobs:v1"), "aws"),
    ] {
        let ended = check(&function("a", &image, &role(partition)), region);
        assert_eq!(ended.code, 0, "{region} {ended:?}");
    }
    let ended = check(&function("a", &eusc, &role("aws")), "eusc-de-east-1");
    let told = "the role is of the partition aws, and the target `default` is in eusc-de-east-1, of aws-eusc; write the \
                role's name, or an ARN that begins with `arn:aws-eusc:`";
    assert!(ended.code == 2 && ended.out.contains(told), "{ended:?}");
    let wrong = image("eusc-de-east-1.amazonaws.com");
    let ended = check(&function("a", &wrong, "x"), "eusc-de-east-1");
    let told =
        format!("the partition aws-eusc; write `{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu`");
    assert!(ended.code == 2 && ended.out.contains(&told), "{ended:?}");
}

#[test]
fn a_target_of_one_partition_takes_no_role_or_registry_of_another() {
    let user = User::new();
    user.file("m/a.yaml", &function("a", "jobs:v1", "x"));
    let check = |more: &str| {
        let target = format!(
            "targets: [{{ name: a, accountId: \"{ACCOUNT}\", region: cn-north-1, {more} }}]\n"
        );
        user.file("targets.yaml", &target);
        user.run(&["check", "m", "--targets", "targets.yaml"])
    };
    let ended = check(&format!("roleArn: \"arn:aws:iam::{ACCOUNT}:role/x\""));
    let told = "another partition than the Region, where ARNs begin with `arn:aws-cn:`";
    assert!(ended.code == 2 && ended.err.contains(told), "{ended:?}");
    let ended = check(&format!("registry: {ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com"));
    let told = format!("write `{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn`");
    assert!(ended.code == 2 && ended.err.contains(&told), "{ended:?}");
    let ended = check(&format!("roleArn: \"arn:aws-cn:iam::{ACCOUNT}:role/x\""));
    assert!(!ended.err.contains("partition"), "{ended:?}");
}

/// The stand-in takes the plain host only, as Lambda is documented to.
#[tokio::test(flavor = "multi_thread")]
async fn another_host_of_a_registry_is_sent_as_the_plain_one_and_told() {
    let scene = Scene::new().await;
    let (region, account) = (crate::common::scene::REGION, crate::common::scene::ACCOUNT);
    let host = format!("{account}.dkr-ecr.{region}.on.aws");
    let path = scene.manifests().join("job.yaml");
    std::fs::write(&path, function("job", &format!("{host}/jobs:v1"), "job")).unwrap();
    let (code, text) = scene.planned(&[]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(&host) && text.contains("which is the same registry"), "{text}");
    scene.apply().await;
    scene.assert_quiet().await;
    // It is the same registry, so nothing changes with the spelling.
    std::fs::write(&path, function("job", "jobs:v1", "job")).unwrap();
    scene.assert_quiet().await;
}
