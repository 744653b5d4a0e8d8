"""What hangs on a function, as far as moto has it: URL, permissions, reserved concurrency."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from conftest import Starter
from proxy import Proxy
from stage import ROLE, Aws, Daemon, Evenkeel, get, wait_for, words

BLOCKS = """
  url: { authType: AWS_IAM, cors: { allowOrigins: ["https://a.example"] } }
  permissions:
    - { sid: uploads, principal: s3.amazonaws.com, sourceArn: "arn:aws:s3:::uploads" }
    - { sid: topic, principal: sns.amazonaws.com }
  asyncInvoke: { maximumRetryAttempts: 1 }
  concurrency: { reserved: 7 }
"""

KINDS = ("Url", "Permissions", "AsyncInvoke", "Concurrency")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "blocks"
    copy.mkdir()
    write(copy, BLOCKS)
    return copy


def write(folder: Path, blocks: str) -> None:
    text = (
        "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: { name: thumbnails }\n"
        f"spec:\n  image: thumbnails:v1\n  role: {ROLE}\n{blocks}"
    )
    (folder / "thumbnails.yaml").write_text(text)


def rows(daemon: Daemon) -> list[dict]:
    return daemon.facets()


def sids(aws: Aws) -> set[str]:
    try:
        policy = aws.functions.get_policy(FunctionName="thumbnails")["Policy"]
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException"
        return set()
    return {it["Sid"].rsplit("-", 1)[0] for it in json.loads(policy)["Statement"]}


def url(aws: Aws) -> dict | None:
    try:
        return aws.functions.get_function_url_config(FunctionName="thumbnails")
    except ClientError:
        return None


def reserved(aws: Aws) -> int | None:
    found = aws.functions.get_function_concurrency(FunctionName="thumbnails")
    return found.get("ReservedConcurrentExecutions")


def test_blocks_are_made_repaired_and_taken_away(
    start: Starter, evenkeel: Evenkeel, folder: Path, aws: Aws, proxy: Proxy
) -> None:
    daemon = start()
    wait_for("all is made", lambda: sids(aws) == {"ek-uploads", "ek-topic"} and url(aws) and reserved(aws) == 7)
    wait_for("all is synced", lambda: {it["status"] for it in rows(daemon)} == {"synced"})
    invoke = aws.functions.get_function_event_invoke_config(FunctionName="thumbnails")
    assert invoke["MaximumRetryAttempts"] == 1
    assert url(aws)["Cors"]["AllowOrigins"] == ["https://a.example"]
    assert {it["kind"] for it in rows(daemon)} == {"Function", *KINDS}
    # A document's own series hold what becomes of its parts.
    labels = {"kind": "Function", "name": "thumbnails", "target": "default"}
    assert daemon.metric("evenkeel_object_status", status="synced", **labels) == 1
    assert daemon.stop() == 0

    aws.functions.update_function_url_config(FunctionName="thumbnails", AuthType="NONE")
    aws.functions.put_function_concurrency(FunctionName="thumbnails", ReservedConcurrentExecutions=3)
    arguments = (str(folder),)
    plan = evenkeel.call("plan", *arguments)
    assert plan.returncode == 1, plan.stdout
    assert "~ authType NONE → AWS_IAM (drift)" in words(plan.stdout)
    assert "~ reserved 3 → 7 (drift)" in words(plan.stdout)
    proxy.clear()
    applied = evenkeel.call("apply", *arguments)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert (url(aws)["AuthType"], reserved(aws)) == ("AWS_IAM", 7)
    # Two repairs, and nothing else.
    assert len(proxy.writes()) == 2

    write(folder, "")
    assert evenkeel.call("apply", *arguments).returncode == 0
    assert (sids(aws), url(aws), reserved(aws)) == (set(), None, None)
    assert evenkeel.call("plan", *arguments).returncode == 0
