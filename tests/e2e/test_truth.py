"""The rule of truth as a person sees it: how soon a daemon with its usual options says what another principal changed,
what our own commands wrote, and what it has not read yet. Real binary, the stand-in with its lags and its quotas."""

from __future__ import annotations

import time
import urllib.error
from dataclasses import dataclass
from pathlib import Path

import pytest

from clones import Model
from scene import DAEMON, PERSON, SETUP, Scene
from stage import Daemon, get, wait_for
from truth import Clock, Times, Watcher, facet, first_reads, rows, throttled
from truth_rows import EXPIRE, LIST, RESYNC, ROWS, TAGS, Row, source, write

SCALE = 8.0
# What a busy machine may take, by the clock on the wall, of what an idle one takes nearly no time for.
BUSY = 0.5
# How long a row is waited for, by the stand-in's clock.
PATIENCE = 150.0
USUAL = ("--resync", f"{RESYNC:g}s")


def limit(seconds: float, scale: float = SCALE) -> float:
    return seconds + BUSY * scale


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path):  # noqa: ANN201
    scene = Scene(tmp_path / "scene", getattr(request, "param", SCALE))
    scene.push(1)
    yield scene
    scene.stop()


def pass_time(clock: Clock, seconds: float) -> None:
    time.sleep(seconds / clock.scale)


def synced(daemon: Daemon) -> bool:
    found = rows(daemon)
    return bool(found) and {it["status"] for it in found} == {"synced"}


# What another principal changes.


