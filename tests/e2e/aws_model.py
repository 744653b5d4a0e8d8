"""AWS's API as botocore describes it: what it restricts, and what a newer botocore changes of what Evenkeel uses.

`python tests/e2e/aws_model.py OLD NEW` compares two folders that hold a `botocore`."""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "reference" / "constraints.json"
PARTS = ("min", "max", "pattern", "enum")
# Patterns that every text fits.
EVERYTHING = (".*", r"[\s\S]*")
# Services whose folder in botocore is not the name in src/aws/op.rs.
FOLDERS = {"tag": "resourcegroupstaggingapi"}
# How deep shapes are followed: Lambda's own are seven deep.
DEEPEST = 12


@dataclass(frozen=True)
class Model:
    """The description of one service."""

    shapes: dict[str, Any]
    operations: dict[str, Any]

    def shape(self, name: str) -> dict[str, Any]:
        return self.shapes[name]

    def member(self, path: str) -> tuple[dict[str, Any], str]:
        """What a path leads to, as `CreateFunction.VpcConfig.SubnetIds[]`, and what the model says of it in words."""
        operation, *names = re.findall(r"[^.\[\]{}]+|\[\]|\{key\}|\{value\}", path)
        found = self.operations[operation]
        words = found.get("documentation", "")
        shape = self.shape(found["input"]["shape"])
        for name in names:
            inner = {"[]": "member", "{key}": "key", "{value}": "value"}.get(name)
            reference = shape[inner] if inner else shape["members"][name]
            shape = self.shape(reference["shape"])
            words = reference.get("documentation") or shape.get("documentation", "")
        return shape, plain(words)


def plain(words: str) -> str:
    """Documentation without markup, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", words)).strip()


@cache
def load(root: Path, service: str) -> Model:
    """The newest description of a service below a folder that holds a `botocore`."""
    folder = root / "botocore" / "data" / FOLDERS.get(service, service)
    path = sorted(folder.glob("*/service-2.json*"))[-1]
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    found = json.loads(text)
    return Model(found["shapes"], found["operations"])


def installed() -> Path:
    """Where the botocore of this environment is."""
    return Path(str(importlib.metadata.distribution("botocore").locate_file("")))


def table() -> dict[str, Any]:
    return json.loads(TABLE.read_text())


def used() -> list[tuple[str, str]]:
    """The operations that Evenkeel calls: service and name, as src/aws/op.rs has them."""
    text = (ROOT / "src" / "aws" / "op.rs").read_text()
    return sorted({(service, name) for name, service in re.findall(r': "(\w+)", "([a-z-]+)", \w+;', text)})


# --- what Evenkeel holds against what the model has


def differences(row: dict[str, Any], root: Path) -> Iterator[str]:
    """What is wrong with one row of the table: a difference that is not listed, or listed otherwise, or none any more."""
    if not row["aws"]:
        return
    service, path = row["aws"].split(":")
    where = f"{row['kind']} {row['field']} ({row['aws']})"
    try:
        shape, _ = load(root, service).member(path)
    except KeyError as missing:
        yield f"{where}: the model has no {missing}"
        return
    listed = dict(row["differences"])
    for part in PARTS:
        ours, theirs = row["held"].get(part), shape.get(part)
        entry = listed.pop(part, None)
        theirs = None if ours is None and (theirs == 0 or theirs in EVERYTHING) else theirs
        # Where the pattern fits no empty text, a shortest of 1 says the same in clearer words.
        if part == "min" and ours == 1 and not theirs and fits_no_empty_text(row["held"].get("pattern")):
            ours = theirs
        # A rule holds one number, and says nothing of the rest.
        if row["rule"] and ours is None:
            theirs = None
        if equal(part, ours, theirs):
            if entry:
                yield f"{where}: {part} is listed as different, and is not"
        elif not entry:
            yield f"{where}: {part} is {ours!r}, and in the model {theirs!r}: list the difference with its reason"
        elif entry["aws"] != written(theirs):
            yield f"{where}: {part} is {written(theirs)!r} in the model, and the list says {entry['aws']!r}"
    for part in listed:
        yield f"{where}: {part} is listed as different, and nothing holds it"


def equal(part: str, ours: Any, theirs: Any) -> bool:
    if part == "min":
        ours, theirs = ours or 0, theirs or 0
    if part == "enum" and ours is not None and theirs is not None:
        return set(ours) == set(theirs)
    if part == "pattern" and ours is not None and theirs is not None:
        return same_pattern(ours, theirs)
    return ours == theirs


def fits_no_empty_text(pattern: str | None) -> bool:
    return pattern is not None and re.search(pattern, "") is None


def written(value: Any) -> str:
    """A value of the model as the list of differences writes it."""
    match value:
        case None:
            return "none"
        case list():
            return " ".join(value)
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def same_pattern(ours: str, theirs: str) -> bool:
    """Whether two regular expressions are the same but for the way in which they are written: the order in a class,
    groups that only hold together, and that the whole text is meant."""
    try:
        return tree(ours) == tree(theirs)
    except re.error:
        return ours == theirs


def tree(pattern: str) -> list:
    parsed = simple(re._parser.parse(pattern))  # type: ignore[attr-defined]
    ends = {"AT_BEGINNING", "AT_END"}
    while parsed and str(parsed[0][1]) in ends:
        parsed = parsed[1:]
    while parsed and str(parsed[-1][1]) in ends:
        parsed = parsed[:-1]
    return parsed


def simple(items: Any) -> list:
    """A parsed expression without groups, with classes as sets of characters."""
    found: list = []
    for operator, value in items:
        name = str(operator)
        if name == "SUBPATTERN":
            inner = simple(value[-1])
            found += inner
        elif name == "IN":
            found.append((name, letters(value)))
        elif name == "LITERAL":
            found.append(("IN", frozenset([value])))
        elif name == "MAX_REPEAT":
            least, most, inner = value
            found.append((name, (least, str(most), tuple(simple(inner)))))
        elif name == "BRANCH":
            found.append((name, tuple(tuple(simple(it)) for it in value[1])))
        else:
            found.append((name, str(value)))
    return found


def letters(items: Any) -> Any:
    found: set = set()
    for operator, value in items:
        match str(operator):
            case "LITERAL":
                found.add(value)
            case "RANGE":
                found.update(range(value[0], value[1] + 1))
            case other:
                found.add((other, str(value)))
    return frozenset(found)


def phrases(known: dict[str, Any], root: Path) -> Iterator[str]:
    """What is wrong with a quotation of the model."""
    if "phrase" not in known:
        return
    service, path = known["member"].split(":")
    _, words = load(root, service).member(path)
    if known["phrase"] not in words:
        yield f"{known['member']} does not say {known['phrase']!r}: {words[:400]}"


def quoted(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Everything in the table that says where it is known from."""
    for row in rows:
        yield row["known"]
        yield from (it["why"] for it in row["differences"].values())


