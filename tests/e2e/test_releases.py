"""Releases, as far as moto has them: versions, an alias, weights. It counts no calls, runs no code and does not
list what has provisioned concurrency; what a canary does then, and which versions go, is shown on the stand-in
(tests/it/releases/)."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from conftest import Starter
from stage import ROLE, Aws, Daemon, Evenkeel, Moto, get, wait_for, words

NAME = "thumbnails"
RELEASE = """
  release:
    smokeTests: [{ name: echo, payload: { seq: ACGT }, expect: { body: { /seq: ACGT } } }]
    keepVersions: 2
  url: { authType: AWS_IAM }
"""


@pytest.fixture
def folder(tmp_path: Path, moto: Moto) -> Path:
    # Without Docker an invocation answers with its event.
    body = b'{"lambda": {"use_docker": false}}'
    urllib.request.urlopen(f"{moto.url}/moto-api/config", data=body).read()
    copy = tmp_path / "releases"
    copy.mkdir()
    write(copy, RELEASE)
    return copy


def write(folder: Path, release: str) -> None:
    text = (
        f"apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {NAME} }}\n"
        f"spec:\n  image: thumbnails:v1\n  role: {ROLE}\n{release}"
    )
    (folder / "thumbnails.yaml").write_text(text)


def alias(aws: Aws) -> dict | None:
    try:
        return aws.functions.get_alias(FunctionName=NAME, Name="live")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException"
        return None


def statuses(daemon: Daemon) -> set[str]:
    return {it["status"] for it in daemon.facets()}


def runs(aws: Aws) -> str | None:
    """The digest of the version that callers get."""
    found = alias(aws)
    if found is None:
        return None
    version = aws.functions.get_function(FunctionName=NAME, Qualifier=found["FunctionVersion"])
    return "sha256:" + version["Configuration"]["CodeSha256"]


def test_a_version_is_tested_and_the_alias_moves_to_it(
    start: Starter, evenkeel: Evenkeel, folder: Path, aws: Aws, digests: dict[str, str]
) -> None:
    daemon = start()
    wait_for("the alias is there", lambda: runs(aws) == digests["thumbnails"])
    digest = aws.push("thumbnails", "v1", "another")
    wait_for("callers get the new one", lambda: runs(aws) == digest)
    first = alias(aws)["FunctionVersion"]
    wait_for("all is synced", lambda: statuses(daemon) == {"synced"})
    assert daemon.stop() == 0
    assert evenkeel.call("plan", str(folder)).returncode == 0

    # Somebody moves the alias.
    aws.functions.update_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    plan = evenkeel.call("plan", str(folder))
    assert plan.returncode == 1, plan.stdout
    assert f"~ version version 1 → version {first} (drift)" in words(plan.stdout)
    applied = evenkeel.call("apply", str(folder))
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert runs(aws) == digest

    # A person takes it back, and it stays so.
    back = evenkeel.call("rollback", NAME, "--to", "1")
    assert back.returncode == 0, back.stdout + back.stderr
    held = evenkeel.call("apply", str(folder))
    assert held.returncode == 1
    assert "ReleaseHeld" in held.stdout
    assert alias(aws)["FunctionVersion"] == "1"
    newest = aws.push("thumbnails", "v1", "a third")
    assert evenkeel.call("apply", str(folder)).returncode == 0
    assert runs(aws) == newest
    # Nobody can tell here what uses the old versions, so they stay.
    versions = aws.functions.list_versions_by_function(FunctionName=NAME)["Versions"]
    assert {"1", "2"} <= {it["Version"] for it in versions}


def test_a_version_that_fails_its_test_gets_no_callers(
    evenkeel: Evenkeel, folder: Path, aws: Aws, digests: dict[str, str]
) -> None:
    assert evenkeel.call("apply", str(folder)).returncode == 0
    write(folder, RELEASE.replace("/seq: ACGT", "/seq: TTTT"))
    aws.push("thumbnails", "v1", "another")
    applied = evenkeel.call("apply", str(folder))
    assert applied.returncode == 1, applied.stdout + applied.stderr
    assert 'smoke test echo: at `/seq` stands "ACGT", and should stand "TTTT"' in applied.stdout
    assert runs(aws) == digests["thumbnails"]
    again = evenkeel.call("apply", str(folder))
    assert again.returncode == 1
    assert "ReleaseHeld" in again.stdout
