"""Fixtures: one moto for the session, wiped for each test; a proxy in front of it; the binary."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from iam import strange
from proxy import Proxy
from stage import ROOT, Aws, Daemon, Evenkeel, Moto
from stand_in import StandIn


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    moto = Moto(tmp_path_factory.mktemp("moto") / "moto.log")
    yield moto
    moto.stop()


@pytest.fixture
def moto(moto_server: Moto) -> Moto:
    moto_server.reset()
    return moto_server


@pytest.fixture
def stand_in(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A stand-in of the test's own; its module's `STAND_IN` says how it is started."""
    stand_in = getattr(request.module, "STAND_IN", StandIn)()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def proxy(moto: Moto) -> Iterator[Proxy]:
    proxy = Proxy(moto.port)
    yield proxy
    proxy.stop()
    # The policies are made from that list.
    assert not (new := strange(it.operation for it in proxy.calls)), f"calls that src/aws/op.rs does not list: {new}"


@pytest.fixture
def aws(moto: Moto) -> Aws:
    return Aws(moto.url)


@pytest.fixture
def digests(aws: Aws) -> dict[str, str]:
    return aws.seed()


@pytest.fixture
def evenkeel(proxy: Proxy) -> Evenkeel:
    return Evenkeel(proxy.url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the first examples: three functions that need nothing that moto lacks."""
    copy = tmp_path / "manifests"
    copy.mkdir()
    for name in ("sequencing.yaml", "thumbnails.yaml"):
        shutil.copy(ROOT / "manifests" / "examples" / name, copy)
    return copy


class Starter:
    """Starts daemons and ends them after the test, whatever happened."""

    def __init__(self, evenkeel: Evenkeel, folder: Path, log: Path) -> None:
        self.evenkeel, self.folder, self.log = evenkeel, folder, log
        self.running: list[Daemon] = []

    def __call__(self, *arguments: str) -> Daemon:
        daemon = self.evenkeel.daemon(self.folder, self.log, *arguments)
        self.running.append(daemon)
        return daemon


@pytest.fixture
def start(evenkeel: Evenkeel, folder: Path, digests: dict, tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(evenkeel, folder, tmp_path / "daemon.log")
    yield starter
    for daemon in starter.running:
        if daemon.process.poll() is None:
            daemon.kill()
