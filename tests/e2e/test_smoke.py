"""`test`: the smoke tests of manifests, through the alias on the stand-in, and in containers on this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import time
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path

import pytest

from layouts import store, with_libraries
from stage import ACCOUNT, REGION, ROLE, ROOT, Evenkeel, Keys, wait_for
from stand_in import StandIn

# The tests' own function: it answers with its event, or fails as the event says.
FUNCTION = ROOT / "target" / "debug" / "evenkeel-sim-function"
DOCUMENT = """apiVersion: evenkeel.dev/v1
kind: Function
metadata: {{ name: {name} }}
spec:
  image: {image}
  role: {role}
  memorySize: 256
  timeout: 5
  environment: {{ variables: {{ GREETING: "{secret}" }} }}
  release:
    alias: live
    smokeTests:
{tests}
"""
# In the manifest: what runs here proves what it is about.
SECRET = "hello hunter2\\nand more"
GOOD = """      - { name: first, payload: { print: reading }, expect: { body: { /count: 1, /event/print: reading } } }
      - { name: again, payload: {}, expect: { body: { /count: 2 } } }
      - { name: fails, payload: { fail: true }, expect: { functionError: Unhandled, matches: BadBase } }"""


STAND_IN = partial(StandIn, "--create-lag", "0", "--update-lag", "0", region=REGION)


class Hands:
    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder / "manifests"
        self.folder.mkdir()
        self.context = folder / "context"
        self.evenkeel = Evenkeel(url, keys=Keys(ACCOUNT, "AKIASMOKE", "secret"))
        self.evenkeel.env |= {**store(folder), "EVENKEEL_OWNER": "platform"}

    def write(self, tests: str = GOOD, name: str = "count", image: str = "jobs:v1") -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(DOCUMENT.format(name=name, image=image, role=ROLE, tests=tests, secret=SECRET))
        return path

    def build(self) -> None:
        """A directory with a Dockerfile whose image holds the function, and what it needs to run in it."""
        with_libraries(FUNCTION, self.context)
        (self.context / "Dockerfile").write_text('FROM scratch\nCOPY . /\nENTRYPOINT ["/function"]\n')

    def test(self, *arguments: object, code: int = 0) -> tuple[str, str]:
        done = self.evenkeel.call("test", str(self.folder), *map(str, arguments))
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "panicked" not in done.stderr
        return done.stdout, done.stderr

    def left_over(self) -> str:
        names = ["buildah", "containers", "--format", "{{.ContainerName}}"]
        return subprocess.run(names, env=self.evenkeel.env, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def hands(stand_in: StandIn, tmp_path: Path) -> Hands:
    return Hands(stand_in.url, tmp_path)


def script(stand_in: StandIn, *scripts: dict[str, object]) -> None:
    stand_in.ask(f"/invocations?region={REGION}", list(scripts), "PUT")


def deployed(stand_in: StandIn, hands: Hands, *names: str) -> None:
    stand_in.ask(f"/images?region={REGION}", {"repository": "jobs", "tag": "v1"})
    for name in names:
        hands.write("      - { name: t, expect: { body: { /n: 1 }, maxDuration: 1s } }", name)
    script(stand_in, *({"function": name, "payload": {"n": 1}} for name in names))
    done = hands.evenkeel.call("apply", str(hands.folder), "--account-id", ACCOUNT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_in_aws_is_tested_through_its_alias(stand_in: StandIn, hands: Hands, tmp_path: Path) -> None:
    deployed(stand_in, hands, "count", "other")
    out, _ = hands.test()
    assert "count (count.yaml:1), alias live (version 1) in eu-central-1\n  pass  t (" in out, out
    assert out.endswith("2 passed, 0 failed, 0 could not be run\n")
    # One has begun to answer otherwise.
    script(
        stand_in,
        {"function": "count", "payload": {"n": 1}, "durationMs": 12.5},
        {"function": "other", "payload": {"n": 2}, "log": ["hello hunter2", "\u001b[2Jodd <&> \u0001"]},
    )
    junit = tmp_path / "junit.xml"
    out, said = hands.test("--junit", junit, code=1)
    assert "  FAIL  t" in out and "at `/n` stands 2, and should stand 1; its log ends with: ***" in out, out
    assert "\u001b" not in out and "hunter2" not in out and str(junit) in said
    root = ET.parse(junit).getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("2", "1", "0")
    (failure,) = root.iter("failure")
    assert "should stand 1" in failure.get("message", "") and "hunter2" not in junit.read_text()
    told = json.loads(hands.test("-o", "json", code=1)[0])
    assert [(it["function"], it["tests"][0]["outcome"]) for it in told["suites"]] == [
        ("count", "passed"),
        ("other", "failed"),
    ]
    assert told["suites"][0]["tests"][0]["seconds"] == 0.0125
    assert [it["tests"][0]["version"] for it in told["suites"]] == ["1", "1"]
    # One alone, by name; only what is meant is tried.
    before = len(stand_in.ask("/journal"))
    assert "1 passed, 0 failed" in hands.test("count")[0]
    calls = [it["resource"] for it in stand_in.ask("/journal")[before:] if it["operation"] == "Invoke"]
    assert calls == ["count"]
    hands.test("-l", "team=none", code=2)


def test_the_secrets_of_the_version_that_answers_are_not_shown(stand_in: StandIn, hands: Hands) -> None:
    """A new value is on the newest code, and its version failed: callers have the old one."""
    deployed(stand_in, hands, "count")
    path = hands.folder / "count.yaml"
    path.write_text(path.read_text().replace(SECRET, "entirely-new"))
    told = "old: hello hunter2, and more; new: entirely-new"
    script(stand_in, {"function": "count", "payload": {"n": told}, "log": [told]})
    applied = hands.evenkeel.call("apply", str(hands.folder), "--account-id", ACCOUNT, "--timeout", "20s")
    assert applied.returncode == 1, applied.stdout + applied.stderr
    path.write_text(path.read_text().replace("entirely-new", "not-deployed"))
    out, _ = hands.test(code=1)
    assert "alias live (version 1)" in out and "***" in out, out
    assert "hunter2" not in out and "entirely-new" not in out
    # Of a version that cannot be read nothing is shown.
    rule = {"fault": "deny", "operations": ["GetFunction"], "after": 1}
    stand_in.ask("/faults", {"rules": [rule]}, "PUT")
    out, _ = hands.test(code=1)
    assert "hidden, since the function's secrets are not known" in out and "old:" not in out, out


def test_a_call_that_does_not_end_fails_one_test_and_one_without_room_waits(stand_in: StandIn, hands: Hands) -> None:
    deployed(stand_in, hands, "count")
    both = "\n".join(f"      - {{ name: {name}, expect: {{ body: {{ /n: 1 }}, maxDuration: 1s }} }}" for name in "ab")
    hands.write(both, "count")
    rule = {"fault": "hang-before", "operations": ["Invoke"], "times": 1, "seconds": 60}
    stand_in.ask("/faults", {"rules": [rule]}, "PUT")
    out, _ = hands.test(code=1)
    assert "FAIL  a: it has not ended after 1s" in out and "pass  b" in out, out
    stand_in.ask("/faults", {"rules": [{"fault": "throttle", "operations": ["Invoke"], "times": 2}]}, "PUT")
    assert "2 passed, 0 failed" in hands.test()[0]


def test_what_cannot_be_tried_is_an_error_and_not_a_failure(stand_in: StandIn, hands: Hands) -> None:
    deployed(stand_in, hands, "count")
    hands.write(name="new")
    out, _ = hands.test("--on", "aws", code=2)
    assert "  pass  t" in out and "ERROR first: there is no function new in eu-central-1" in out
    assert out.endswith("1 passed, 0 failed, 3 could not be run\n")
    # The function is there, and callers have nothing yet.
    stand_in.client("lambda", f"{ACCOUNT}KEY", REGION).delete_alias(FunctionName="count", Name="live")
    out, _ = hands.test("count", "--on", "aws", code=2)
    assert "the function has no alias live: nothing has been released yet" in out
    stand_in.ask("/faults", {"rules": [{"fault": "deny", "operations": ["Invoke"]}]}, "PUT")
    out, _ = hands.test("count", code=2)
    assert "AccessDenied" in out and "ask for the permission" in out


def test_a_container_on_this_machine_answers_before_there_is_anything_in_aws(hands: Hands) -> None:
    hands.write()
    hands.build()
    # No way to AWS is needed.
    hands.evenkeel.env |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    out, said = hands.test("--image", hands.context, "--builder", "buildah")
    assert "count (count.yaml:1), a container of " in out, out
    assert "3 passed, 0 failed, 0 could not be run" in out and "testing in a container" in said
    # It ends by itself, and the next test has a new one; it is held up, and ends at its timeout.
    hands.write(
        """      - { name: gone, payload: { exit: 3 }, expect: {} }
      - { name: fresh, payload: { env: GREETING }, expect: { body: { /count: 1, /value: nothing } } }
      - { name: env, payload: { env: AWS_LAMBDA_FUNCTION_NAME }, expect: { body: { /count: 2, /value: count } } }
      - { name: hangs, payload: { hang: true, print: "hello hunter2" }, expect: {} }
      - { name: died, payload: { exit: 0 }, expect: { functionError: Unhandled } }"""
    )
    began = time.monotonic()
    out, _ = hands.test("--image", hands.context, "--builder", "buildah", code=1)
    assert "FAIL  gone" in out and "Runtime exited with error: exit status 3" in out, out
    assert "FAIL  fresh" in out and 'at `/value` stands "***", and should' in out, out
    (line,) = [it for it in out.splitlines() if "FAIL  hangs" in it]
    assert "Task timed out after 5.00 seconds" in line and line.endswith("its log ends with: ***"), out
    assert "2 passed, 3 failed, 0 could not be run" in out and "hunter2" not in out
    assert time.monotonic() - began < 60
    assert not hands.left_over().strip()
    assert said.count("buildah shows the values") == 1


def test_a_function_that_does_what_it_must_not_harms_nobody(hands: Hands) -> None:
    hands.write(
        """      - { name: forks, payload: { fork: true }, expect: { body: { /count: 1 } } }
      - { name: leaves, payload: { leave: 3 }, expect: { body: { /count: 2 } } }
      - { name: anew, payload: { cross: true, print: x }, expect: { body: { /count: 1 }, matches: none } }
      - { name: large, payload: { size: 8000000 }, expect: { matches: none } }
      - { name: floods, payload: { flood: true }, expect: {} }
      - { name: text, payload: { fail: true }, expect: { functionError: Unhandled, status: 200 } }"""
    )
    document = (hands.folder / "count.yaml").read_text()
    (hands.folder / "count.yaml").write_text(document.replace("timeout: 5", "timeout: 60"))
    hands.build()
    shutil.copy(hands.context / "function", hands.context / "forking")
    (hands.context / "Dockerfile").write_text('FROM scratch\nCOPY . /\nENTRYPOINT ["/forking"]\n')
    began = time.monotonic()
    out, _ = hands.test("--image", hands.context, "--builder", "buildah", "--target", "default", code=1)
    assert "pass  forks" in out and "pass  leaves" in out, out
    (line,) = [it for it in out.splitlines() if "FAIL  anew" in it]
    assert line.endswith("its log ends with: starting | x | HTTP/1.1 403 Forbidden"), line
    (line,) = [it for it in out.splitlines() if "FAIL  large" in it]
    assert "Function.ResponseSizeTooLarge" in line, line
    assert "printed more than 64 MiB" in out and "2 passed, 4 failed" in out, out
    assert time.monotonic() - began < 60
    wait_for("nobody is left", lambda: not running("/forking", "linger"), 10)
    assert not hands.left_over().strip()
    # For another target there is none.
    assert "is for the target other" in hands.test("--on", "local", "--target", "other", code=2)[1]


def test_the_image_that_a_manifest_names_is_pulled_with_our_login(stand_in: StandIn, hands: Hands) -> None:
    path = hands.write()
    hands.build()
    hands.evenkeel.env["EVENKEEL_BUILDER"] = "buildah"
    stand_in.client("ecr", f"{ACCOUNT}KEY", REGION).create_repository(repositoryName="jobs")
    done = hands.evenkeel.call(
        "publish", str(hands.context), "--repository", "jobs", "--tag", "v1", "--manifest", str(path), "--pin", "digest"
    )
    assert done.returncode == 0, done.stderr
    assert "jobs@sha256:" in path.read_text()
    out, _ = hands.test()
    host = stand_in.url.removeprefix("http://")
    assert f"a container of {host}/jobs@sha256:" in out and "3 passed" in out, out
    # A tag that is not there.
    hands.write(image="jobs:v9")
    out, _ = hands.test(code=2)
    assert f"buildah: it cannot pull {host}/jobs:v9: " in out and "3 could not be run" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_nobody_is_left_when_it_is_interrupted(hands: Hands, number: signal.Signals) -> None:
    hands.write("      - { name: hangs, payload: { fork: true, hang: true }, expect: {} }")
    document = (hands.folder / "count.yaml").read_text()
    (hands.folder / "count.yaml").write_text(document.replace("timeout: 5", "timeout: 600"))
    hands.build()
    command = [str(hands.evenkeel.binary), "test", str(hands.folder), "--image", str(hands.context)]
    # So that no other test's process is taken for this one's.
    shutil.copy(hands.context / "function", hands.context / "hanging")
    (hands.context / "Dockerfile").write_text('FROM scratch\nCOPY . /\nENTRYPOINT ["/hanging"]\n')
    process = subprocess.Popen(
        [*command, "--builder", "buildah"], env=hands.evenkeel.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_for("the function runs", lambda: running("/hanging", "linger"), 60)
    time.sleep(0.5)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 2 and b"stopped by a signal" in said, said
    gone = [("/hanging",), ("/hanging", "linger")]
    wait_for("the function is gone", lambda: not any(running(*it) for it in gone), 10)
    assert not hands.left_over().strip()


def running(*words: str) -> bool:
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if command == "".join(f"{it}\0" for it in words).encode():
            return True
    return False


DOCKER = """#!/usr/bin/python3
# Stands in for docker: no engine runs here. It notes its arguments, and runs the function itself.
import os, sys, time
words = sys.argv[1:]
with open(os.environ["NOTES"], "a") as notes:
    print(*[word.encode("unicode_escape").decode() for word in words], sep="\\x1f", file=notes)
