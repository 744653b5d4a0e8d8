"""Many functions with every part in little time: the binary makes one, and boto3 makes the others just like it, tags and
all. To let the binary make them all would take minutes of its share of the quotas."""

from __future__ import annotations

import json

from scene import ACCOUNT, REGION, SETUP, Scene


class Model:
    """A function that the binary made, as AWS shows it."""

    def __init__(self, scene: Scene, name: str) -> None:
        self.scene, self.name = scene, name
        self.aws = aws = scene.sim.client("lambda", SETUP)
        self.logs = scene.sim.client("logs", SETUP)
        live = {"FunctionName": name, "Qualifier": "live"}
        self.function = aws.get_function(FunctionName=name)
        self.note = aws.get_alias(FunctionName=name, Name="live")["Description"]
        self.url = aws.get_function_url_config(**live)["AuthType"]
        self.statements = json.loads(aws.get_policy(**live)["Policy"])["Statement"]
        invoke = aws.get_function_event_invoke_config(**live)
        self.invoke = {it: invoke[it] for it in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds") if it in invoke}
        self.ready = aws.get_provisioned_concurrency_config(**live)["RequestedProvisionedConcurrentExecutions"]
        self.reserved = aws.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
        self.loop = aws.get_function_recursion_config(FunctionName=name)["RecursiveLoop"]
        (self.source,) = aws.list_event_source_mappings(FunctionName=f"{name}:live")["EventSourceMappings"]
        self.source_tags = aws.list_tags(Resource=self.source["EventSourceMappingArn"])["Tags"]
        (group,) = self.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        self.retention = group["retentionInDays"]

    def clone(self, names: list[str]) -> None:
        """Makes functions that differ from this one in nothing but their names."""
        for name in names:
            self._make(name)
        for name in names:
            # What is Pending cannot be published.
            self.aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
            self._complete(name)

    def _tags(self, tags: dict[str, str], name: str) -> dict[str, str]:
        return {key: value.replace(self.name, name) for key, value in tags.items()}

    def _make(self, name: str) -> None:
        self.aws.create_function(
            FunctionName=name,
            PackageType="Image",
            Code={"ImageUri": self.function["Code"]["ImageUri"]},
            Role=self.function["Configuration"]["Role"],
            Tags=self._tags(self.function["Tags"], name),
        )

    def _complete(self, name: str) -> None:
        """The parts: those of the alias, those of the function, and what is elsewhere."""
        aws, live = self.aws, {"FunctionName": name, "Qualifier": "live"}
        version = aws.publish_version(FunctionName=name)["Version"]
        aws.create_alias(FunctionName=name, Name="live", FunctionVersion=version, Description=self.note)
        aws.create_function_url_config(**live, AuthType=self.url)
        for it in self.statements:
            principal = it["Principal"]["Service"]
            aws.add_permission(**live, StatementId=it["Sid"], Action=it["Action"], Principal=principal)
        aws.put_function_event_invoke_config(**live, **self.invoke)
        aws.put_provisioned_concurrency_config(**live, ProvisionedConcurrentExecutions=self.ready)
        aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=self.reserved)
        aws.put_function_recursion_config(FunctionName=name, RecursiveLoop=self.loop)
        aws.create_event_source_mapping(
            FunctionName=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:live",
            EventSourceArn=self.source["EventSourceArn"].replace(self.name, name),
            BatchSize=self.source["BatchSize"],
            Tags=self._tags(self.source_tags, name),
        )
        self.logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        self.logs.put_retention_policy(logGroupName=f"/aws/lambda/{name}", retentionInDays=self.retention)
