//! Bulk reads over HTTP, on recorded answers: what goes out, page by page, and the rows that come of it.

use std::collections::BTreeSet;

use evenkeel::{
    aws::bulk::BulkClient,
    engine::{
        bulk_rows::{BulkRow, BulkSubject},
        failure::{Class, Failure},
        name::Name,
    },
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::common::replay::{self, Answer, Asked, error, ok};

/// What came of a read: how it ended, its rows, and what was asked.
type BulkRead<T> = (Result<T, Failure>, Vec<BulkRow>, Vec<(String, Value)>);

fn read<T>(
    answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static,
    act: impl AsyncFnOnce(BulkClient<'_>) -> Result<T, Failure>,
) -> BulkRead<T> {
    let aws = replay::aws(answer);
    let (sender, mut receiver) = mpsc::channel(64);
    let client = BulkClient { clients: &aws.0, calls: &aws.1, rows: &sender };
    let result = replay::run(act(client));
    let mut rows = Vec::new();
    while let Ok(page) = receiver.try_recv() {
        rows.extend(page);
    }
    let asked = aws.2.asked.lock().unwrap();
    let asked = asked.iter().map(|it| (it.target.clone(), serde_json::from_str(&it.body).unwrap()));
    (result, rows, asked.collect())
}

fn tags(answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static) -> BulkRead<()> {
    read(answer, async |client| client.tags().await)
}

fn groups(
    (names, pages): (&[&str], Option<usize>),
    answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static,
) -> BulkRead<Option<usize>> {
    let names: BTreeSet<String> = names.iter().map(|it| (*it).to_owned()).collect();
    read(answer, async move |client| client.log_groups(&names, pages).await)
}

fn row(of: BulkSubject, shown: &[(&str, &str)]) -> BulkRow {
    let shown = shown.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    BulkRow { of, shown: shown.collect() }
}

#[test]
fn tags_are_read_page_by_page_without_a_filter_for_tags() {
    let resource = |arn: &str, tags: Value| json!({ "ResourceARN": arn, "Tags": tags });
    let (result, rows, asked) = tags(move |number, _| match number {
        0 => ok(json!({ "PaginationToken": "more", "ResourceTagMappingList": [
            resource("arn:aws:lambda:eu-west-1:1:function:resize", json!([{ "Key": "team", "Value": "a" }])),
            resource("arn:aws:lambda:eu-west-1:1:code-signing-config:c", json!([])),
        ]})),
        // A page may be empty, and another follow.
        1 => ok(json!({ "PaginationToken": "last", "ResourceTagMappingList": [] })),
        _ => ok(json!({ "PaginationToken": "", "ResourceTagMappingList": [
            resource("arn:aws:lambda:eu-west-1:1:event-source-mapping:0a-1b", json!([])),
            resource("arn:aws:ecr:eu-west-1:1:repository/team/jobs", json!([{ "Key": "b", "Value": "" }])),
        ]})),
    });
    assert!(result.is_ok(), "{result:?}");
    let expected = [
        row(BulkSubject::Function(Name::new("resize")), &[("team", "a")]),
        row(BulkSubject::EventSource("0a-1b".into()), &[]),
        row(BulkSubject::Repository(Name::new("team/jobs")), &[("b", "")]),
    ];
    assert_eq!(rows, expected);
    let call = "ResourceGroupsTaggingAPI_20170126.GetResources";
    let body = |token: Value| {
        let mut body = json!({ "ResourceTypeFilters": ["lambda", "ecr"], "ResourcesPerPage": 100 });
        if !token.is_null() {
            body["PaginationToken"] = token;
        }
        (call.to_owned(), body)
    };
    assert_eq!(asked, [body(Value::Null), body(json!("more")), body(json!("last"))]);
}

#[test]
fn a_bulk_read_that_may_not_be_done_says_so() {
    let (result, rows, _) = tags(|_, _| {
        error(400, "AccessDeniedException", "not authorized to perform tag:GetResources")
    });
    let failure = result.unwrap_err();
    assert_eq!((failure.class, failure.op, rows.len()), (Class::Denied, "GetResources", 0));
    let (result, ..) = tags(|_, _| error(400, "ThrottledException", "slow down"));
    assert_eq!(result.unwrap_err().class, Class::Throttled);
    let (result, ..) = tags(|_, _| error(400, "PaginationTokenExpiredException", "too late"));
    assert_eq!(result.unwrap_err().class, Class::Unclear);
}

#[test]
fn log_groups_are_read_by_pages_or_one_by_one() {
    let group = |name: &str, days: Value| json!({ "logGroupName": name, "retentionInDays": days });
    let answer = move |_: usize, asked: &Asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        match (body["logGroupNamePrefix"].as_str().unwrap(), body["nextToken"].as_str()) {
            ("/aws/lambda/", None) => ok(json!({ "nextToken": "t", "logGroups": [
                { "logGroupName": "/aws/lambda/a", "kmsKeyId": "arn:key", "retentionInDays": 30 },
            ]})),
            ("/aws/lambda/", Some(_)) => {
                ok(json!({ "logGroups": [group("/aws/lambda/b", json!(null))] }))
            }
            (name, _) => ok(json!({ "nextToken": "t", "logGroups": [group(name, json!(7))] })),
        }
    };
    let of = |name: &str| BulkSubject::LogGroup(name.to_owned());
    let names = ["/aws/lambda/a", "/aws/lambda/b", "jobs"];
    let (result, rows, asked) = groups((&names, None), answer);
    assert_eq!(result.unwrap(), Some(2));
    let jobs = row(of("jobs"), &[("", "jobs"), ("retentionInDays", "7")]);
    let a = [("", "/aws/lambda/a"), ("kmsKeyId", "arn:key"), ("retentionInDays", "30")];
    let b = row(of("/aws/lambda/b"), &[("", "/aws/lambda/b")]);
    assert_eq!(rows, [row(of("/aws/lambda/a"), &a), b, jobs]);
    assert_eq!(asked.len(), 3);
    // Where Lambda's own names are more pages than are asked for, each is a call.
    let (result, rows, asked) = groups((&names, Some(3)), answer);
    assert_eq!((result.unwrap(), rows.len(), asked.len()), (None, 3, 3));
    let (result, rows, asked) = groups((&[], None), answer);
    assert_eq!((result.unwrap(), rows.len(), asked.len()), (None, 0, 0));
}
