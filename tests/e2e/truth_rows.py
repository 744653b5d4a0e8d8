"""What another principal changes in AWS, a row for each: on a function or repository of its own, and within which time
a daemon that is left at its defaults has to say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scene import ACCOUNT, REGION, Scene, statement

# Seconds by the stand-in's clock. A list is due once in `RESYNC`, and what AWS shows may be `LAG` old; what only a read
# of its own shows comes round within `AUDIT` at the default share of the quotas.
RESYNC, LAG, AUDIT = 30.0, 0.0, 130.0
LIST = RESYNC + LAG + 2.0

RELEASE = "  release: {}\n"
PERMISSIONS = "  permissions: [{ sid: topic, principal: sns.amazonaws.com }]\n"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:" + "{}"
SCALED = {
    "ServiceNamespace": "lambda",
    "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    "ResourceId": "function:{}:live",
}
EXPIRE = (
    "  lifecyclePolicy: { rules: [{ rulePriority: 1, action: { type: expire },"
    " selection: { tagStatus: untagged, countType: imageCountMoreThan, countNumber: 9 } }] }\n"
)
PULL = '{"Version": "2012-10-17", "Statement": [{"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": "%s"}]}'


@dataclass(frozen=True)
class Row:
    """One change: the object's name, what its manifest asks for, what is changed, and what has to be said of it."""

    name: str
    spec: str
    kind: str
    change: Callable[[Scene, str], object]
    cause: str
    field: str
    repair: str | None
    limit: float = AUDIT

    @property
    def document(self) -> str:
        """The kind of the document that it is a part of, or is."""
        return "Repository" if self.kind == "Repository" else "Function"


def on_lambda(call: str, **members: object) -> Callable[[Scene, str], object]:
    """A call of Lambda's about the function."""
    return lambda scene, name: getattr(scene.aws("lambda"), call)(FunctionName=name, **members)


def on_ecr(call: str, **members: object) -> Callable[[Scene, str], object]:
    return lambda scene, name: getattr(scene.aws("ecr"), call)(repositoryName=name, **members)


def on_mapping(call: str, **members: object) -> Callable[[Scene, str], object]:
    def change(scene: Scene, name: str) -> None:
        found = scene.aws("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        getattr(scene.aws("lambda"), call)(UUID=found[0]["UUID"], **members)

    return change


def tag_function(scene: Scene, name: str) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    scene.aws("lambda").tag_resource(Resource=arn, Tags={"team": "others"})


def tag_repository(scene: Scene, name: str) -> None:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"
    scene.aws("ecr").tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "others"}])


def scale(scene: Scene, name: str) -> None:
    target = {**SCALED, "ResourceId": SCALED["ResourceId"].format(name)}
    scene.aws("application-autoscaling").register_scalable_target(**target, MinCapacity=2, MaxCapacity=99)


def keep_logs(scene: Scene, name: str) -> None:
    scene.aws("logs").put_retention_policy(logGroupName=f"/aws/lambda/{name}", retentionInDays=1)


def source(name: str) -> str:
    return f'  eventSources: [{{ eventSourceArn: "{QUEUE.format(name)}" }}]\n'


TAGS = "  tags: { team: genomics }\n"
EVERYBODY = on_lambda("add_permission", **statement("*", "everybody"))
PROVISIONED = {"Qualifier": "live", "ProvisionedConcurrentExecutions": 1}
RANGE = "  concurrency: { provisioned: { min: 2, max: 9, targetUtilization: 0.7 } }\n"

ROWS = [
    Row("alias-deleted", RELEASE, "Release", on_lambda("delete_alias", Name="live"), "release", "/release", "CreateAlias"),
    Row(
        "url-public", "  url: { authType: AWS_IAM }\n", "Url", on_lambda("update_function_url_config", AuthType="NONE"),
        "url", "/url/authType", "UpdateFunctionUrlConfig",
    ),
    Row(
        "retention-changed", "  logGroup: { retentionInDays: 14 }\n", "LogGroup", keep_logs, "log_group",
        "/logGroup/retentionInDays", "PutRetentionPolicy", LIST,
    ),
    Row("everybody-beside-ours", PERMISSIONS, "Permissions", EVERYBODY, "unmanaged_change", "/permissions/everybody", None),
    Row("everybody-alone", "", "Permissions", EVERYBODY, "unmanaged_change", "/permissions/everybody", None),
    Row(
        "async-deleted", "  asyncInvoke: { maximumRetryAttempts: 1 }\n", "AsyncInvoke",
        on_lambda("delete_function_event_invoke_config"), "async_invoke", "/asyncInvoke", "PutFunctionEventInvokeConfig",
    ),
    Row(
        "reserved-deleted", "  concurrency: { reserved: 7 }\n", "Concurrency", on_lambda("delete_function_concurrency"),
        "concurrency", "/concurrency", "PutFunctionConcurrency",
    ),
    Row(
        "source-deleted", source("deleted"), "EventSource", on_mapping("delete_event_source_mapping"), "event_source",
        "/eventSources", "CreateEventSourceMapping", LIST,
    ),
    Row(
        "source-disabled", source("disabled"), "EventSource", on_mapping("update_event_source_mapping", Enabled=False),
        "event_source", "/eventSources/enabled", "UpdateEventSourceMapping", LIST,
    ),
    Row(
        "loop-changed", "  recursiveLoop: Allow\n", "Recursion",
        on_lambda("put_function_recursion_config", RecursiveLoop="Terminate"), "recursion", "/recursiveLoop",
        "PutFunctionRecursionConfig",
    ),
    Row(
        "provisioned-changed", RELEASE + "  concurrency: { provisioned: 3 }\n", "ProvisionedConcurrency",
        on_lambda("put_provisioned_concurrency_config", **PROVISIONED), "provisioned_concurrency",
        "/concurrency/provisioned", "PutProvisionedConcurrencyConfig",
    ),
    Row(
        "scaling-changed", RELEASE + RANGE, "ProvisionedConcurrency", scale, "provisioned_concurrency",
        "/concurrency/provisioned/max", "RegisterScalableTarget",
    ),
    Row(
        "lifecycle-changed", EXPIRE, "Repository", on_ecr("delete_lifecycle_policy"), "config", "/lifecyclePolicy",
        "PutLifecyclePolicy",
    ),
    Row(
        "policy-changed", f"  repositoryPolicy: {PULL % 'ecr:BatchGetImage'}\n", "Repository",
        on_ecr("set_repository_policy", policyText=PULL % "ecr:*"), "config", "/repositoryPolicy", "SetRepositoryPolicy",
    ),
    Row("tags-changed", TAGS, "Function", tag_function, "tags", "/tags/team", "TagResource", LIST),
    Row("repository-tags-changed", TAGS, "Repository", tag_repository, "tags", "/tags/team", "TagResource", LIST),
    Row(
        "memory-changed", "", "Function", on_lambda("update_function_configuration", MemorySize=999), "config",
        "/memorySize", "UpdateFunctionConfiguration", LIST,
    ),
    Row("function-deleted", "", "Function", on_lambda("delete_function"), "missing", "", "CreateFunction", LIST),
]  # fmt: skip


def write(scene: Scene, rows: list[Row]) -> None:
    """The manifests of all rows."""
    for row in rows:
        kind = scene.write_repository if row.document == "Repository" else scene.write
        kind(row.name, row.spec)
