"""Several accounts and Regions: each for itself, whatever happens to another."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from conftest import Starter
from proxy import Answer, Proxy, Seen
from stage import ACCOUNT, REGION, ROLE, Aws, Daemon, Moto, get, wait_for

OTHER = "210987654321"
AWAY = "eu-west-1"
EXTERNAL_ID = "evenkeel-4711"
OUTAGE = 60.0


@pytest.fixture
def other(moto: Moto) -> Aws:
    """Another account in another Region, with an image of its own."""
    aws = Aws(moto.url, moto.account(OTHER), AWAY)
    aws.role(ROLE)
    aws.ecr.create_repository(repositoryName="thumbnails")
    aws.push("thumbnails", "v1", "another")
    return aws


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One function in both targets, and one in each."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    for name, targets in (("both", "[home, away]"), ("here", "home"), ("there", "away")):
        write(folder, name, targets)
    return folder


def write(folder: Path, name: str, targets: str) -> None:
    (folder / f"{name}.yaml").write_text(
        "apiVersion: evenkeel.dev/v1\nkind: Function\n"
        f"metadata: {{ name: {name}, target: {targets} }}\n"
        f"spec: {{ image: 'thumbnails:v1', role: {ROLE}, memorySize: 512 }}\n"
    )


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    file = tmp_path / "targets.yaml"
    file.write_text(
        "targets:\n"
        f'  - {{ name: home, accountId: "{ACCOUNT}", region: {REGION} }}\n'
        f'  - {{ name: away, accountId: "{OTHER}", region: {AWAY}, '
        f'roleArn: "arn:aws:iam::{OTHER}:role/evenkeel", externalId: {EXTERNAL_ID} }}\n'
    )
    return file


def rows(daemon: Daemon) -> dict[str, str]:
    import json

    return {it["key"]: it["status"] for it in daemon.facets()}


MANY = [f"here-{it:02}" for it in range(60)]
KEYS = {"home/Function/both", "home/Function/here", "away/Function/both", "away/Function/there"}


def synced(daemon: Daemon, *keys: str) -> bool:
    found = rows(daemon)
    return all(found.get(it) == "synced" for it in keys or KEYS)


def memory(aws: Aws, name: str) -> int:
    return aws.function(name)["Configuration"]["MemorySize"]


def away_fails(answer: Answer):  # noqa: ANN201
    return lambda seen: answer if seen.region == AWAY else None


def test_two_accounts_in_two_regions(
    start: Starter, aws: Aws, other: Aws, targets: Path, proxy: Proxy
) -> None:
    daemon = start("--targets", str(targets))
    wait_for("all are in sync", lambda: synced(daemon))
    assert aws.names() == {"both", "here"} and other.names() == {"both", "there"}
    arn = other.function("both")["Configuration"]["FunctionArn"]
    assert arn == f"arn:aws:lambda:{AWAY}:{OTHER}:function:both"
    # The image of each account's own registry, and a role of its own.
    assert aws.digest("both") != other.digest("both")
    assert OTHER in other.function("both")["Configuration"]["Role"]
    assumed = [it for it in proxy.calls if b"Action=AssumeRole" in it.body]
    assert assumed and all(EXTERNAL_ID.encode() in it.body for it in assumed)
    other.functions.update_function_configuration(FunctionName="both", MemorySize=1024)
    wait_for("it is repaired", lambda: memory(other, "both") == 512)
    assert memory(aws, "both") == 512


def repair(aws: Aws, count: int) -> float:
    """Changes one function after the other: whoever keeps changing the same one back is left alone."""
    began, name = time.monotonic(), MANY[count % len(MANY)]
    aws.functions.update_function_configuration(FunctionName=name, MemorySize=1024 + count)
    wait_for("it is repaired", lambda: memory(aws, name) == 512, 30)
    return time.monotonic() - began


def test_an_outage_of_one_target_does_not_delay_the_other(
    start: Starter, aws: Aws, other: Aws, targets: Path, proxy: Proxy, capsys: pytest.CaptureFixture
) -> None:
    for name in MANY:
        write(start.folder, name, "home")
    daemon = start("--targets", str(targets))
    wait_for("all are in sync", lambda: synced(daemon, *KEYS, *(f"home/Function/{it}" for it in MANY)))
    before = [repair(aws, it) for it in range(15)]
    proxy.before = away_fails((500, {"Content-Type": "text/html"}, b"<h1>broken</h1>"))
    began, during = time.monotonic(), []
    while time.monotonic() < began + OUTAGE:
        during.append(repair(aws, 15 + len(during)))
    asked = sum(it.region == AWAY for it in proxy.calls if it.at > began)
    with capsys.disabled():
        print(
            f"\nrepair of one target in s, median and worst: {statistics.median(before):.2f} "
            f"{max(before):.2f} (n={len(before)}); while another answered only 500s for "
            f"{OUTAGE:.0f} s: {statistics.median(during):.2f} {max(during):.2f} "
            f"(n={len(during)}, {asked} calls to the broken one)"
        )
    # Far from each other only if one waits for the other: its timeouts and pauses are seconds.
    assert statistics.median(during) < 2 * statistics.median(before) + 1
    # Calm in an outage: it is not hammered.
    assert 0 < asked < 4 * OUTAGE
    proxy.before = None
    other.functions.update_function_configuration(FunctionName="there", MemorySize=1024)
    wait_for("the other recovers", lambda: memory(other, "there") == 512, 120)


def test_expired_credentials_pause_one_target_with_one_message(
    start: Starter, aws: Aws, other: Aws, targets: Path, proxy: Proxy
) -> None:
    daemon = start("--targets", str(targets))
    wait_for("all are in sync", lambda: synced(daemon))

    def expired(seen: Seen) -> Answer | None:
        if seen.region != AWAY:
            return None
        if seen.operation == "STS":
            error = b"<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>"
            return 403, {"Content-Type": "text/xml"}, error
        headers = {"X-Amzn-ErrorType": "ExpiredTokenException", "Content-Type": "application/json"}
        return 403, headers, b'{"message": "The security token included in the request is expired"}'

    proxy.before = expired
    paused = lambda: daemon.metric(  # noqa: E731
        "evenkeel_target_paused", target="away", reason="CredentialsInvalid"
    )
    wait_for("it is on hold", lambda: paused() == 1)
    # One target on hold is not the end of readiness; what is paused is not read.
    assert get(daemon.url + "/readyz") == "ok\n"
    aws.functions.update_function_configuration(FunctionName="here", MemorySize=1024)
    wait_for("the other goes on", lambda: memory(aws, "here") == 512)
    # What was under way when it was put on hold has come to its end by now.
    asked = len([it for it in proxy.calls if it.region == AWAY and it.operation != "STS"])
    lists = proxy.count("ListFunctions")
    wait_for("lists", lambda: proxy.count("ListFunctions") >= lists + 3)
    now = len([it for it in proxy.calls if it.region == AWAY and it.operation != "STS"])
    assert now == asked > 0
    told = [it for it in daemon.lines() if it.get("message") == "target on hold"]
    assert len(told) == 1 and told[0]["target"] == "away"
    proxy.before = None
    wait_for("it goes on by itself", lambda: paused() == 0)
    wait_for("all are in sync", lambda: synced(daemon))


def test_a_role_of_the_wrong_account_pauses_only_its_target(
    start: Starter, aws: Aws, other: Aws, targets: Path, proxy: Proxy, tmp_path: Path
) -> None:
    text = targets.read_text()
    wrong = text.replace(f'accountId: "{OTHER}"', 'accountId: "333333333333"')
    # A role of another account than the target's is refused before anything is asked.
    targets.write_text(wrong)
    done = start.evenkeel.call("plan", str(start.folder), "--targets", str(targets))
    assert done.returncode == 2 and "another account" in done.stderr
    assert proxy.calls == []
    # Without a role, the credentials themselves are of the wrong account.
    targets.write_text(wrong.split(", roleArn")[0] + " }\n")
    daemon = start("--targets", str(targets))
    paused = lambda: daemon.metric("evenkeel_target_paused", target="away")  # noqa: E731
    wait_for("it is on hold", lambda: paused() == 1)
    wait_for("the other goes on", lambda: aws.names() == {"both", "here"})
    assert all(it.operation == "STS" for it in proxy.calls if it.region == AWAY)
    assert other.names() == set()


def test_targets_files_are_checked(start: Starter, targets: Path, proxy: Proxy) -> None:
    good = targets.read_text()
    for old, new, part in (
        ("name: away", "name: Away", "no name for a target"),
        ("name: away", "name: home", "declared twice"),
        (f"region: {AWAY}", "region: Europe", "no Region"),
        (f"arn:aws:iam::{OTHER}:role/evenkeel", "evenkeel", "not the ARN of a role"),
        (f'"{OTHER}"', OTHER[:-1], "accountId"),
        ("externalId", "external", "unknown field"),
        ("region: eu-west-1", "region: eu-west-1, share: 2", "share"),
        ("region: eu-west-1", "region: eu-west-1, registry: docker.io", "no registry"),
    ):
        assert old in good
        targets.write_text(good.replace(old, new))
        done = start.evenkeel.call("plan", str(start.folder), "--targets", str(targets))
        assert done.returncode == 2 and part in done.stderr, (new, done.stderr)
    assert proxy.calls == []
