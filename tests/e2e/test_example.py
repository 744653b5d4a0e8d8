"""The example function (manifests/examples/count-bases): from its Dockerfile to counts, a log and a result in a bucket."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from layouts import store
from registry import docker_registry, inspect, logged_in
from stage import ACCOUNT, HOME, REGION, ROOT, Daemon, Evenkeel, Keys, Moto, client, get, wait_for
from stand_in import StandIn

NAME = "count-bases"
# `make example` makes it: the Dockerfile and the program, side by side.
IMAGE = ROOT / "target" / "example" / "image"
READS, RESULTS = "genomics-reads", "genomics-results"
# Larger than what is in memory at once, with Windows' ends of lines.
FASTA = b"; simulated\r\n>chr1 masked\r\n" + b"ACGTNacgtnRYacgtACGT\r\n" * 40_000 + b">chr2\r\nGGCC\r\n"
STAND_IN = partial(StandIn, "--run-images", "--create-lag", "0", "--update-lag", "0", region=REGION)


def rows(daemon: Daemon) -> dict[str, dict]:
    """The objects that are called so: function, release, log group, repository."""
    return {it["kind"]: it for it in daemon.facets()}


def wait_released(daemon: Daemon) -> None:
    def all_synced() -> bool:
        found = rows(daemon)
        return {"Function", "Release", "Repository"} <= set(found) and all(
            it["status"] == "synced" for it in found.values()
        )

    wait_for("callers get it", all_synced)


class Place:
    """A copy of the example's manifest, a builder with a store of its own, and S3."""

    def __init__(self, stand_in: StandIn, moto: Moto, folder: Path) -> None:
        assert (IMAGE / NAME).exists(), "the example is not built: `make example` does it"
        self.stand_in, self.folder = stand_in, folder
        self.s3 = client(moto.url, "s3", HOME)
        for bucket in (READS, RESULTS):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.evenkeel = Evenkeel(stand_in.url, keys=Keys(ACCOUNT, "AKIAEXAMPLE", "secret"))
        self.evenkeel.env |= {
            **store(folder),
            "EVENKEEL_BUILDER": "buildah",
            "EVENKEEL_OWNER": "platform",
        }
        (folder / "manifests").mkdir()
        self.manifest = folder / "manifests" / f"{NAME}.yaml"
        # The stand-in has no S3: the function finds moto's.
        text = (ROOT / "manifests" / "examples" / f"{NAME}.yaml").read_text()
        own = f"RESULT_BUCKET: {RESULTS}"
        assert own in text
        self.manifest.write_text(text.replace(own, f"{own}, AWS_ENDPOINT_URL_S3: '{moto.url}'"))

    def run(self, *arguments: object, code: int = 0) -> tuple[str, str]:
        done = self.evenkeel.call(*map(str, arguments))
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout, done.stderr

    def publish(self, *arguments: object) -> str:
        out, _ = self.run("publish", IMAGE, "--repository", NAME, *arguments)
        return out.strip().split("@")[1]

    def invoke(self, event: object, code: int = 0) -> tuple[dict, str]:
        """The answer, and what was said of the run."""
        file = self.folder / "event.json"
        file.write_text(json.dumps(event))
        out, said = self.run("invoke", NAME, "--file", file, code=code)
        return json.loads(out), said

    def result(self, url: str) -> dict:
        bucket, key = url.removeprefix("s3://").split("/", 1)
        return json.load(self.s3.get_object(Bucket=bucket, Key=key)["Body"])


@pytest.fixture
def place(stand_in: StandIn, moto: Moto, tmp_path: Path) -> Place:
    return Place(stand_in, moto, tmp_path)


@pytest.fixture
def daemon(place: Place, tmp_path: Path) -> Iterator[Daemon]:
    """Has made the repository, and waits for the image."""
    daemon = place.evenkeel.daemon(place.manifest.parent, tmp_path / "daemon.log")
    wait_for("the repository is there", lambda: rows(daemon)["Repository"]["status"] == "synced")
    yield daemon
    if daemon.process.poll() is None:
        daemon.kill()


def test_from_the_dockerfile_to_counts_and_a_log(
    stand_in: StandIn, place: Place, daemon: Daemon, tmp_path: Path
) -> None:
    digest = place.publish("--tag", "v1", "--manifest", place.manifest)
    assert inspect(stand_in.url, NAME, "v1", logged_in(stand_in, tmp_path)) == digest
    # To a registry that nobody here wrote, the same bytes.
    with docker_registry(tmp_path) as url:
        given = ("--registry", url, "--tag", "v1", "--pin", "no")
        assert place.publish(*given) == digest == inspect(url, NAME, "v1")
    wait_released(daemon)
    functions = stand_in.client("lambda")
    live = functions.get_function(FunctionName=NAME, Qualifier="live")["Configuration"]
    assert "sha256:" + live["CodeSha256"] == digest and live["Version"] == "1"
    # Its smoke tests ran before callers got it, and stored what they counted.
    assert place.s3.list_objects_v2(Bucket=RESULTS)["KeyCount"] == 1
    answer, said = place.invoke({"fasta": ">a first\nACGT\nacgt\n\n>b\nNNRG"})
    counts = {"A": 2, "C": 2, "G": 3, "N": 2, "R": 1, "T": 2}
    result = answer.pop("result")
    assert answer == {"sequences": 2, "length": 12, "counts": counts, "gaps": 0, "gcShare": 0.555556}
    assert f"{NAME}:live (version 1)" in said and place.result(result) == answer
    request = said.rsplit("request ", 1)[1].strip()
    assert result == f"s3://{RESULTS}/counts/{request}.json"
    log, _ = place.run("logs", NAME, "--request", request)
    assert "INFO counted length=12" in log and f"REPORT {request}" in log and "of 256 MB" in log
    assert "ACGT" not in log


