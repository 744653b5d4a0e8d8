"""Which permissions a call needs, as AWS documents it, and whether the policies of `deploy/iam` give them.

The stand-in evaluates no policies: what is shown is the list of calls; what each of them needs stands here."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stage import ACCOUNT, REGION, ROLE, ROOT

FOLDER = ROOT / "deploy" / "iam"
OWNER_TAG = "evenkeel.dev/owner"
# The most that a managed policy may have, white space not counted.
SIZE_MAX = 6144

# Services whose prefix in policies is not their name in the journal.
PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
# Operations whose action has another name.
ACTIONS = {("lambda", "Invoke"): "lambda:InvokeFunction"}
# Operations that need no permission, and why.
FREE = {("sts", "GetCallerIdentity"): "AWS answers it whatever policies say"}
# Operations that no story could make the daemon call, and why.
UNSEEN: dict[tuple[str, str], str] = {}

# What pushes to ECR's registry and pulls from it ask for: no calls of the SDK, so they are not in the daemon's list.
MOVED = {
    ("ecr", it)
    for it in (
        "BatchCheckLayerAvailability",
        "GetDownloadUrlForLayer",
        "InitiateLayerUpload",
        "UploadLayerPart",
        "CompleteLayerUpload",
        "PutImage",
    )
}

# Actions that AWS cannot limit to resources, or only so that they no longer do what is needed.
ANYWHERE = {
    "lambda:ListFunctions",
    "lambda:ListEventSourceMappings",
    "lambda:CreateEventSourceMapping",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    "cloudwatch:DescribeAlarms",  # limited to alarms it shows no composite ones
    "cloudwatch:GetMetricData",
    "logs:DescribeLogGroups",
    "tag:GetResources",
    "ecr:GetAuthorizationToken",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
}
# Actions on what others than the usual thing of their service are.
QUALIFIED = {
    "lambda:InvokeFunction",
    "lambda:GetProvisionedConcurrencyConfig",
    "lambda:PutProvisionedConcurrencyConfig",
    "lambda:DeleteProvisionedConcurrencyConfig",
}
MAPPINGS = {
    "lambda:GetEventSourceMapping",
    "lambda:UpdateEventSourceMapping",
    "lambda:DeleteEventSourceMapping",
}
LAMBDA = "arn:aws:lambda:{region}:{account}:"
ARNS = {
    "lambda": LAMBDA + "function:{name}",
    "qualified": LAMBDA + "function:{name}:1",
    "mapping": LAMBDA + "event-source-mapping:0a1b2c3d",
    "ecr": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "logs": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "application-autoscaling": "arn:aws:application-autoscaling:{region}:{account}:scalable-target/0a1b",
    "sts": "arn:aws:iam::210987654321:role/evenkeel",
    "key": "arn:aws:kms:{region}:{account}:key/0a1b",
    "role": "arn:aws:iam::{account}:role/" + ROLE,
    "provider": LAMBDA + "capacity-provider:pool",
    "scaling role": "arn:aws:iam::{account}:role/aws-service-role/lambda.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency",
    "alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:TargetTracking-function:{name}-AlarmHigh-0a1b",
    "access point": "arn:aws:elasticfilesystem:{region}:{account}:access-point/fsap-0a1b",
    "": "*",
}


@dataclass(frozen=True)
class Implied:
    """An action that AWS asks of whoever calls an operation, besides the operation's own."""

    action: str
    operations: tuple[str, ...]
    on: str
    reason: str
    context: tuple[tuple[str, str], ...] = ()


