"""More scenes of the golden journal of writes: repairs, releases, whose an object is, repositories, holds, refusals."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scene import ACCOUNT, PERSON, REGION, SETUP, statement
from writes_scenes import ALIASED, ASYNC, CONFIG, EVERY, RELEASE, SOURCES, TAGS, URL, arn, scene

if TYPE_CHECKING:
    from test_writes import Play

TESTED = {"release": "{ smokeTests: [{ name: counts, payload: { seq: ACGT }, expect: { body: { /seq: ACGT } } }] }"}
CANARY = {"release": "{ strategy: { canary: { steps: [10, 50], every: 1m } }, alarms: [errors] }"}
RULE = '{ rulePriority: 1, selection: { tagStatus: %s, countType: imageCountMoreThan, countNumber: 9 }, action: { type: expire } }'
POLICY = '{ Version: "2012-10-17", Statement: [{ Sid: pull, Effect: Allow, Principal: "*", Action: "%s" }] }'
REPOSITORY = {
    "imageTagMutability": "IMMUTABLE",
    "imageScanningConfiguration": "{ scanOnPush: true }",
    "encryptionConfiguration": "{ encryptionType: KMS }",
    "lifecyclePolicy": f"{{ rules: [{RULE % 'untagged'}] }}",
    "repositoryPolicy": POLICY % "ecr:BatchGetImage",
    **TAGS,
}


# Repairs.


def configuration_by_hand(play: Play) -> None:
    play.scene.sim.ask("/hand", {"function": "job", "set": {"MemorySize": 999, "Timeout": 9, "Description": ""}}, "POST")


def code_by_hand(play: Play) -> None:
    play.scene.push(2, "other")
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/jobs:other"
    play.aws.update_function_code(FunctionName="job", ImageUri=image)


def tags_by_hand(play: Play) -> None:
    play.aws.tag_resource(Resource=play.function_arn, Tags={"team": "others"})
    play.aws.untag_resource(Resource=play.function_arn, TagKeys=["stage", "evenkeel.dev/applied"])


def parts_by_hand(play: Play, alias: dict[str, str]) -> None:
    """Every part is changed, but for those that cannot be."""
    aws, here = play.aws, {"FunctionName": "job", **alias}
    aws.update_function_url_config(**here, AuthType="NONE")
    (sid,) = (it["Sid"] for it in play.statements("job", alias) if it["Sid"].startswith("ek-topic"))
    aws.remove_permission(**here, StatementId=sid)
    aws.add_permission(**here, **statement("*", "everybody"))
    aws.put_function_event_invoke_config(**here, MaximumRetryAttempts=0)
    aws.put_function_concurrency(FunctionName="job", ReservedConcurrentExecutions=3)
    aws.put_function_recursion_config(FunctionName="job", RecursiveLoop="Terminate")
    orders, gifts = (play.mapping(it) for it in ("orders", "gifts"))
    aws.update_event_source_mapping(UUID=orders, BatchSize=8)
    aws.update_event_source_mapping(UUID=gifts, Enabled=False)
    play.scene.aws("logs").put_retention_policy(logGroupName="/aws/lambda/job", retentionInDays=1)
    play.settle()


def parts_deleted(play: Play) -> None:
    aws = play.aws
    aws.delete_function_url_config(FunctionName="job")
    for it in play.statements("job", {}):
        aws.remove_permission(FunctionName="job", StatementId=it["Sid"])
    aws.delete_function_event_invoke_config(FunctionName="job")
    aws.delete_function_concurrency(FunctionName="job")
    aws.delete_event_source_mapping(UUID=play.mapping("orders"))
    play.scene.aws("logs").delete_log_group(logGroupName="/aws/lambda/job")
    play.settle()


@scene
def repair_configuration_then_code(play: Play) -> None:
    play.given(CONFIG)
    play.watch()
    play.live("the configuration is changed by another principal", act=lambda: configuration_by_hand(play))
    play.live("the image is changed by another principal", act=lambda: code_by_hand(play))


@scene
def repair_configuration_and_code(play: Play) -> None:
    play.given(CONFIG)
    configuration_by_hand(play)
    code_by_hand(play)
    play.settle()
    play.apply("both are changed by another principal")


@scene
def repair_tags(play: Play) -> None:
    play.given(CONFIG)
    tags_by_hand(play)
    play.apply("changed and taken away by another principal")


@scene
def repair_changed_parts(play: Play) -> None:
    play.given(EVERY)
    parts_by_hand(play, {})
    play.apply("every part is changed by another principal", code=1)


@scene
def repair_deleted_parts(play: Play) -> None:
    play.given(EVERY)
    parts_deleted(play)
    play.live("every part is deleted by another principal, then the daemon starts")


@scene
def repair_changed_parts_of_an_alias(play: Play) -> None:
    play.given(ALIASED)
    parts_by_hand(play, {"Qualifier": "live"})
    play.aws.put_provisioned_concurrency_config(FunctionName="job", Qualifier="live", ProvisionedConcurrentExecutions=1)
    play.live("every part is changed by another principal, then the daemon starts", ("synced", "drifted"))


@scene
def repair_scaling(play: Play) -> None:
    play.given({**RELEASE, "concurrency": "{ provisioned: { min: 2, max: 9, targetUtilization: 0.7 } }"})
    target = {"ServiceNamespace": "lambda", "ResourceId": "function:job:live", "ScalableDimension": "lambda:function:ProvisionedConcurrency"}
    play.scene.aws("application-autoscaling").register_scalable_target(**target, MinCapacity=1, MaxCapacity=99)
    play.apply("another range by another principal")
    play.scene.aws("application-autoscaling").deregister_scalable_target(**target)
    play.apply("deleted by another principal")


@scene
def repair_a_deleted_function(play: Play) -> None:
    play.given({**CONFIG, **URL, **ASYNC})
    play.watch()
    play.live("another principal deletes it", act=lambda: play.aws.delete_function(FunctionName="job"))


@scene
def repair_an_alias(play: Play) -> None:
    play.given({**RELEASE, **URL})
    play.scene.push(2)
    play.scene.run(SETUP, 0, "apply")
    play.aws.update_alias(FunctionName="job", Name="live", FunctionVersion="1")
    play.apply("moved by another principal")
    play.aws.delete_function_url_config(FunctionName="job", Qualifier="live")
    play.aws.delete_alias(FunctionName="job", Name="live")
    play.apply("deleted by another principal")


@scene
def only_named_objects_are_written(play: Play) -> None:
    play.given(CONFIG)
    play.scene.write("other")
    play.write({**CONFIG, "memorySize": "512"})
    play.apply("one of two", "job")


# Releases.


@scene
def release_a_version(play: Play) -> None:
    play.given(RELEASE)
    play.watch()
    play.live("an image is pushed", act=lambda: play.scene.push(2))
    play.live("a configuration that a version keeps", act=lambda: play.write({**RELEASE, "memorySize": "512"}))
    play.live("one that it does not keep", act=lambda: play.write({**RELEASE, "memorySize": "512", "description": "other"}))


@scene
def release_deletes_old_versions(play: Play) -> None:
    kept = {"release": "{ keepVersions: 1 }"}
    play.given(kept)
    play.scene.push(2)
    play.apply("an image is pushed")
    play.write({**kept, "memorySize": "512"})
    play.apply("a configuration that a version keeps")


@scene
def release_fails_its_test(play: Play) -> None:
    play.given(TESTED)
    play.watch()
    broken = {"function": "job", "version": "2", "functionError": "Unhandled", "payload": {"errorMessage": "no such base"}}
    play.scene.sim.ask("/invocations", [broken], "PUT")
    play.live("a bad image", {"synced", "refused"}, lambda: play.scene.push(2))
    play.live("a good one", act=lambda: play.scene.push(3))


@contextmanager
def callers(play: Play) -> Iterator[None]:
    """Others call the alias all the time."""
    end = threading.Event()

    def call() -> None:
        while not end.wait(0.05):
            play.aws.invoke(FunctionName="job", Qualifier="live", Payload=b"{}")

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


@scene
def release_by_steps(play: Play) -> None:
    play.alarm("OK")
    play.given(CANARY)
    play.watch()
    with callers(play):
        play.live("an image is pushed", act=lambda: play.scene.push(2))


@scene
def release_by_steps_goes_back(play: Play) -> None:
    play.alarm("OK")
    play.given(CANARY)
    play.watch()
    play.live("an image is pushed, and nobody calls", {"synced", "progressing", "pending"}, lambda: play.scene.push(2))
    play.live("the alarm goes off", {"synced", "refused"}, lambda: play.alarm("ALARM"))


@scene
def rollback_by_a_person(play: Play) -> None:
    play.given(RELEASE)
    play.scene.push(2)
    play.scene.run(SETUP, 0, "apply")
    play.scene.run(PERSON, 0, "rollback", "job")
    play.apply("the version before has the calls", code=1)
    play.scene.push(3)
    play.apply("a newer image")


# Whose it is.


@scene
def adoption(play: Play) -> None:
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/jobs:v1"
    play.aws.create_function(FunctionName="job", PackageType="Image", Code={"ImageUri": image}, Role=f"arn:aws:iam::{ACCOUNT}:role/job")
    play.settle()
    play.aws.create_function_url_config(FunctionName="job", AuthType="NONE")
    play.write({**CONFIG, **URL})
    play.apply("it is another's", code=1)
    play.write({**CONFIG, **URL, "policy": "{ adopt: true }"})
    play.apply("it may be taken over")


@scene
def prune(play: Play) -> None:
    gone = {"policy": "{ deletion: delete }", **URL, **SOURCES}
    play.given(gone)
    play.scene.write("stays")
    play.scene.run(SETUP, 0, "apply")
    play.scene.remove("job")
    play.apply("nobody asks for it, and nothing is pruned")
    found = re.search(r"--confirm-prune ([0-9a-f]+)", play.scene.run(PERSON, 1, "plan", "--prune"))
    play.apply("a person confirms", "--prune", "--confirm-prune", found[1] if found else "not shown")


@scene
def prune_after_the_grace_time(play: Play) -> None:
    play.given({"policy": "{ deletion: delete }"})
    play.scene.write("stays")
    play.scene.run(SETUP, 0, "apply")
    play.options = ("--prune", "--prune-grace", "1m")
    play.watch()
    play.live("nobody asks for the first", act=lambda: play.scene.remove("job"))


@scene
def rename(play: Play) -> None:
    play.given({**CONFIG, "functionName": "old-name"})
    play.watch()
    play.live("it gets another name in AWS", {"synced", "unknown"}, lambda: play.write({**CONFIG, "functionName": "new-name"}))


@scene
def unmanaged_is_taken_away(play: Play) -> None:
    play.given({"policy": "{ exclusive: true }"})
    play.aws.create_function_url_config(FunctionName="job", AuthType="NONE")
    play.aws.add_permission(FunctionName="job", **statement("*", "everybody"))
    play.live("a public URL and a permission for everybody, then the daemon starts")


# Repositories.


@scene
def repository_with_everything(play: Play) -> None:
    play.write_repository(REPOSITORY)
    play.live("a manifest")
    changed = {
        "imageTagMutability": "MUTABLE",
        "encryptionConfiguration": "{ encryptionType: KMS }",
        "lifecyclePolicy": f"{{ rules: [{RULE % 'any'}] }}",
        "repositoryPolicy": POLICY % "ecr:GetDownloadUrlForLayer",
        "tags": "{ team: imaging, stage: null }",
    }
    play.live("every field is edited", act=lambda: play.write_repository(changed))
    play.live("the policies are taken out", act=lambda: play.write_repository(TAGS))


@scene
def repository_repair(play: Play) -> None:
    play.write_repository(REPOSITORY)
    play.scene.run(SETUP, 0, "apply")
    ecr = play.scene.aws("ecr")
    ecr.put_image_tag_mutability(repositoryName="tools", imageTagMutability="MUTABLE")
    ecr.put_image_scanning_configuration(repositoryName="tools", imageScanningConfiguration={"scanOnPush": False})
    ecr.delete_lifecycle_policy(repositoryName="tools")
    policy = {"Version": "2012-10-17", "Statement": [{"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}
    ecr.set_repository_policy(repositoryName="tools", policyText=json.dumps(policy))
    ecr.tag_resource(resourceArn=arn("ecr", "repository/tools"), tags=[{"Key": "team", "Value": "others"}])
    play.apply("everything is changed by another principal")
    ecr.delete_repository(repositoryName="tools", force=True)
    play.apply("deleted by another principal")


# Images, holds and refusals.


@scene
def an_image_is_pushed(play: Play) -> None:
    play.given(CONFIG)
    play.watch()
    play.live("under the tag of the manifest", act=lambda: play.scene.push(2))


@scene
def a_tag_that_fits_a_range(play: Play) -> None:
    play.scene.push(4, "1.4.0")
    play.given({"imagePolicy": '{ semver: "^1.4" }'})
    play.scene.push(5, "1.5.0")
    play.scene.push(6, "2.0.0")
    play.apply("a higher one, and one that does not fit")


@scene
def suspend_and_resume(play: Play) -> None:
    play.given(CONFIG)
    play.scene.run(PERSON, 0, "suspend", "job", "--for", "2h", "--reason", "incident")
    play.write({**CONFIG, "memorySize": "512"})
    play.apply("an edit while it is suspended", code=1)
    play.scene.run(PERSON, 0, "resume", "job")
    play.apply("resumed")


@scene
def a_write_is_refused_until_it_is_fixed(play: Play) -> None:
    play.given(CONFIG)
    play.watch()
    rule = {"fault": "refuse", "operations": ["UpdateFunctionConfiguration"], "contains": "777", "code": "InvalidParameterValueException", "message": "no"}
    play.scene.sim.ask("/faults", {"seed": 1, "rules": [rule]}, "PUT")
    play.live("a value that AWS refuses", {"refused", "pending"}, lambda: play.write({**CONFIG, "memorySize": "777"}))
    play.live("one that it takes", act=lambda: play.write({**CONFIG, "memorySize": "512"}))


@scene
def a_part_is_refused_and_the_rest_goes_on(play: Play) -> None:
    rule = {"fault": "refuse", "operations": ["PutFunctionEventInvokeConfig"], "code": "InvalidParameterValueException", "message": "no"}
    play.scene.sim.ask("/faults", {"seed": 1, "rules": [rule]}, "PUT")
    play.write({**CONFIG, **ASYNC, **URL})
    play.live("one part is refused", {"synced", "refused", "pending"})
    play.live("AWS takes it now, and the manifest is edited", act=lambda: (play.scene.sim.ask("/faults", {"rules": []}, "PUT"), play.write({**CONFIG, **URL, "asyncInvoke": "{ maximumRetryAttempts: 2 }"}))[0])
