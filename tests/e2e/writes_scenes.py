"""The scenes of the golden journal of writes: what is asked of Evenkeel, or done behind its back, step by step.

`apply` steps are single runs; `live` steps happen under a running daemon, which is started by the first of them and
by `restart`. What `given` makes, and what people do with our own commands, is in no golden file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from scene import ACCOUNT, REGION

if TYPE_CHECKING:
    from test_writes import Play

SCENES: dict[str, Callable[[Play], None]] = {}


def scene(play: Callable[[Play], None]) -> Callable[[Play], None]:
    SCENES[play.__name__] = play
    return play


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def source(queue: str, more: str = "") -> str:
    return f'{{ eventSourceArn: "{arn("sqs", queue)}"{more} }}'


TAGS = {"tags": "{ team: genomics, stage: test }"}
CONFIG = {"memorySize": "256", "timeout": "30", "description": "counts bases", **TAGS}
URL = {"url": '{ authType: AWS_IAM, cors: { allowOrigins: ["https://a.example"] } }'}
PERMISSIONS = {
    "permissions": '[{ sid: bucket, principal: s3.amazonaws.com, sourceArn: "arn:aws:s3:::uploads" }, '
    "{ sid: topic, principal: sns.amazonaws.com }]"
}
ASYNC = {"asyncInvoke": f'{{ maximumRetryAttempts: 1, onFailure: "{arn("sqs", "failed")}" }}'}
RESERVED = {"concurrency": "{ reserved: 7 }"}
LOOP = {"recursiveLoop": "Allow"}
SOURCES = {"eventSources": f"[{source('orders', ', batchSize: 5')}, {source('gifts')}]"}
LOGS = {"logGroup": "{ retentionInDays: 14 }"}
EVERY = {**CONFIG, **URL, **PERMISSIONS, **ASYNC, **RESERVED, **LOOP, **SOURCES, **LOGS}
RELEASE = {"release": "{}"}
ALIASED = {**EVERY, **RELEASE, "concurrency": "{ reserved: 7, provisioned: 3 }"}


# What is made.


@scene
def create_plain(play: Play) -> None:
    play.write({})
    play.apply("a manifest with nothing but an image and a role")


@scene
def create_with_every_part(play: Play) -> None:
    play.write(EVERY)
    play.live("a manifest with every part")


@scene
def create_with_every_part_on_an_alias(play: Play) -> None:
    play.write(ALIASED)
    play.apply("a manifest with every part and a release")


@scene
def create_on_managed_instances(play: Play) -> None:
    managed = {
        "memorySize": "4096",
        "capacityProviderConfig": f'{{ capacityProviderArn: "{arn("lambda", "capacity-provider:pool")}" }}',
        "scalingConfig": "{ minExecutionEnvironments: 3, maxExecutionEnvironments: 9 }",
        **RELEASE,
    }
    play.write(managed)
    play.apply("a function on managed instances")
    play.write({**managed, "scalingConfig": "{ minExecutionEnvironments: 4, maxExecutionEnvironments: 8 }"})
    play.apply("other numbers of instances")


@scene
def create_waits_for_its_image(play: Play) -> None:
    play.write({}, image="late:v1")
    play.live("the repository is not there", {"pending"})
    play.live("the image is pushed", act=lambda: play.scene.push(1, repository="late"))


# Edits.


@scene
def edit_configuration(play: Play) -> None:
    play.given(CONFIG)
    play.watch()
    play.live("memory and timeout", act=lambda: play.write({**CONFIG, "memorySize": "512", "timeout": "60"}))
    more = {"environment": "{ variables: { STAGE: test } }", "ephemeralStorage": "{ size: 1024 }"}
    play.live("environment and storage", act=lambda: play.write({**CONFIG, **more}))
    play.live("all of it is taken out", act=lambda: play.write(TAGS))


@scene
def edit_code_and_configuration(play: Play) -> None:
    play.given(CONFIG)
    play.watch()
    play.scene.push(2, "v2")
    play.live("image and memory at once", act=lambda: play.write({**CONFIG, "memorySize": "512"}, image="jobs:v2"))


@scene
def edit_tags(play: Play) -> None:
    play.write(CONFIG)
    play.live("it is made")
    tags = {"tags": "{ team: imaging, stage: null, cost: '4711' }"}
    play.live("one changed, one taken away, one new", act=lambda: play.write({**CONFIG, **tags}))
    tags = {"tags": "{ team: imaging }", "tagsPolicy": "exclusive"}
    play.live("no others", act=lambda: play.write({**CONFIG, **tags}))


@scene
def edit_policies_of_ours(play: Play) -> None:
    play.write(CONFIG)
    play.live("it is made")
    play.live("it may be deleted", act=lambda: play.write({**CONFIG, "policy": "{ deletion: delete }"}))
    play.live("it is only observed", {"pending"}, lambda: play.write({"memorySize": "128", "policy": "{ mode: observe }"}))


@scene
def edit_url(play: Play) -> None:
    play.given(URL)
    play.watch()
    play.live("another origin", act=lambda: play.write({"url": '{ authType: AWS_IAM, cors: { allowOrigins: ["*"], maxAge: 60 } }'}))
    play.live("public, without rules", act=lambda: play.write({"url": "{ authType: NONE }"}))
    play.live("none", act=lambda: play.write({}))


@scene
def edit_permissions(play: Play) -> None:
    play.given(PERMISSIONS)
    play.watch()
    two = '[{ sid: topic, principal: events.amazonaws.com }, { sid: account, principal: "210987654321" }]'
    play.live("one changed, one gone, one new", act=lambda: play.write({"permissions": two}))
    play.live("none", act=lambda: play.write({"permissions": "[]"}))


@scene
def edit_async_invoke(play: Play) -> None:
    play.given(ASYNC)
    play.watch()
    play.live("another destination", act=lambda: play.write({"asyncInvoke": f'{{ onSuccess: "{arn("sns", "done")}" }}'}))
    play.live("none", act=lambda: play.write({}))


@scene
def edit_concurrency(play: Play) -> None:
    play.given({**RESERVED, **LOOP})
    play.watch()
    play.live("other numbers", act=lambda: play.write({"concurrency": "{ reserved: 9 }", "recursiveLoop": "Terminate"}))
    play.live("none", act=lambda: play.write({}))


@scene
def edit_provisioned_concurrency(play: Play) -> None:
    of = lambda it: {**RELEASE, "concurrency": f"{{ provisioned: {it} }}"}  # noqa: E731
    play.given(of(3))
    play.watch()
    play.live("another number", act=lambda: play.write(of(4)))
    play.live("a range", act=lambda: play.write(of("{ min: 2, max: 9, targetUtilization: 0.7 }")))
    play.live("another range", act=lambda: play.write(of("{ min: 3, max: 8, targetUtilization: 0.5 }")))
    play.live("a number again", act=lambda: play.write(of(5)))
    play.live("none", act=lambda: play.write(RELEASE))


@scene
def edit_event_sources(play: Play) -> None:
    play.write(SOURCES)
    play.live("they are made")
    filters = """, filterCriteria: { filters: [{ pattern: '{"body": {"kind": ["order"]}}' }] }, batchSize: 9"""
    one = {"eventSources": f"[{source('orders', filters)}, {source('returns', ', enabled: false')}]"}
    play.live("one changed, one gone, one new", act=lambda: play.write(one))
    play.live("none", act=lambda: play.write({}))


@scene
def edit_log_group(play: Play) -> None:
    play.given(LOGS)
    play.watch()
    play.live("longer, under a key", act=lambda: play.write({"logGroup": f'{{ retentionInDays: 30, kmsKeyId: "{arn("kms", "key/0a1b")}" }}'}))
    play.live("for ever, without a key", act=lambda: play.write({"logGroup": "{}"}))
    play.end()
    play.write({})
    play.apply("left alone")


@scene
def every_part_is_taken_out(play: Play) -> None:
    # What becomes of a log group is told by `edit_log_group`.
    parts = {k: v for k, v in EVERY.items() if k not in LOGS}
    play.write(parts)
    play.live("all are made")
    play.live("only the configuration is left", act=lambda: play.write(CONFIG))


@scene
def every_part_moves_to_an_alias_and_back(play: Play) -> None:
    parts = {**URL, **PERMISSIONS, **ASYNC}
    play.given(parts)
    play.write({**parts, **RELEASE})
    play.apply("a release")
    play.write(parts)
    play.apply("none any more")
