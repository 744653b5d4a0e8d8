"""`import --capture`: what somebody changed in AWS becomes what the manifest asks for, and nothing else in it changes."""

from __future__ import annotations

import difflib
import re
import subprocess
from functools import partial
from pathlib import Path

import pytest

from stage import ACCOUNT, REGION, ROLE, Evenkeel, Keys
from stand_in import StandIn

SCALE = "50"
SECRET = "hunter2-canary"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
MANIFEST = f"""# What the team runs. ☃
apiVersion: evenkeel.dev/v1
kind: Function
metadata: {{ name: job }}   # in one line
spec:
  image: jobs:v1
  role: {ROLE}
  # As much as the largest sample needs.
  memorySize: 512           # MB
  timeout: 30
  environment:
    variables:
      STAGE: test   # or prod
      LEVEL: "3"
  tags: {{ team: genomics, cost: "17" }}
  url:
    authType: AWS_IAM
    cors: {{ allowOrigins: ["https://a.example"] }}
  permissions:
    # The bucket tells us of new files.
    - sid: bucket
      principal: s3.amazonaws.com
    - {{ sid: topic, principal: sns.amazonaws.com }}
  asyncInvoke: {{ maximumRetryAttempts: 1, onFailure: "{QUEUE}:dead" }}
  concurrency: {{ reserved: 7 }}
  eventSources:
    - eventSourceArn: "arn:aws:sqs:${{target.region}}:${{target.accountId}}:orders"   # by name
      batchSize: 3
    - {{ eventSourceArn: "arn:aws:sqs:${{target.region}}:${{target.accountId}}:gifts" }}
  logGroup: {{ retentionInDays: 14 }}
---
apiVersion: evenkeel.dev/v1
kind: Repository
metadata: {{ name: jobs }}
spec:
  imageTagMutability: MUTABLE   # until the first release
  policy: {{ adopt: true }}
"""
STAND_IN = partial(StandIn, "--time-scale", SCALE, "--no-quotas", region=REGION)


class Hands:
    def __init__(self, stand_in: StandIn, folder: Path) -> None:
        self.sim, self.folder = stand_in, folder
        self.evenkeel = Evenkeel(stand_in.url, keys=Keys(ACCOUNT, "AKIACAPTURE", "secret"))
        self.evenkeel.env |= {"EVENKEEL_OWNER": "platform", "EVENKEEL_ACCOUNT_ID": ACCOUNT}
        (folder / "key").write_text("k" * 32)
        self.evenkeel.env["EVENKEEL_HASH_KEY_FILE"] = str(folder / "key")
        self.manifests = folder / "manifests"
        self.manifests.mkdir()
        self.path = self.manifests / "job.yaml"
        self.path.write_text(MANIFEST)
        self.push("v1")
        self.lam = stand_in.client("lambda", f"{ACCOUNT}HAND", REGION)

    def push(self, tag: str) -> str:
        return self.sim.ask(f"/images?region={REGION}", {"repository": "jobs", "tag": tag})["digest"]

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self.evenkeel.call(*map(str, arguments), "--time-scale", SCALE, timeout=300)

    def ok(self, *arguments: object, code: int = 0) -> str:
        done = self.run(*arguments)
        text = done.stdout + done.stderr
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{text}"
        assert "panicked" not in text and SECRET not in text
        return text

    def capture(self, *given: object, code: int = 0) -> str:
        return self.ok("import", "--capture", *(given or ("--all",)), "--manifest", self.manifests, code=code)

    def settings(self, **changes: object) -> None:
        self.lam.update_function_configuration(FunctionName="job", **changes)


@pytest.fixture
def hands(stand_in: StandIn, tmp_path: Path) -> Hands:
    hands = Hands(stand_in, tmp_path)
    hands.ok("apply", hands.manifests)
    return hands


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [it[0] + it[2:] for it in lines if it[0] in "+-"]


def mapping(hands: Hands, queue: str) -> str:
    all_ = hands.lam.list_event_source_mappings(FunctionName="job")["EventSourceMappings"]
    (found,) = [it["UUID"] for it in all_ if it["EventSourceArn"].endswith(queue)]
    return found


