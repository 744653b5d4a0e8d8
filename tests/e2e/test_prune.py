"""What is deleted, and above all what is not. Each scene has an account of its own on moto, and all of
them wait for their grace time together."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stage import REGION, ROLE, Aws, Daemon, Evenkeel, Moto, wait_for

# The shortest that the program allows; two readings a minute apart need as much anyway.
GRACE = 60.0
COUNT = 20


class Scene:
    """A directory of twenty manifests, a daemon that may prune, and an account."""

    def __init__(self, moto: Moto, name: str, number: int, place: Path) -> None:
        self.name = name
        keys = moto.account(f"{100000000000 + number}")
        self.aws = Aws(moto.url, keys)
        self.evenkeel = Evenkeel(moto.url, keys=keys)
        self.place = place / name
        self.root = self.place / "manifests"
        self.log = self.place / "daemon.log"
        self.daemon: Daemon | None = None
        for half in ("one", "two"):
            (self.root / half).mkdir(parents=True)
        for index in range(COUNT):
            self.file(index).write_text(manifest(f"job-{index:02}"))
        self.aws.role(ROLE)
        self.aws.ecr.create_repository(repositoryName="jobs")
        self.aws.push("jobs", "v1", "first")

    def file(self, index: int) -> Path:
        return self.root / ("one" if index < COUNT // 2 else "two") / f"job-{index:02}.yaml"

    def start(self, *more: str) -> None:
        options = ["--prune", "--prune-grace", "1m", "--quota-share", "1", "--resync", "5s"]
        self.daemon = self.evenkeel.daemon(self.root, self.log, *options, *more)

    def restart(self, *more: str) -> None:
        assert self.daemon.stop() == 0
        self.start(*more)

    def wait_made(self) -> None:
        wait_for(f"{self.name} is made", lambda: len(self.aws.names()) == COUNT)
        synced = lambda: self.daemon.metric("evenkeel_objects", status="synced") == COUNT  # noqa: E731
        wait_for(f"{self.name} is in sync", synced)

    def reason(self, index: int) -> str:
        return self.daemon.row(f"job-{index:02}")["reason"]

    def blocked(self, why: str) -> bool:
        return self.daemon.metric("evenkeel_prune_blocked", reason=why) == 1

    def read_again(self) -> None:
        self.daemon.process.send_signal(signal.SIGHUP)


def manifest(name: str, deletion: str = "delete") -> str:
    return (
        "apiVersion: evenkeel.dev/v1\nkind: Function\n"
        f"metadata: {{ name: {name} }}\n"
        f"spec: {{ image: 'jobs:v1', role: {ROLE}, policy: {{ deletion: {deletion} }} }}\n"
    )


def one_gone(scene: Scene) -> None:
    scene.file(3).unlink()


def eleven_gone(scene: Scene) -> None:
    for index in range(11):
        scene.file(index).unlink()


def half_gone(scene: Scene) -> None:
    shutil.rmtree(scene.root / "two")


def emptied(scene: Scene) -> None:
    shutil.rmtree(scene.root)
    scene.root.mkdir()


def broken(scene: Scene) -> None:
    scene.file(4).write_text("kind: [")
    scene.file(3).unlink()


def renamed(scene: Scene) -> None:
    scene.file(3).rename(scene.root / "two" / "elsewhere.yaml")


def twice(scene: Scene) -> None:
    (scene.root / "again.yaml").write_text(manifest("job-04"))
    scene.file(3).unlink()


def moved(scene: Scene) -> None:
    """What git-sync does: a link that is swapped, and the old tree removed at once."""
    link = scene.place / "link"
    new = scene.place / "new"
    shutil.copytree(scene.place / "old", new)
    other = scene.place / "swap"
    other.symlink_to(new)
    other.rename(link)
    shutil.rmtree(scene.place / "old")


SCENES = {
    "one_gone": one_gone,
    "restarted": one_gone,
    "came_back": one_gone,
    "retained": one_gone,
    "taken": one_gone,
    "eleven_gone": eleven_gone,
    "half_gone": half_gone,
    "emptied": emptied,
    "broken": broken,
    "renamed": renamed,
    "twice": twice,
    "moved": moved,
}


@pytest.fixture(scope="module")
def scenes(
    moto_server: Moto, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Scene]]:
    """Everything happens here, side by side; the tests only look."""
    moto_server.reset()
    place = tmp_path_factory.mktemp("scenes")
    made = {name: Scene(moto_server, name, number, place) for number, name in enumerate(SCENES)}
    made["retained"].file(3).write_text(manifest("job-03", "retain"))
    old = made["moved"].place / "old"
    made["moved"].root.rename(old)
    (made["moved"].place / "link").symlink_to(old)
    made["moved"].root = made["moved"].place / "link"
    try:
        for scene in made.values():
            scene.start()
        for scene in made.values():
            scene.wait_made()
        for name, accident in SCENES.items():
            accident(made[name])
        began = time.monotonic()
        wait_for("it is seen", lambda: made["one_gone"].reason(3) == "PruneWaiting")
        half_way(made, began)
        rest(began, GRACE + 8)
        for scene in made.values():
            scene.read_again()
        yield made
    finally:
        for scene in made.values():
            if scene.daemon and scene.daemon.process.poll() is None:
                scene.daemon.kill()


def rest(began: float, seconds: float) -> None:
    """The one wait of these tests that waits for time itself: a grace time is a time."""
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def half_way(scenes: dict[str, Scene], began: float) -> None:
    rest(began, GRACE / 2)
    assert all(len(it.aws.names()) == COUNT for it in scenes.values()), "too soon"
    scenes["restarted"].restart()
    scenes["came_back"].file(3).write_text(manifest("job-03"))
    arn = scenes["taken"].aws.function("job-03")["Configuration"]["FunctionArn"]
    scenes["taken"].aws.functions.tag_resource(
        Resource=arn, Tags={"evenkeel.dev/owner": "somebody-else"}
    )


def test_what_is_gone_is_deleted_after_the_grace_time(scenes: dict[str, Scene]) -> None:
    scene = scenes["one_gone"]
    wait_for("it is deleted", lambda: "job-03" not in scene.aws.names())
    assert len(scene.aws.names()) == COUNT - 1
    told = [it for it in scene.daemon.lines() if "this is what it was" in it.get("message", "")]
    assert len(told) == 1
    was = json.loads(told[0]["was"])
    assert re.fullmatch("sha256:[0-9a-f]{64}", was["image"]) and was["memorySize"] == 128
    assert was["functionArn"].endswith(":function:job-03")
    wait_for("its row leaves", lambda: "job-03" not in scene.daemon.objects())


def test_after_a_restart_the_whole_grace_time_begins_again(scenes: dict[str, Scene]) -> None:
    scene = scenes["restarted"]
    assert len(scene.aws.names()) == COUNT
    assert scene.reason(3) == "PruneWaiting"


def test_what_comes_back_in_time_stays(scenes: dict[str, Scene]) -> None:
    assert len(scenes["came_back"].aws.names()) == COUNT
    scenes["came_back"].daemon.wait_synced("job-03")


def test_what_its_tag_retains_stays(scenes: dict[str, Scene]) -> None:
    assert len(scenes["retained"].aws.names()) == COUNT
    assert scenes["retained"].reason(3) == "ManifestGone"


def test_what_another_owner_took_stays(scenes: dict[str, Scene]) -> None:
    assert len(scenes["taken"].aws.names()) == COUNT


def test_a_broken_file_blocks_all_deletion(scenes: dict[str, Scene]) -> None:
    scene = scenes["broken"]
    assert len(scene.aws.names()) == COUNT and scene.blocked("invalid_manifest")


def test_two_documents_for_one_name_block_all_deletion(scenes: dict[str, Scene]) -> None:
    scene = scenes["twice"]
    assert len(scene.aws.names()) == COUNT and scene.blocked("invalid_manifest")


def test_a_renamed_file_is_the_same_function(scenes: dict[str, Scene]) -> None:
    scene = scenes["renamed"]
    assert len(scene.aws.names()) == COUNT
    row = scene.daemon.row("job-03")
    assert (row["status"], row["manifest"]["file"]) == ("synced", "two/elsewhere.yaml")
    assert scene.daemon.metric("evenkeel_prune_candidates") == 0


def test_a_swapped_root_is_the_same_directory(scenes: dict[str, Scene]) -> None:
    scene = scenes["moved"]
    assert len(scene.aws.names()) == COUNT
    assert scene.daemon.metric("evenkeel_prune_candidates") == 0
    assert scene.daemon.metric("evenkeel_objects", status="synced") == COUNT


def test_an_emptied_directory_deletes_nothing(scenes: dict[str, Scene]) -> None:
    scene = scenes["emptied"]
    assert len(scene.aws.names()) == COUNT
    assert scene.daemon.metric("evenkeel_source_loads_total", result="error") >= 1
    # And a new process, which has no last good version, deletes nothing either.
    scene.restart()
    wait_for("it is blocked", lambda: scene.blocked("empty_source"))
    assert len(scene.aws.names()) == COUNT


def test_half_a_directory_needs_a_word(scenes: dict[str, Scene]) -> None:
    scene = scenes["half_gone"]
    assert len(scene.aws.names()) == COUNT and scene.blocked("threshold")


def test_eleven_of_twenty_go_with_the_hash_that_plan_shows(scenes: dict[str, Scene]) -> None:
    scene = scenes["eleven_gone"]
    assert len(scene.aws.names()) == COUNT and scene.blocked("threshold")
    row = scene.daemon.row("job-03")
    assert row["reason"] == "PruneUnconfirmed"
    status = scene.evenkeel.call("status", "--url", scene.daemon.url)
    plan = scene.evenkeel.call("plan", str(scene.root), "--prune")
    assert plan.returncode == 1
    found = re.search(r"11 to delete \(hash ([0-9a-f]{16})\)", plan.stdout)
    assert found, plan.stdout
    hash_ = found[1]
    assert hash_ in row["message"] and hash_ in status.stdout
    assert f'hash="{hash_}"' in scene.daemon.metrics()
    scene.daemon.stop()
    # A single run with another hash, or none, deletes nothing; with this one it deletes these.
    for more in ([], ["--confirm-prune", "0" * 16]):
        done = scene.evenkeel.call("run", str(scene.root), "--once", "--prune", *more)
        assert done.returncode == 1 and len(scene.aws.names()) == COUNT, done.stdout
    done = scene.evenkeel.call(
        "apply", str(scene.root), "--prune", "--confirm-prune", hash_
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert scene.aws.names() == {f"job-{index:02}" for index in range(11, COUNT)}


def test_two_owners_on_one_account_leave_each_other_alone(
    moto: Moto, digests: dict, tmp_path: Path
) -> None:
    aws = Aws(moto.url)
    aws.ecr.create_repository(repositoryName="jobs")
    aws.push("jobs", "v1", "first")
    daemons = []
    for owner, own in (("red", "job-red"), ("blue", "job-blue")):
        folder = tmp_path / owner
        folder.mkdir()
        (folder / "own.yaml").write_text(manifest(own))
        (folder / "shared.yaml").write_text(manifest("job-shared"))
        evenkeel = Evenkeel(moto.url)
        evenkeel.env["EVENKEEL_OWNER"] = owner
        options = ["--prune", "--prune-grace", "1m"]
        daemons.append(evenkeel.daemon(folder, tmp_path / f"{owner}.log", *options))
        # The first comes first to what both want.
        daemons[-1].wait_synced(own, *(["job-shared"] if owner == "red" else []))
    red, blue = daemons
    try:
        row = blue.wait_status("job-shared", "refused")
        assert row["reason"] == "NotOwned" and "`red`" in row["message"]
        # What the other keeps is no orphan of ours.
        assert [it.metric("evenkeel_prune_candidates") for it in daemons] == [0, 0]
        owners = {
            name: aws.function(name)["Tags"]["evenkeel.dev/owner"] for name in sorted(aws.names())
        }
        assert owners == {"job-blue": "blue", "job-red": "red", "job-shared": "red"}
        assert REGION in aws.function("job-red")["Configuration"]["FunctionArn"]
    finally:
        for daemon in daemons:
            daemon.kill()
