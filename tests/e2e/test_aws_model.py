"""Every constraint that Evenkeel holds because AWS does, against AWS's own description of its API in botocore."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import pytest

import aws_model
from stage import ROOT

ROWS = aws_model.table()["constraints"]


def test_the_table_was_made_for_the_botocore_that_is_installed() -> None:
    assert aws_model.table()["model"] == f"botocore {importlib.metadata.version('botocore')}"


def test_every_constraint_is_as_in_the_model_or_says_why_not() -> None:
    mirrored = [row for row in ROWS if row["aws"]]
    assert len(mirrored) > 100
    wrong = [it for row in mirrored for it in aws_model.differences(row, aws_model.installed())]
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_quotation_of_the_model_stands_there() -> None:
    known = list(aws_model.quoted(ROWS))
    assert sum("phrase" in it for it in known) > 5
    wrong = [it for one in known for it in aws_model.phrases(one, aws_model.installed())]
    assert not wrong, "\n" + "\n".join(wrong)


def test_partitions_are_as_in_botocore() -> None:
    path = aws_model.installed() / "botocore" / "data" / "partitions.json"
    theirs = {it["id"]: it for it in json.loads(path.read_text())["partitions"]}
    ours = aws_model.table()["partitions"]
    assert {it["name"] for it in ours} == theirs.keys()
    for it in ours:
        assert it["suffix"] == theirs[it["name"]]["outputs"]["dnsSuffix"]
        for region in (f"{begin}west-1" for begin in it["regions"]):
            assert re.fullmatch(theirs[it["name"]]["regionRegex"], region), region


@pytest.mark.parametrize(
    ("held", "listed", "part"),
    [
        ({"min": 1, "max": 900}, {}, "max is 900, and in the model 5400"),
        ({"min": 1, "max": 5400}, {"max": {"aws": "900", "why": {}}}, "max is listed as different, and is not"),
        ({"min": 1, "max": 900}, {"max": {"aws": "1800", "why": {}}}, "max is '5400' in the model"),
        ({"min": 1}, {}, "max is None, and in the model 5400"),
        ({"min": 1, "max": 5400}, {"pattern": {"aws": "x", "why": {}}}, "pattern is listed as different, and is not"),
    ],
)
def test_a_difference_is_found(held: dict, listed: dict, part: str) -> None:
    row = {"kind": "Function", "field": "timeout", "aws": "lambda:CreateFunction.Timeout", "rule": ""}
    found = list(aws_model.differences(row | {"held": held, "differences": listed}, aws_model.installed()))
    assert len(found) == 1 and part in found[0], found


def test_patterns_are_the_same_however_they_are_written() -> None:
    assert aws_model.same_pattern("^[A-Za-z0-9_-]+$", "([a-zA-Z0-9-_]+)")
    assert aws_model.same_pattern(r"^/mnt/[A-Za-z0-9_.-]+$", r"/mnt/[a-zA-Z0-9-_.]+")
    assert not aws_model.same_pattern("^[A-Za-z0-9_-]+$", "([a-zA-Z0-9-_]*)")
    assert not aws_model.same_pattern("^[A-Za-z0-9]+$", "([a-zA-Z0-9-_]+)")


def test_what_a_newer_botocore_changes_is_told(tmp_path: Path) -> None:
    """A copy of what is installed, with a field, a limit, a word and an error code more."""
    newer = tmp_path / "botocore" / "data"
    for service, _ in aws_model.used():
        model = aws_model.load(aws_model.installed(), service)
        shapes, operations = json.loads(json.dumps([model.shapes, model.operations]))
        if service == "lambda":
            shapes["Timeout"]["max"] = 7200
            shapes["LogFormat"]["enum"].append("CBOR")
            shapes["Brandnew"] = {"type": "string"}
            shapes["VpcConfig"]["members"]["Brandnew"] = {"shape": "Brandnew"}
            operations["PublishVersion"]["errors"].append({"shape": "BrandnewException"})
            del operations["GetPolicy"]
        folder = newer / aws_model.FOLDERS.get(service, service) / "2027-01-01"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"shapes": shapes, "operations": operations})
        (folder / "service-2.json").write_text(text)
    found = list(aws_model.changes(aws_model.installed(), tmp_path))
    for line in (
        "lambda CreateFunction input.Timeout: max was 5400, is 7200",
        "lambda CreateFunction input.LoggingConfig.LogFormat: new CBOR",
        "lambda CreateFunction input.VpcConfig.Brandnew: is new",
        "lambda PublishVersion errors: new BrandnewException",
        "lambda GetPolicy: is gone",
    ):
        assert line in found, "\n".join(found)
    assert not [it for it in found if it.startswith("ecr ")]


def test_every_operation_of_the_daemon_is_in_the_model() -> None:
    found = aws_model.used()
    assert len(found) > 60
    for service, operation in found:
        assert operation in aws_model.load(aws_model.installed(), service).operations, (service, operation)
    assert (ROOT / "src" / "aws" / "op.rs").read_text().count('", "lambda", ') == sum(
        service == "lambda" for service, _ in found
    )