WRITTEN = ("CreateFunction", "UpdateFunctionConfiguration")
PULLED = ("CreateFunction", "UpdateFunctionCode")
BY_LAMBDA = (("kms:ViaService", "lambda.{region}.amazonaws.com"),)
BY_ECR = (("kms:ViaService", "ecr.{region}.amazonaws.com"),)
IMPLIED = (
    Implied("lambda:ListTags", ("GetFunction",), "lambda", "without it GetFunction shows no tags"),
    Implied(
        "kms:Decrypt",
        ("GetFunction", "ListFunctions", "GetEventSourceMapping"),
        "key",
        "environments and filters under a key of your own",
        BY_LAMBDA,
    ),
    Implied("lambda:TagResource", ("CreateFunction",), "lambda", "functions are made with tags"),
    Implied("lambda:TagResource", ("CreateEventSourceMapping",), "mapping", "they are made with tags"),
    Implied("ecr:TagResource", ("CreateRepository",), "ecr", "repositories are made with tags"),
    Implied(
        "iam:PassRole",
        WRITTEN,
        "role",
        "Lambda is given the execution role",
        (("iam:PassedToService", "lambda.amazonaws.com"),),
    ),
    Implied("lambda:PassCapacityProvider", WRITTEN, "provider", "capacityProviderConfig"),
    Implied("ecr:BatchGetImage", PULLED, "ecr", "Lambda pulls images in the caller's name"),
    Implied("ecr:GetDownloadUrlForLayer", PULLED, "ecr", "Lambda pulls images in the caller's name"),
    Implied("ecr:GetRepositoryPolicy", PULLED, "ecr", "Lambda looks whether it may pull from now on"),
    Implied("ecr:SetRepositoryPolicy", PULLED, "ecr", "Lambda lets itself pull from now on"),
    Implied("ec2:DescribeSecurityGroups", WRITTEN, "", "vpcConfig"),
    Implied("ec2:DescribeSubnets", WRITTEN, "", "vpcConfig"),
    Implied("ec2:DescribeVpcs", WRITTEN, "", "vpcConfig"),
    Implied("elasticfilesystem:DescribeMountTargets", WRITTEN, "access point", "fileSystemConfigs"),
    Implied("kms:CreateGrant", WRITTEN, "key", "kmsKeyArn: Lambda may use the key", BY_LAMBDA),
    Implied("kms:Encrypt", WRITTEN, "key", "kmsKeyArn: the environment", BY_LAMBDA),
    Implied(
        "kms:GenerateDataKey",
        (*WRITTEN, "UpdateFunctionCode"),
        "key",
        "kmsKeyArn: Lambda's copy of the image",
        BY_LAMBDA,
    ),
    Implied("kms:DescribeKey", ("CreateRepository",), "key", "encryptionConfiguration", BY_ECR),
    Implied("kms:CreateGrant", ("CreateRepository",), "key", "encryptionConfiguration", BY_ECR),
    Implied("kms:RetireGrant", ("DeleteRepository",), "key", "encryptionConfiguration", BY_ECR),
    Implied(
        "iam:CreateServiceLinkedRole",
        ("RegisterScalableTarget",),
        "scaling role",
        "the first range of an account: Application Auto Scaling makes its role",
        (("iam:AWSServiceName", "lambda.application-autoscaling.amazonaws.com"),),
    ),
    Implied("cloudwatch:PutMetricAlarm", ("PutScalingPolicy",), "alarm", "a range is kept by alarms"),
    Implied(
        "cloudwatch:DeleteAlarms",
        ("DeleteScalingPolicy", "DeregisterScalableTarget"),
        "alarm",
        "the alarms of a range go with it",
    ),
)


@dataclass(frozen=True)
class Need:
    """One action that somebody needs on one thing."""

    who: str
    action: str
    arn: str
    place: tuple[str, str]
    context: tuple[tuple[str, str], ...] = ()
    why: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.who} needs {self.action} on {self.arn} ({self.why})"


def operations() -> set[tuple[str, str]]:
    """Every operation of the daemon's own list, with its service."""
    text = (ROOT / "src" / "aws" / "op.rs").read_text()
    return {(service, name) for name, service in re.findall(r'\w+: "(\w+)", "([\w-]+)", \w+;', text)}


def operation(entry: dict) -> tuple[str, str]:
    return PREFIXES.get(entry["service"], entry["service"]), entry["operation"]


def action(service: str, name: str) -> str:
    return ACTIONS.get((service, name), f"{service}:{name}")


def target(action: str, resource: str) -> str:
    """What kind of thing an action is on."""
    if action in ANYWHERE:
        return ""
    if action in QUALIFIED:
        return "qualified"
    tags = action in ("lambda:TagResource", "lambda:UntagResource", "lambda:ListTags")
    if action in MAPPINGS or (tags and not resource):
        return "mapping"
    return action.split(":")[0]


def context(action: str, entry: dict, owners: dict[str, str]) -> dict[str, str]:
    """What AWS tells the conditions in these policies of a call."""
    region, account = entry["region"], entry["account"]
    if action in ANYWHERE - {"lambda:CreateEventSourceMapping"} or action == "lambda:GetEventSourceMapping":
        return {}
    if action.endswith("EventSourceMapping"):
        return {"lambda:FunctionArn": ARNS["lambda"].format(region=region, account=account, name="f")}
    if action.startswith("application-autoscaling:"):
        return {"application-autoscaling:service-namespace": "lambda"}
    if action in ("lambda:DeleteFunction", "ecr:DeleteRepository"):
        return {f"aws:ResourceTag/{OWNER_TAG}": owners.get(entry["resource"], "nobody")}
    return {}


def needs(journal: Iterable[dict], who: dict[str, str]) -> set[Need]:
    """What the callers in a journal need; `who` says whose key is whose. Others' calls are left out."""
    found: set[Need] = set()
    owners: dict[str, str] = {}
    for entry in journal:
        for side in ("before", "after"):
            tags = (entry[side] or {}).get("tags") or {}
            if OWNER_TAG in tags:
                owners[entry["resource"]] = tags[OWNER_TAG]
        caller = who.get(re.sub(r"^\d{12}", "", entry["caller"]))
        if caller and operation(entry) not in FREE:
            found |= set(of_call(caller, entry, owners))
    return found


