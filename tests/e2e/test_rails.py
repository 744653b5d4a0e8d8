"""What must not happen does not happen. Writes are counted between the daemon and moto."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from conftest import Starter
from proxy import Proxy
from stage import ACCOUNT, REPOSITORIES, Aws, Evenkeel, wait_for

ALL = set(REPOSITORIES)
FOREIGN = "arn:aws:iam::" + ACCOUNT + ":role/evenkeel-example"


def lists(proxy: Proxy, more: int) -> None:
    """Lets so many more lists begin: whatever a list could cause has been caused then."""
    before = proxy.count("ListFunctions")
    wait_for(f"{more} lists", lambda: proxy.count("ListFunctions") >= before + more)


def make_by_hand(aws: Aws, name: str) -> None:
    uri = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/{name}:v1"
    aws.functions.create_function(
        FunctionName=name, PackageType="Image", Code={"ImageUri": uri}, Role=FOREIGN
    )


def test_a_function_that_is_not_ours_is_left_alone(start: Starter, aws: Aws, proxy: Proxy) -> None:
    make_by_hand(aws, "thumbnails")
    daemon = start()
    row = daemon.wait_status("thumbnails", "refused")
    assert row["reason"] == "NotOwned" and "adopt" in row["message"]
    daemon.wait_synced(*(ALL - {"thumbnails"}))
    lists(proxy, 2)
    assert all(b"thumbnails" not in it.body + it.path.encode() for it in proxy.writes())
    found = aws.function("thumbnails")
    assert found["Configuration"]["MemorySize"] == 128 and not found.get("Tags")


def test_with_adopt_it_is_taken_over(start: Starter, aws: Aws, folder: Path) -> None:
    make_by_hand(aws, "thumbnails")
    with (folder / "thumbnails.yaml").open("a") as file:
        file.write("  policy: { adopt: true }\n")
    daemon = start()
    daemon.wait_synced("thumbnails")
    found = aws.function("thumbnails")
    assert found["Configuration"]["MemorySize"] == 512
    assert found["Tags"]["evenkeel.dev/owner"] == "demo"


def test_a_manifest_that_goes_is_reported_and_nothing_deleted(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    proxy.clear()
    (folder / "thumbnails.yaml").unlink()
    wait_for("it is a candidate", lambda: daemon.metric("evenkeel_prune_candidates") == 1)
    row = daemon.row("thumbnails")
    assert (row["status"], row["reason"]) == ("unknown", "ManifestGone")
    lists(proxy, 2)
    assert aws.names() == ALL and proxy.writes() == []
    # Its series have gone with its manifest.
    assert 'name="thumbnails"' not in daemon.metrics()


def test_it_is_still_reported_after_a_restart(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    first = start()
    first.wait_synced(*ALL)
    assert first.stop() == 0
    (folder / "thumbnails.yaml").unlink()
    daemon = start()
    wait_for("it is a candidate", lambda: daemon.metric("evenkeel_prune_candidates") == 1)
    assert daemon.row("thumbnails")["reason"] == "ManifestGone"


def test_when_all_manifests_go_nothing_is_deleted(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    proxy.clear()
    for file in folder.iterdir():
        file.unlink()
    loads = lambda: daemon.metric("evenkeel_source_loads_total", result="error")  # noqa: E731
    wait_for("the source is in error", lambda: loads() >= 1)
    lists(proxy, 2)
    assert aws.names() == ALL and proxy.writes() == []
    # The last good manifests still count: drift is still repaired.
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
    wait_for("it is repaired", lambda: memory(aws, "thumbnails") == 512)


def memory(aws: Aws, name: str) -> int:
    return aws.function(name)["Configuration"]["MemorySize"]


def test_a_broken_file_stops_nobody_else(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    broken = (folder / "thumbnails.yaml").read_text().replace("512", "64")
    (folder / "thumbnails.yaml").write_text(broken)
    invalid = lambda: daemon.metric("evenkeel_source_manifests", state="invalid")  # noqa: E731
    wait_for("it is told", lambda: invalid() == 1)
    text = (folder / "sequencing.yaml").read_text().replace("timeout: 300", "timeout: 301")
    (folder / "sequencing.yaml").write_text(text)
    found = lambda: aws.function("fastq-quality")["Configuration"]["Timeout"]  # noqa: E731
    wait_for("the good one goes on", lambda: found() == 301)
    assert memory(aws, "thumbnails") == 512
    row = daemon.row("thumbnails")
    assert any(it["type"] == "Frozen" for it in row["conditions"])
    assert daemon.metric("evenkeel_prune_candidates") == 0


def test_a_restart_with_a_broken_file_leaves_its_function_alone(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    first = start()
    first.wait_synced(*ALL)
    assert first.stop() == 0
    proxy.clear()
    (folder / "thumbnails.yaml").write_text("kind: [")
    daemon = start()
    reason = lambda: daemon.row("thumbnails")["reason"]  # noqa: E731
    wait_for("it is told", lambda: reason() == "ManifestInvalid")
    lists(proxy, 2)
    assert proxy.writes() == [] and aws.names() == ALL


def test_a_restart_writes_nothing(start: Starter, proxy: Proxy) -> None:
    first = start()
    first.wait_synced(*ALL)
    assert first.stop() == 0
    proxy.clear()
    second = start()
    second.wait_synced(*ALL)
    lists(proxy, 3)
    assert proxy.writes() == []


def test_observing_writes_nothing_and_shows_drift(
    start: Starter, aws: Aws, proxy: Proxy
) -> None:
    first = start()
    first.wait_synced(*ALL)
    assert first.stop() == 0
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
    aws.functions.delete_function(FunctionName="annotate-variants")
    proxy.clear()
    daemon = start("--mode", "observe")
    daemon.wait_status("thumbnails", "drifted")
    # Until the image has been looked up, that is what it waits for.
    wait_for("the image is known", lambda: daemon.row("thumbnails")["reason"] == "Observing")
    row = daemon.row("thumbnails")
    assert row["causes"] == ["config"]
    change = {"path": "/memorySize", "desired": "512", "live": "1024"}
    assert [{k: it[k] for k in change} for it in row["changes"]] == [change]
    drift = daemon.metric("evenkeel_object_drift", name="thumbnails", cause="config")
    assert drift == 1
    daemon.wait_status("annotate-variants", "pending")
    lists(proxy, 3)
    assert proxy.writes() == []


def test_observing_in_the_manifest_is_enough(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    with (folder / "thumbnails.yaml").open("a") as file:
        file.write("  policy: { mode: observe }\n")
    daemon = start()
    daemon.wait_status("thumbnails", "pending")
    daemon.wait_synced(*(ALL - {"thumbnails"}))
    lists(proxy, 2)
    assert "thumbnails" not in aws.names()


def test_suspending_holds_writes_and_shows_drift(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    daemon = start()
    daemon.wait_synced(*ALL)
    text = (folder / "thumbnails.yaml").read_text()
    held = text + "  policy: { suspend: { reason: incident 4711 } }\n"
    (folder / "thumbnails.yaml").write_text(held)
    row = daemon.wait_status("thumbnails", "suspended")
    assert "incident 4711" in row["message"]
    aws.functions.update_function_configuration(FunctionName="thumbnails", MemorySize=1024)
    drifted = lambda: daemon.row("thumbnails")["causes"] == ["config"]  # noqa: E731
    wait_for("drift is still seen", drifted)
    lists(proxy, 2)
    assert memory(aws, "thumbnails") == 1024
    (folder / "thumbnails.yaml").write_text(text)
    wait_for("it is repaired", lambda: memory(aws, "thumbnails") == 512)


def test_what_is_left_to_others_stays(
    start: Starter, aws: Aws, proxy: Proxy, folder: Path
) -> None:
    with (folder / "thumbnails.yaml").open("a") as file:
        file.write("  policy: { ignore: [/memorySize] }\n")
    daemon = start()
    daemon.wait_synced(*ALL)
    assert memory(aws, "thumbnails") == 512
    aws.functions.update_function_configuration(
        FunctionName="thumbnails", MemorySize=1024, Timeout=9
    )
    found = lambda: aws.function("thumbnails")["Configuration"]["Timeout"]  # noqa: E731
    wait_for("the rest is repaired", lambda: found() == 30)
    daemon.wait_synced("thumbnails")
    lists(proxy, 2)
    assert memory(aws, "thumbnails") == 1024
    conditions = daemon.row("thumbnails")["conditions"]
    ignored = next(it for it in conditions if it["type"] == "Ignored")
    assert "memorySize 1024 → 512" in ignored["message"]


def test_the_wrong_account_pauses_the_target(start: Starter, aws: Aws, proxy: Proxy) -> None:
    daemon = start("--account-id", "999999999999")
    paused = lambda: daemon.metric("evenkeel_target_paused", reason="WrongAccount")  # noqa: E731
    wait_for("it is on hold", lambda: paused() == 1)
    row = daemon.wait_status("thumbnails", "unknown")
    assert row["reason"] == "WrongAccount"
    assert {it.operation for it in proxy.calls} == {"STS"}


def test_one_wrong_account_does_not_stop_the_other(
    start: Starter, aws: Aws, folder: Path, tmp_path: Path
) -> None:
    targets = tmp_path / "targets.yaml"
    targets.write_text(
        "targets:\n"
        f'  - {{ name: default, accountId: "{ACCOUNT}", region: eu-central-1 }}\n'
        '  - { name: other, accountId: "999999999999", region: eu-west-1 }\n'
    )
    text = (folder / "thumbnails.yaml").read_text()
    (folder / "thumbnails.yaml").write_text(
        text.replace("name: thumbnails", "name: thumbnails\n  target: [default, other]")
    )
    daemon = start("--targets", str(targets))
    answer = lambda: daemon.objects()  # noqa: E731
    wait_for("one is paused", lambda: daemon.metric("evenkeel_target_paused", target="other") == 1)
    wait_for("the other goes on", lambda: ALL == aws.names())
    assert daemon.metric("evenkeel_target_paused", target="default") == 0
    assert answer()


def test_sigterm_ends_it_and_sighup_reads_again(start: Starter, folder: Path) -> None:
    daemon = start("--resync", "10m")
    daemon.wait_synced(*ALL)
    loads = lambda: daemon.metric("evenkeel_source_loads_total")  # noqa: E731
    before = loads()
    daemon.process.send_signal(signal.SIGHUP)
    wait_for("it reads again", lambda: loads() > before)
    assert daemon.stop() == 0
    assert any(it.get("message") == "stopped" for it in daemon.lines())


def test_the_call_in_flight_finishes_at_sigterm(
    start: Starter, aws: Aws, proxy: Proxy
) -> None:
    import threading

    daemon_ready = threading.Event()
    asked = threading.Event()

    def hold(seen) -> None:  # noqa: ANN001
        if seen.operation == "CreateFunction":
            asked.set()
            daemon_ready.wait(20)

    proxy.before = hold
    daemon = start()
    assert asked.wait(30)
    daemon.process.send_signal(signal.SIGTERM)
    daemon_ready.set()
    assert daemon.process.wait(35) == 0
    applied = [it for it in daemon.lines() if it.get("message") == "applied"]
    assert len(applied) == len(aws.names()) >= 1


def test_throttling_is_waited_out(start: Starter, aws: Aws, proxy: Proxy) -> None:
    thrown: list[str] = []

    def throttle(seen):  # noqa: ANN001, ANN202
        if len(thrown) < 4 and seen.operation in ("CreateFunction", "GetFunction", "ListFunctions"):
            thrown.append(seen.operation)
            body = json.dumps({"message": "Rate exceeded", "Reason": "CallerRateLimitExceeded"})
            headers = {
                "X-Amzn-ErrorType": "TooManyRequestsException",
                "Retry-After": "1",
                "Content-Type": "application/json",
            }
            return 429, headers, body.encode()
        return None

    proxy.before = throttle
    daemon = start()
    daemon.wait_synced(*ALL)
    throttled = daemon.metric("evenkeel_aws_requests_total", code="TooManyRequestsException")
    assert throttled == len(thrown) == 4


def test_a_registry_that_cannot_be_asked_is_told(
    evenkeel: Evenkeel, aws: Aws, proxy: Proxy, folder: Path, digests: dict
) -> None:
    def deny(seen):  # noqa: ANN001, ANN202
        if seen.operation != "BatchGetImage" or b"thumbnails" not in seen.body:
            return None
        body = json.dumps({"__type": "AccessDeniedException", "message": "not authorized"})
        return 400, {"X-Amzn-ErrorType": "AccessDeniedException"}, body.encode()

    proxy.before = deny
    once = evenkeel.call("run", "--once", str(folder))
    assert once.returncode == 1, once.stdout + once.stderr
    assert "ImageUnreadable" in once.stdout and "not authorized" in once.stdout
    # The other repositories can be read, and their functions are made.
    assert aws.names() == ALL - {"thumbnails"}


def test_a_single_run_ends_though_something_cannot_be_read(
    evenkeel: Evenkeel, aws: Aws, proxy: Proxy, folder: Path, digests: dict
) -> None:
    torn: list[bool] = []

    def harm(seen):  # noqa: ANN001, ANN202
        if seen.operation == "ListFunctions" and not torn:
            torn.append(True)
            return 0, {}, b""
        if seen.operation == "GetFunction" and "thumbnails" in seen.path:
            headers = {"X-Amzn-ErrorType": "AccessDeniedException"}
            return 403, headers, json.dumps({"message": "not authorized"}).encode()
        return None

    proxy.before = harm
    once = evenkeel.call("run", "--once", str(folder))
    assert once.returncode == 2, once.stdout + once.stderr
    assert "ReadFailed" in once.stdout and "not authorized" in once.stdout
    assert aws.names() == ALL - {"thumbnails"}


def test_a_plan_ends_though_aws_answers_nothing_useful(
    evenkeel: Evenkeel, proxy: Proxy, folder: Path, digests: dict
) -> None:
    def harm(seen):  # noqa: ANN001, ANN202
        if seen.operation == "ListFunctions":
            return 404, {"Content-Type": "text/html"}, b"<html>Not Found</html>"
        return None

    proxy.before = harm
    plan = evenkeel.call("plan", str(folder))
    assert plan.returncode == 2, plan.stdout + plan.stderr
    assert "ListFailed" in plan.stdout and "without an AWS error code" in plan.stdout
    assert proxy.writes() == []
