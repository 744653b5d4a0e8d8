"""Registries as others see them: skopeo, and docker-registry, which nobody here wrote."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stage import free_port, get, wait_for
from stand_in import StandIn


def inspect(url: str, repository: str, tag: str, auth: Path | None = None) -> str:
    """The digest as skopeo sees it."""
    given = ["--authfile", str(auth)] if auth else []
    host = url.removeprefix("http://")
    command = ["skopeo", "inspect", *given, "--tls-verify=false", f"docker://{host}/{repository}:{tag}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["Digest"]


def logged_in(stand_in: StandIn, folder: Path) -> Path:
    """A file that lets skopeo into the stand-in's registry."""
    (data,) = stand_in.client("ecr").get_authorization_token()["authorizationData"]
    auth = folder / "auth.json"
    host = stand_in.url.removeprefix("http://")
    auth.write_text(json.dumps({"auths": {host: {"auth": data["authorizationToken"]}}}))
    return auth


@contextmanager
def docker_registry(folder: Path) -> Iterator[str]:
    """A docker-registry on a port of its own, for as long as it is needed; its URL."""
    port = free_port()
    config = folder / "registry.yml"
    root = folder / "registry"
    config.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {root}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
    )
    program = shutil.which("docker-registry")
    assert program, "docker-registry is needed: make e2e installs it"
    url = f"http://127.0.0.1:{port}"
    with (folder / "registry.log").open("wb") as log:
        registry = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
        try:
            wait_for("the registry answers", lambda: get(url + "/v2/"))
            yield url
        finally:
            registry.kill()
            registry.wait(10)
