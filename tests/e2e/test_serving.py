"""What the daemon tells those around it: systemd, Prometheus in three degrees of detail, and whoever left its port open."""

from __future__ import annotations

import json
import socket
from functools import partial
from pathlib import Path

import pytest

from conftest import Starter
from stage import REPOSITORIES, Daemon, Evenkeel, get, wait_for
from stand_in import StandIn

WITH_URL = """apiVersion: evenkeel.dev/v1
kind: Function
metadata: { name: resize }
spec: { image: "jobs:v1", role: job, url: { authType: AWS_IAM } }
"""
STAND_IN = partial(StandIn, "--create-lag", "0.2", "--update-lag", "0.2")


def test_systemd_is_told_of_beginning_progress_and_end(start: Starter, tmp_path: Path) -> None:
    path = tmp_path / "notify"
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as it:
        it.bind(str(path))
        it.setblocking(False)

        def hears(word: str) -> bool:
            try:
                while True:
                    heard.extend(it.recv(65536).decode().splitlines())
            except BlockingIOError:
                return word in heard

        # As systemd does it, which names the process that it means.
        unit = tmp_path / "unit"
        unit.write_text(f'#!/bin/sh\nexport WATCHDOG_PID=$$\nexec {start.evenkeel.binary} "$@"\n')
        unit.chmod(0o755)
        start.evenkeel.binary = unit
        start.evenkeel.env |= {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}
        daemon = start()
        wait_for("it is there", lambda: hears("READY=1"))
        daemon.wait_synced(*REPOSITORIES)
        wait_for("its status", lambda: hears("STATUS=3 of 3 in sync"))
        # Twice in the time after which systemd would end it.
        before = heard.count("WATCHDOG=1")
        wait_for("it goes on", lambda: hears("WATCHDOG=1") and heard.count("WATCHDOG=1") >= before + 3, 5)
        assert daemon.stop() == 0
        wait_for("it ends", lambda: hears("STOPPING=1"))


@pytest.mark.parametrize(("address", "warned"), [("127.0.0.1:0", False), ("0.0.0.0:0", True)])
def test_an_open_port_is_warned_of(start: Starter, address: str, warned: bool) -> None:
    daemon = start("--listen", address)
    found = [it for it in daemon.lines() if it["message"].startswith("everybody who can reach")]
    assert bool(found) == warned
    assert all(it["level"] == "WARN" for it in found)


def test_metrics_come_in_three_degrees_of_detail(stand_in: StandIn, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "resize.yaml").write_text(WITH_URL)
    stand_in.push("jobs", "v1")
    evenkeel = Evenkeel(stand_in.url)
    evenkeel.env["AWS_REGION"] = "us-east-1"
    for detail, document, part in [("aggregate", 0, 0), ("documents", 1, 0), ("full", 1, 1)]:
        daemon = evenkeel.daemon(folder, tmp_path / f"{detail}.log", "--metrics-detail", detail)
        try:
            wait_for("it is in sync", lambda: daemon.metric("evenkeel_objects", kind="Function", status="synced") == 1)
            # A part is looked at for itself.
            wait_for("its URL too", lambda: '"kind":"Url","status":"synced"' in squeezed(daemon))
            series = [it for it in daemon.metrics().splitlines() if it.startswith("evenkeel_object_status{")]
            of = [it for it in series if 'name="resize"' in it and 'status="synced"' in it]
            assert len([it for it in of if "facet=" not in it]) == document
            assert len([it for it in of if 'facet="url"' in it]) == part
        finally:
            assert daemon.stop() == 0


def squeezed(daemon: Daemon) -> str:
    """The rows, each cut to its kind and status."""
    found = daemon.facets()
    return ",".join(f'"kind":"{it["kind"]}","status":"{it["status"]}"' for it in found)
