//! What cannot be read, and what must not be shown.

use evenkeel::{
    import::{SourceFormat, read, write},
    kinds::document::PLACEHOLDER,
};
use expect_test::expect;
use serde_json::json;

use crate::common::bomb;

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let mut told = String::new();
    for (name, text) in [
        ("empty.yaml", ""),
        ("list.json", "[]"),
        ("jsonnet.json", "{\n  FunctionName: std.extVar('name'),\n}"),
        ("bomb.yaml", &bomb()),
        ("tabs.yaml", "Resources:\n\tA: b"),
        ("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment"),
        ("terraform.tfstate", r#"{"version": 4, "lineage": "x", "resources": []}"#),
        ("zip.json", r#"{"FunctionName": "a", "Handler": "a.b", "Runtime": "nodejs22.x"}"#),
        ("two.yaml", "Resources: {}\n---\nResources: {}"),
        ("bucket.yaml", "Resources: { A: { Type: AWS::S3::Bucket } }"),
    ] {
        let error = read(text, None, name).unwrap_err();
        told += &format!("{error}\n");
    }
    expect![[r"
        empty.yaml: the file is of no tool that is known; ACK, CloudFormation, SAM, lambroll and `terraform show -json` are; say which it is, or export it
        list.json: the file is of no tool that is known; ACK, CloudFormation, SAM, lambroll and `terraform show -json` are; say which it is, or export it
        jsonnet.json:2: the JSON cannot be read; it has to be JSON; where it is Jsonnet, or has template functions in it, import what the tool makes of it (`lambroll render`)
        bomb.yaml:5:35: the file holds more than 50000 values; split it; aliases count as what they repeat
        tabs.yaml:2:1: the YAML cannot be read: a tab stands in the indentation; indent with spaces; YAML allows no tabs there
        deployment.yaml: the file is of no tool that is known; ACK, CloudFormation, SAM, lambroll and `terraform show -json` are; say which it is, or export it
        terraform.tfstate: the file is of no tool that is known; it is Terraform's own book; hand over what `terraform show -json` prints
        zip.json: it describes no function that ships as an image, and no repository; name another file
        two.yaml: the file should hold one document; split it
        bucket.yaml: it describes no function that ships as an image, and no repository; name another file
    "]].assert_eq(&told);
}

/// A function of Terraform's with a value, and what is said of the value.
fn terraform(value: &serde_json::Value, marks: &serde_json::Value) -> String {
    let function = json!({
        "address": "aws_lambda_function.a", "mode": "managed", "type": "aws_lambda_function", "name": "a",
        "values": {
            "function_name": "a", "package_type": "Image", "image_uri": "a:v1", "role": "r",
            "environment": [{ "variables": value }],
        },
        "sensitive_values": marks,
    });
    let state = json!({ "format_version": "1.0", "values": { "root_module": { "resources": [function] } } });
    let found = read(&state.to_string(), None, "state.json").unwrap();
    write(&found[0], &[])
}

#[test]
fn nothing_that_is_marked_as_sensitive_is_written() {
    let value = json!({ "TOKEN": "s3cr3t7Qz", "STAGE": "prod" });
    for marks in [
        json!({ "environment": [{ "variables": { "TOKEN": true } }] }),
        json!({ "environment": [{ "variables": true }] }),
        json!({ "environment": true }),
    ] {
        let text = terraform(&value, &marks);
        assert!(!text.contains("s3cr3t7Qz"), "{text}");
        assert!(text.contains(&format!("TOKEN: '{PLACEHOLDER}'")), "{text}");
    }
    assert!(terraform(&value, &json!({})).contains("TOKEN: s3cr3t7Qz"));
}

/// Two Regions of one state may have a function of one name.
#[test]
fn a_second_function_of_a_name_is_told() {
    let function = |address: &str, memory: u32| {
        json!({
            "address": address, "mode": "managed", "type": "aws_lambda_function", "name": "a",
            "values": {
                "function_name": "a", "package_type": "Image", "image_uri": "a:v1", "role": "r", "memory_size": memory,
            },
        })
    };
    let resources =
        [function("aws_lambda_function.one", 256), function("aws_lambda_function.two", 512)];
    let state =
        json!({ "format_version": "1.0", "values": { "root_module": { "resources": resources } } });
    let found = read(&state.to_string(), Some(SourceFormat::Terraform), "state.json").unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].spec["memorySize"], 256);
    assert!(
        found[0].left.iter().any(|it| it.path == "aws_lambda_function.two"),
        "{:?}",
        found[0].left
    );
}

/// Every name is made of the one before, nine times.
#[test]
fn names_that_are_made_of_names_end() {
    let queue = |level: usize| {
        let name = format!("${{Q{}}}", level + 1).repeat(9);
        (
            format!("Q{level}"),
            json!({ "Type": "AWS::Kinesis::Stream", "Properties": { "Name": { "Fn::Sub": name } } }),
        )
    };
    let mut resources: serde_json::Map<_, _> = (0..12).map(queue).collect();
    resources.insert(
        "Q12".into(),
        json!({ "Type": "AWS::Kinesis::Stream", "Properties": { "Name": "x" } }),
    );
    let function =
        json!({ "Code": { "ImageUri": "a:v1" }, "Role": "r", "Description": { "Ref": "Q0" } });
    resources
        .insert("F".into(), json!({ "Type": "AWS::Lambda::Function", "Properties": function }));
    let found =
        read(&json!({ "Resources": resources }).to_string(), None, "template.json").unwrap();
    assert!(found[0].left.iter().any(|it| it.path == "Resources.F.Properties.Description"));
}

/// What is left out of the manifest is told without anything that stands below the environment.
#[test]
fn what_is_left_of_an_environment_is_not_repeated() {
    let mut told = String::new();
    for environment in [
        "{ Variables: { PASSWORD: { Hunter2: x }, TOKEN: [Hunter2, { Hunter2: x }] } }",
        "{ Variables: { PASSWORD: !Hunter2 x, TOKEN: !Ref Hunter2, KEY: !GetAtt Hunter2.Arn } }",
        "{ Variables: { PASSWORD: !Hunter2, TOKEN: !ImportValue Hunter2 } }",
        "{ Variables: { Hunter 2: x, Hunter2-: y } }",
        "{ Variables: [Hunter2, { Hunter2: x }] }",
        "{ Variables: !Hunter2 x }",
        "{ Hunter2: x, Other: { Hunter2: x } }",
        "{ Hunter2: !Ref Hunter2 }",
        "[Hunter2]",
        "!Hunter2 x",
        "!Ref Hunter2",
        "Hunter2",
    ] {
        let text = format!(
            "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      FunctionName: a\n      Role: r\n      \
             Code: {{ ImageUri: \"aa:v1\" }}\n      Environment: {environment}\n"
        );
        let found = read(&text, None, "template.yaml").unwrap();
        for it in &found[0].left {
            told += &format!("{}: {}\n", it.path, it.why);
        }
    }
    assert!(!told.contains("Hunter"), "{told}");
    expect![[r"
        Resources.F.Properties.Environment.Variables.PASSWORD: it says where the value is, and not what it is
        Resources.F.Properties.Environment.Variables.TOKEN: it says where the value is, and not what it is
        Resources.F.Properties.Environment.Variables.KEY: `!GetAtt …` cannot be worked out from the template alone; write what it comes to
        Resources.F.Properties.Environment.Variables.PASSWORD: `! …` cannot be worked out from the template alone; write what it comes to
        Resources.F.Properties.Environment.Variables.TOKEN: `!Ref …` cannot be worked out from the template alone; write what it comes to
        Resources.F.Properties.Environment.Variables.PASSWORD: `! …` cannot be worked out from the template alone; write what it comes to
        Resources.F.Properties.Environment.Variables.TOKEN: `!ImportValue …` cannot be worked out from the template alone; write what it comes to
        Resources.F.Properties.Environment.Variables: a name in it is none that AWS allows
        Resources.F.Properties.Environment.Variables: its value does not fit `variables`: Environment variables, at most 4 KB in all. Their values appear in no output of Evenkeel's. `{ keep: true }` instead of a value: it must be there, and its value is somebody else's.
        Resources.F.Properties.Environment.Variables: `! …` cannot be worked out from the template alone; write what it comes to
        Resources.F.Properties.Environment: Evenkeel has no field for something in it; see whether that is needed
        Resources.F.Properties.Environment: Evenkeel has no field for something in it; see whether that is needed
        Resources.F.Properties.Environment: its value does not fit `environment`: The environment.
        Resources.F.Properties.Environment: `! …` cannot be worked out from the template alone; write what it comes to
        Resources.F.Properties.Environment: `!Ref …` cannot be worked out from the template alone; write what it comes to
        Resources.F.Properties.Environment: its value does not fit `environment`: The environment.
    "]].assert_eq(&told);
}

/// JSON that is small as a text and large in memory.
#[test]
fn json_of_very_many_values_is_refused() {
    let text = format!("[{}[]]", "[],".repeat(4_000_000));
    let error = read(&text, None, "state.json").unwrap_err().to_string();
    assert_eq!(error, "state.json: the file holds more than 8000000 keys and values; split it");
    // What stands within quotes is text.
    let text = format!("[\"\\\"{}\"]", "[],".repeat(4_000_000));
    let error = read(&text, None, "state.json").unwrap_err().to_string();
    assert!(error.contains("of no tool that is known"), "{error}");
}
