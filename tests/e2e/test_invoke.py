"""`invoke` and `logs`, as a person at a terminal has them, on the stand-in, whose functions log as Lambda's do."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from pathlib import Path

import pytest

from stage import ACCOUNT, REGION, ROLE, Evenkeel, Keys, wait_for
from stand_in import StandIn

DOCUMENT = f"""apiVersion: evenkeel.dev/v1
kind: Function
metadata: {{ name: count }}
spec:
  image: jobs:v1
  role: {ROLE}
  memorySize: 256
"""
STAND_IN = partial(StandIn, "--create-lag", "0", "--update-lag", "0", region=REGION)


class Hands:
    def __init__(self, stand_in: StandIn, folder: Path) -> None:
        self.sim, self.folder = stand_in, folder
        self.evenkeel = Evenkeel(stand_in.url, keys=Keys(ACCOUNT, "AKIAINVOKE", "secret"))
        self.evenkeel.env["EVENKEEL_OWNER"] = "platform"

    def make(self, rest: str = "") -> None:
        self.sim.ask(f"/images?region={REGION}", {"repository": "jobs", "tag": "v1"})
        (self.folder / "count.yaml").write_text(DOCUMENT + rest)
        done = self.evenkeel.call("apply", str(self.folder), "--account-id", ACCOUNT)
        assert done.returncode == 0, done.stdout + done.stderr

    def script(self, **script: object) -> None:
        self.sim.ask(f"/invocations?region={REGION}", [{"function": "count", **script}], "PUT")

    def run(self, *arguments: object, code: int = 0, given: str | None = None) -> tuple[str, str]:
        command = [str(self.evenkeel.binary), *map(str, arguments)]
        done = subprocess.run(
            command, env=self.evenkeel.env, input=given, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout, done.stderr


@pytest.fixture
def hands(stand_in: StandIn, tmp_path: Path) -> Hands:
    return Hands(stand_in, tmp_path)


def test_the_answer_alone_is_on_standard_output(hands: Hands, tmp_path: Path) -> None:
    hands.make()
    hands.script(payload={"A": 1}, log=["reading seq-1"], durationMs=12.5)
    out, said = hands.run("invoke", "count", "--payload", '{"fasta": ">a"}')
    assert json.loads(out) == {"A": 1}
    assert said.startswith("count (version $LATEST): 12.50 ms") and "of 256 MB" in said and "reading" not in said
    _, said = hands.run("invoke", "Function/count", "--tail")
    assert "  reading seq-1\n" in said
    (tmp_path / "event.json").write_text('{"n": 1}')
    assert json.loads(hands.run("invoke", "count", "--file", tmp_path / "event.json")[0]) == {"A": 1}
    assert json.loads(hands.run("invoke", "count", "--file", "-", given='"text"')[0]) == {"A": 1}


def test_a_function_that_fails_fails_the_command(hands: Hands) -> None:
    hands.make()
    hands.script(payload={"errorMessage": "no such base"}, functionError="Unhandled", log=["at N\u001b[2J"])
    out, said = hands.run("invoke", "count", code=1)
    assert json.loads(out) == {"errorMessage": "no such base"}
    assert "the function failed (Unhandled)" in said and "  at N\ufffd[2J\n" in said


def test_callers_get_the_alias_and_so_do_we(hands: Hands) -> None:
    hands.make("  release: { alias: live }\n")
    hands.script(payload=1)
    assert "count:live (version 1)" in hands.run("invoke", "count")[1]
    assert "(version $LATEST)" in hands.run("invoke", "count", "--version", "$LATEST")[1]
    assert "count:1 (version 1)" in hands.run("invoke", "count", "--version", "1")[1]
    _, said = hands.run("invoke", "count", "--async")
    assert "count:live will run; request " in said and "evenkeel logs count --request " in said


def test_what_cannot_be_invoked_is_said_with_what_to_do(hands: Hands, tmp_path: Path) -> None:
    hands.make()
    for arguments, expected in (
        (("count", "--payload", "ACGT"), "is no JSON"),
        (("count", "--payload", "{} {}"), "is no JSON"),
        (("count", "--file", tmp_path / "none.json"), "none.json: No such file"),
        (("nobody",), "there is no function nobody in eu-central-1; is its name right"),
        (("count", "--alias", "live"), "Invoke failed"),
        (("count", "--version", "live"), "is no version"),
        (("count", "--payload", "{}", "--file", "-"), "cannot be used with"),
    ):
        assert expected in hands.run("invoke", *arguments, code=2)[1], arguments
    large = tmp_path / "large.json"
    large.write_text('"' + "A" * (6 << 20) + '"')
    assert "more than the 6 MB" in hands.run("invoke", "count", "--file", large, code=2)[1]
    hands.sim.ask("/faults", {"rules": [{"fault": "deny", "operations": ["Invoke"]}]}, "PUT")
    assert "ask for the permission that it names" in hands.run("invoke", "count", code=2)[1]


def test_the_log_of_all_environments_is_one(hands: Hands) -> None:
    hands.make("  release: { alias: live }\n")
    assert "try `evenkeel invoke count`" in hands.run("logs", "count", code=2)[1]
    hands.script(payload=1, log=['{"level": "ERROR", "message": "bad base", "base": "N"}', "line 2"], durationMs=3)
    _, first = hands.run("invoke", "count")
    hands.script(payload=1, log=["other"])
    hands.run("invoke", "count", "--version", "$LATEST")
    out, _ = hands.run("logs", "count")
    lines = [it.split("  ", 1)[1] for it in out.splitlines() if not it.startswith("    ")]
    assert "ERROR bad base base=N" in lines and "line 2" in lines and "other" in lines
    reports = [it for it in lines if it.startswith("REPORT ")]
    assert len(reports) == 2 and any("  3.00 ms, billed" in it and " of 256 MB" in it for it in reports)
    times = [it.split(" ", 1)[0] for it in out.splitlines() if it.startswith("20")]
    assert times == sorted(times) and len(lines) >= 8
    only, _ = hands.run("logs", "count", "--version", "1")
    assert "line 2" in only and "other" not in only
    found, _ = hands.run("logs", "count", "--filter", "other")
    assert found.count("\n") == 1 and "other" in found
    request = first.rsplit("request ", 1)[1].strip()
    run, _ = hands.run("logs", "count", "--request", request)
    # Also the lines that do not name it.
    assert "line 2" in run and "other" not in run and "START RequestId" in run
    rows = [json.loads(it) for it in hands.run("logs", "count", "-o", "json")[0].splitlines()]
    assert {"level": "ERROR", "message": "bad base", "base": "N"} in [it["message"] for it in rows]
    assert {it["version"] for it in rows} == {"1", "$LATEST"}
    _, said = hands.run("logs", "count", "--since", "2000-01-01T00:00:00Z", "--until", "2000-01-02T00:00:00Z")
    assert "see --since" in said
    assert "is no request's id" in hands.run("logs", "count", "--request", 'a" "b', code=2)[1]
    assert "is no time" in hands.run("logs", "count", "--since", "yesterday", code=2)[1]


def test_of_runs_within_a_millisecond_one_is_shown(tmp_path: Path) -> None:
    lags = ("--create-lag", "0", "--update-lag", "0", "--no-quotas", "--time-scale", "0.001")
    slow = StandIn(*lags, region=REGION)
    try:
        hands = Hands(slow, tmp_path)
        hands.make()
        said = []
        for number in range(3):
            hands.script(payload=1, log=[f"run {number}"])
            said.append(hands.run("invoke", "count")[1].rsplit("request ", 1)[1].strip())
        lines = hands.run("logs", "count")[0].splitlines()
        assert len({it.split(" ", 1)[0] for it in lines}) < 3, "the clock is too fast to show anything"
        run, _ = hands.run("logs", "count", "--request", said[1])
        assert "run 1" in run and "run 0" not in run and "run 2" not in run
    finally:
        slow.stop()


def test_a_log_can_be_followed(hands: Hands, tmp_path: Path) -> None:
    hands.make()
    hands.script(payload=1, log=["first"])
    hands.run("invoke", "count")
    log = tmp_path / "followed"
    with log.open("wb") as out:
        command = [str(hands.evenkeel.binary), "logs", "count", "--follow"]
        follower = subprocess.Popen(command, env=hands.evenkeel.env, stdout=out)
        try:
            wait_for("what was there", lambda: "first" in log.read_text())
            hands.script(payload=1, log=["second"])
            hands.run("invoke", "count")
            wait_for("what came", lambda: "second" in log.read_text())
            hands.run("invoke", "count")
            wait_for("and again", lambda: log.read_text().count("second") == 2)
            assert log.read_text().count("first") == 1
        finally:
            follower.kill()
            follower.wait(10)
