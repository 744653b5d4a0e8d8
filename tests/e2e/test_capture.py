"""`import --capture`: what somebody changed in AWS becomes what the manifest asks for, and nothing else in it changes."""

from __future__ import annotations

import difflib
import re
import subprocess
from functools import partial
from pathlib import Path

import pytest

from stage import ACCOUNT, REGION, ROLE, Evenkeel, Keys, words
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
        self.evenkeel.env["EVENKEEL_TIME_SCALE"] = SCALE
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
        return self.evenkeel.call(*map(str, arguments), timeout=300)

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
    assert hands.ok("plan", hands.manifests).strip().endswith(" unchanged.")
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
        assert plan.strip().endswith(" unchanged."), plan
        # What was applied last is remembered by whoever applies.
        hands.ok("apply", hands.manifests)
    # A tag has no record, and what is gone whole has taken its own with it.
    gifts = f"/eventSources@{QUEUE}:gifts"
    assert asked == {"/tags/team", "/asyncInvoke", "/concurrency", gifts, "/url"}
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
    assert "~ timeout 30 → 40" in words(hands.ok("plan", hands.manifests, code=1))
    # Of one object both were changed: who changed which field stands nowhere.
    hands.settings(MemorySize=1024)
    said = hands.capture("job", code=1)
    assert "/memorySize: both the manifest and AWS have changed" in said and "/timeout: both" in said
    assert "nothing is written" in said and hands.path.read_text() == wanted
    said = hands.capture("job", "--field", "/memorySize", code=1)
    assert "spec/memorySize as it is in AWS now" in said and "/timeout: both" in said
    assert hands.path.read_text() == wanted.replace("512 ", "1024 ")


def refused(hands: Hands, *given: object, code: int = 2) -> str:
    """A capture that writes nothing."""
    before = {it: it.read_text() for it in hands.manifests.rglob("*.yaml")}
    said = hands.capture(*given, code=code)
    assert {it: it.read_text() for it in hands.manifests.rglob("*.yaml")} == before, said
    return said


def fault(hands: Hands, *rules: dict[str, object]) -> None:
    hands.sim.ask(f"/faults?region={REGION}", {"rules": list(rules)}, "PUT")


def test_what_cannot_be_written_back_is_said_and_nothing_is_half_done(hands: Hands, tmp_path: Path) -> None:
    # A value that others refer to; the other change could be written, and is not.
    anchored = MANIFEST.replace("memorySize: 512 ", "memorySize: &size 512 ")
    anchored = anchored.replace("timeout: 30", "timeout: 30\n  ephemeralStorage: { size: *size }")
    hands.path.write_text(anchored)
    hands.ok("apply", hands.manifests)
    hands.settings(MemorySize=1024, Description="other")
    said = refused(hands)
    assert "job.yaml: line 9: others refer to the value (`&`); make `spec.memorySize` there 1024 by hand" in said
    # For several targets one change would be asked of all.
    hands.path.write_text(MANIFEST.replace("{ name: job }", "{ name: job, target: [default, other] }"))
    assert "it is for default and other, and what was changed in one" in refused(hands)
    # Names that are none, and what goes with what.
    hands.path.write_text(MANIFEST)
    assert "no good document is called `nobody`" in refused(hands, "nobody")
    assert "--manifest" in hands.ok("import", "--capture", "--all", code=2)
    given = ("import", "--capture", "--all", "--manifest", hands.manifests)
    assert "cannot be used with" in hands.ok(*given, "--dir", tmp_path, code=2)
    assert "`memorySize` is no field" in refused(hands, "--all", "--field", "memorySize")
    assert "--values keep or open" in refused(hands, "--all", "--values", "placeholder")
    # Nothing can be written over what is read-only, and then nothing is written at all.
    second = hands.manifests / "sub" / "other.yaml"
    second.parent.mkdir()
    second.write_text(MANIFEST.split("---")[0].replace("name: job ", "name: other ").replace("orders", "o").replace("gifts", "g"))
    hands.ok("apply", hands.manifests)
    hands.settings(MemorySize=2048)
    hands.lam.update_function_configuration(FunctionName="other", MemorySize=2048)
    second.chmod(0o444)
    assert "sub/other.yaml: cannot be written: it is read-only" in refused(hands)
    second.chmod(0o600)
    hands.capture()
    assert "memorySize: 2048" in hands.path.read_text() and "memorySize: 2048" in second.read_text()
    assert second.stat().st_mode & 0o777 == 0o600


