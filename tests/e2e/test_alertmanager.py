"""A real Alertmanager with the example configuration: which alerts it keeps back while another fires."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from stage import free_port, get, wait_for
from test_alerting import ALERTMANAGER, names

OBJECT = {"job": "evenkeel", "instance": "a:1", "target": "production", "kind": "Function", "name": "resize"}
DOWN, PAUSED = "EvenkeelDown", "EvenkeelTargetPaused"
BREAKER, LONG, DRIFTED = "EvenkeelBreakerOpen", "EvenkeelObjectDriftLong", "EvenkeelObjectDrifted"
STALE, UNVERIFIED = "EvenkeelVerdictStale", "EvenkeelUnverified"
# Those that keep others back.
SOURCES = {DOWN, PAUSED, BREAKER, LONG, STALE}


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where alerts are posted and read."""
    folder, address = tmp_path_factory.mktemp("alertmanager"), f"127.0.0.1:{free_port()}"
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    assert binary, "tests/e2e/install.sh prometheus installs it"
    options = [f"--web.listen-address={address}", f"--storage.path={folder}", "--cluster.listen-address="]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([binary, f"--config.file={ALERTMANAGER}", *options], stdout=log, stderr=log)
    try:
        wait_for("Alertmanager answers", lambda: get(f"http://{address}/-/ready"))
        yield f"http://{address}/api/v2/alerts"
    finally:
        process.terminate()
        process.wait(20)


def kept_back(url: str, job: str, fire: list[dict]) -> set[str]:
    """Which of these alerts stay unsaid while all of them fire. A job of its own keeps questions apart."""
    body = json.dumps([{"labels": it | {"job": job}} for it in fire]).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    urllib.request.urlopen(request, timeout=30).close()

    def sorted_out() -> list[dict] | None:
        mine = [it for it in json.loads(get(url)) if it["labels"]["job"] == job]
        done = [it for it in mine if it["status"]["state"] != "unprocessed"]
        return mine if len(done) == len(fire) else None

    found = wait_for("Alertmanager has sorted them", sorted_out)
    return {it["labels"]["alertname"] for it in found if it["status"]["inhibitedBy"]}


def without(*labels: str) -> dict:
    return {k: v for k, v in OBJECT.items() if k not in labels}


OTHER_INSTANCE, OTHER_TARGET = OBJECT | {"instance": "b:1"}, OBJECT | {"target": "staging"}
OTHER_NAME = OBJECT | {"name": "thumbnails"}
TARGET, INSTANCE, JOB = without("kind", "name"), without("kind", "name", "target"), {"job": "evenkeel"}
NOBODY: set[str] = set()


def test_alertmanager_keeps_back_what_another_alert_says(alerts: str) -> None:
    everything, objects = names() - {DOWN}, names("evenkeel-objects")
    plain = everything - SOURCES
    questions = [
        (DOWN, INSTANCE, everything, OBJECT, everything),
        (DOWN, INSTANCE, plain, OTHER_INSTANCE, NOBODY),
        (DOWN, JOB, everything, OBJECT, everything),
        (PAUSED, TARGET, plain | {LONG, STALE}, OBJECT, objects),
        (PAUSED, TARGET, plain, OTHER_TARGET, NOBODY),
        (PAUSED, TARGET, plain, OTHER_INSTANCE, NOBODY),
        (BREAKER, TARGET, plain | {LONG, STALE}, OBJECT, objects - {"EvenkeelImageMissing"}),
        (BREAKER, TARGET, plain, OTHER_TARGET, NOBODY),
        (LONG, OBJECT, plain, OBJECT, {DRIFTED}),
        (LONG, OBJECT, plain, OTHER_NAME, NOBODY),
        (STALE, OBJECT, plain, OBJECT, {UNVERIFIED}),
        (STALE, OBJECT, plain, OTHER_NAME, NOBODY),
    ]
    for number, (source, labels, others, at, expected) in enumerate(questions):
        fire = [labels | {"alertname": source}] + [at | {"alertname": it} for it in sorted(others)]
        found = kept_back(alerts, f"evenkeel-{number}", fire)
        assert found == expected, (number, source, labels, at)
