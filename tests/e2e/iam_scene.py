"""One story on the stand-in in which the daemon and its commands make every call that they know: as
somebody who only observes, who repairs, who deletes, and who assumes roles in other accounts."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

from layouts import index, store
from stage import ACCOUNT, REGION, ROLE, Daemon, Evenkeel, Keys, wait_for
from stand_in import StandIn

OWNER = "platform"
OTHER = "210987654321"
AWAY = "eu-west-1"
SCALE = "50"
# Who calls, by the part of the access key's id that is not an account's.
OBSERVE, ENFORCE, PRUNE, BASE = "AKIAOBSERVE", "AKIAENFORCE", "AKIAPRUNE", "AKIABASE"
DEVELOP = "AKIADEVELOP"
ROLES = {"evenkeel-observe": OBSERVE, "evenkeel-enforce": ENFORCE, "evenkeel-prune": PRUNE}

BLOCKS = """
  vpcConfig: { subnetIds: [subnet-0a1b], securityGroupIds: [sg-0a1b] }
  fileSystemConfigs:
    - arn: "arn:aws:elasticfilesystem:${target.region}:${target.accountId}:access-point/fsap-0a1b2c3d4e5f60718"
      localMountPath: /mnt/data
  kmsKeyArn: "arn:aws:kms:${target.region}:${target.accountId}:key/0a1b"
  environment: { variables: { STAGE: test } }
  tags: { team: genomics, old: tag }
  url: { authType: AWS_IAM }
  permissions: [{ sid: bucket, principal: s3.amazonaws.com }]
  asyncInvoke: { maximumRetryAttempts: 1 }
  concurrency: { reserved: 7 }
  recursiveLoop: Allow
  eventSources:
    - eventSourceArn: "arn:aws:sqs:${target.region}:${target.accountId}:orders"
      filterCriteria: { filters: [{ pattern: '{"body": {"kind": ["order"]}}' }] }
      kmsKeyArn: "arn:aws:kms:${target.region}:${target.accountId}:key/0a1b"
    - eventSourceArn: "arn:aws:sqs:${target.region}:${target.accountId}:gifts"
  logGroup: { retentionInDays: 14, kmsKeyId: "arn:aws:kms:${target.region}:${target.accountId}:key/0a1b" }
"""

CHANGED = """
  vpcConfig: { subnetIds: [subnet-0a1b], securityGroupIds: [sg-0a1b] }
  kmsKeyArn: "arn:aws:kms:${target.region}:${target.accountId}:key/0a1b"
  memorySize: 512
  tags: { team: genomics, old: null }
  url: { authType: AWS_IAM, cors: { allowOrigins: ["https://a.example"] } }
  permissions: [{ sid: topic, principal: sns.amazonaws.com }]
  eventSources:
    - eventSourceArn: "arn:aws:sqs:${target.region}:${target.accountId}:orders"
      batchSize: 5
  logGroup: {}
"""

LESS = """
  vpcConfig: { subnetIds: [subnet-0a1b], securityGroupIds: [sg-0a1b] }
  tags: { team: genomics }
  logGroup: { kmsKeyId: "arn:aws:kms:${target.region}:${target.accountId}:key/0a1b" }
"""

CANARY = """
  release:
    smokeTests: [{ name: one, payload: { seq: ACGT } }]
    strategy: { canary: { steps: [10, 50], every: 1m } }
    alarms: [errors]
"""

MANAGED = """
  memorySize: 4096
  capacityProviderConfig:
    capacityProviderArn: "arn:aws:lambda:${target.region}:${target.accountId}:capacity-provider:pool"
  scalingConfig: { minExecutionEnvironments: 3, maxExecutionEnvironments: 9 }
  release: {}
"""

REPOSITORY = """
  imageTagMutability: IMMUTABLE
  imageScanningConfiguration: { scanOnPush: true }
  encryptionConfiguration: { encryptionType: KMS }
  tags: { team: genomics, old: tag }
  lifecyclePolicy:
    rules:
      - rulePriority: 1
        selection: { tagStatus: untagged, countType: imageCountMoreThan, countNumber: 9 }
        action: { type: expire }
  repositoryPolicy:
    Version: "2012-10-17"
    Statement:
      - { Sid: pull, Effect: Allow, Principal: "*", Action: "ecr:BatchGetImage" }