# What somebody does, and how the manifest changes: exactly these lines.
CASES = [
    (lambda it: it.settings(MemorySize=1024), ["-  memorySize: 512           # MB", "+  memorySize: 1024           # MB"]),
    # AWS's own value is what a manifest does not say.
    (lambda it: it.settings(Timeout=3), ["-  timeout: 30"]),
    (lambda it: it.settings(Description="by hand: not \"ours\""), ['+  description: "by hand: not \\"ours\\""']),
    (
        lambda it: it.settings(Environment={"Variables": {"STAGE": SECRET, "NEW": "x"}}),
        [
            "-      STAGE: test   # or prod",
            "+      STAGE: { keep: true }   # or prod",
            '-      LEVEL: "3"',
            "+      NEW: { keep: true }",
        ],
    ),
    (
        lambda it: it.lam.tag_resource(
            Resource=it.lam.get_function(FunctionName="job")["Configuration"]["FunctionArn"], Tags={"team": "x"}
        ),
        ['-  tags: { team: genomics, cost: "17" }', '+  tags: { team: x, cost: "17" }'],
    ),
    (
        lambda it: it.lam.update_function_code(
            FunctionName="job", ImageUri=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/jobs@{it.push('v2')}"
        ),
        ["-  image: jobs:v1", "+  image: jobs@sha256:…"],
    ),
    (
        lambda it: it.lam.update_function_url_config(FunctionName="job", Cors={"AllowOrigins": ["*"], "MaxAge": 9}),
        [
            '-    cors: { allowOrigins: ["https://a.example"] }',
            '+    cors: { allowOrigins: ["*"], maxAge: 9 }',
        ],
    ),
    (
        lambda it: it.lam.remove_permission(
            FunctionName="job",
            StatementId=next(
                word for word in it.lam.get_policy(FunctionName="job")["Policy"].split('"') if word.startswith("ek-topic-")
            ),
        ),
        ["-    - { sid: topic, principal: sns.amazonaws.com }"],
    ),
    (
        lambda it: it.lam.update_function_event_invoke_config(FunctionName="job", MaximumRetryAttempts=0),
        ["-  asyncInvoke: { maximumRetryAttempts: 1,", "+  asyncInvoke: { maximumRetryAttempts: 0,"],
    ),
    (lambda it: it.lam.delete_function_event_invoke_config(FunctionName="job"), ["-  asyncInvoke: { maximumRetryAttempts: 0,"]),
    (lambda it: it.lam.delete_function_concurrency(FunctionName="job"), ["-  concurrency: { reserved: 7 }"]),
    (
        lambda it: it.lam.update_event_source_mapping(UUID=mapping(it, "orders"), BatchSize=8),
        ["-      batchSize: 3", "+      batchSize: 8"],
    ),
    (lambda it: it.lam.delete_event_source_mapping(UUID=mapping(it, "gifts")), ["-    - { eventSourceArn:"]),
    (
        lambda it: it.sim.client("logs", f"{ACCOUNT}HAND", REGION).put_retention_policy(
            logGroupName="/aws/lambda/job", retentionInDays=30
        ),
        ["-  logGroup: { retentionInDays: 14 }", "+  logGroup: { retentionInDays: 30 }"],
    ),
    (lambda it: it.lam.delete_function_url_config(FunctionName="job"), ["-  url:", "-    authType: AWS_IAM", "-    cors:"]),
    (
        lambda it: it.sim.client("ecr", f"{ACCOUNT}HAND", REGION).put_lifecycle_policy(
            repositoryName="jobs",
            lifecyclePolicyText='{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":'
            '"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}',
        ),
        [],
    ),
    (
        lambda it: it.sim.client("ecr", f"{ACCOUNT}HAND", REGION).put_image_tag_mutability(
            repositoryName="jobs", imageTagMutability="IMMUTABLE"
        ),
        ["-  imageTagMutability: MUTABLE   # until the first release", "+  imageTagMutability: IMMUTABLE   # until the first release"],
    ),
]


def test_each_change_by_hand_is_written_back_and_nothing_else(hands: Hands) -> None:
    assert hands.ok("plan", hands.manifests).strip().endswith("all in sync")
    assert "nothing is written" in hands.capture() and hands.path.read_text() == MANIFEST
    asked: set[str] = set()
    for hand, wanted in CASES:
        before = hands.path.read_text()
        hand(hands)
        calls = len(hands.sim.ask("/journal"))
        first = hands.run("import", "--capture", "--all", "--manifest", hands.manifests)
        said = first.stdout + first.stderr
        if first.returncode == 1:
            # Who changed it stands nowhere, so somebody has to say which side is right.
            fields = re.findall(r"--field (\S+) takes it", said)
            assert fields and hands.path.read_text() == before, said
            asked.update(fields)
            said = hands.capture("--all", *(word for it in fields for word in ("--field", it)))
        else:
            assert first.returncode == 0, said
        found = changed(before, hands.path.read_text())
        fits = len(found) == len(wanted) and all(
            it.startswith(line.split("…")[0]) for it, line in zip(sorted(found), sorted(wanted), strict=True)
        )
        assert fits, "\n".join([str(wanted), *found, said])
        # Nobody in AWS has noticed.
        journal = hands.sim.ask("/journal")[calls:]
        assert not [it["operation"] for it in journal if it.get("changed")], said
        plan = hands.ok("plan", hands.manifests)
        assert plan.strip().endswith("all in sync"), plan
        # What was applied last is remembered by whoever applies.
        hands.ok("apply", hands.manifests)
    # A tag has no record, and what is gone whole has taken its own with it.
    assert asked == {"/tags/team", "/asyncInvoke", "/concurrency", "/eventSources", "/url"}
    assert "# As much as the largest sample needs." in hands.path.read_text()


