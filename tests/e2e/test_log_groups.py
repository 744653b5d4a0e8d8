"""The log group of a function, on moto: made, kept as it should be, and left where it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Starter
from proxy import Proxy
from stage import ROLE, Aws, Evenkeel, wait_for, words

GROUP = "/aws/lambda/thumbnails"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "log-groups"
    copy.mkdir()
    write(copy, f"logGroup: {{ retentionInDays: 30, kmsKeyId: '{KEY}' }}")
    return copy


def write(folder: Path, blocks: str) -> None:
    text = (
        "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: { name: thumbnails }\n"
        f"spec:\n  image: thumbnails:v1\n  role: {ROLE}\n  {blocks}\n"
    )
    (folder / "thumbnails.yaml").write_text(text)


def group(aws: Aws, name: str = GROUP) -> dict | None:
    found = aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((it for it in found if it["logGroupName"] == name), None)


def noted(aws: Aws) -> bool:
    return "evenkeel.dev/block/logGroup" in aws.function("thumbnails")["Tags"]


def test_a_log_group_is_made_and_kept_and_stays(
    start: Starter, evenkeel: Evenkeel, folder: Path, aws: Aws, proxy: Proxy
) -> None:
    # Its name begins with the other's.
    aws.logs.create_log_group(logGroupName=GROUP + "-old")
    daemon = start()
    made = wait_for("the group is made", lambda: (it := group(aws)) and it.get("retentionInDays") and it)
    assert (made["retentionInDays"], made["kmsKeyId"]) == (30, KEY)
    wait_for("it is known to be ours", lambda: noted(aws))
    assert daemon.stop() == 0

    aws.logs.put_retention_policy(logGroupName=GROUP, retentionInDays=3653)
    arguments = (str(folder),)
    plan = evenkeel.call("plan", *arguments)
    assert plan.returncode == 1, plan.stdout
    assert "~ retentionInDays 3653 → 30 (drift)" in words(plan.stdout)
    proxy.clear()
    applied = evenkeel.call("apply", *arguments)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert group(aws)["retentionInDays"] == 30
    # One repair, and nothing else.
    assert [it.operation for it in proxy.writes()] == ["PutRetentionPolicy"]
    assert evenkeel.call("plan", *arguments).returncode == 0

    # moto cannot take a key away.
    write(folder, f"logGroup: {{ kmsKeyId: '{KEY}' }}")
    assert evenkeel.call("apply", *arguments).returncode == 0
    assert "retentionInDays" not in group(aws)

    aws.logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    write(folder, "")
    applied = evenkeel.call("apply", *arguments)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    # Logs are data: nobody deletes them, or the time that they are kept.
    assert group(aws)["retentionInDays"] == 7
    assert not noted(aws)
    assert "retentionInDays" not in group(aws, GROUP + "-old")
    assert evenkeel.call("plan", *arguments).returncode == 0
