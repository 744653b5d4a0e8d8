"""Event sources, as far as moto has them: queues, Kinesis and DynamoDB streams."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Starter
from proxy import Proxy
from stage import HOME, ROLE, Aws, Daemon, Evenkeel, Moto, client, get, wait_for, words

QUEUE = """
    - eventSourceArn: {queue}
      batchSize: 20
      maximumBatchingWindowInSeconds: 5
      functionResponseTypes: [ReportBatchItemFailures]
      filterCriteria: {{ filters: [{{ pattern: '{{"body": {{"kind": ["order"]}}}}' }}] }}
      scalingConfig: {{ maximumConcurrency: 4 }}"""
CLICKS = """
    - eventSourceArn: {clicks}
      startingPosition: LATEST
      maximumRetryAttempts: 3
      bisectBatchOnFunctionError: true"""
PRICES = """
    - {{ eventSourceArn: "{prices}", startingPosition: TRIM_HORIZON, enabled: false }}"""


@pytest.fixture
def arns(moto: Moto) -> dict[str, str]:
    """What is polled: a queue, a stream and a table's stream, and a queue of somebody else's."""
    sqs, kinesis, tables = (client(moto.url, it, HOME) for it in ("sqs", "kinesis", "dynamodb"))

    def queue(name: str) -> str:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    table = tables.create_table(
        TableName="prices",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return {
        "queue": queue("orders"),
        "theirs": queue("theirs"),
        "clicks": kinesis.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"],
        "prices": table["TableDescription"]["LatestStreamArn"],
    }


@pytest.fixture
def folder(tmp_path: Path, arns: dict[str, str]) -> Path:
    copy = tmp_path / "sources"
    copy.mkdir()
    write(copy, arns, QUEUE + CLICKS + PRICES)
    return copy


def write(folder: Path, arns: dict[str, str], sources: str) -> None:
    text = (
        "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: { name: thumbnails }\n"
        f"spec:\n  image: thumbnails:v1\n  role: {ROLE}\n"
    )
    if sources:
        text += "  eventSources:" + sources.format(**arns) + "\n"
    (folder / "thumbnails.yaml").write_text(text)


def mappings(aws: Aws) -> dict[str, dict]:
    found = aws.functions.list_event_source_mappings()["EventSourceMappings"]
    return {it["EventSourceArn"]: it for it in found}


def rows(daemon: Daemon) -> list[dict]:
    return daemon.facets()


def test_event_sources_are_made_repaired_and_taken_away(
    start: Starter, evenkeel: Evenkeel, folder: Path, arns: dict[str, str], aws: Aws, proxy: Proxy
) -> None:
    queue, clicks, prices, theirs = (arns[it] for it in ("queue", "clicks", "prices", "theirs"))
    daemon = start()
    wait_for("all are made", lambda: mappings(aws).keys() == {queue, clicks, prices})
    wait_for("all is synced", lambda: len(rows(daemon)) > 3 and {it["status"] for it in rows(daemon)} == {"synced"})
    made = mappings(aws)
    assert (made[queue]["BatchSize"], made[queue]["MaximumBatchingWindowInSeconds"]) == (20, 5)
    assert made[queue]["ScalingConfig"] == {"MaximumConcurrency": 4}
    assert json.loads(made[queue]["FilterCriteria"]["Filters"][0]["Pattern"]) == {"body": {"kind": ["order"]}}
    assert (made[clicks]["StartingPosition"], made[clicks]["MaximumRetryAttempts"]) == ("LATEST", 3)
    assert made[prices]["State"] == "Disabled"
    tags = aws.functions.list_tags(Resource=made[queue]["EventSourceMappingArn"])["Tags"]
    assert tags["evenkeel.dev/object"] == f"EventSource/thumbnails/{queue}"
    # A document's own series hold what becomes of its parts.
    labels = {"kind": "Function", "name": "thumbnails", "target": "default"}
    assert daemon.metric("evenkeel_object_status", status="synced", **labels) == 1
    assert daemon.stop() == 0

    def change(arn: str, **members: object) -> None:
        aws.functions.update_event_source_mapping(UUID=made[arn]["UUID"], **members)

    change(queue, BatchSize=11, FilterCriteria={})
    change(prices, Enabled=True)
    aws.functions.create_event_source_mapping(EventSourceArn=theirs, FunctionName="thumbnails")
    arguments = (str(folder),)
    plan = evenkeel.call("plan", *arguments)
    assert plan.returncode == 1, plan.stdout
    assert "~ batchSize 11 → 20 (drift)" in words(plan.stdout)
    assert "~ filterCriteria [] → " in words(plan.stdout)
    assert "~ enabled true → false (drift)" in words(plan.stdout)
    proxy.clear()
    applied = evenkeel.call("apply", *arguments)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    again = mappings(aws)
    assert (again[queue]["BatchSize"], again[prices]["State"]) == (20, "Disabled")
    assert again[queue]["UUID"] == made[queue]["UUID"]
    # Two repairs, and nothing else.
    assert len(proxy.writes()) == 2

    write(folder, arns, CLICKS)
    assert evenkeel.call("apply", *arguments).returncode == 0
    assert mappings(aws).keys() == {clicks, theirs}
    write(folder, arns, "")
    assert evenkeel.call("apply", *arguments).returncode == 0
    assert mappings(aws).keys() == {theirs}
    assert evenkeel.call("plan", *arguments).returncode == 0


def test_an_event_source_goes_while_the_daemon_runs(
    start: Starter, folder: Path, arns: dict[str, str], aws: Aws
) -> None:
    start()
    wait_for("all are made", lambda: len(mappings(aws)) == 3)
    write(folder, arns, QUEUE)
    wait_for("the streams are no longer polled", lambda: mappings(aws).keys() == {arns["queue"]})
    aws.functions.delete_event_source_mapping(UUID=mappings(aws)[arns["queue"]]["UUID"])
    wait_for("the queue is polled again", lambda: mappings(aws).keys() == {arns["queue"]})


def test_what_lambda_would_refuse_is_said_offline(
    evenkeel: Evenkeel, folder: Path, arns: dict[str, str]
) -> None:
    write(folder, arns, QUEUE.replace("      maximumBatchingWindowInSeconds: 5\n", "") + CLICKS.replace("      startingPosition: LATEST\n", ""))
    checked = evenkeel.call("check", str(folder))
    assert checked.returncode == 2
    said = checked.stdout + checked.stderr
    assert "batches of 20 records of a queue need a batching window" in said
    assert "a Kinesis stream needs `startingPosition`" in said