# --- what a newer botocore changes


def facts(model: Model, operation: str) -> dict[str, Any]:
    """All that is said of an operation: each member's constraints and words, and the codes of errors."""
    found: dict[str, Any] = {}

    def walk(name: str, path: str, above: tuple[str, ...]) -> None:
        shape = model.shape(name)
        found[path] = {part: shape[part] for part in PARTS if part in shape}
        if name in above or len(above) > DEEPEST:
            return
        above = (*above, name)
        for member, reference in shape.get("members", {}).items():
            walk(reference["shape"], f"{path}.{member}", above)
            words = plain(reference.get("documentation", ""))
            found[f"{path}.{member}"]["words"] = words
        for key, mark in (("member", "[]"), ("key", "{key}"), ("value", "{value}")):
            if key in shape:
                walk(shape[key]["shape"], path + mark, above)

    known = model.operations[operation]
    for side in ("input", "output"):
        if side in known:
            walk(known[side]["shape"], f"{operation} {side}", ())
    found[f"{operation} errors"] = {"enum": [it["shape"] for it in known.get("errors", [])]}
    return found


def changes(old: Path, new: Path) -> Iterator[str]:
    """What of the operations that Evenkeel calls is otherwise in the newer one."""
    for service, operation in used():
        before, after = load(old, service), load(new, service)
        if operation not in after.operations:
            yield f"{service} {operation}: is gone"
            continue
        was, now = facts(before, operation), facts(after, operation)
        # What is below a member that is new or gone goes without saying.
        inside = "\0"
        for path in sorted(was.keys() | now.keys()):
            if path.startswith((f"{inside}.", f"{inside}[", f"{inside}{{")):
                continue
            if path not in was or path not in now:
                inside = path
            yield from (f"{service} {it}" for it in change(path, was.get(path), now.get(path)))


def change(path: str, was: dict[str, Any] | None, now: dict[str, Any] | None) -> Iterator[str]:
    if was is None or now is None:
        yield f"{path}: {'is new' if was is None else 'is gone'}"
        return
    for part in (*PARTS, "words"):
        before, after = was.get(part), now.get(part)
        if before == after:
            continue
        if part == "enum" and before is not None and after is not None:
            new, gone = sorted(set(after) - set(before)), sorted(set(before) - set(after))
            said = [f"new {' '.join(new)}"] * bool(new) + [f"gone {' '.join(gone)}"] * bool(gone)
            if said:
                yield f"{path}: {', '.join(said)}"
        elif part == "words":
            yield f"{path}: other words: {after}"
        else:
            yield f"{path}: {part} was {written(before)}, is {written(after)}"


def release(root: Path) -> str:
    return next(it.stem.removesuffix(".dist-info") for it in root.glob("botocore-*.dist-info"))


def main(old: Path, new: Path) -> None:
    print(f"{release(old)} to {release(new)}: what changes of the {len(used())} operations that Evenkeel calls")
    found = list(changes(old, new))
    print("\n".join(found) or "nothing")
    rows = table()["constraints"]
    stale = [it for row in rows for it in differences(row, new)]
    stale += [it for known in quoted(rows) for it in phrases(known, new)]
    print("\nwhat of docs/reference/constraints.json no longer holds:")
    print("\n".join(stale) or "nothing")


if __name__ == "__main__":
    given = [Path(it) for it in sys.argv[1:]]
    main(*(given if len(given) == 2 else (installed(), *given)))