def test_a_change_by_another_principal_is_seen_named_and_repaired_in_time(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    write(scene, ROWS)
    scene.run(SETUP, 0, "apply", "--quota-share", "1")
    daemon = scene.start(*USUAL)
    wait_for("all is synced", lambda: synced(daemon))
    watcher = Watcher(scene, daemon)
    try:
        pass_time(watcher.clock, 20)
        for row in ROWS:
            watcher.change(row)
            # The account's quota is everybody's.
            pass_time(watcher.clock, 0.4)
        watch(watcher)
    finally:
        watcher.stop()
    periods = {row.name: daemon.metric("evenkeel_audit_period_seconds", kind=row.kind) for row in ROWS}
    late = {row.name: verdict(row, watcher.times[row.name], periods[row.name]) for row in ROWS}
    with capsys.disabled():
        print("\n" + table(watcher.times, periods, late))
    assert not throttled(scene)
    assert not {name: it for name, it in late.items() if it}
    for row in ROWS:
        counted = daemon.metric("evenkeel_drift_detected_total", cause=row.cause)
        assert counted == sum(it.cause == row.cause for it in ROWS), f"{row.cause}: {counted}"


def watch(watcher: Watcher) -> None:
    """Waits until everything that is to be seen has been seen, or for long enough."""
    end = watcher.clock.now() + PATIENCE
    while watcher.clock.now() < end:
        watcher.look()
        if all(over(row, watcher.times[row.name]) for row in ROWS):
            return
        time.sleep(0.2)


def over(row: Row, times: Times) -> bool:
    seen = times.unsynced is not None and times.drifted is not None
    return seen and (row.repair is None or times.repaired is not None)


def verdict(row: Row, times: Times, period: float) -> list[str]:
    """What is wrong with a row."""
    wrong = []
    most = limit(row.limit)
    steps = {"not synced": times.unsynced, "drifted": times.drifted}
    if row.repair:
        # A step rests on a read of its own, and AWS takes its time for what was written before.
        steps["repaired"] = times.repaired
    for step, at in steps.items():
        allowed = most + (10 if step == "repaired" else 0)
        if at is None or at > allowed:
            wrong.append(f"{step} {'never' if at is None else f'after {at:.0f} s'}, and not within {allowed:.0f} s")
    if times.unsynced is not None and period and times.unsynced > limit(period):
        wrong.append(f"synced for longer than its period of {period:.0f} s")
    if times.drifted is not None and not any(it.startswith(row.field) for it in times.fields or {""}):
        wrong.append(f"{sorted(times.fields)} and not {row.field}")
    return wrong


def table(times: dict[str, Times], periods: dict[str, float], late: dict[str, list[str]]) -> str:
    """The rows as text, in seconds of the stand-in's clock after the change."""
    head = ["row", "part", "limit", "period", "not synced", "drifted", "repaired", "cause", "field", "now", ""]
    lines = [head]
    for row in ROWS:
        seen = times[row.name]
        show = lambda at: "never" if at is None else f"{at:.1f}"  # noqa: E731
        lines.append(
            [
                row.name, row.kind, f"{row.limit:.0f}", f"{periods[row.name]:.0f}", show(seen.unsynced), show(seen.drifted),
                show(seen.repaired) if row.repair else "-", " ".join(sorted(seen.causes)) or "-",
                " ".join(sorted(seen.fields)) or "-", seen.status, "LATE" if late[row.name] else "",
            ]
        )  # fmt: skip
    widths = [max(len(it[i]) for it in lines) for i in range(len(head))]
    return "\n".join("  ".join(it.ljust(w) for it, w in zip(line, widths)).rstrip() for line in lines)


# What a new process knows.

# A part by the name of its function and its kind.
Part = tuple[str, str]
FLEET = [f"job-{it:02}" for it in range(22)]
PARTS = """  url: { authType: AWS_IAM }
  permissions: [{ sid: topic, principal: sns.amazonaws.com }]
  asyncInvoke: { maximumRetryAttempts: 1 }
  concurrency: { reserved: 4, provisioned: 2 }
  recursiveLoop: Allow
  logGroup: { retentionInDays: 14 }
  release: {}
"""
KINDS = (
    "Function", "Release", "Url", "Permissions", "AsyncInvoke", "Concurrency", "ProvisionedConcurrency", "Recursion",
    "EventSource", "LogGroup",
)  # fmt: skip
MANAGED = [(name, kind) for name in FLEET for kind in KINDS]
SLOWER = 4.0
VERIFIED, APPLIED = 60.0, 5.0


@pytest.mark.parametrize("scene", [SLOWER], indirect=True)
def test_after_a_restart_nothing_is_synced_before_it_is_read(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.write(FLEET[0], TAGS + PARTS + source(FLEET[0]))
    scene.write_repository("tools", TAGS + EXPIRE)
    scene.run(SETUP, 0, "apply", "--quota-share", "1")
    Model(scene, FLEET[0]).clone(FLEET[1:])
    for name in FLEET:
        scene.write(name, TAGS + PARTS + source(name))
    before, begun = scene.start(*USUAL), len(scene.journal())
    wait_for("all is synced", lambda: synced(before))
    journal = scene.journal(begun)
    writes = {it["operation"] for it in journal if it["caller"] == DAEMON and it["write"]}
    # The tag of a log group holds a hash of its name too.
    assert writes <= {"TagResource"}, "the clones differ from the manifests"
    before.kill()
    restarted, clock = len(scene.journal()), Clock(scene)
    daemon = scene.start(*USUAL)
    edited = edit(scene, clock)
    shown, unread = first_synced(scene, daemon, clock, restarted)
    journal = scene.journal(restarted)
    early, verified = claims(journal, shown, clock)
    early |= unread
    edits = {"TagResource": FLEET[7], "PutLifecyclePolicy": "tools"}
    applied = {operation: written(journal, (operation, name), edited) for operation, name in edits.items()}
    with capsys.disabled():
        known = [it for it in verified.values() if it is not None]
        print(f"\nafter a restart: {len(known)} of {len(verified)} parts verified, the last after {max(known, default=0):.1f} s;")
        print(f"{len(early)} claimed before they were read; edits applied after {applied}")
    assert not throttled(scene)
    assert not early, f"{len(early)} of {len(verified)} said synced before they were read, as {sorted(early)[:5]}"
    late = [key for key, at in verified.items() if at is None or at > limit(VERIFIED, SLOWER)]
    assert not late, f"{len(late)} not verified within {VERIFIED:.0f} s, as {late[:5]}"
    for operation, after in applied.items():
        assert after is not None and after <= limit(APPLIED, SLOWER), f"{operation}: {after}"


def edit(scene: Scene, clock: Clock) -> float:
    """Tags of a function and a repository's lifecycle policy are edited at once; returns when."""
    scene.write(FLEET[7], TAGS.replace("genomics", "imaging") + PARTS + source(FLEET[7]))
    scene.write_repository("tools", TAGS + EXPIRE.replace("countNumber: 9", "countNumber: 5"))
    return clock.now()


def first_synced(scene: Scene, daemon: Daemon, clock: Clock, restarted: int) -> tuple[dict[Part, float | None], set[Part]]:
    """When each part was first said to be synced, by the stand-in's clock, and those that were said to be so though no
    read of them was shown. Waits for all of them, and at most for the time within which they have to be verified."""
    shown, unread = dict.fromkeys(MANAGED), set()
    end = clock.now() + limit(VERIFIED, SLOWER)
    while clock.now() < end:
        found, now = rows(daemon), clock.now()
        for key in [key for key, at in shown.items() if at is None]:
            part = facet(found, *key)
            if part and part["status"] == "synced":
                shown[key] = now
                unread |= set() if part["audited"] else {key}
        if all(shown.values()) and len(first_reads(scene.journal(restarted), MANAGED)) == len(MANAGED):
            break
        time.sleep(0.1)
    return shown, unread


def claims(
    journal: list[dict], shown: dict[Part, float | None], clock: Clock
) -> tuple[set[Part], dict[Part, float | None]]:
    """The parts that were said to be synced before an exact read of them had ended, and after how many seconds each was
    both read and synced."""
    early, verified, reads = set(), {}, first_reads(journal, MANAGED)
    for key, at in shown.items():
        known = reads.get(key)
        if at is not None and (known is None or known > at):
            early.add(key)
        verified[key] = max(at, known) - clock.start if at is not None and known is not None else None
    return early, verified


def written(journal: list[dict], call: tuple[str, str], since: float) -> float | None:
    """How many seconds after a moment the daemon had first made a call, by its operation and its resource."""
    calls = (it for it in journal if it["caller"] == DAEMON and (it["operation"], it["resource"]) == call)
    return next((round(it["ended"] - since, 1) for it in calls if it["ended"] and it["status"] < 300), None)


# What our own commands write.


def test_what_our_own_commands_do_shows_in_status_page_and_metrics(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.write("held")
    scene.write("back", "  release: {}\n", image="back:v1")
    scene.push(1, repository="back")
    scene.run(SETUP, 0, "apply")
    scene.push(2, repository="back")
    scene.run(SETUP, 0, "apply")
    daemon = scene.start(*USUAL)
    wait_for("all is synced", lambda: synced(daemon))
    clock, seen = Clock(scene), {}
    pass_time(clock, 20)
    for command, (arguments, expected) in COMMANDS.items():
        scene.run(PERSON, 0, *arguments)
        seen[command] = told(scene, daemon, clock, expected)
        # What is taken back before a bulk read has shown it is seen by the next audit alone.
        pass_time(clock, LIST)
    with capsys.disabled():
        print("\nseconds after " + "\n              ".join(f"{command}: {at}" for command, at in seen.items()))
    for command, at in seen.items():
        late = {where: after for where, after in at.items() if after is None or after > limit(LIST)}
        assert not late, f"{command}: {late}, and not within {LIST:.0f} s"


@dataclass(frozen=True)
class Word:
    """What is to be said of a part after a command, and which metric has which value."""

    name: str
    kind: str
    status: str
    metric: str
    labels: dict[str, str]
    value: float


SUSPENDED = "evenkeel_object_suspended"
COMMANDS = {
    "suspend": (
        ("suspend", "held", "--for", "2h", "--reason", "incident"),
        Word("held", "Function", "suspended", SUSPENDED, {"name": "held"}, 1),
    ),
    "resume": (("resume", "held"), Word("held", "Function", "synced", SUSPENDED, {"name": "held"}, 0)),
    # EvenkeelReleaseRolledBack fires on this metric.
    "rollback": (
        ("rollback", "back"),
        Word("back", "Release", "refused", "evenkeel_releases_total", {"name": "back", "result": "rolled_back"}, 1),
    ),
}


def told(scene: Scene, daemon: Daemon, clock: Clock, word: Word) -> dict[str, float | None]:
    """After how many seconds each place says so; none: it does not."""
    began = clock.now()
    at: dict[str, float | None] = dict.fromkeys(("status", "api", "page", "metrics"))
    while None in at.values() and clock.now() < began + 2 * LIST:
        now = clock.now() - began
        part = facet(rows(daemon), word.name, word.kind)
        so = {
            "status": status(scene, daemon, word),
            "api": part is not None and part["status"] == word.status,
            "page": f'class="status {word.status}"' in page(daemon, word),
            "metrics": daemon.metric(word.metric, **word.labels) == word.value,
        }
        at |= {where: round(now, 1) for where, it in so.items() if it and at[where] is None}
        time.sleep(0.1)
    return at


def status(scene: Scene, daemon: Daemon, word: Word) -> bool:
    """Whether `evenkeel status` has a line of the part, or of its document, with the status."""
    text = scene.evenkeel(PERSON).call("status", word.name, "--url", daemon.url).stdout
    return any(word.status in it.split() and word.name in it for it in text.splitlines())


def page(daemon: Daemon, word: Word) -> str:
    """The pages of the document and of the part, if that has one."""
    text = get(f"{daemon.url}/objects/default/Function/{word.name}")
    try:
        return text + get(f"{daemon.url}/objects/default/{word.kind}/{word.name}")
    except urllib.error.HTTPError:
        return text
