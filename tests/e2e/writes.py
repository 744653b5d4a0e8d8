"""What somebody writes to the stand-in, as text that stays equal from run to run: call by call, grouped by what the
calls are about, since Evenkeel may do these in any order, and without what differs in each run."""

from __future__ import annotations

import json
import re

# What differs from run to run, or is AWS's own doing.
DROPPED = {
    "RevisionId", "LastModified", "State", "StateReason", "StateReasonCode", "LastUpdateStatus", "CreationTime",
    "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "LastModifiedTime", "createdAt", "LastProcessingResult",
    "StateTransitionReason",
}  # fmt: skip
MASKS = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?"), "TIME"),
    (re.compile(r"https://\w+\.lambda-url"), "https://ID.lambda-url"),
    (re.compile(r"(rolling=\S+?:\S+?:)\d{9,}"), r"\1TIME"),
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
    (re.compile(r"([0-9a-f]{12})[0-9a-f]{52}"), r"\1…"),
]
# The part of a function that a call is about; whatever is not here is about the function itself.
PARTS = {
    "FunctionUrlConfig": "url",
    "Permission": "permissions",
    "ResourcePolicy": "permissions",
    "FunctionEventInvokeConfig": "asyncInvoke",
    "FunctionConcurrency": "concurrency.reserved",
    "ProvisionedConcurrencyConfig": "concurrency.provisioned",
    "FunctionRecursionConfig": "recursiveLoop",
    "FunctionScalingConfig": "scalingConfig",
    "Alias": "release",
    "PublishVersion": "release",
}
BLOCK = "/tags/evenkeel.dev/block/"


def masked(text: str) -> str:
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text


def leaves(value: object, path: str = "") -> dict[str, str]:
    """Every value by its path, but for what is dropped. JSON within a text is taken apart, as policies are."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            pass
    if isinstance(value, dict):
        # Of a mapping the state says whether it is enabled.
        dropped = DROPPED - {"State"} if "EventSourceArn" in value else DROPPED
        kept = {k: v for k, v in value.items() if k not in dropped}
        found = [leaves(v, f"{path}/{k}") for k, v in sorted(kept.items())]
    elif isinstance(value, list):
        found = [leaves(v, f"{path}/{i}") for i, v in enumerate(value)]
    else:
        return {} if value is None else {path: masked(json.dumps(value, ensure_ascii=False))}
    return {k: v for it in found for k, v in it.items()}


def effect(entry: dict) -> list[str]:
    """What a call changed, a line for each value; of a thing that AWS does not show otherwise, its answer."""
    before, after = leaves(entry["before"]), leaves(entry["after"])
    changed = [it for it in sorted({*before, *after}) if before.get(it) != after.get(it)]
    lines = []
    for path in changed:
        was, now = before.get(path), after.get(path)
        lines.append(f"{path}: {now}" if was is None else f"{path}: {was} → {now or 'gone'}")
    return lines


def mapping(entry: dict) -> str | None:
    """The source of the event source mapping that a call is about, if it is about one."""
    for side in (entry["after"], entry["before"]):
        if isinstance(side, dict):
            shown = side.get("mapping") or side
            if "EventSourceArn" in shown:
                return shown["EventSourceArn"]
    return None


def about(entry: dict, lines: list[str]) -> str:
    """What a call is about: a function, one of its parts, a repository."""
    resource, operation = entry["resource"], entry["operation"]
    if source := mapping(entry):
        return f"{resource} eventSources {masked(source)}"
    if entry["service"] == "logs":
        return f"{resource} logGroup"
    if entry["service"] == "application-autoscaling":
        return f"{resource} concurrency.provisioned"
    if entry["service"] != "lambda":
        return resource
    for end, part in PARTS.items():
        if operation.endswith(end):
            return f"{resource} {part}"
    if operation == "DeleteFunction" and not lines:
        # It is a version that goes.
        return f"{resource} release"
    if operation in ("TagResource", "UntagResource"):
        blocks = {it.removeprefix(BLOCK).split(":")[0] for it in lines if it.startswith(BLOCK)}
        if len(blocks) == 1 and all(it.startswith(BLOCK) for it in lines):
            name = blocks.pop()
            return f"{resource} {PARTS_BY_TAG.get(name, name)}"
    return resource


PARTS_BY_TAG = {"concurrency": "concurrency.reserved", "concurrency/provisioned": "concurrency.provisioned"}


def call(entry: dict, lines: list[str]) -> list[str]:
    """A call as lines of text."""
    if not 200 <= entry["status"] < 300:
        return [f"{entry['service']} {entry['operation']}: {entry['status']} {entry['code'] or ''}".rstrip()]
    return [f"{entry['service']} {entry['operation']}", *(f"    {it}" for it in lines)]


def written(journal: list[dict], key: str) -> str:
    """What the bearer of a key wrote, grouped by what it is about; refusals in a row that are alike stand once."""
    groups: dict[str, list[list[str]]] = {}
    for entry in journal:
        if entry["caller"] != key or not entry["write"] or entry["ended"] is None:
            continue
        lines = effect(entry)
        shown = call(entry, lines)
        group = groups.setdefault(about(entry, lines), [])
        if not (len(shown) == 1 and group and group[-1] == shown and ": " in shown[0]):
            group.append(shown)
    text = [f"  {name}\n" + "".join(f"    {line}\n" for it in calls for line in it) for name, calls in sorted(groups.items())]
    return "".join(text) or "  nothing\n"
