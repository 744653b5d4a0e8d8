"""The image that deploy/Dockerfile makes: built without a network, looked into, unpacked, and run as
a container would run it: read-only, as nobody, without a shell."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from stage import ROOT, Evenkeel, free_port, get, wait_for
from stand_in import StandIn
from test_deploy import run, tool

# Where deploy/Dockerfile looks for a binary that was built outside.
PLACE = Path("target", "x86_64-unknown-linux-musl", "image", "evenkeel")
BUILD = "cargo build --profile image --locked --no-default-features --target x86_64-unknown-linux-musl"
SIZE_MAX = 34 * 1024 * 1024
NOBODY = 65532
REVISION = "0123456789abcdef0123456789abcdef01234567"
# Makes the image's files a file system of its own that nobody can write, with the manifests in it,
# and becomes the program. What follows the two folders is its command line.
CONTAINER = """
set -eu
root=$1 manifests=$2
shift 2
mount --bind "$root" "$root"
mount --bind "$manifests" "$root/manifests"
mount -o remount,bind,ro "$root/manifests"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec=65532:65532 --groups= "$root" "$@"
"""


@pytest.fixture(scope="session")
def static_binary() -> Path:
    path = Path(os.environ.get("EVENKEEL_STATIC_BINARY") or ROOT / PLACE)
    assert path.exists(), f"NOT RUN: there is no static binary at {path}; `{BUILD}` makes it"
    return path


@dataclass(frozen=True)
class Image:
    """An image as it would lie in a registry."""

    config: dict
    layers: list[Path]


@pytest.fixture(scope="session")
def image(static_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("image")
    context, layout = folder / "context", folder / "layout"
    (context / PLACE).parent.mkdir(parents=True)
    shutil.copy(ROOT / ".dockerignore", context)
    shutil.copy(static_binary, context / PLACE)
    own = ["--storage-driver", "vfs", "--root", folder / "root", "--runroot", folder / "run"]
    buildah = [tool("buildah"), *own]
    given = ["--build-arg", "BINARY_FROM=prebuilt", "--build-arg", f"REVISION={REVISION}"]
    files = ["-f", ROOT / "deploy" / "Dockerfile", "-t", "localhost/evenkeel:test", context]
    # Whatever it would pull, it cannot: only what is in the context may be needed.
    built = run(*buildah, "bud", "--isolation", "chroot", "--pull-never", *given, *files)
    assert built.returncode == 0, built.stderr
    pushed = run(*buildah, "push", "localhost/evenkeel:test", f"oci:{layout}")
    assert pushed.returncode == 0, pushed.stderr

    def blob(digest: str) -> Path:
        return layout / "blobs" / digest.replace(":", "/")

    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    config = json.loads(blob(manifest["config"]["digest"]).read_text())
    return Image(config, [blob(it["digest"]) for it in manifest["layers"]])


def test_the_binary_needs_no_other_file(static_binary: Path) -> None:
    """No program header names an interpreter: nothing has to load it."""
    data = static_binary.read_bytes()
    assert data[:5] == b"\x7fELF\x02", "a 64-bit ELF file"
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    kinds = [struct.unpack_from("<I", data, start + size * it)[0] for it in range(count)]
    assert kinds and 3 not in kinds


def test_the_image_is_one_file_for_nobody(image: Image) -> None:
    found = image.config["config"]
    assert image.config["os"] == "linux" and image.config["architecture"] == "amd64"
    assert found["User"] == f"{NOBODY}:{NOBODY}"
    assert found["Entrypoint"] == ["/evenkeel"]
    assert found["Cmd"] == ["run", "/manifests", "--listen", "0.0.0.0:9809"]
    assert found["ExposedPorts"] == {"9809/tcp": {}}
    assert "EVENKEEL_MODE=observe" in found["Env"]
    labels = {k.removeprefix("org.opencontainers.image."): v for k, v in found["Labels"].items()}
    assert labels["revision"] == REVISION and labels["licenses"] == "Apache-2.0"
    assert labels["title"] == "Evenkeel" and f'version = "{labels["version"]}"' in cargo()
    members = [it for layer in image.layers for it in tarfile.open(layer)]
    assert [it.name for it in members] == ["evenkeel"], "no shell, no library, nothing else"
    [only] = members
    assert only.isfile() and only.mode & 0o7777 == 0o755 and only.uid == 0
    assert 0 < only.size < SIZE_MAX, f"{only.size} bytes"


def cargo() -> str:
    return (ROOT / "Cargo.toml").read_text()


def test_it_runs_read_only_as_nobody(
    image: Image, stand_in: StandIn, folder: Path, tmp_path: Path
) -> None:
    root, log = tmp_path / "root", tmp_path / "log"
    (root / "manifests").mkdir(parents=True)
    # A container's runtime makes the folder that a volume is mounted on; the image has none.
    for layer in image.layers:
        with tarfile.open(layer) as files:
            files.extractall(root)
    folder.chmod(0o755)
    tmp_path.chmod(0o755)
    found = image.config["config"]
    port = free_port()
    words = [it.replace("0.0.0.0:9809", f"127.0.0.1:{port}") for it in found["Entrypoint"] + found["Cmd"]]
    given = dict(it.split("=", 1) for it in found["Env"])
    aws_env = Evenkeel(stand_in.url).env
    # The image has no /dev/null.
    aws_env = {k: v for k, v in aws_env.items() if k.startswith(("AWS_", "EVENKEEL_")) and k != "EVENKEEL_CONFIG"}
    command = [tool("unshare"), "--mount", "--propagation", "private", "sh", "-c", CONTAINER, "sh"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, str(root), str(folder), *words],
            env={"PATH": os.environ["PATH"], **aws_env, **given},
            stdout=out,
            stderr=out,
        )
    try:
        wait_for("it is ready", lambda: ready(process, port, log))
        status = Path(f"/proc/{process.pid}/status").read_text()
        lines = dict(it.split(":\t", 1) for it in status.splitlines() if ":\t" in it)
        assert set(lines["Uid"].split()) == set(lines["Gid"].split()) == {str(NOBODY)}
        assert int(lines["CapEff"], 16) == 0 and lines["NoNewPrivs"] == "1"
        assert not lines["Groups"].strip()
        page = get(f"http://127.0.0.1:{port}/metrics")
        assert 'mode="observe"' in page and 'name="thumbnails"' in page
        assert not any(it["write"] for it in stand_in.ask("/journal")), "it ships with observe, and writes nothing"
        inside = [it.name for it in Path(f"/proc/{process.pid}/root").iterdir()]
        assert sorted(inside) == ["evenkeel", "manifests"]
    finally:
        process.terminate()
        code = process.wait(40)
    assert code == 0, log.read_text()


def ready(process: subprocess.Popen, port: int, log: Path) -> bool:
    assert process.poll() is None, f"it ended: {log.read_text()}"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return False