def test_what_could_not_be_read_is_not_taken_for_gone(hands: Hands) -> None:
    # It is there for the plan, and not for what would write it: not gone.
    hands.lam.update_function_event_invoke_config(FunctionName="job", MaximumRetryAttempts=0)
    fault(hands, {"fault": "deny", "operations": ["GetFunctionEventInvokeConfig"], "after": 1})
    said = refused(hands, code=1)
    assert "/asyncInvoke/maximumRetryAttempts: it could not be read" in said
    # Nor is what nobody can look at in sync: that cannot be told.
    fault(hands, {"fault": "deny", "operations": ["GetFunctionEventInvokeConfig"]})
    said = refused(hands, code=2)
    assert "default/AsyncInvoke/job: AWS does not show asyncInvoke" in said and "AccessDenied" in said
    fault(hands, {"fault": "deny", "operations": ["GetFunction"]})
    assert "default/Function/job: " in refused(hands)
    fault(hands)
    hands.lam.delete_function(FunctionName="job")
    assert "it is not in AWS, so nothing" in refused(hands, "job", code=1)


def test_what_others_own_and_made_stays_theirs(hands: Hands) -> None:
    # A statement of another hand whose id looks like one of ours, while ours is waiting to be changed.
    edited = MANIFEST.replace("principal: s3.amazonaws.com", 'principal: s3.amazonaws.com\n      sourceAccount: "111122223333"')
    hands.path.write_text(edited)
    hands.lam.add_permission(
        FunctionName="job", StatementId="bucket-x", Action="lambda:InvokeFunction", Principal="*"
    )
    hands.settings(MemorySize=1024)
    said = hands.capture(code=1)
    assert "no manifest asks for it" in said
    assert hands.path.read_text() == edited.replace("512 ", "1024 ")
    arn = hands.lam.get_function(FunctionName="job")["Configuration"]["FunctionArn"]
    hands.lam.tag_resource(Resource=arn, Tags={"evenkeel.dev/owner": "others"})
    hands.settings(MemorySize=128)
    said = refused(hands, "job", code=1)
    assert "/memorySize: NotOurs" in said or "others" in said, said


def test_the_manifests_stay_as_good_as_they_were(hands: Hands) -> None:
    """Two functions with one log group have to agree on it."""
    shared = "  loggingConfig: { logGroup: shared }\n  logGroup: { retentionInDays: 14 }\n"
    for name in ("one", "two"):
        spec = f"spec:\n  image: jobs:v1\n  role: {ROLE}\n{shared}"
        text = f"apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {name} }}\n{spec}"
        (hands.manifests / f"{name}.yaml").write_text(text)
    hands.ok("apply", hands.manifests)
    hands.sim.client("logs", f"{ACCOUNT}HAND", REGION).put_retention_policy(logGroupName="shared", retentionInDays=30)
    said = refused(hands, "one", code=2)
    assert "nothing was written" in said, said


