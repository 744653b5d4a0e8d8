"""The golden journal of writes: what Evenkeel writes in fixed scenes, call by call. `UPDATE_EXPECT=1` writes the files
in `writes/` anew; read the difference before you commit it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

import writes_repairs  # noqa: F401
from scene import DAEMON, SETUP, Scene
from stage import Daemon, get, wait_for
from writes import leaves, written
from writes_scenes import SCENES

GOLDEN = Path(__file__).parent / "writes"
UPDATE = os.environ.get("UPDATE_EXPECT") == "1"
# How many times as fast as the clock on the wall theirs run: on a busy machine whoever hurries more gives up on AWS.
SCALE = 10
# For how long nothing more is written, by the clock on the wall: without a golden file to wait for, it takes longer.
QUIET = 3.0 if UPDATE else 0.7
# After so long nothing will come that has not come yet.
HOPELESS = 12.0
# How many scenes are played at once; they wait more than they work.
AT_ONCE = 4


class Play:
    """A scene under way, and the text of what was written in it so far."""

    def __init__(self, name: str, place: Path) -> None:
        # Quotas would make refusals of calls a matter of chance; test_truth.py has them.
        self.scene = Scene(place, SCALE, "--no-quotas", "--create-lag", "2", "--update-lag", "1")
        self.golden = sections(name)
        self.text: dict[str, str] = {}
        self.daemon: Daemon | None = None
        self.options: tuple[str, ...] = ()
        self.before: dict[str, str] = {}
        self.scene.push(1)

    @property
    def aws(self):  # noqa: ANN201
        """Lambda for another principal."""
        return self.scene.aws("lambda")

    @property
    def function_arn(self) -> str:
        return self.aws.get_function(FunctionName="job")["Configuration"]["FunctionArn"]

    def write(self, spec: dict[str, str], image: str = "jobs:v1") -> None:
        self.scene.write("job", lines(spec), image)

    def write_repository(self, spec: dict[str, str]) -> None:
        self.scene.write_repository("tools", lines(spec))

    def given(self, spec: dict[str, str]) -> None:
        """What is there when the scene begins."""
        self.write(spec)
        self.scene.run(SETUP, 0, "apply")

    def statements(self, name: str, alias: dict[str, str]) -> list[dict]:
        """The statements of a function's policy, or of an alias's."""
        try:
            policy = self.aws.get_policy(FunctionName=name, **alias)["Policy"]
        except self.aws.exceptions.ResourceNotFoundException:
            return []
        return json.loads(policy)["Statement"]

    def mappings(self) -> list[dict]:
        return self.aws.list_event_source_mappings()["EventSourceMappings"]

    def mapping(self, queue: str) -> str:
        """The id of the event source mapping of a queue."""
        return next(it["UUID"] for it in self.mappings() if it["EventSourceArn"].endswith(f":{queue}"))

    def alarm(self, state: str) -> None:
        self.scene.sim.ask("/alarms", {"name": "errors", "state": state}, "POST")

    def settle(self) -> None:
        """Waits until AWS has nothing under way."""

        def settled() -> bool:
            found = self.scene.sim.ask("/functions").values()
            busy = [it for it in found if it["configuration"].get("LastUpdateStatus") != "Successful"]
            return not busy and all(it["State"] in ("Enabled", "Disabled") for it in self.mappings())

        wait_for("AWS is done", settled)

    def begin(self) -> int:
        """A step begins: the number of its first entry in the journal."""
        self.before = leaves(self.hidden())
        return len(self.scene.journal())

    def apply(self, title: str, *arguments: str, code: int = 0) -> None:
        """A single run."""
        since = self.begin()
        self.scene.run(DAEMON, code, "apply", *arguments)
        self.text[title] = self.since(since)

    def watch(self) -> None:
        """Starts the daemon on what is there already, and waits until it has read it. It writes nothing."""
        since = self.begin()
        self.daemon = self.scene.start("--resync", "10s", *self.options)

        def read() -> bool:
            rows = rows_of(self.daemon)
            # Of a function and of a repository a list shows most.
            parts = [it for it in rows if it["key"] != it["document"]]
            return bool(rows) and self.statuses() == {"synced"} and all(it["audited"] for it in parts)

        wait_for("everything is read", read)
        assert self.since(since) == "  nothing\n"

    def end(self) -> None:
        """Ends the daemon, if there is one."""
        if self.daemon is not None:
            assert self.daemon.stop() == 0
            self.daemon = None

    def live(self, title: str, statuses: Iterable[str] = ("synced",), act: Callable[[], object] = lambda: None) -> None:
        """Something happens under a running daemon, which then gets everything into one of these states."""
        since = self.begin()
        if self.daemon is None:
            self.daemon = self.scene.start("--resync", "10s", *self.options)
        act()
        self.wait_quiet(title, since, set(statuses))
        self.text[title] = self.since(since)

    def wait_quiet(self, title: str, since: int, statuses: set[str]) -> None:
        """Waits until all is as it should be, what was written is what the golden file has, and nothing more comes."""
        expected = None if UPDATE else self.golden.get(title)
        began = since_when = time.monotonic()
        count = -1
        while time.monotonic() - began < 180:
            time.sleep(0.2)
            now = sum(it["write"] and it["caller"] == DAEMON for it in self.scene.journal(since))
            if now != count or not self.statuses() <= statuses:
                count, since_when = now, time.monotonic()
            quiet = time.monotonic() - since_when
            if quiet > QUIET and (expected is None or self.since(since) == expected):
                return
            if quiet > HOPELESS:
                # What comes now is not what the golden file has; the difference says more than waiting.
                return
        if not self.statuses() <= statuses:
            rows = [(it["key"], it["status"], it["message"]) for it in rows_of(self.daemon)]
            raise AssertionError(f"{title}: never {sorted(statuses)}: {rows}")

    def statuses(self) -> set[str]:
        """How everything is now; a daemon on a very busy machine may not answer in time."""
        try:
            return {it["status"] for it in rows_of(self.daemon)} or {"nothing"}
        except OSError:
            return {"no answer"}

    def since(self, number: int) -> str:
        """What the daemon wrote since an entry of the journal, and what else there is now of what shows no effect."""
        text = written(self.scene.journal(number), DAEMON)
        now = leaves(self.hidden())
        for path in sorted({*now, *self.before}):
            was, here = self.before.get(path), now.get(path)
            if was != here:
                text += f"  then {path}: {was or 'nothing'} → {here or 'nothing'}\n"
        return text

    def hidden(self) -> dict:
        """What is there of what the journal shows no effect of, by name."""
        groups = self.scene.aws("logs").describe_log_groups()["logGroups"]
        scaling, of = self.scene.aws("application-autoscaling"), {"ServiceNamespace": "lambda"}
        targets = scaling.describe_scalable_targets(**of)["ScalableTargets"]
        policies = scaling.describe_scaling_policies(**of)["ScalingPolicies"]
        mappings = [it for it in self.mappings() if it["State"] != "Deleting"]
        return {
            "groups": {it["logGroupName"]: {k: it.get(k) for k in ("retentionInDays", "kmsKeyId")} for it in groups},
            "targets": {it["ResourceId"]: [it["MinCapacity"], it["MaxCapacity"]] for it in targets},
            "policies": {
                it["PolicyName"]: it["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for it in policies
            },
            "eventSources": {
                it["EventSourceArn"]: self.aws.list_tags(Resource=it["EventSourceMappingArn"])["Tags"]
                for it in mappings
            },
            **{name: self.hidden_of(name) for name in self.scene.sim.ask("/functions")},
        }

    def hidden_of(self, name: str) -> dict:
        """The same of one function: its versions and their images, where its aliases lead, who may call what."""
        found = self.aws.list_versions_by_function(FunctionName=name)["Versions"]
        aliases = {it["Name"]: it for it in self.aws.list_aliases(FunctionName=name)["Aliases"]}
        places = {"": {}, **{f":{it}": {"Qualifier": it} for it in aliases}}
        return {
            "versions": {it["Version"]: it["CodeSha256"] for it in found if it["Version"] != "$LATEST"},
            "aliases": {k: [v["FunctionVersion"], v.get("RoutingConfig")] for k, v in aliases.items()},
            "permissions": {it: [x["Sid"] for x in self.statements(name, at)] for it, at in places.items()},
        }


def rows_of(daemon: Daemon) -> list[dict]:
    return daemon.facets()


def lines(spec: dict[str, str]) -> str:
    """Members of a spec, as YAML."""
    return "".join(f"  {name}: {value}\n" for name, value in spec.items())


def sections(name: str) -> dict[str, str]:
    """The golden text of a scene, step by step; empty if there is none yet."""
    path = GOLDEN / f"{name}.txt"
    if not path.exists():
        return {}
    steps = path.read_text().split("== ")[1:]
    return {title: text for title, text in (it.split("\n", 1) for it in steps)}


def play(name: str, place: Path) -> str:
    """Plays a scene to its end; what was written, step by step."""
    played = Play(name, place)
    try:
        SCENES[name](played)
        played.end()
    finally:
        played.scene.stop()
    return "".join(f"== {title}\n{text}" for title, text in played.text.items())


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[str]]]:
    """All scenes that are asked for, several at once."""
    place = tmp_path_factory.mktemp("writes")
    items = [it for it in request.session.items if it.path == Path(__file__) and hasattr(it, "callspec")]
    names = [it.callspec.params["name"] for it in items]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(play, name, place / name) for name in names}


@pytest.mark.parametrize("name", SCENES)
def test_what_is_written_is_as_the_golden_journal_says(played: dict[str, Future[str]], name: str) -> None:
    found, golden = played[name].result(), GOLDEN / f"{name}.txt"
    if UPDATE:
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(found)
    assert found == golden.read_text()


def test_every_golden_file_has_a_scene() -> None:
    assert {it.stem for it in GOLDEN.glob("*.txt")} == set(SCENES)