"""

DELETABLE = "  policy: { deletion: delete }\n"


class Scene:
    """The stand-in, a folder of manifests, and the binary under the name of one of the callers."""

    def __init__(self, stand_in: StandIn, place: Path) -> None:
        self.sim, self.place = stand_in, place
        self.folder = place / "manifests"
        self.folder.mkdir()
        self.salt = 0

    def write(self, name: str, rest: str = "", kind: str = "Function", image: str = "jobs:v1") -> None:
        spec = rest if kind == "Repository" else f"  image: {image}\n  role: {ROLE}\n{rest}"
        text = f"apiVersion: evenkeel.dev/v1\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec:\n"
        (self.folder / f"{name}.yaml").write_text(text + spec)

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.yaml").unlink()

    def evenkeel(self, who: str, more: dict[str, str] | None = None) -> Evenkeel:
        evenkeel = Evenkeel(self.sim.url, keys=Keys(ACCOUNT, who, "secret"))
        evenkeel.env |= {"EVENKEEL_OWNER": OWNER, "EVENKEEL_ACCOUNT_ID": ACCOUNT, "EVENKEEL_TIME_SCALE": SCALE}
        evenkeel.env |= more or {}
        return evenkeel

    def call(self, who: str, code: int, command: str, *arguments: str) -> str:
        """Runs a command to its end, and holds its exit code against the expected one."""
        options = [*arguments]
        if command in ("plan", "apply", "run"):
            options.insert(0, str(self.folder))
        done = self.evenkeel(who).call(command, *options)
        text = done.stdout + done.stderr
        assert done.returncode == code, f"{command} {arguments}: {done.returncode}\n{text}"
        return text

    def daemon(self, who: str, *arguments: str) -> Daemon:
        log = self.place / f"{who}.log"
        return self.evenkeel(who).daemon(self.folder, log, *arguments)

    def push(self, repository: str = "jobs", tag: str = "v1", account: str = ACCOUNT, region: str = REGION) -> None:
        self.salt += 1
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "annotations": {"salt": self.salt},
        }
        body = {"repository": repository, "tag": tag, "manifest": json.dumps(manifest)}
        self.sim.ask(f"/images?account={account}&region={region}", body)

    def alarm(self, state: str) -> None:
        self.sim.ask(f"/alarms?region={REGION}", {"name": "errors", "state": state})

    def leads(self, name: str) -> tuple[str, bool]:
        """The version that the alias leads to, and whether another one has a part of the calls."""
        found = self.sim.client("lambda", "hand").get_alias(FunctionName=name, Name="live")
        weights = found.get("RoutingConfig", {}).get("AdditionalVersionWeights")
        return found["FunctionVersion"], bool(weights)

    def word(self) -> str:
        """The hash of what `--prune` would delete, as a person reads it in the plan."""
        plan = self.call(PRUNE, 1, "plan", "--prune")
        found = re.search(r"--confirm-prune ([0-9a-f]+)", plan)
        assert found, plan
        return found[1]

    def functions(self) -> dict:
        return self.sim.ask(f"/functions?region={REGION}")

def observed(scene: Scene, code: int) -> None:
    """Plan, and a daemon that only observes, look at all that there is."""
    scene.call(OBSERVE, code, "plan")
    scene.call(OBSERVE, code, "run", "--once", "--mode", "observe", "--listen", "127.0.0.1:0")

def guarded(scene: Scene) -> None:
    """A daemon that only observes looks at what opens functions at other places too: a single run has no time for it."""
    daemon = scene.daemon(OBSERVE, "--mode", "observe")
    calls = ("ListFunctionUrlConfigs", "ListAliases", "ListVersionsByFunction")
    asked = lambda it: daemon.metric("evenkeel_aws_requests_total", operation=it)  # noqa: E731
    wait_for("all places are read", lambda: all(asked(it) for it in calls))
    assert daemon.stop() == 0

def made(scene: Scene) -> None:
    """Everything is made from nothing, seen, changed and repaired."""
    for tag in ("v1", "1.4.0", "1.4.1"):
        scene.push(tag=tag)
    scene.alarm("OK")
    scene.write("pipeline", REPOSITORY, "Repository")
    scene.write("everything", BLOCKS)
    scene.write("released", CANARY)
    scene.write("managed", MANAGED)
    scene.write("ranged", '  imagePolicy: { semver: "^1.4" }\n')
    observed(scene, 1)
    scene.call(ENFORCE, 0, "apply")
    observed(scene, 0)
    guarded(scene)
    scene.write("everything", CHANGED)
    scene.call(ENFORCE, 0, "apply", "everything")
    scene.write("everything", LESS)
    rest = "  tags: { team: genomics, old: null }\n  imageScanningConfiguration: { scanOnPush: false }\n"
    scene.write("pipeline", rest, "Repository")
    observed(scene, 1)
    scene.call(ENFORCE, 0, "apply")
    scene.sim.client("lambda", "hand").update_function_configuration(FunctionName="ranged", MemorySize=999)
    scene.write("ranged", '  imagePolicy: { semver: "^1.4" }\n  policy: { mode: observe }\n')
    scene.call(ENFORCE, 1, "plan")

def provisioned(scene: Scene) -> None:
    """Concurrency behind an alias: a range, a number, and none; then no alias either."""
    release = "  release: {}\n"
    for rest in (
        "  concurrency: { provisioned: { min: 2, max: 9, targetUtilization: 0.7 } }\n",
        "  concurrency: { provisioned: 3 }\n",
        "",
    ):
        scene.write("scaled", release + rest)
        scene.call(ENFORCE, 0, "apply", "scaled")
        if "min" in rest:
            scheduled(scene)
        observed(scene, 1)
    scene.write("scaled")
    scene.call(ENFORCE, 0, "apply", "scaled")

def scheduled(scene: Scene) -> None:
    """Another party changes the range by a schedule."""
    night = {"MinCapacity": 1, "MaxCapacity": 4}
    target = {
        "ServiceNamespace": "lambda",
        "ResourceId": "function:scaled:live",
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    }
    hand = scene.sim.client("application-autoscaling", "hand")
    hand.register_scalable_target(**target, **night)
    schedule = {"ScheduledActionName": "night", "Schedule": "cron(0 20 * * ? *)"}
    hand.put_scheduled_action(**target, **schedule, ScalableTargetAction=night)

def closed(scene: Scene) -> None:
    """What lets everybody in without an id goes: out of a policy, and with it."""
    everything = '  imagePolicy: { semver: "^1.4" }\n'
    scene.write("ranged", everything + "  policy: { exclusive: true }\n")
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ranged"
    hand = scene.sim.client("lambda", "hand")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": arn}
    bucket = everybody | {"Sid": "bucket", "Principal": {"Service": "s3.amazonaws.com"}}
    daemon = scene.daemon(ENFORCE)
    for statements, call in (([bucket, everybody], "PutResourcePolicy"), ([everybody], "DeleteResourcePolicy")):
        policy = {"Version": "2012-10-17", "Statement": statements}
        hand.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy))
        done = lambda it=call: daemon.metric("evenkeel_aws_requests_total", operation=it)  # noqa: E731
        wait_for(f"{call} is called", done)
    assert daemon.stop() == 0
    scene.write("ranged", everything)

def released(scene: Scene) -> None:
    """A release by steps is watched by one who observes too, and goes back; people step in."""
    scene.write("ranged", '  imagePolicy: { semver: "^1.4" }\n')
    scene.push()
    daemon = scene.daemon(ENFORCE)
    wait_for("a part of the calls", lambda: scene.leads("released") == ("1", True))
    scene.evenkeel(OBSERVE).call("status", "--url", daemon.url)
    assert daemon.stop() == 0
    observed(scene, 1)
    scene.alarm("ALARM")
    daemon = scene.daemon(ENFORCE)
    wait_for("back", lambda: scene.leads("released") == ("1", False))
    assert daemon.stop() == 0
    scene.alarm("OK")
    scene.call(ENFORCE, 0, "rollback", "released", "--resume")
    scene.call(ENFORCE, 0, "suspend", "ranged", "--for", "1h", "--reason", "incident")
    scene.call(ENFORCE, 0, "resume", "ranged")

def developed(scene: Scene) -> None:
    """Somebody who writes functions publishes an image, tries it and what is there, and reads what it wrote."""
    layout = index(scene.place / "layout", "amd64")
    scene.call(DEVELOP, 0, "publish", str(layout), "--repository", "jobs", "--tag", "published")
    fresh = scene.place / "fresh.yaml"
    scene.write("fresh", CANARY, image="jobs:published")
    (scene.folder / "fresh.yaml").rename(fresh)
    done = scene.evenkeel(DEVELOP, store(scene.place)).call("test", str(fresh), "--builder", "buildah")
    # It was pulled, and has no program.
    assert done.returncode == 1 and "Runtime.ExitError" in done.stdout, done.stdout + done.stderr
    scene.call(DEVELOP, 0, "invoke", "released", "--tail")
    scene.call(DEVELOP, 0, "logs", "released")

def deleted(scene: Scene) -> None:
    """What failed is made anew; old versions, and what has no manifest any more, go."""
    rule = {"fault": "fail-update", "operations": ["CreateFunction"], "times": 1}
    scene.sim.ask("/faults", {"seed": 1, "rules": [rule]}, "PUT")
    scene.push("rare")
    scene.write("unlucky", DELETABLE, image="rare:v1")
    daemon = scene.daemon(PRUNE)
    daemon.wait_status("unlucky", "failed")
    scene.push("rare")
    daemon.wait_status("unlucky", "synced")
    assert daemon.stop() == 0
    queue = '    - eventSourceArn: "arn:aws:sqs:${target.region}:${target.accountId}:gone"\n'
    scene.write("unlucky", DELETABLE + "  eventSources:\n" + queue, image="rare:v1")
    scene.write("emptied", DELETABLE, "Repository")
    scene.write("kept", "  release: { keepVersions: 1 }\n")
    scene.call(PRUNE, 0, "apply", "unlucky", "emptied", "kept")
    scene.push()
    scene.write("kept", "  release: { keepVersions: 9 }\n")
    scene.call(ENFORCE, 0, "apply", "kept")
    scene.write("kept", "  release: { keepVersions: 1 }\n")
    observed(scene, 1)
    scene.call(PRUNE, 0, "apply", "kept")
    scene.remove("unlucky")
    scene.remove("emptied")
    options = ("--once", "--prune", "--confirm-prune", scene.word(), "--listen", "127.0.0.1:0")
    # Not all is in sync at its end: the release is still on its way.
    scene.call(PRUNE, 1, "run", *options)
    assert "unlucky" not in scene.functions()

def elsewhere(scene: Scene) -> None:
    """Two targets, each with a role of its own."""
    scene.folder = scene.place / "elsewhere"
    scene.folder.mkdir()
    scene.push(account=OTHER, region=AWAY)
    text = f"""
        apiVersion: evenkeel.dev/v1
        kind: Function
        metadata: {{ name: both, target: [home, away] }}
        spec: {{ image: "jobs:v1", role: {ROLE} }}
        """
    (scene.folder / "both.yaml").write_text(textwrap.dedent(text))
    for role, code, command in (("observe", 1, "plan"), ("enforce", 0, "apply"), ("observe", 0, "plan")):
        targets = scene.place / "targets.yaml"
        targets.write_text(
            "targets:\n"
            f'  - {{ name: home, accountId: "{ACCOUNT}", region: {REGION}, '
            f'roleArn: "arn:aws:iam::{ACCOUNT}:role/evenkeel-{role}" }}\n'
            f'  - {{ name: away, accountId: "{OTHER}", region: {AWAY}, '
            f'roleArn: "arn:aws:iam::{OTHER}:role/evenkeel-{role}" }}\n'
        )
        evenkeel = scene.evenkeel(BASE)
        del evenkeel.env["EVENKEEL_ACCOUNT_ID"]
        done = evenkeel.call(command, str(scene.folder), "--targets", str(targets))
        assert done.returncode == code, done.stdout + done.stderr

def play(stand_in: StandIn, place: Path) -> list[dict]:
    """The whole story; returns what the stand-in saw."""
    scene = Scene(stand_in, place)
    for chapter in (made, provisioned, closed, released, developed, deleted, elsewhere):
        chapter(scene)
    return stand_in.ask("/journal?since=0")