def of_call(caller: str, entry: dict, owners: dict[str, str]) -> Iterator[Need]:
    place = {"region": entry["region"], "account": entry["account"]}
    name = entry["resource"] or "anything"

    def need(action: str, on: str, context: Iterable[tuple[str, str]], why: str) -> Need:
        said = tuple(sorted((key, value.format(**place)) for key, value in context))
        arn = ARNS[on].format(**place, name=name)
        return Need(caller, action, arn, (place["account"], place["region"]), said, why)

    called = operation(entry)
    own = action(*called)
    said = context(own, entry, owners).items()
    yield need(own, target(own, entry["resource"]), said, called[1])
    for it in IMPLIED:
        # GetFunction and the like are Lambda's: no two services here have an operation of one name in this list.
        if called[1] in it.operations:
            yield need(it.action, it.on, it.context, f"{called[1]}: {it.reason}")


@dataclass(frozen=True)
class Statement:
    """A statement of a policy."""

    policy: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def without(self, action: str) -> Statement:
        left = tuple(it for it in self.actions if it != action)
        return Statement(self.policy, self.sid, left, self.resources, self.conditions)

    def allows(self, need: Need) -> bool:
        return need.action in self.actions and self._fits(need) and self._holds(need)

    def _fits(self, need: Need) -> bool:
        return any(matches(need.arn, moved(it, need.place)) for it in self.resources)

    def _holds(self, need: Need) -> bool:
        said = dict(need.context)
        for operator, key, values in self.conditions:
            values = tuple(moved(it, need.place) for it in values)
            # What the call does not say fits nothing.
            if operator == "StringEquals" and said.get(key) in values:
                continue
            if operator == "ArnLike" and any(matches(said.get(key, ""), it) for it in values):
                continue
            return False
        return True


def moved(text: str, place: tuple[str, str]) -> str:
    """A policy's text as it stands in another account and Region."""
    account, region = place
    return text.replace(ACCOUNT, account).replace(REGION, region)


def matches(arn: str, pattern: str) -> bool:
    """IAM's wildcards: `*` stands for anything, colons too."""
    return fnmatch.fnmatchcase(arn, pattern.replace("[", "[[]"))


def several(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def statements(path: Path) -> list[Statement]:
    found = []
    for it in json.loads(path.read_text())["Statement"]:
        conditions = tuple(
            (operator, key, several(value))
            for operator, keys in it.get("Condition", {}).items()
            for key, value in keys.items()
        )
        actions, resources = several(it["Action"]), several(it["Resource"])
        found.append(Statement(path.stem, it["Sid"], actions, resources, conditions))
    return found


def policies() -> list[Statement]:
    return [it for path in sorted(FOLDER.glob("*.json")) if not path.stem.startswith("trust-") for it in statements(path)]


def attached_to(need: Need, all_: list[Statement], attached: dict[str, tuple[str, ...]]) -> list[Statement]:
    return [it for it in all_ if it.policy in attached[need.who]]


def refused(needs: Iterable[Need], all_: list[Statement], attached: dict[str, tuple[str, ...]]) -> list[str]:
    """The needs that no policy of whoever has them allows."""
    allowed = lambda need: any(it.allows(need) for it in attached_to(need, all_, attached))  # noqa: E731
    return sorted(str(need) for need in needs if not allowed(need))


def idle(needs: Iterable[Need], all_: list[Statement], attached: dict[str, tuple[str, ...]]) -> list[str]:
    """Actions that nobody needs of those for whom a policy was written, whose last one it is, or that they
    have from another statement anyway."""
    only: set[tuple[str, str, str]] = set()
    for need in needs:
        giving = [it for it in attached_to(need, all_, attached) if it.allows(need)]
        if len(giving) == 1 and giving[0].policy == attached[need.who][-1]:
            only.add((giving[0].policy, giving[0].sid, need.action))
    every = [(it.policy, it.sid, action) for it in all_ for action in it.actions]
    return [f"{policy} {sid}: nobody needs {action}" for policy, sid, action in every if (policy, sid, action) not in only]


def documented() -> set[str]:
    """The actions that docs/reference/aws.md names."""
    text = (ROOT / "docs" / "reference" / "aws.md").read_text()
    table = text.partition("## Permissions")[2].partition("\n## ")[0]
    return set(re.findall(r"`([a-z0-9-]+:[A-Z]\w+)`", table))


def strange(calls: Iterable[str]) -> set[str]:
    """What is not on the daemon's own list, as far as `proxy.py` can tell operations apart."""
    vague = {"STS", "Read", "Other"}
    return set(calls) - vague - {name for _, name in operations()}