if words[0] == "info":
    print("28.2.2")
elif words[0] == "buildx":
    time.sleep(60)
elif words[0] == "run":
    given = [b for a, b in zip(words, words[1:]) if a == "--env"]
    env = {name: os.environ[name] for name in given if "=" not in name}
    env |= dict(it.split("=", 1) for it in given if "=" in it)
    if "broken" not in words:
        open(os.environ["NOTES"] + words[words.index("--name") + 1], "w").close()
    if "broken" in words:
        print("docker: Error response from daemon: no such runtime.", file=sys.stderr)
        sys.exit(125)
    if "boots" in words:
        print("boot fails, the password is", os.environ["GREETING"], file=sys.stderr)
        sys.exit(125)
    os.execve(os.environ["FUNCTION"], ["function"], env)
elif words[0] == "inspect":
    began = os.path.exists(os.environ["NOTES"] + words[-1])
    print("2026-11-29T10:00:00.5Z" if began else "0001-01-01T00:00:00Z")
"""


def test_docker_gets_variables_that_nobody_else_sees(hands: Hands, tmp_path: Path) -> None:
    """Held against a stand-in for docker: what is asked of it, not what it does."""
    tools = tmp_path / "tools"
    tools.mkdir()
    docker = tools / "docker"
    docker.write_text(DOCKER)
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    notes = tmp_path / "notes"
    hands.evenkeel.env |= {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "NOTES": str(notes),
        "FUNCTION": str(FUNCTION),
    }
    document = hands.write().read_text()
    (hands.folder / "count.yaml").write_text(
        document.replace("variables: {", 'variables: { PATH: "/opt/bin", DOCKER_HOST: "x", ')
        + "  imageConfig: { entryPoint: [/bin/a, b], command: [c d], workingDirectory: /w }\n"
    )
    out, _ = hands.test("--image", "local:1")
    assert "3 passed" in out, out
    (run,) = [it for it in notes.read_text().split("\n") if it.startswith("run")]
    words = run.split("\x1f")
    assert "hunter2" not in run and ["--env", "GREETING"] == words[(at := words.index("GREETING") - 1) : at + 2]
    assert "PATH=/opt/bin" in words and "DOCKER_HOST=x" in words
    for given in (["--network", "host"], ["--memory", "768m"], ["--user", "993:990"], ["--workdir", "/w"], ["--entrypoint", "/bin/a"]):
        assert given == words[(at := words.index(given[0])) : at + 2], words
    assert words[-3:] == ["local:1", "b", "c d"] and "--read-only" in words and "--pull=never" in words
    assert [it for it in notes.read_text().split("\n") if it.startswith("rm\x1f--force\x1fevenkeel-test-")]
    out, _ = hands.test("--image", "broken", code=2)
    assert "docker cannot start a container of the image: docker: Error response from daemon: no such runtime." in out
    # A program may end with docker's code.
    out, _ = hands.test("--image", "boots", code=1)
    assert "exit status 125" in out and "its log ends with: boot fails, the password is ***\n" in out, out
    # A signal ends a build too.
    hands.build()
    command = [str(hands.evenkeel.binary), "test", str(hands.folder), "--image", str(hands.context)]
    process = subprocess.Popen([*command, "--builder", "docker"], env=hands.evenkeel.env, stderr=subprocess.PIPE)
    wait_for("it builds", lambda: "buildx\x1f" in notes.read_text(), 20)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 2 and b"stopped by a signal" in said, said


def test_what_cannot_be_done_says_what_to_do(hands: Hands, tmp_path: Path) -> None:
    def refused(*arguments: object) -> str:
        out, said = hands.test(*arguments, code=2)
        return out + said

    assert "no function that is meant has smoke tests" in refused("--on", "local")
    hands.write()
    assert "--on aws does not" in refused("--image", "x", "--on", "aws")
    # No builder at all.
    hands.evenkeel.env["PATH"] = str(tmp_path)
    assert "cannot run here: nothing here builds or runs images: docker is not installed" in refused("--image", "x")
    assert "it is not in AWS, and cannot run here" in refused()
    # Docker's program waits for a daemon that does not answer.
    (docker := tmp_path / "docker").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    docker.chmod(0o755)
    assert "docker does not answer within 10s; podman is not installed" in refused("--image", "x")
    hands.evenkeel.env["PATH"] = os.environ["PATH"]
    hands.evenkeel.env["EVENKEEL_BUILDER"] = "buildah"
    assert "buildah: " in refused("--image", "no-such-image")
    assert "Dockerfile is not there" in refused("--image", tmp_path)
    hands.write(name="other", image="others:v1")
    assert "name the one that it is for" in refused("--image", "x")
    (hands.folder / "bad.yaml").write_text("a: [")
    assert "bad.yaml" in refused("--on", "local")
    # Lambda's API is not spoken, and it ends at once.
    hands.build()
    (hands.context / "Dockerfile").write_text('FROM scratch\nCOPY . /\nENTRYPOINT ["/nothing"]\n')
    out, _ = hands.test("count", "--image", hands.context, code=1)
    assert "Runtime.ExitError" in out
    junit = tmp_path / "none" / "junit.xml"
    said = refused("count", "--image", hands.context, "--junit", junit)
    assert "junit.xml: " in said and "testing in a container" not in said