def test_what_cannot_be_asked_for_is_not_written(hands: Hands) -> None:
    """An image that runs and is not in the registry any more would keep the document waiting for ever."""
    digest = hands.push("v2")
    hands.lam.update_function_code(FunctionName="job", ImageUri=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/jobs@{digest}")
    ecr = hands.sim.client("ecr", f"{ACCOUNT}HAND", REGION)
    ecr.batch_delete_image(repositoryName="jobs", imageIds=[{"imageDigest": digest}])
    assert "cannot be asked for, and nothing was written" in refused(hands, "job")


def test_what_the_proof_does_not_find_is_not_written(hands: Hands) -> None:
    """The end of a statement's id is a hash of what it says: what somebody makes up gets another one from us."""
    hands.lam.add_permission(
        FunctionName="job", StatementId="ek-extra-0a1b2c", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    said = refused(hands, "job")
    assert "the manifests would not say what AWS has, so nothing was written" in said
    assert "/permissions/extra-" in said and "would differ then" in said


def test_a_single_file_behind_a_link_is_edited_where_it_is(hands: Hands, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(hands.path)
    hands.settings(MemorySize=1024, Description="\u202eodd\u009b")
    hands.ok("import", "--capture", "job", "--manifest", link)
    assert link.is_symlink() and "memorySize: 1024" in hands.path.read_text()


def test_only_members_become_others_and_lists_lose_all(hands: Hands) -> None:
    before = MANIFEST.replace("  environment:\n    variables:\n      STAGE: test   # or prod\n      LEVEL: \"3\"\n",
                              "  environment: { variables: { LEVEL: \"3\" } }\n")
    hands.path.write_text(before)
    hands.ok("apply", hands.manifests)
    hands.settings(Environment={"Variables": {"APP": "x"}})
    hands.capture("job")
    assert "  environment: { variables: { APP: { keep: true } } }\n" in hands.path.read_text()
    hands.ok("apply", hands.manifests)
    for each in ("orders", "gifts"):
        hands.lam.delete_event_source_mapping(UUID=mapping(hands, each))
    for word in hands.lam.get_policy(FunctionName="job")["Policy"].split('"'):
        if word.startswith("ek-"):
            hands.lam.remove_permission(FunctionName="job", StatementId=word)
    said = hands.capture("job", "--field", "/eventSources", "--field", "/permissions", code=2)
    # The comments in both lists are about what is gone: a person has to see them go.
    assert "the value is written in a way that is not edited" in said
    plain = "\n".join(it.split("   # by name")[0] for it in hands.path.read_text().splitlines() if "The bucket tells" not in it)
    hands.path.write_text(plain + "\n")
    hands.capture("job", "--field", "/eventSources", "--field", "/permissions")
    text = hands.path.read_text()
    assert "  eventSources: []\n" in text and "  permissions: []\n" in text
    assert hands.ok("plan", hands.manifests).strip().endswith(" unchanged.")


def test_provisioned_concurrency_and_topics_are_written_where_they_stand(stand_in: StandIn, tmp_path: Path) -> None:
    hands = Hands(stand_in, tmp_path)
    cluster = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/reads/0a1b2c3d-0000-4000-8000-000000000000-1"
    text = MANIFEST.split("  eventSources:")[0].replace("{ reserved: 7 }", "{ reserved: 7, provisioned: 2 }")
    text += f'''  release: {{}}
  eventSources:
    - {{ eventSourceArn: "{cluster}", topics: [one], startingPosition: LATEST, batchSize: 5 }}
    - {{ eventSourceArn: "{cluster}", topics: [two], startingPosition: LATEST, batchSize: 5 }}
'''
    hands.path.write_text(text)
    hands.ok("apply", hands.manifests)
    hands.lam.put_provisioned_concurrency_config(
        FunctionName="job", Qualifier="live", ProvisionedConcurrentExecutions=3
    )
    all_ = hands.lam.list_event_source_mappings()["EventSourceMappings"]
    (two,) = [it["UUID"] for it in all_ if it["Topics"] == ["two"]]
    hands.lam.update_event_source_mapping(UUID=two, BatchSize=9)
    hands.capture("job")
    wanted = text.replace("provisioned: 2", "provisioned: 3")
    wanted = wanted[: wanted.index("[two]")] + wanted[wanted.index("[two]") :].replace("batchSize: 5", "batchSize: 9")
    assert hands.path.read_text() == wanted
    assert "reserved: 7" in hands.ok("import", "job") and "provisioned: 3" in hands.ok("import", "job")


def test_a_value_is_written_in_the_open_only_if_that_is_asked_for(hands: Hands) -> None:
    hands.settings(Environment={"Variables": {"STAGE": "prod", "LEVEL": "3"}})
    hands.ok("import", "--capture", "job", "--manifest", hands.manifests, "--values", "open")
    assert hands.path.read_text() == MANIFEST.replace("STAGE: test", "STAGE: prod")
    # Where it cannot be, it is not shown either.
    hands.path.write_text(MANIFEST.replace("STAGE: test ", "STAGE: &stage test ").replace('LEVEL: "3"', "LEVEL: *stage"))
    hands.ok("apply", hands.manifests)
    hands.settings(Environment={"Variables": {"STAGE": "test", "LEVEL": SECRET}})
    said = hands.ok("import", "--capture", "job", "--manifest", hands.manifests, "--values", "open", code=2)
    assert "change `spec.environment.variables.LEVEL` by hand" in said


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