def test_an_object_is_counted_and_its_result_is_another(place: Place, daemon: Daemon) -> None:
    place.publish("--tag", "v1")
    key = "run 7/ä+b (masked).fa"
    place.s3.put_object(Bucket=READS, Key=key, Body=FASTA)
    wait_released(daemon)
    answer, said = place.invoke({"bucket": READS, "key": key})
    counts = {letter: FASTA.upper().split(b"MASKED", 1)[1].count(letter.encode()) for letter in "ACGTNRY"}
    # `>chr2` is no sequence.
    counts["C"] -= 1
    counts["R"] -= 1
    assert answer["counts"] == counts and answer["sequences"] == 2
    assert answer["source"] == f"s3://{READS}/{key}"
    assert answer.pop("result") == f"s3://{RESULTS}/counts/{READS}/{key}.json"
    assert place.result(f"s3://{RESULTS}/counts/{READS}/{key}.json") == answer
    # It is never in memory as a whole.
    (used,) = re.findall(r"(\d+) of 256 MB", said)
    assert int(used) < 20, said
    # What S3 says of it when it has come, and of a result when that has.
    record = {"s3": {"bucket": {"name": READS}, "object": {"key": "run+7/%C3%A4%2Bb+%28masked%29.fa"}}}
    assert place.invoke({"Records": [record]})[0]["counts"] == counts
    record = {"s3": {"bucket": {"name": RESULTS}, "object": {"key": f"counts/{READS}/a.json"}}}
    assert "is a result" in place.invoke({"Records": [record]})[0]["skipped"]


def test_what_cannot_be_counted_is_said_in_words(stand_in: StandIn, place: Place, daemon: Daemon) -> None:
    place.publish("--tag", "v1")
    place.s3.put_object(Bucket=READS, Key="reads.fq", Body=b"@read\nACGT\n+\nIIII\n")
    place.s3.put_object(Bucket=READS, Key="empty", Body=b"")
    wait_released(daemon)
    for event, kind, text in (
        ({"fasta": "ACGT"}, "NotFasta", "line 1 is not below a header"),
        ({"fasta": ">p\nMEEPQ"}, "NotFasta", "line 2, column 2: `E` is no base; is it a protein?"),
        ({"fasta": ""}, "NotFasta", "the text is empty"),
        ({"bucket": READS, "key": "reads.fq"}, "NotFasta", "looks like FASTQ"),
        ({"bucket": READS, "key": "empty"}, "NotFasta", f"s3://{READS}/empty: the text is empty"),
        ({"bucket": READS, "key": "none"}, "NoSuchObject", f"there is no object s3://{READS}/none"),
        ({"bucket": "nobodys", "key": "none"}, "NoSuchObject", "there is no bucket nobodys"),
        ({}, "BadEvent", "the event asks for nothing; send"),
    ):
        answer, said = place.invoke(event, code=1)
        assert answer["errorType"] == kind and text in answer["errorMessage"], answer
        assert "the function failed (Unhandled)" in said and f'"errorType":"{kind}"' in said, said
    # Behind a URL the caller is told, and the function has not failed.
    http = {"requestContext": {"http": {"method": "POST"}}, "body": ">a\nAC-T", "isBase64Encoded": False}
    answer, _ = place.invoke(http)
    assert answer["statusCode"] == 200 and json.loads(answer["body"])["gaps"] == 1
    answer, _ = place.invoke({**http, "body": "ACGT"})
    assert answer["statusCode"] == 400 and json.loads(answer["body"])["errorType"] == "NotFasta"


def test_settings_that_cannot_work_never_get_callers(stand_in: StandIn, place: Place, daemon: Daemon) -> None:
    place.publish("--tag", "v1")
    wait_released(daemon)
    text = place.manifest.read_text()
    place.manifest.write_text(text.replace(f"RESULT_BUCKET: {RESULTS}", "RESULT_BUCKET: s3://results"))
    functions = stand_in.client("lambda")
    wait_for("the configuration is there", lambda: "s3://results" in str(
        functions.get_function(FunctionName=NAME)["Configuration"]["Environment"]
    ))
    out, said = place.run("invoke", NAME, "--version", "$LATEST", "--payload", "{}", code=1)
    assert json.loads(out)["errorType"] == "BadSettings" and "RESULT_BUCKET is `s3://results`" in out, said
    wait_for("the release is held back", lambda: "ReleaseHeld" in json.dumps(rows(daemon)["Release"]))
    assert place.invoke({"fasta": ">a\nACGT"})[0]["length"] == 4


def test_outside_of_lambda_it_says_where_it_belongs(place: Place) -> None:
    done = subprocess.run([IMAGE / NAME], env={}, capture_output=True, text=True, check=False, timeout=10)
    line = json.loads(done.stdout)
    assert done.returncode == 1 and line["level"] == "ERROR" and "runs in AWS Lambda" in line["message"]
