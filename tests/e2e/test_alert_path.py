"""From a change by hand to a message: the daemon on the stand-in, real Prometheus with our rules, real Alertmanager,
and whoever it tells. Only the times of the rules are shorter, by derive.py."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stage import Daemon, Evenkeel, Keys, free_port, get, wait_for
from test_alerting import DERIVE, RUNBOOKS
from stand_in import StandIn

MANIFEST = """apiVersion: evenkeel.dev/v1
kind: Function
metadata: { name: resize }
spec: { image: "jobs:v1", role: job, memorySize: 256 }
"""
DRIFTED, DOWN = "EvenkeelObjectDrifted", "EvenkeelDown"


class Receiver:
    """Whoever Alertmanager tells."""

    def __init__(self) -> None:
        self.told: list[dict] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.extend(json.loads(body)["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def heard(self, alert: str, status: str) -> dict | None:
        return next((it for it in self.told if it["labels"]["alertname"] == alert and it["status"] == status), None)


class Watch:
    """Prometheus and Alertmanager, as deploy/ sets them up, but in a hurry."""

    def __init__(self, folder: Path, daemon: str, receiver: str) -> None:
        self.processes: list[subprocess.Popen] = []
        rules, manager = folder / "rules.yaml", f"127.0.0.1:{free_port()}"
        derive = [sys.executable, str(DERIVE), "--for", "1s", "--window", "60s", "--output", str(rules)]
        subprocess.run(derive, check=True)
        config = folder / "alertmanager.yaml"
        config.write_text(
            "route: { receiver: test, group_by: [alertname, target], group_wait: 200ms, group_interval: 500ms }\n"
            f"receivers: [{{ name: test, webhook_configs: [{{ url: '{receiver}' }}] }}]\n"
        )
        binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        assert binary, "tests/e2e/install.sh prometheus installs it"
        options = [f"--web.listen-address={manager}", "--cluster.listen-address="]
        self.start(folder, "alertmanager", binary, f"--storage.path={folder / 'am'}", *options)
        config = folder / "prometheus.yaml"
        config.write_text(
            "global: { scrape_interval: 200ms, evaluation_interval: 200ms }\n"
            f"rule_files: ['{rules}']\n"
            f"alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{manager}'] }}] }}] }}\n"
            f"scrape_configs: [{{ job_name: evenkeel, static_configs: [{{ targets: ['{daemon}'] }}] }}]\n"
        )
        address = f"127.0.0.1:{free_port()}"
        options = [f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={address}"]
        self.start(folder, "prometheus", "prometheus", *options)
        wait_for("Alertmanager is ready", lambda: get(f"http://{manager}/-/ready"))
        wait_for("Prometheus is ready", lambda: get(f"http://{address}/-/ready"))

    def start(self, folder: Path, name: str, *command: str) -> None:
        command = (*command, f"--config.file={folder / name}.yaml")
        with (folder / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(20)


STAND_IN = partial(StandIn, "--create-lag", "0.2", "--update-lag", "0.2")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


# Once might be luck.
@pytest.mark.parametrize("time", range(3))
def test_a_change_by_hand_is_told_and_so_is_its_end(
    stand_in: StandIn, receiver: Receiver, tmp_path: Path, time: int
) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "resize.yaml").write_text(MANIFEST)
    stand_in.push("jobs", "v1")
    evenkeel = Evenkeel(stand_in.url, keys=Keys("123456789012", "AKIATEST", "secret"))
    evenkeel.env["AWS_REGION"] = "us-east-1"
    made = evenkeel.call("apply", str(folder))
    assert made.returncode == 0, made.stdout + made.stderr
    daemon = evenkeel.daemon(folder, tmp_path / "daemon.log", "--mode", "observe")
    watch = Watch(tmp_path, daemon.url.removeprefix("http://"), receiver.url)
    try:
        told(stand_in, receiver, daemon)
    finally:
        watch.stop()
        if daemon.process.poll() is None:
            daemon.kill()


def told(stand_in: StandIn, receiver: Receiver, daemon: Daemon) -> None:
    daemon.wait_synced("resize")
    assert receiver.heard(DRIFTED, "firing") is None
    hand(stand_in, 999)
    alert = wait_for("the drift is told", lambda: receiver.heard(DRIFTED, "firing"))
    assert alert["labels"]["name"] == "resize" and alert["labels"]["kind"] == "Function"
    assert alert["labels"]["cause"] == "config" and alert["labels"]["severity"] == "warning"
    assert "resize" in alert["annotations"]["description"] and "config" in alert["annotations"]["description"]
    page = RUNBOOKS / alert["annotations"]["runbook_url"].rsplit("/", 1)[1]
    assert page.read_text().startswith(f"# {DRIFTED}")
    # Somebody puts it back: Evenkeel only watches.
    hand(stand_in, 256)
    wait_for("its end is told", lambda: receiver.heard(DRIFTED, "resolved"))
    assert receiver.heard(DOWN, "firing") is None
    daemon.kill()
    alert = wait_for("its death is told", lambda: receiver.heard(DOWN, "firing"))
    assert alert["labels"]["severity"] == "critical"


def hand(stand_in: StandIn, memory: int) -> None:
    stand_in.ask("/hand", {"function": "resize", "set": {"MemorySize": memory}}, "POST")
