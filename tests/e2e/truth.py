"""How soon a running daemon says what is so: a watcher of its rows, its log and its calls, by the stand-in's clock."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from scene import DAEMON, Scene
from stage import Daemon, get
from truth_rows import Row

THROTTLES = ("TooManyRequestsException", "ThrottlingException", "ThrottledException", "Throttling")
# The calls that are an exact read of a part; any of them is one.
READS = {
    "Function": {"GetFunction"},
    "Release": {"ListAliases", "GetAlias"},
    "Url": {"GetFunctionUrlConfig"},
    "Permissions": {"GetPolicy"},
    "AsyncInvoke": {"GetFunctionEventInvokeConfig"},
    "Concurrency": {"GetFunction"},
    "Recursion": {"GetFunctionRecursionConfig"},
    "ProvisionedConcurrency": {"ListProvisionedConcurrencyConfigs", "GetProvisionedConcurrencyConfig"},
    "EventSource": {"ListTags"},
    "LogGroup": {"DescribeLogGroups"},
    "Repository": {"ListTagsForResource"},
}


def rows(daemon: Daemon) -> list[dict]:
    return daemon.facets()


def facet(found: list[dict], name: str, kind: str) -> dict | None:
    """What is said of one part of a document, or of the document's own object: the one place that knows how parts are
    shown. Today each has a row of its own, and one that nobody asks for has none until something is wrong with it."""
    for row in found:
        if row["kind"] == kind and row["name"].split("/arn:")[0] == name:
            return row
    return None


def says(found: list[dict], row: Row) -> str:
    """The status that is shown of what a row is about: the part's own, or else that of the whole document."""
    if part := facet(found, row.name, row.kind):
        return part["status"]
    document = facet(found, row.name, row.document)
    return document["whole"] if document else "nothing"


@dataclass
class Times:
    """What was seen of a change, in seconds after it; none: not yet."""

    changed: float
    unsynced: float | None = None
    drifted: float | None = None
    causes: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    repaired: float | None = None
    # The status that was seen last.
    status: str = ""


class Clock:
    """The stand-in's clock, without asking it each time."""

    def __init__(self, scene: Scene) -> None:
        self.scale = scene.scale
        # Of several answers the one that came soonest says it best.
        _, self.wall, self.start = min(self._ask(scene) for _ in range(5))

    @staticmethod
    def _ask(scene: Scene) -> tuple[float, float, float]:
        before, now, after = time.time(), scene.now(), time.time()
        return after - before, (before + after) / 2, now

    def at(self, wall: float) -> float:
        return self.start + (wall - self.wall) * self.scale

    def now(self) -> float:
        return self.at(time.time())


class Watcher:
    """Looks at the daemon all the time, from when it is started until it is stopped."""

    def __init__(self, scene: Scene, daemon: Daemon) -> None:
        self.scene, self.daemon, self.clock = scene, daemon, Clock(scene)
        self.times: dict[str, Times] = {}
        self._rows: list[Row] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def change(self, row: Row) -> None:
        """Another principal makes the change of a row."""
        row.change(self.scene, row.name)
        self.times[row.name] = Times(self.clock.now())
        self._rows.append(row)

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            now, found = self.clock.now(), rows(self.daemon)
            for row in list(self._rows):
                times = self.times[row.name]
                times.status = says(found, row)
                if times.status != "synced" and times.unsynced is None and now >= times.changed:
                    times.unsynced = now - times.changed

    def look(self) -> None:
        """Reads the daemon's log, its history and the journal for what polling may have missed."""
        drifts = [it for it in self.daemon.lines() if it.get("message") == "drifted"]
        writes = [it for it in self.scene.journal() if it["caller"] == DAEMON and it["write"]]
        for row in list(self._rows):
            times = self.times[row.name]
            self._look(row, times, [it for it in drifts if row.name in it["object"]])
            for it in writes:
                about = row.name in it["resource"].replace(":", "/").split("/")
                done = about and it["operation"] == row.repair and 200 <= it["status"] < 300
                if done and times.repaired is None and it["ended"] and it["began"] > times.changed:
                    times.repaired = it["ended"] - times.changed

    def _look(self, row: Row, times: Times, drifts: list[dict]) -> None:
        for line in drifts:
            at = self.clock.at(datetime.fromisoformat(line["timestamp"]).timestamp()) - times.changed
            if at >= 0 and line["cause"] == row.cause and times.drifted is None:
                times.drifted = at
                times.unsynced = min(at, at if times.unsynced is None else times.unsynced)
            times.causes.add(line["cause"])
        if times.drifted is not None and row.field not in times.fields:
            path = f"/api/v1/history/default/{row.document}/{row.name}"
            changes = json.loads(get(self.daemon.url + path))["changes"]
            times.fields |= {f["path"] for it in changes if it["what"] == "drifted" for f in it["fields"]}

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def throttled(scene: Scene) -> list[str]:
    """The daemon's calls that AWS throttled."""
    calls = (it for it in scene.journal() if it["caller"] == DAEMON)
    return [f"{it['operation']} {it['resource']} at {it['began']}" for it in calls if it["code"] in THROTTLES]


def first_reads(journal: list[dict], parts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """When the first exact read of each part, by name and kind, had ended in a part of the journal."""
    kinds: dict[str, list[str]] = {}
    for kind, operations in READS.items():
        for operation in operations:
            kinds.setdefault(operation, []).append(kind)
    left, found = set(parts), {}
    for it in journal:
        if it["caller"] != DAEMON or not it["ended"] or it["status"] >= 500 or it["code"] in THROTTLES:
            continue
        about = set(it["resource"].replace(":", "/").split("/"))
        for kind in kinds.get(it["operation"], ()):
            for key in [it for it in left if it[1] == kind]:
                # A list is about all.
                if key[0] in about or about == {""}:
                    found[key] = it["ended"]
                    left.discard(key)
    return found
