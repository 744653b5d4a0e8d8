"""One scene: a stand-in of its own, a folder of manifests, the binary on both, and others who change what is there."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from stage import Daemon, Evenkeel, Keys
from stand_in import StandIn

ACCOUNT, REGION = "123456789012", "us-east-1"
# Who calls, by the id of the access key: the daemon, who sets the scene, our own commands, and everybody else.
DAEMON, SETUP, PERSON, OTHER = "AKIADAEMON", "AKIASETUP", "AKIAPERSON", "AKIAOTHER"

# Clients can be used by several threads, and not be made.
MAKING = threading.Lock()


def statement(principal: str, sid: str) -> dict[str, str]:
    """A permission as AddPermission takes it."""
    return {"StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": principal}


class Scene:
    """A stand-in and everything that plays on it, with clocks that run `scale` times as fast as the one on the wall."""

    def __init__(self, place: Path, scale: float, *options: str) -> None:
        self.place, self.scale = place, scale
        self.folder = place / "manifests"
        self.folder.mkdir(parents=True)
        self.sim = StandIn("--time-scale", f"{scale:g}", *options, region=REGION)
        self.daemons: list[Daemon] = []
        self._clients: dict[str, object] = {}

    def now(self) -> float:
        """Seconds by the stand-in's clock."""
        return self.sim.ask("/clock")["now"]

    def aws(self, service: str):  # noqa: ANN201
        """Another principal's client."""
        with MAKING:
            if service not in self._clients:
                self._clients[service] = self.sim.client(service, OTHER)
            return self._clients[service]

    def text(self, name: str, text: str) -> None:
        """Writes a manifest in one instant, as editors and git do."""
        half = self.place / "half"
        half.write_text(text)
        half.rename(self.folder / f"{name}.yaml")

    def write(self, name: str, spec: str = "", image: str = "jobs:v1") -> None:
        self.text(name, function(name, spec, image))

    def write_repository(self, name: str, spec: str = "") -> None:
        head = f"apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: {{ name: {name} }}\n"
        self.text(f"repository-{name.replace('/', '-')}", head + (f"spec:\n{spec}" if spec.strip() else "spec: {}\n"))

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.yaml").unlink()

    def push(self, salt: int, tag: str = "v1", repository: str = "jobs") -> str:
        """Pushes an image; the same salt is the same image."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "annotations": {"salt": str(salt)},
        }
        body = {"repository": repository, "tag": tag, "manifest": json.dumps(manifest)}
        return self.sim.ask("/images", body)["digest"]

    def evenkeel(self, key: str = DAEMON) -> Evenkeel:
        evenkeel = Evenkeel(self.sim.url, keys=Keys(ACCOUNT, key, "secret"))
        scale = f"{self.scale:g}"
        # Times out by the clock on the wall: a machine that does much else is no failure.
        more = {"AWS_REGION": REGION, "EVENKEEL_TIME_SCALE": scale, "EVENKEEL_TIMEOUT": "1h"}
        evenkeel.env |= {**more, "AWS_EC2_METADATA_DISABLED": "true"}
        return evenkeel

    def run(self, key: str, code: int, command: str, *arguments: str) -> str:
        """Runs a command to its end, holds its exit code against the expected one, and returns what it printed."""
        folder = [str(self.folder)] if command in ("apply", "plan", "run") else []
        done = self.evenkeel(key).call(command, *folder, *arguments)
        text = done.stdout + done.stderr
        assert done.returncode == code, f"{command} {arguments}: {done.returncode}\n{text}"
        return text

    def start(self, *arguments: str) -> Daemon:
        daemon = self.evenkeel().daemon(self.folder, self.place / "daemon.log", *arguments)
        self.daemons.append(daemon)
        return daemon

    def journal(self, since: int = 0) -> list[dict]:
        return self.sim.ask(f"/journal?since={since}")

    def stop(self) -> None:
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.kill()
        self.sim.stop()


def function(name: str, spec: str = "", image: str = "jobs:v1") -> str:
    """A function's manifest."""
    head = f"apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {name} }}\n"
    return f"{head}spec:\n  image: {image}\n  role: job\n{spec}"