def test_what_the_manifest_changed_itself_stays(hands: Hands) -> None:
    # Two objects: of one the manifest was changed, of the other AWS.
    edited = MANIFEST.replace("timeout: 30", "timeout: 40")
    hands.path.write_text(edited)
    hands.lam.put_function_concurrency(FunctionName="job", ReservedConcurrentExecutions=9)
    said = hands.capture("job")
    assert "spec/concurrency/reserved as it is in AWS now" in said and "timeout" not in said
    wanted = edited.replace("reserved: 7", "reserved: 9")
    assert hands.path.read_text() == wanted
    assert "/timeout: 30 → 40  (pending)" in hands.ok("plan", hands.manifests, code=1)
    # Of one object both were changed: who changed which field stands nowhere.
    hands.settings(MemorySize=1024)
    said = hands.capture("job", code=1)
    assert "/memorySize: both the manifest and AWS have changed" in said and "/timeout: both" in said
    assert "nothing is written" in said and hands.path.read_text() == wanted
    said = hands.capture("job", "--field", "/memorySize", code=1)
    assert "spec/memorySize as it is in AWS now" in said and "/timeout: both" in said
    assert hands.path.read_text() == wanted.replace("512 ", "1024 ")


def test_what_cannot_be_written_back_is_said_and_nothing_is_half_done(hands: Hands, tmp_path: Path) -> None:
    # A value that others refer to; the other change could be written, and is not.
    anchored = MANIFEST.replace("memorySize: 512 ", "memorySize: &size 512 ").replace("timeout: 30", "timeout: 30\n  ephemeralStorage: { size: *size }")
    hands.path.write_text(anchored)
    hands.ok("apply", hands.manifests)
    hands.settings(MemorySize=1024, Description="other")
    said = hands.capture(code=2)
    assert "job.yaml: line 9: others refer to the value (`&`); make `spec.memorySize` there 1024 by hand" in said
    assert hands.path.read_text() == anchored
    # For several targets one change would be asked of all.
    hands.path.write_text(MANIFEST.replace("{ name: job }", "{ name: job, target: [default, other] }"))
    said = hands.capture(code=2)
    assert "is for default and other" in said or "other" in said
    # Names that are none, and what goes with what.
    assert "no good document is called `nobody`" in hands.capture("nobody", code=2)
    assert "--manifest" in hands.ok("import", "--capture", "--all", code=2)
    assert "cannot be used with" in hands.ok("import", "--capture", "--all", "--manifest", hands.manifests, "-o", tmp_path, code=2)
    hands.path.write_text(MANIFEST)
    hands.path.chmod(0o600)
    hands.capture("Function/job")
    assert hands.path.stat().st_mode & 0o777 == 0o600


def test_a_value_is_written_in_the_open_only_if_that_is_asked_for(hands: Hands) -> None:
    hands.settings(Environment={"Variables": {"STAGE": "prod", "LEVEL": "3"}})
    hands.ok("import", "--capture", "job", "--manifest", hands.manifests, "--values", "open")
    assert hands.path.read_text() == MANIFEST.replace("STAGE: test", "STAGE: prod")


def test_an_alias_that_was_moved_by_hand_is_for_rollback(stand_in: StandIn, tmp_path: Path) -> None:
    hands = Hands(stand_in, tmp_path)
    hands.path.write_text(MANIFEST.replace("  tags:", "  release: {}\n  tags:"))
    hands.ok("apply", hands.manifests)
    hands.push("v1")
    hands.ok("apply", hands.manifests)
    hands.lam.update_alias(FunctionName="job", Name="live", FunctionVersion="1")
    before = hands.path.read_text()
    said = hands.capture("job", code=1)
    assert "`evenkeel rollback`" in said and hands.path.read_text() == before, said
